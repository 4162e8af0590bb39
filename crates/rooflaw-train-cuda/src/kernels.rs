//! The kernels: CUDA C++ in `kernels/`, compiled when an engine is made.

use crate::array::Precision;

macro_rules! kernels {
    ($($kernel:ident = $name:literal,)*) => {
        /// A kernel, by what it does; its file says more.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the names are those of the kernels, which are described there")]
        pub enum Kernel {
            $($kernel,)*
        }

        impl Kernel {
            /// All of them, in the order of their numbers.
            pub(crate) const ALL: &[Kernel] = &[$(Kernel::$kernel,)*];

            /// Its name in the source.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Kernel::$kernel => $name,)*
                }
            }
        }
    };
}

kernels! {
    Embed = "embed",
    EmbedBackward = "embed_backward",
    RmsNorm = "rms_norm",
    RmsNormBackward = "rms_norm_backward",
    HeadNorm = "head_norm",
    HeadNormBackward = "head_norm_backward",
    BiasChunks = "bias_chunks",
    ScoreChunks = "score_chunks",
    NormChunks = "norm_chunks",
    HeadNormChunks = "head_norm_chunks",
    WeightedChunks = "weighted_chunks",
    AddChunks = "add_chunks",
    ToOperand = "to_operand",
    AddBias = "add_bias",
    AddBiasToResidual = "add_bias_to_residual",
    Gated = "gated",
    GatedBackward = "gated_backward",
    SplitHeads = "split_heads",
    MergeHeads = "merge_heads",
    CausalSoftmax = "causal_softmax",
    CausalSoftmaxBackward = "causal_softmax_backward",
    CrossEntropy = "cross_entropy",
    CrossEntropyBackward = "cross_entropy_backward",
    Route = "route",
    RouteBackward = "route_backward",
    CountSlots = "count_slots",
    PlaceSlots = "place_slots",
    GatherRows = "gather_rows",
    Combine = "combine",
    CombineBackward = "combine_backward",
    GatherBackward = "gather_backward",
    AddGated = "add_gated",
    AddGatedBackward = "add_gated_backward",
    SquareSums = "square_sums",
    Adamw = "adamw",
}

/// The source of all kernels, one text.
pub(crate) fn source(precision: Precision) -> String {
    let operand = match precision {
        Precision::Bf16 => "",
        Precision::F32 => "#define OPERAND_F32\n",
    };
    let mut source = operand.to_owned();
    for (name, text) in FILES {
        source.push_str("#line 1 \"");
        source.push_str(name);
        source.push_str("\"\n");
        source.push_str(text);
    }
    source
}

const FILES: &[(&str, &str)] = &[
    ("prelude.cuh", include_str!("../kernels/prelude.cuh")),
    ("embedding.cu", include_str!("../kernels/embedding.cu")),
    ("norm.cu", include_str!("../kernels/norm.cu")),
    ("columns.cu", include_str!("../kernels/columns.cu")),
    ("elementwise.cu", include_str!("../kernels/elementwise.cu")),
    ("attention.cu", include_str!("../kernels/attention.cu")),
    ("loss.cu", include_str!("../kernels/loss.cu")),
    ("routing.cu", include_str!("../kernels/routing.cu")),
    ("experts.cu", include_str!("../kernels/experts.cu")),
    ("optimiser.cu", include_str!("../kernels/optimiser.cu")),
];
