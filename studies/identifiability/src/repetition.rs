//! One draw of 170 runs: fitted, with intervals of two kinds, and judged.

use crate::synthetic;
use anyhow::Result;
use rooflaw::law::fit::{
    Fit, Form, Identifiability, Objective, Observations, ParameterIntervals, Quality, Starts, bootstrap,
    bootstrap_intervals, fit, identify, profile,
};

/// The nominal share of intervals that hold the truth.
pub const CONFIDENCE: f64 = 0.95;
const STARTS: Starts = Starts::Random { count: 16, seed: 1 };

/// What came of one draw.
pub struct Repetition {
    pub seed: u64,
    pub rows: Observations,
    pub fit: Fit,
    /// R² of the fitted law against the losses without noise.
    pub r_squared: f64,
    pub profile: ParameterIntervals,
    pub bootstrap: ParameterIntervals,
    /// By the profiles.
    pub judged: Identifiability,
}

impl Repetition {
    /// Draws the runs of `seed` and fits the published form to them by least squares.
    pub fn run(seed: u64, refits: usize) -> Result<Repetition> {
        let (losses, rows) = synthetic::draw(seed)?;
        let found = fit(&Form::codesign(), &rows, Objective::LeastSquares, &STARTS)?;
        let profiles = profile(&found, &rows, CONFIDENCE)?;
        let found = profiles.optimum.clone();
        let resampled = bootstrap(&found, &rows, refits, seed);
        let profile = profiles.intervals();
        Ok(Repetition {
            seed,
            r_squared: Quality::of(&found.predict(&rows)?, &losses).r_squared,
            bootstrap: bootstrap_intervals(&found, &resampled, &rows, CONFIDENCE)?,
            judged: identify(&found, &rows, &profile)?,
            profile,
            fit: found,
            rows,
        })
    }
}
