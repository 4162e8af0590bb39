//! The design problem in closed form and in numbers: which budget binds, what the optimum is, what a budget is worth.
//!
//! Layers, hidden size, FFN ratio, activation rate and query heads per KV head are taken for real numbers, and latency
//! and memory for the simplified cost model of arXiv 2602.10377 ([`CostModel`]). Law and costs are then sums of powers
//! with positive coefficients: a *geometric program*, convex in logarithms (Boyd, Kim, Vandenberghe & Hassibi 2007, "A
//! tutorial on geometric programming"). So there is one optimum, a bound on how far an answer is from it
//! ([`Optimum::gap`]), and multipliers that say what each budget is worth ([`Prices`]). [`closed_form`] has the formulas
//! that hold while no bound binds, [`paper`] what was published instead, [`integers`] the way back to architectures.

pub mod closed_form;
mod co_design;
mod costs;
mod elasticity;
mod full;
pub mod integers;
mod objective;
mod optimum;
pub mod paper;
mod posynomial;
mod prices;
mod problem;
mod refine;
pub mod region;
mod shape;
mod solve;

pub use co_design::{CoDesign, NotCoDesign};
pub use costs::CostModel;
pub use elasticity::{PowerFit, Sweep, power_fits};
pub use objective::UnsupportedLaw;
pub use optimum::{BoundMultipliers, Infeasible, LimitState, Optimum, Residuals};
pub use posynomial::{Monomial, Posynomial};
pub use prices::Prices;
pub use problem::{Bounds, Limit, Problem, Quantity};
pub use refine::{RefineError, Refined};
pub use shape::{Shape, ShapeVariable};
