//! What is certain of every architecture in a box: one that costs no more than any, one that is no smaller than any, and
//! where the features of their shape lie.

use super::Variable;
use super::cursor::{MAX_INTEGER, positive_integer};
use super::region::{AxisSet, Quotient, Region, Regions};
use super::span::{Span, Spans};
use crate::architecture::{Architecture, Attention, Ffn, KvProjection, Moe, SlidingWindow};

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

/// What the FFN of every architecture in a box has.
struct FfnSeen {
    least: Ffn,
    most: Option<Ffn>,
    is_exact: bool,
    n_dense_layers: u32,
    ratio: Span,
    rate: Span,
    n_experts: Whole,
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

    /// The FFNs: `None` where there is no architecture, the axes to split where there are different structures.
    fn ffn_seen(
        &self,
        spans: &Spans,
        n_layers: &mut Whole,
        hidden: Whole,
    ) -> Option<Result<FfnSeen, AxisSet>> {
        let experts = spans[Variable::NExperts as usize];
        let is_dense = !experts.is_set() || experts.high < 2.0;
        let n_experts = match self.optional(spans, Variable::NExperts, 1) {
            _ if is_dense => Whole::of(1),
            Ok(n_experts) => n_experts,
            Err(axes) => return Some(Err(axes)),
        };
        if n_experts.high == 1 {
            return self.dense_seen(spans, hidden).map(Ok);
        }
        if n_experts.low == 1 {
            return Some(Err(self.axes_of(Variable::NExperts)));
        }
        let n_dense_layers = match self.optional(spans, Variable::NDenseLayers, 0) {
            Ok(n_dense_layers) if n_dense_layers.is_single() => n_dense_layers.low,
            _ => return Some(Err(self.axes_of(Variable::NDenseLayers))),
        };
        n_layers.low = n_layers.low.max(n_dense_layers + 1);
        if n_layers.low > n_layers.high {
            return None;
        }
        self.experts_seen(spans, n_experts, n_dense_layers, *n_layers, hidden)
            .map(Ok)
    }

    fn dense_seen(&self, spans: &Spans, hidden: Whole) -> Option<FfnSeen> {
        // The cursor takes the expert's size where there is no whole intermediate size.
        let sizes = [Variable::IntermediateSize, Variable::ExpertSize];
        let [intermediate, expert] = sizes.map(|variable| Whole::within(spans[variable as usize]));
        let settled = if expert.is_none() {
            intermediate
        } else {
            self.certain(spans, Variable::IntermediateSize)
        };
        let (width, ratio) = if let Some(width) = settled {
            (
                width,
                self.over_hidden(spans, Variable::IntermediateSize, width, None, hidden),
            )
        } else {
            let width = match (intermediate, expert) {
                (Some(a), Some(b)) => Whole {
                    low: a.low.min(b.low),
                    high: a.high.max(b.high),
                },
                (one, other) => one.or(other)?,
            };
            (width, width.span().over(hidden.span()))
        };
        let ffn = |intermediate_size| Ffn {
            activation: self.space.template.activation,
            bias: false,
            intermediate_size,
            moe: None,
        };
        Some(FfnSeen {
            least: ffn(width.low),
            most: Some(ffn(width.high)),
            is_exact: width.is_single(),
            n_dense_layers: 0,
            ratio,
            rate: Span::of(1.0),
            n_experts: Whole::of(1),
        })
    }

    fn experts_seen(
        &self,
        spans: &Spans,
        mut n_experts: Whole,
        n_dense_layers: u32,
        n_layers: Whole,
        hidden: Whole,
    ) -> Option<FfnSeen> {
        let whole = |variable: Variable| Whole::within(spans[variable as usize]);
        let mut per_token = whole(Variable::ExpertsPerToken)?;
        n_experts.low = n_experts.low.max(per_token.low);
        per_token.high = per_token.high.min(n_experts.high);
        if n_experts.low > n_experts.high || per_token.low > per_token.high {
            return None;
        }
        let size = whole(Variable::ExpertSize)?;
        let intermediate = if n_dense_layers > 0 {
            whole(Variable::IntermediateSize)?
        } else {
            Whole::of(0)
        };
        let n_shared = self.optional(spans, Variable::NSharedExperts, 0);
        let at_most = whole(Variable::NSharedExperts).map_or(0, |n| n.high);
        let n_shared = n_shared.unwrap_or(Whole {
            low: 0,
            high: at_most,
        });
        let shared_size = if n_shared.high > 0 {
            match whole(Variable::SharedExpertSize) {
                Some(size) => size,
                // Without a size there are architectures without shared experts only.
                None if n_shared.low == 0 => Whole::of(0),
                None => return None,
            }
        } else {
            Whole::of(0)
        };
        let ffn = |intermediate_size, n_experts, experts_per_token, expert_size, n_shared, shared_size| Ffn {
            activation: self.space.template.activation,
            bias: false,
            intermediate_size,
            moe: Some(Moe {
                n_experts,
                experts_per_token,
                expert_size,
                n_shared_experts: n_shared,
                shared_expert_size: if n_shared > 0 { shared_size } else { 0 },
                shared_expert_gate: false,
                n_dense_layers,
                router_bias: false,
            }),
        };
        // Widths over hidden size, of a routed layer and of a dense one.
        let routed = self.over_hidden(
            spans,
            Variable::ExpertSize,
            size,
            Some((Variable::ExpertsPerToken, per_token)),
            hidden,
        );
        let shared = if n_shared.high > 0 {
            let times = Some((Variable::NSharedExperts, n_shared));
            let most = self.over_hidden(spans, Variable::SharedExpertSize, shared_size, times, hidden);
            Span {
                low: if n_shared.low > 0 { most.low } else { 0.0 },
                ..most
            }
        } else {
            Span::of(0.0)
        };
        let mut ratio = routed.plus(shared);
        if n_dense_layers > 0 {
            let dense = self.over_hidden(spans, Variable::IntermediateSize, intermediate, None, hidden);
            let share = Span::of(f64::from(n_dense_layers)).over(n_layers.span());
            ratio = share.between(ratio, dense);
        }
        // Active over stored width falls with the experts and their size, and with the routed layers; it rises with the
        // experts per token and with what is always active.
        let rate = |experts: u32, per_token: u32, size: u32, shared: f64, dense: u32, n_layers: u32| {
            let routed_layers = f64::from(n_layers - n_dense_layers);
            let always = f64::from(dense) * f64::from(n_dense_layers);
            let of = |n: u32| always + routed_layers * (f64::from(n) * f64::from(size) + shared);
            (of(per_token) / of(experts)).min(1.0)
        };
        let shared_widths = n_shared.span().times(shared_size.span());
        Some(FfnSeen {
            least: ffn(
                intermediate.low,
                n_experts.low,
                per_token.low,
                size.low,
                n_shared.low,
                shared_size.low,
            ),
            most: bounded(n_shared.high, shared_size.high).map(|_| {
                ffn(
                    intermediate.high,
                    n_experts.high,
                    per_token.high,
                    size.high,
                    n_shared.high,
                    shared_size.high,
                )
            }),
            is_exact: size.is_single()
                && intermediate.is_single()
                && n_shared.is_single()
                && shared_size.is_single(),
            n_dense_layers,
            ratio,
            rate: Span {
                low: rate(
                    n_experts.high,
                    per_token.low,
                    size.high,
                    shared_widths.low,
                    intermediate.low,
                    n_layers.high,
                ),
                high: rate(
                    n_experts.low,
                    per_token.high.min(n_experts.low),
                    size.low,
                    shared_widths.high,
                    intermediate.high,
                    n_layers.low,
                ),
            },
            n_experts,
        })
    }

    /// A width, perhaps times a number of experts, over hidden size.
    ///
    /// A tied width mostly has the hidden size as a factor: the quotient is computed without it, as if widths were not
    /// rounded, and what rounding may change is added.
    fn over_hidden(
        &self,
        spans: &Spans,
        variable: Variable,
        width: Whole,
        times: Option<(Variable, Whole)>,
        hidden: Whole,
    ) -> Span {
        let factor = times.map_or(Span::of(1.0), |(_, number)| number.span());
        let apart = width.span().times(factor).over(hidden.span());
        let Some(quotient) = self.quotients.iter().find(|quotient| quotient.width == variable) else {
            return apart;
        };
        let Quotient {
            round_to, factors, ..
        } = quotient;
        let together = factors.iter().fold(
            Span::of(quotient.coefficient),
            |together, &(variable, multiplies)| {
                let factor = spans[variable as usize];
                if multiplies {
                    together.times(factor)
                } else {
                    together.over(factor)
                }
            },
        );
        let slack = factor.high * round_to / f64::from(hidden.low);
        let rounded = Span {
            low: together.low - 0.5 * slack,
            // A width of less than a half of the multiple becomes one.
            high: if f64::from(width.low) <= *round_to {
                (together.high + 0.5 * slack).max(slack)
            } else {
                together.high + 0.5 * slack
            },
        };
        apart.widened(ROUNDING).and(rounded.widened(ROUNDING))
    }
}
