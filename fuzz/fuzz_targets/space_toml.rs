//! Any text as a design space: no panic and no unbounded memory, neither when it is read nor when it is walked.
//!
//! `mkdir -p fuzz/corpus/space_toml; RUSTC_BOOTSTRAP=1 cargo fuzz run space_toml fuzz/corpus/space_toml \
//! fuzz/seeds/space_toml -- -dict=fuzz/space_toml.dict`

#![no_main]

#[path = "../edits.rs"]
mod edits;

use libfuzzer_sys::fuzz_target;
use rooflaw::device;
use rooflaw::format::Formats;
use rooflaw::law;
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Roofline, Workload};
use rooflaw::space::{Cursor, DesignSpace};
use std::sync::LazyLock;

/// Positions visited of each space, its first and last among them.
const POSITIONS: u64 = 100;

static EVALUATOR: LazyLock<Evaluator> = LazyLock::new(|| {
    let device = device::find("jetson-agx-orin-64gb").expect("embedded");
    let roofline = Roofline::new(device, &Formats::default(), &Assumptions::default());
    let workload = Workload {
        batch: 1,
        prompt_tokens: 1024,
        generated_tokens: 16,
    };
    Evaluator::new(law::find("co-design").expect("embedded"), roofline, workload)
});

/// What edits begin with, and what they put into it.
const TEMPLATE: &str = include_str!("../seeds/space_toml/moe.toml");
const REPLACEMENTS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "4",
    "8",
    "64",
    "-1",
    "0.5",
    "1e-300",
    "5e-324",
    "1e7",
    "1e12",
    "1e15",
    "1e308",
    "inf",
    "nan",
    "65535",
    "65536",
    "16777216",
    "4294967296",
    "n_layers",
    "hidden_size",
    "vocab_size",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "ffn_ratio",
    "intermediate_size",
    "n_experts",
    "experts_per_token",
    "expert_size",
    "n_shared_experts",
    "shared_expert_size",
    "n_dense_layers",
    "sliding_window",
    "n_local_layers",
    "true",
    "false",
    "full",
    "swi_glu",
];

fuzz_target!(|input: &[u8]| {
    let Some(text) = edits::text(input, TEMPLATE, REPLACEMENTS) else {
        return;
    };
    let Ok(space) = DesignSpace::from_toml("fuzz", &text) else {
        return;
    };
    let last = space.len() - 1;
    let mut evaluated = false;
    for position in 0..POSITIONS {
        let index = (u128::from(last) * u128::from(position) / u128::from(POSITIONS - 1)) as u64;
        let mut cursor = Cursor::new(&space, index);
        assert_eq!(cursor.index(), index);
        let here = cursor.architecture();
        if let Some(architecture) = here
            && !evaluated
        {
            evaluated = true;
            let evaluation = EVALUATOR.evaluate(&architecture);
            assert!(evaluation.ttft_s > 0.0 && evaluation.ttft_s.is_finite());
            assert!(evaluation.tpot_s > 0.0 && evaluation.tpot_s.is_finite());
            assert!(evaluation.parameters.active <= evaluation.parameters.total);
        }
        // Stepping and jumping agree.
        if index < last {
            cursor.advance();
            assert_eq!(
                cursor.architecture(),
                Cursor::new(&space, index + 1).architecture()
            );
        }
    }
    if last < 100_000 {
        assert!(!space.axes().is_empty());
    }
});
