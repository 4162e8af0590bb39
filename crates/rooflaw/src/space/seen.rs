//! What is certain of every architecture in a box: one that costs no more than any, one that is no smaller than any, and
//! where the features of their shape lie.

use super::Variable;
mod ffn;

use super::cursor::{MAX_INTEGER, positive_integer};
use super::region::{AxisSet, Region, Regions};
use super::span::{Span, Spans};
use crate::architecture::{Architecture, Attention, KvProjection, SlidingWindow};

/// What a look at a box finds.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "bounds are computed millions of times, and a box would allocate"
)]
pub(crate) enum Sight {
    /// There is no architecture.
    Empty,
    /// There may be both dense models and mixtures of experts, or different numbers of dense layers: nothing is said
    /// before one of these axes is split.
    Mixed(AxisSet),
    /// Architectures of one structure.
    Seen(Seen),
}

/// What is certain of every architecture in a box.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// An architecture no dimension of which is larger than any's, apart from sliding windows: those are on as many
    /// layers as any's may be, and as short.
    pub(crate) least: Architecture,
    /// One no dimension of which is smaller; `None` where it would be beyond what integers hold.
    pub(crate) most: Option<Architecture>,
    /// What has one value only.
    pub(crate) exact: Exact,
    /// Decoder layers.
    pub(crate) n_layers: Span,
    /// Width of the residual stream.
    pub(crate) hidden_size: Span,
    /// Active FFN width over hidden size.
    pub(crate) ffn_ratio: Span,
    /// Active over stored FFN width.
    pub(crate) activation_rate: Span,
    /// Half of the elements cached per token and layer.
    pub(crate) kv_dim: Span,
    /// Experts of a routed layer; 1 when dense.
    pub(crate) n_experts: Span,
}

/// Which numbers that decide how weights are quantised have one value in a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    /// The hidden size.
    pub(crate) hidden: bool,
    /// The width of the queries.
    pub(crate) query: bool,
    /// The FFN widths.
    pub(crate) ffn: bool,
    /// What share of the layers a mixed format gives more bits, or else that all of them have the same FFN.
    pub(crate) layers: bool,
    /// Whether there are eight experts.
    pub(crate) eight: bool,
}

/// Whole numbers from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Whole {
    low: u32,
    high: u32,
}

/// What is lost at most to rounding where spans are computed another way than the values in them.
const ROUNDING: f64 = 1e-12;

impl Whole {
    const fn of(value: u32) -> Whole {
        Whole {
            low: value,
            high: value,
        }
    }

    /// The positive whole numbers of a span.
    fn within(span: Span) -> Option<Whole> {
        // Both within what integers hold: conversions cut off, which functions of the standard library would do slowly.
        let (least, most) = (span.low.clamp(1.0, 2.0 * MAX_INTEGER), span.high.min(MAX_INTEGER));
        let (low, high) = (least as u32, most as u32);
        let low = low + u32::from(f64::from(low) < least);
        (span.is_set() && low <= high).then_some(Whole { low, high })
    }

    const fn is_single(self) -> bool {
        self.low == self.high
    }

    fn span(self) -> Span {
        Span {
            low: f64::from(self.low),
            high: f64::from(self.high),
        }
    }
}

/// A product of two widths, where there is none below 2^32.
fn bounded(a: u32, b: u32) -> Option<u32> {
    a.checked_mul(b).filter(|&product| product < 1 << 31)
}

impl Regions<'_> {
    /// Looks at a box.
    pub(crate) fn look(&self, region: &Region) -> Sight {
        let spans = self.spans(region);
        if self.excludes(&spans) {
            return Sight::Empty;
        }
        self.seen(&spans).unwrap_or(Sight::Empty)
    }

    fn seen(&self, spans: &Spans) -> Option<Sight> {
        let whole = |variable: Variable| Whole::within(spans[variable as usize]);
        let mut n_layers = whole(Variable::NLayers)?;
        let hidden = whole(Variable::HiddenSize)?;
        let vocab = whole(Variable::VocabSize)?;
        let head_dim = whole(Variable::HeadDim)?;
        let (mut n_heads, mut n_kv_heads) = (whole(Variable::NHeads)?, whole(Variable::NKvHeads)?);
        // Key-value heads divide the query heads, and so are no more.
        n_heads.low = n_heads.low.max(n_kv_heads.low);
        n_kv_heads.high = n_kv_heads.high.min(n_heads.high);
        let divides =
            !n_heads.is_single() || !n_kv_heads.is_single() || n_heads.low.is_multiple_of(n_kv_heads.low);
        let fits = f64::from(n_heads.low) * f64::from(head_dim.low) <= MAX_INTEGER;
        if n_heads.low > n_heads.high || n_kv_heads.low > n_kv_heads.high || !divides || !fits {
            return None;
        }
        let ffn = match self.ffn_seen(spans, &mut n_layers, hidden)? {
            Ok(ffn) => ffn,
            Err(axes) => return Some(Sight::Mixed(axes)),
        };
        let window = self.shortest_windows(spans, n_layers.low);
        let template = &self.space.template;
        let build = |n_layers, hidden_size, vocab_size, n_heads, n_kv_heads, head_dim, ffn| Architecture {
            n_layers,
            hidden_size,
            vocab_size,
            tie_embeddings: template.tie_embeddings,
            attention: Attention {
                n_heads,
                kv: KvProjection::Grouped { n_kv_heads, head_dim },
                qkv_bias: template.qkv_bias,
                output_bias: false,
                qk_norm: template.qk_norm,
                sinks: false,
                sliding_window: None,
            },
            ffn,
            norms_per_layer: template.norms_per_layer,
        };
        let mut least = build(
            n_layers.low,
            hidden.low,
            vocab.low,
            n_heads.low,
            n_kv_heads.low,
            head_dim.low,
            ffn.least,
        );
        least.attention.sliding_window = window;
        let fits = bounded(n_heads.high, head_dim.high).is_some();
        let most = ffn.most.filter(|_| fits).map(|most| {
            build(
                n_layers.high,
                hidden.high,
                vocab.high,
                n_heads.high,
                n_kv_heads.high,
                head_dim.high,
                most,
            )
        });
        Some(Sight::Seen(Seen {
            least,
            most,
            exact: Exact {
                hidden: hidden.is_single(),
                query: n_heads.is_single() && head_dim.is_single(),
                ffn: ffn.is_exact,
                layers: n_layers.is_single() || ffn.n_dense_layers == 0,
                eight: ffn.n_experts.is_single() || !(ffn.n_experts.low..=ffn.n_experts.high).contains(&8),
            },
            n_layers: n_layers.span(),
            hidden_size: hidden.span(),
            ffn_ratio: ffn.ratio.widened(ROUNDING),
            activation_rate: ffn.rate.widened(ROUNDING),
            kv_dim: n_kv_heads.span().times(head_dim.span()),
            n_experts: ffn.n_experts.span(),
        }))
    }

    /// The window of the local layers that cost least: shorter windows on more layers cost less, and no window most.
    fn shortest_windows(&self, spans: &Spans, n_layers: u32) -> Option<SlidingWindow> {
        let size = Whole::within(spans[Variable::SlidingWindow as usize])?;
        let n_local_layers = Whole::within(spans[Variable::NLocalLayers as usize])?;
        Some(SlidingWindow {
            size: size.low,
            n_local_layers: n_local_layers.high.min(n_layers),
        })
    }

    /// A number of which the cursor takes the default when it is no positive whole one; the axes to split where that is
    /// open.
    fn optional(&self, spans: &Spans, variable: Variable, default: u32) -> Result<Whole, AxisSet> {
        let span = spans[variable as usize];
        if !span.is_set() {
            return Ok(Whole::of(default));
        }
        if span.is_single() {
            return Ok(Whole::of(positive_integer(span.low).unwrap_or(default)));
        }
        self.certain(spans, variable).ok_or(self.axes_of(variable))
    }

    /// A number that is positive and whole in every architecture.
    fn certain(&self, spans: &Spans, variable: Variable) -> Option<Whole> {
        let span = spans[variable as usize];
        let certain = self.is_integral(variable) && span.low >= 1.0 && span.high <= MAX_INTEGER;
        certain.then(|| Whole::within(span)).flatten()
    }
}
