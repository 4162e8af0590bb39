//! The engine on a GPU against the CPU engine, which is held against PyTorch. Ignored: it needs a GPU (`gpu/check`, docs/gpu.md).

mod check;

use check::{Sizes, check, check_bits};
use rooflaw_train_cuda::Precision;

const SIZES: Sizes = Sizes {
    sequences: 3,
    length: 200,
    hidden: 256,
    vocabulary: 1000,
};

#[test]
#[ignore = "needs a GPU"]
fn f32_is_what_the_cpu_computes() {
    check(SIZES, Precision::F32, 1e-4);
}

#[test]
#[ignore = "needs a GPU"]
fn bfloat16_is_near() {
    check(SIZES, Precision::Bf16, 0.1);
}

#[test]
#[ignore = "needs a GPU"]
fn equal_calls_give_equal_bits() {
    check_bits(SIZES);
}
