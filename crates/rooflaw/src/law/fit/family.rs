//! Laws of any family behind one face: what can be fitted, refitted to resamples or parts, and compared.

use super::routed::{self, RoutedFit, RoutedRun, RoutedStart};
use super::{
    Convergence, Fit, FitError, Form, Objective, Observations, Quality, Start, Starts, bootstrap,
    residual_scale,
};
use serde::Serialize;

/// What is fitted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum LawForm {
    /// A sum of power terms.
    Power(Form),
    /// Clark et al.'s routed law, [`routed`].
    Routed {
        /// The variable that is `N`, the parameters of the dense model.
        dense_parameters: String,
        /// The variable that is `E`, experts in a routed layer; 1 for dense models.
        experts: String,
    },
}

/// A fit of whichever law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum LawFit {
    /// Of a sum of power terms.
    Power(Fit),
    /// Of the routed law.
    Routed {
        /// The fit, by least squares on the logarithm of the loss.
        fit: RoutedFit,
        /// As in [`LawForm::Routed`].
        dense_parameters: String,
        /// As in [`LawForm::Routed`].
        experts: String,
    },
}

impl LawForm {
    /// How many numbers the data must determine.
    #[must_use]
    pub fn n_free(&self) -> usize {
        match self {
            LawForm::Power(form) => form.n_free(),
            LawForm::Routed { .. } => routed::N_PARAMETERS,
        }
    }

    /// What a fit of this law minimises when `objective` is asked for: the routed law is always fitted by
    /// least squares on the logarithm.
    #[must_use]
    pub const fn objective(&self, objective: Objective) -> Objective {
        match self {
            LawForm::Power(_) => objective,
            LawForm::Routed { .. } => Objective::LogLeastSquares,
        }
    }

    /// Fits the law; the routed law from as many random starts as `starts` has, under its seed or 0.
    ///
    /// # Errors
    /// As [`super::fit`] and [`routed::fit`].
    pub fn fit(
        &self,
        observations: &Observations,
        objective: Objective,
        starts: &Starts,
    ) -> Result<LawFit, FitError> {
        self.fit_from(observations, objective, starts, None)
    }

    /// Fits the law from starts and from a known fit.
    fn fit_from(
        &self,
        observations: &Observations,
        objective: Objective,
        starts: &Starts,
        known: Option<&LawFit>,
    ) -> Result<LawFit, FitError> {
        match self {
            LawForm::Power(form) => {
                let mut starts = super::listed(form, starts)?;
                if let Some(LawFit::Power(fit)) = known {
                    starts.push(fit.as_start());
                }
                Ok(LawFit::Power(super::fit(
                    form,
                    observations,
                    objective,
                    &Starts::Given(starts),
                )?))
            }
            LawForm::Routed {
                dense_parameters,
                experts,
            } => {
                let (count, seed) = match starts {
                    Starts::Random { count, seed } => (*count, *seed),
                    Starts::Given(starts) => (starts.len(), 0),
                };
                let mut starts: Vec<RoutedStart> =
                    (0..count).map(|index| RoutedStart::random(seed, index)).collect();
                if let Some(LawFit::Routed { fit, .. }) = known {
                    starts.push(RoutedStart::at(&fit.law));
                }
                let runs = routed_runs(observations, dense_parameters, experts)?;
                Ok(LawFit::Routed {
                    fit: routed::fit_weighted(&runs, &observations.weight, &starts)?,
                    dense_parameters: dense_parameters.clone(),
                    experts: experts.clone(),
                })
            }
        }
    }
}

fn routed_runs(
    observations: &Observations,
    dense_parameters: &str,
    experts: &str,
) -> Result<Vec<RoutedRun>, FitError> {
    let logs = observations
        .log_of(dense_parameters)?
        .iter()
        .zip(observations.log_of(experts)?);
    let run = |((dense_parameters, experts), loss): ((&f64, &f64), &f64)| RoutedRun {
        dense_parameters: dense_parameters.exp(),
        experts: experts.exp(),
        loss: *loss,
    };
    Ok(logs.zip(&observations.loss).map(run).collect())
}

impl LawFit {
    /// What was fitted.
    #[must_use]
    pub fn form(&self) -> LawForm {
        match self {
            LawFit::Power(fit) => LawForm::Power(fit.form.clone()),
            LawFit::Routed {
                dense_parameters,
                experts,
                ..
            } => LawForm::Routed {
                dense_parameters: dense_parameters.clone(),
                experts: experts.clone(),
            },
        }
    }

    /// What was minimised.
    #[must_use]
    pub const fn objective(&self) -> Objective {
        match self {
            LawFit::Power(fit) => fit.objective,
            LawFit::Routed { .. } => Objective::LogLeastSquares,
        }
    }

    /// Agreement on the fitted rows.
    #[must_use]
    pub const fn quality(&self) -> &Quality {
        match self {
            LawFit::Power(fit) => &fit.quality,
            LawFit::Routed { fit, .. } => &fit.quality,
        }
    }

    /// What became of the starts.
    #[must_use]
    pub const fn convergence(&self) -> &Convergence {
        match self {
            LawFit::Power(fit) => &fit.convergence,
            LawFit::Routed { fit, .. } => &fit.convergence,
        }
    }

    /// The losses that the law predicts for the variables of `observations`.
    ///
    /// # Errors
    /// A variable of the law that `observations` lack.
    pub fn predict(&self, observations: &Observations) -> Result<Vec<f64>, FitError> {
        match self {
            LawFit::Power(fit) => fit.predict(observations),
            LawFit::Routed {
                fit,
                dense_parameters,
                experts,
            } => {
                let runs = routed_runs(observations, dense_parameters, experts)?;
                Ok(runs
                    .iter()
                    .map(|run| fit.law.loss(run.dense_parameters, run.experts))
                    .collect())
            }
        }
    }

    /// The scatter of `observations` about the law, σ of `ln L`, as [`residual_scale`] has it.
    ///
    /// # Errors
    /// A variable of the law that `observations` lack.
    pub fn scatter(&self, observations: &Observations) -> Result<f64, FitError> {
        let rows = self.predict(observations)?.into_iter().zip(&observations.loss);
        let residuals: Vec<f64> = rows.map(|(predicted, loss)| (loss / predicted).ln()).collect();
        Ok(residual_scale(self.objective(), &residuals, self.form().n_free()))
    }

    /// Fits the law to other observations, from `starts` and from this fit.
    ///
    /// # Errors
    /// As [`LawForm::fit`].
    pub fn refit(&self, observations: &Observations, starts: &Starts) -> Result<LawFit, FitError> {
        self.form()
            .fit_from(observations, self.objective(), starts, Some(self))
    }

    /// Refits to `count` resamples of the groups with replacement, each from this fit, as [`bootstrap`].
    #[must_use]
    pub fn bootstrap(
        &self,
        observations: &Observations,
        count: usize,
        seed: u64,
    ) -> Vec<Result<LawFit, FitError>> {
        match self {
            LawFit::Power(fit) => bootstrap(fit, observations, count, seed)
                .into_iter()
                .map(|refit| refit.map(LawFit::Power))
                .collect(),
            LawFit::Routed { .. } => {
                let none = Starts::Given(Vec::<Start>::new());
                super::parallel::map(
                    count,
                    || (),
                    |(), index| {
                        let multiples = super::bootstrap::multiples(observations, seed, index);
                        self.refit(&observations.multiplied(&multiples), &none)
                    },
                )
            }
        }
    }
}
