//! What is asked of one evaluator, and what bounds say about a box.

use super::super::{Budgets, Objective, Query};
use crate::law::{Feature, FeatureSpans, LeastLoss};
use crate::roofline::{Evaluation, Least, LeastCosts};
use crate::space::{AxisSet, Cursor, DesignSpace, Region, Regions, Seen, Sight, Span, Variable};

/// The search for one evaluator's frontier in `N` objectives: latency, loss and, with three, memory.
pub(super) struct Problem<'a, const N: usize> {
    pub(super) query: &'a Query<'a>,
    pub(super) regions: &'a Regions<'a>,
    costs: LeastCosts<'a>,
    loss: LeastLoss,
    /// The axes that the law's loss depends on. The others, windows for one, cost time or memory alone: with all their
    /// values a box has the bounds that it has with the cheapest.
    loss_axes: AxisSet,
    /// The most of each quantity that can be budgeted; infinite where nothing limits it.
    filters: [f64; 6],
    /// Whether the law, or a limit of the space, asks for the most parameters of a box.
    needs_most: bool,
    /// No architecture within the budgets has more parameters: they would not fit.
    most_parameters: f64,
}

/// What bounds say about a box.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound<const N: usize> {
    /// No architecture in it can be chosen.
    Nothing,
    /// Nothing, before one of these axes is split.
    Mixed(AxisSet),
    /// No architecture in it is less in any objective.
    AtLeast([f64; N]),
}

/// The objectives, of those there are: latency, loss, memory.
pub(super) fn objectives<const N: usize>(latency_s: f64, loss: f64, memory_bytes: f64) -> [f64; N] {
    let all = [latency_s, loss, memory_bytes];
    std::array::from_fn(|objective| all[objective])
}

/// The position of an objective's latency among the quantities that can be budgeted.
const fn position(objective: Objective) -> usize {
    match objective {
        Objective::Prefill => 0,
        Objective::Decode => 1,
        Objective::Total => 2,
    }
}

const MEMORY: usize = 3;

impl<'a, const N: usize> Problem<'a, N> {
    pub(super) fn new(
        query: &'a Query<'a>,
        regions: &'a Regions<'a>,
        costs: LeastCosts<'a>,
        loss: LeastLoss,
    ) -> Self {
        let filters = query.filters();
        let limits = &query.space.limits;
        let penalty_counts =
            (costs.evaluator().quantisation()).is_some_and(|penalty| penalty.exponent != 0.0);
        let uses = |feature: Feature| loss.uses(feature) || penalty_counts && feature == Feature::Parameters;
        let counted = [
            Feature::Parameters,
            Feature::ActiveParameters,
            Feature::NonEmbeddingParameters,
        ];
        let most_parameters = (filters[MEMORY] / costs.least_bytes_per_parameter())
            .min(filters[4])
            .min(limits.total_parameters.max.unwrap_or(f64::INFINITY));
        Problem {
            loss_axes: (Feature::ALL.into_iter())
                .filter(|&feature| uses(feature))
                .flat_map(variables)
                .fold(0, |axes, &variable| axes | regions.axes_of(variable)),
            needs_most: counted.into_iter().any(uses)
                || limits.total_parameters.min.is_some()
                || limits.active_parameters.min.is_some(),
            // Rounded up: the count is of whole parameters.
            most_parameters: most_parameters * (1.0 + 1e-9) + 1.0,
            filters,
            query,
            regions,
            costs,
            loss,
        }
    }

    pub(super) const fn loss_axes(&self) -> AxisSet {
        self.loss_axes
    }

    pub(super) const fn space(&self) -> &'a DesignSpace {
        self.query.space
    }

    /// What bounds say about a box.
    pub(super) fn bound(&self, region: &Region) -> Bound<N> {
        let seen = match self.regions.look(region) {
            Sight::Empty => return Bound::Nothing,
            Sight::Mixed(axes) => return Bound::Mixed(axes),
            Sight::Seen(seen) => seen,
        };
        let least = self.costs.of(&seen);
        let beyond = least.quantities.iter().zip(&self.filters);
        if beyond.into_iter().any(|(least, most)| least > most) {
            return Bound::Nothing;
        }
        let Some(counts) = self.counts(&seen, &least) else {
            return Bound::Nothing;
        };
        let [total, ..] = counts;
        let quantisation = self.costs.evaluator().quantisation();
        let penalty = quantisation.map_or(0.0, |penalty| penalty.least(total.low, total.high));
        let loss = self.loss.of(&features(&seen, counts)) + penalty;
        Bound::AtLeast(objectives(
            least.quantities[position(self.query.objective)],
            loss,
            least.quantities[MEMORY],
        ))
    }

    /// The least of each quantity that can be budgeted that architectures of a box within the space's limits may have,
    /// whatever the budgets; the axes to split where nothing is known; `None` where there are none.
    pub(super) fn least_quantities(&self, region: &Region) -> Option<Result<[f64; 6], AxisSet>> {
        let seen = match self.regions.look(region) {
            Sight::Empty => return None,
            Sight::Mixed(axes) => return Some(Err(axes)),
            Sight::Seen(seen) => seen,
        };
        let least = self.costs.of(&seen);
        self.counts(&seen, &least)?;
        Some(Ok(least.quantities))
    }

    /// Where all, active and other than embedding parameters lie; `None` where the space's limits exclude them.
    fn counts(&self, seen: &Seen, least: &Least) -> Option<[Span; 3]> {
        let limits = &self.query.space.limits;
        let [total, active] = [least.parameters.total, least.parameters.active].map(|count| count as f64);
        let above = |bound: Option<f64>, value: f64| bound.is_some_and(|most| value > most);
        if above(limits.total_parameters.max, total) || above(limits.active_parameters.max, active) {
            return None;
        }
        if !self.needs_most {
            return Some([Span::of(0.0); 3]);
        }
        let non_embedding = least.parameters.non_embedding() as f64;
        let most = seen.most.map(|most| self.costs.parameters(&most));
        let [most_total, most_active, most_others] = most.map_or([f64::INFINITY; 3], |most| {
            [most.total, most.active, most.non_embedding()].map(|count| count as f64)
        });
        let below = |bound: Option<f64>, value: f64| bound.is_some_and(|least| value < least);
        if below(limits.total_parameters.min, most_total) || below(limits.active_parameters.min, most_active)
        {
            return None;
        }
        let span = |low: f64, high: f64| Span {
            low,
            high: high.min(self.most_parameters).max(low),
        };
        Some([
            span(total, most_total),
            span(active, most_active),
            span(non_embedding, most_others),
        ])
    }

    /// Calls `visit` with every architecture of a box that is within the space's limits, as evaluated.
    pub(super) fn visit(&self, region: &Region, mut visit: impl FnMut(&Cursor<'_>, &Evaluation)) -> u64 {
        let mut evaluated = 0;
        region.visit(self.query.space, |cursor| {
            if let Some(evaluation) = self.evaluate(cursor) {
                evaluated += 1;
                visit(cursor, &evaluation);
            }
        });
        evaluated
    }

    /// The evaluation of the architecture at a position, where there is one within the space's limits.
    pub(super) fn evaluate(&self, cursor: &Cursor<'_>) -> Option<Evaluation> {
        let architecture = cursor.architecture()?;
        let evaluation = self.costs.evaluator().evaluate(&architecture);
        let limits = &self.query.space.limits;
        limits.admit(&evaluation.parameters).then_some(evaluation)
    }

    /// The objectives of an evaluation that is within the budgets.
    pub(super) fn point(&self, evaluation: &Evaluation) -> Option<[f64; N]> {
        let values = Budgets::quantities(evaluation);
        let within = values
            .iter()
            .zip(&self.filters)
            .all(|(value, most)| value <= most);
        within.then(|| {
            objectives(
                self.query.objective.latency_s(evaluation),
                evaluation.loss,
                evaluation.memory.total_bytes(),
            )
        })
    }
}

/// The variables that a feature of an architecture depends on.
const fn variables(feature: Feature) -> &'static [Variable] {
    const FFN: &[Variable] = &[
        Variable::IntermediateSize,
        Variable::NExperts,
        Variable::ExpertsPerToken,
        Variable::ExpertSize,
        Variable::NSharedExperts,
        Variable::SharedExpertSize,
        Variable::NDenseLayers,
        Variable::NLayers,
        Variable::HiddenSize,
    ];
    const SIZE: &[Variable] = &[
        Variable::IntermediateSize,
        Variable::NExperts,
        Variable::ExpertsPerToken,
        Variable::ExpertSize,
        Variable::NSharedExperts,
        Variable::SharedExpertSize,
        Variable::NDenseLayers,
        Variable::NLayers,
        Variable::HiddenSize,
        Variable::VocabSize,
        Variable::NHeads,
        Variable::NKvHeads,
        Variable::HeadDim,
    ];
    match feature {
        Feature::NLayers => &[Variable::NLayers],
        Feature::HiddenSize => &[Variable::HiddenSize],
        Feature::FfnRatio | Feature::ActivationRate => FFN,
        Feature::KvDim => &[Variable::NKvHeads, Variable::HeadDim],
        Feature::NExperts => &[Variable::NExperts],
        Feature::Parameters | Feature::ActiveParameters | Feature::NonEmbeddingParameters => SIZE,
        Feature::Tokens => &[],
    }
}

/// Where the features of the architectures of a box lie, given their parameters.
fn features(seen: &Seen, [total, active, non_embedding]: [Span; 3]) -> FeatureSpans {
    let mut spans = [Span::of(0.0); Feature::COUNT];
    for (feature, span) in [
        (Feature::NLayers, seen.n_layers),
        (Feature::HiddenSize, seen.hidden_size),
        (Feature::FfnRatio, seen.ffn_ratio),
        (Feature::ActivationRate, seen.activation_rate),
        (Feature::KvDim, seen.kv_dim),
        (Feature::NExperts, seen.n_experts),
        (Feature::Parameters, total),
        (Feature::ActiveParameters, active),
        (Feature::NonEmbeddingParameters, non_embedding),
    ] {
        spans[feature as usize] = span;
    }
    spans
}
