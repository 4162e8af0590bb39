//! What is certain of the FFNs of a box.

use super::{ROUNDING, Whole, bounded};
use crate::architecture::{Ffn, Moe};
use crate::space::Variable;
use crate::space::region::{AxisSet, Quotient, Regions};
use crate::space::span::{Span, Spans};

/// What the FFN of every architecture in a box has.
pub(super) struct FfnSeen {
    pub(super) least: Ffn,
    pub(super) most: Option<Ffn>,
    pub(super) is_exact: bool,
    pub(super) n_dense_layers: u32,
    pub(super) ratio: Span,
    pub(super) rate: Span,
    pub(super) n_experts: Whole,
}

impl Regions<'_> {
    /// The FFNs: `None` where there is no architecture, the axes to split where there are different structures.
    pub(super) fn ffn_seen(
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
