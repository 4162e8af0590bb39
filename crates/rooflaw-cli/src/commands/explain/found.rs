//! What `rooflaw explain` found.

use crate::latency::Latency;
use rooflaw::architecture::Architecture;
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::roofline::{Evaluation, Fallback, Workload};
use rooflaw::search::{Budgets, Candidate};
use rooflaw::theory::closed_form::Regime;
use rooflaw::theory::paper::Consequence;
use rooflaw::theory::region::Region;
use rooflaw::theory::{Bounds, Optimum, PowerFit, Prices, Quantity, Shape, ShapeVariable};
use serde::Serialize;

/// Everything that is said of a problem.
#[derive(Serialize)]
pub struct Explanation<'a> {
    /// The device.
    pub device: &'a Device,
    /// The formats.
    pub formats: Formats,
    /// The law's id.
    pub law: &'a str,
    /// What the losses are measured in.
    pub loss_unit: &'a str,
    /// The space's id.
    pub space: &'a str,
    /// The workload.
    pub workload: Workload,
    /// The budgets: those asked for, the reference's latency, the device's memory.
    pub budgets: Budgets,
    /// Which of them nobody asked for, with where it comes from.
    pub assumed: Vec<(Quantity, String)>,
    /// The continuous problem; `None` for a law that the theory does not know.
    pub theory: Option<Theory>,
    /// Why there is no continuous problem.
    pub no_theory: Option<String>,
    /// What the exact search finds; `None` for a space too large.
    pub searched: Option<Searched>,
    /// The feasible region, if it was asked for.
    pub region: Option<Vec<Region>>,
    /// What the latencies rest on.
    pub latency: &'a Latency,
    /// Precisions the device has no rate for.
    pub fallbacks: Vec<Fallback>,
}

/// The continuous problem and its answers.
#[derive(Serialize)]
pub struct Theory {
    /// Rate of the simplified prefill, FLOP/s.
    pub flop_per_s: f64,
    /// Rate of the simplified decode, bytes/s.
    pub bytes_per_s: f64,
    /// The bounds.
    pub bounds: Bounds,
    /// The optimum under simplified costs.
    pub simplified: Answer,
    /// The closed forms; `None` where none applies.
    pub closed_form: Option<ClosedForm>,
    /// Why none applies.
    pub no_closed_form: Option<String>,
    /// The best architecture near the optimum within the budgets by simplified costs.
    pub integers: Option<Whole>,
    /// The optimum under the full model's costs, as sums of powers around it.
    pub refined: Option<RefinedAnswer>,
    /// Where the paper's formulas go.
    pub paper: Vec<Consequence>,
    /// How the optimum scales.
    pub elasticities: Elasticities,
}

/// An optimum with what follows from it.
#[derive(Serialize)]
pub struct Answer {
    /// The optimum.
    pub optimum: Optimum,
    /// The budgets that bind, if they are ones that closed forms are for.
    pub regime: Option<Regime>,
    /// Variables at a bound.
    pub at_bounds: Vec<ShapeVariable>,
    /// What more of everything is worth.
    pub prices: Prices,
}

/// A closed form's answers.
#[derive(Serialize)]
pub struct ClosedForm {
    /// The hidden size.
    pub hidden_size: f64,
    /// The budgets that bind.
    pub regime: Regime,
    /// The name in the paper.
    pub paper_name: Option<&'static str>,
    /// Without bounds.
    pub free: Placed,
    /// Within the bounds.
    pub clipped: Placed,
}

/// A shape with its loss and what it takes.
#[derive(Serialize)]
pub struct Placed {
    /// The shape.
    pub shape: Shape,
    /// The law's loss.
    pub loss: f64,
    /// Usage over budget by simplified costs.
    pub shares: Vec<(Quantity, f64)>,
}

/// An architecture.
#[derive(Serialize)]
pub struct Whole {
    /// The architecture.
    pub architecture: Architecture,
    /// Its shape with loss and simplified costs.
    #[serde(flatten)]
    pub placed: Placed,
    /// What the simplified costs have for it: seconds, bytes.
    pub simplified: Vec<(Quantity, f64)>,
    /// What the full model predicts.
    pub evaluation: Evaluation,
    /// Usage over budget by the full model.
    pub full_shares: Vec<(Quantity, f64)>,
}

/// The optimum under refined costs.
#[derive(Serialize)]
pub struct RefinedAnswer {
    /// Full over simplified usage, by quantity.
    pub factors: Vec<(Quantity, f64)>,
    /// The optimum.
    #[serde(flatten)]
    pub answer: Answer,
    /// The best architecture near it within the budgets by the full model.
    pub integers: Option<Whole>,
}

/// What an exact search finds.
#[derive(Serialize)]
pub struct Searched {
    /// The best architecture of the space.
    pub best: Candidate,
    /// Its shape, if it is one of the theory's.
    pub shape: Option<Shape>,
    /// Usage over budget by the full model.
    pub full_shares: Vec<(Quantity, f64)>,
    /// The change of the loss with 10 % more of each budget, searched again.
    pub tenth_more: Vec<(Quantity, f64)>,
    /// Powers of the latency along the frontier.
    pub along_frontier: Vec<PowerFit>,
    /// The latency and shape of each frontier point.
    pub frontier: Vec<(f64, Shape)>,
}

/// Powers that the optimum follows.
#[derive(Serialize)]
pub struct Elasticities {
    /// Of the budgets that bind, from half to twice them.
    pub of_budget: Vec<PowerFit>,
    /// The optima: factor on the budgets, shape, loss.
    pub budget_sweep: Vec<(f64, Shape, f64)>,
    /// Of the hidden size held at values within the bounds, all else optimal.
    pub of_hidden_size: Vec<PowerFit>,
    /// The same without bounds but the least activation rate: where published exponents are to be looked for.
    pub of_hidden_size_free: Vec<PowerFit>,
    /// The optima: hidden size, shape, loss.
    pub hidden_size_sweep: Vec<(f64, Shape, f64)>,
}
