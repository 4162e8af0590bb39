//! Profile likelihood intervals of a law's numbers.
//!
//! The profile of a parameter φ is the objective's minimum over all others with φ held. Its signed root
//! `τ(φ) = sign(φ − φ̂) √((S(φ) − S(φ̂))/s²)`, `s² = S(φ̂)/(n − p)`, follows Student's t with `n − p` degrees
//! of freedom as far as the law is flat over the interval (Bates & Watts 1988, *Nonlinear Regression Analysis
//! and Its Applications*, section 6.1; `τ²` against F(1, n − p)), and the interval is where |τ| stays below
//! the quantile (Venzon & Moolgavkar 1988, Applied Statistics 37:87). It does not depend on how the law is
//! written: profiling `c` and `ln c` gives the same. A side on which |τ| never crosses is open, the law
//! practically not identifiable (Raue et al. 2009, Bioinformatics 25:1923).
//!
//! Where groups have several rows, whose errors belong together, `s²` is replaced for each number by the
//! ratio of its variance with that allowed for to the one without: of its entries in `V` and `(XᵀX)⁻¹`
//! (Chandler & Bate 2007, Biometrika 94:167, for one parameter at a time; `V` by Liang & Zeger 1986), and
//! `n` is the number of groups. Each group is taken to be independent of the others.
//!
//! Least squares only. With Huber's δ far below the residuals the statistic's scale hangs on the density of
//! the residuals at 0 (Heritier & Ronchetti 1994, JASA 89:897), which a few dozen groups do not tell; there
//! the grouped bootstrap gives the intervals.

use super::descent::{self, Scratch};
use super::information::{Coordinates, Uncertainty};
use super::path::{Law, Point, Side, Terrain};
use super::problem::Problem;
use super::{
    Coefficient, Convergence, End, Fit, FitError, Form, Interval, Objective, Observations, Parameter,
    parallel, report,
};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A coefficient is followed up to this many times its estimate, and down to its part.
const MOST_FACTOR: f64 = 1e12;
/// An exponent is followed this far from its estimate.
const MOST_EXPONENT: f64 = 10.0;
/// `E` and contributions are followed up to this many times the largest loss.
const MOST_OF_LOSS: f64 = 2.0;
/// A compatible law this share of the interval's side beyond its end reopens the side.
const NOTABLE: f64 = 0.02;
/// How often a better optimum, found on the way, may replace the one begun with.
const MOST_RESTARTS: usize = 4;

/// The profiles of a law's numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profiles {
    /// The optimum that the profiles leave from: the given fit, unless a path came across a better one.
    pub optimum: Fit,
    /// The share of intervals that hold the truth, such as 0.95.
    pub confidence: f64,
    /// Groups less parameters.
    pub degrees_of_freedom: usize,
    /// One for each of [`Form::free_parameters`], in their order.
    pub parameters: Vec<Profile>,
    /// What each term with a free coefficient contributes to the loss at the geometric mean of the runs'
    /// variables, in the unit of the loss, by the index of the term. Far better determined than its
    /// coefficient, the contribution where all variables are 1.
    pub contributions: Vec<(usize, Profile)>,
}

/// The profile of one number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Its value at the optimum.
    pub estimate: f64,
    /// Where the statistic stays below its quantile. Open below when a coefficient may be 0, or an exponent
    /// 10 less; open above when a coefficient may be 10¹² times as large, or an exponent 10 more.
    pub interval: Interval,
    /// The path, in order of the value, the optimum among it.
    pub points: Vec<ProfilePoint>,
}

/// A point of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProfilePoint {
    /// The number that is held.
    pub value: f64,
    /// `τ`, the signed root; ±quantile of Student's t at the ends of the interval.
    pub statistic: f64,
}

/// Profiles every free number of a law fitted by least squares, at a confidence such as 0.95.
///
/// # Errors
/// An objective that is not least squares, a confidence outside (0, 1), no more groups than parameters, or a
/// form that does not suit the rows.
pub fn profile(fit: &Fit, observations: &Observations, confidence: f64) -> Result<Profiles, FitError> {
    let problem_of = |form: &Form| -> Result<Problem, FitError> {
        let problem = Problem::new(form, observations)?;
        match fit.objective {
            Objective::LogLeastSquares => Ok(problem),
            Objective::LeastSquares => Ok(problem.in_loss()),
            Objective::LogHuber { .. } => Err(FitError::Form {
                what: "profile needs least squares: use the bootstrap with Huber's loss".to_owned(),
            }),
        }
    };
    let centred = problem_of(&fit.form)?;
    let (groups, parameters) = (observations.groups_present(), fit.form.n_free());
    let degrees_of_freedom =
        groups
            .checked_sub(parameters)
            .filter(|left| *left > 0)
            .ok_or(FitError::TooFewRows {
                rows: groups,
                parameters: parameters + 1,
            })?;
    let critical = StudentsT::new(0.0, 1.0, degrees_of_freedom as f64)
        .ok()
        .filter(|_| confidence > 0.0 && confidence < 1.0)
        .map(|t| t.inverse_cdf(0.5 + 0.5 * confidence))
        .ok_or_else(|| FitError::Form {
            what: format!("confidence is {confidence}: expected a number between 0 and 1"),
        })?;
    let targets = targets(&fit.form);
    let free = fit.form.free_parameters();
    let position = |wanted: Parameter| {
        let found = free.iter().position(|parameter| *parameter == wanted);
        found.unwrap_or_default()
    };
    let mut optimum = fit.clone();
    for restarts in 0.. {
        let least = polished(&centred, &optimum, observations)?;
        optimum = least.1;
        let least = least.0;
        let uncertainty = Uncertainty::of(&optimum, observations)?;
        // Of runs without any noise.
        let no_less = super::EXACT / degrees_of_freedom as f64;
        let start = optimum.as_start();
        let law = Law {
            logs: start.log_coefficients.unwrap_or_default(),
            exponents: start.exponents,
        };
        let terrains: Vec<Terrain> = targets
            .iter()
            .map(|target| {
                let variance = match target {
                    Target::Parameter(parameter) => {
                        uncertainty.inflation(Coordinates::Coefficients, position(*parameter))
                    }
                    Target::Contribution(term) => uncertainty.inflation(
                        Coordinates::Contributions,
                        position(Parameter::Coefficient(*term)),
                    ),
                };
                let (problem, index) = match target {
                    Target::Parameter(Parameter::Coefficient(term)) => {
                        // A fixed coefficient is fixed in the original variables.
                        let mut form = fit.form.clone();
                        form.terms[*term].coefficient = Coefficient::Fixed(optimum.coefficients[*term]);
                        (problem_of(&form)?, 1 + term)
                    }
                    Target::Contribution(term) => (centred.clone(), 1 + term),
                    Target::Parameter(Parameter::IrreducibleLoss) => (centred.clone(), 0),
                    Target::Parameter(Parameter::Exponent(l)) => {
                        (centred.clone(), 1 + centred.terms.len() + l)
                    }
                };
                Ok(Terrain {
                    optimum: law.clone(),
                    problem,
                    index,
                    least,
                    // Descents write half the sum of squares.
                    unit: 2.0 / variance.max(no_less),
                    critical,
                })
            })
            .collect::<Result<_, FitError>>()?;
        let first = parallel::map(2 * terrains.len(), Scratch::default, |scratch, job| {
            side(
                targets[job / 2],
                &terrains[job / 2],
                &law,
                &centred,
                job % 2 == 1,
                scratch,
            )
        });
        let sides = parallel::map(2 * terrains.len(), Scratch::default, |scratch, job| {
            let terrain = &terrains[job / 2];
            let up = job % 2 == 1;
            match beyond(terrain, &terrains, &first, job) {
                Some(law) => side(targets[job / 2], terrain, &law, &centred, up, scratch),
                None => first[job].clone(),
            }
        });
        let better = sides.iter().enumerate().find_map(|(job, side)| match side {
            Side::Better(x) => Some((&terrains[job / 2].problem, x)),
            Side::Followed { .. } => None,
        });
        if let Some((problem, x)) = better
            && restarts < MOST_RESTARTS
        {
            let coefficients = problem.coefficients(x);
            optimum.irreducible_loss = coefficients[0];
            optimum.coefficients = coefficients[1..].to_vec();
            optimum.exponents = x[1 + problem.terms.len()..].to_vec();
            continue;
        }
        let mut profiles = terrains
            .iter()
            .enumerate()
            .map(|(index, terrain)| joined(terrain, &sides[2 * index], &sides[2 * index + 1]));
        let n = free.len();
        return Ok(Profiles {
            parameters: profiles.by_ref().take(n).collect(),
            contributions: targets[n..]
                .iter()
                .zip(profiles)
                .filter_map(|(target, profile)| match target {
                    Target::Contribution(term) => Some((*term, profile)),
                    Target::Parameter(_) => None,
                })
                .collect(),
            optimum,
            confidence,
            degrees_of_freedom,
        });
    }
    Err(FitError::NoOptimum)
}

/// What is profiled.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Parameter(Parameter),
    /// A term's centred coefficient.
    Contribution(usize),
}

fn targets(form: &Form) -> Vec<Target> {
    let parameters = form.free_parameters();
    let contributions = parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Coefficient(term) => Some(Target::Contribution(*term)),
        _ => None,
    });
    let contributions: Vec<Target> = contributions.collect();
    parameters
        .into_iter()
        .map(Target::Parameter)
        .chain(contributions)
        .collect()
}

/// The optimum next to `fit` to the last digit, and the objective there as descents write it.
fn polished(problem: &Problem, fit: &Fit, observations: &Observations) -> Result<(f64, Fit), FitError> {
    let start = fit.as_start();
    let x = problem.unknowns(&start.log_coefficients.unwrap_or_default(), &start.exponents);
    let mut scratch = Scratch::default();
    let found = descent::minimise(problem, f64::INFINITY, x, descent::TIGHT, &mut scratch);
    if !found.value.is_finite() {
        return Err(FitError::NoOptimum);
    }
    let end = End {
        value: 2.0 * found.value,
        x: found.x,
        evaluations: found.evaluations,
        converged: found.converged,
    };
    let convergence = Convergence {
        best_converged: found.converged,
        ..fit.convergence
    };
    let fit = report(&fit.form, observations, fit.objective, problem, &end, convergence)?;
    Ok((found.value, fit))
}

/// A law on another path, within the interval by this profile's scale, that lies farther out than where side
/// `job` was found to end: the farthest. There are two valleys then, and the path stayed in the one that ends
/// first. With groups each number has a scale of its own: what is close on another path may be far here.
fn beyond(terrain: &Terrain, terrains: &[Terrain], sides: &[Side], job: usize) -> Option<Law> {
    let sign = if job % 2 == 1 { 1.0 } else { -1.0 };
    let Side::Followed {
        crossing: Some(end), ..
    } = sides[job]
    else {
        return None;
    };
    let within = sides.iter().enumerate().filter(|(other, _)| other / 2 != job / 2);
    let laws = within.flat_map(|(other, side)| {
        let other = &terrains[other / 2];
        let points = match side {
            Side::Followed { points, .. } => points.as_slice(),
            Side::Better(_) => &[],
        };
        let scale = (terrain.unit / other.unit).sqrt();
        let inside = points
            .iter()
            .filter(move |point| scale * point.root < terrain.critical);
        inside.map(|point| other.law(point))
    });
    let start = terrain.value_at(&terrain.optimum);
    laws.map(|law| (sign * terrain.value_at(&law), law))
        .filter(|(value, _)| *value > sign * end + NOTABLE * (end - start).abs())
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, law)| law)
}

/// One side of a profile, of a terrain of its own, from a law on it.
fn side(
    target: Target,
    terrain: &Terrain,
    from: &Law,
    centred: &Problem,
    up: bool,
    scratch: &mut Scratch,
) -> Side {
    let mut terrain = terrain.clone();
    let start = terrain.value_at(&terrain.optimum);
    let limit = if terrain.is_logarithm() {
        MOST_FACTOR.ln()
    } else {
        MOST_EXPONENT
    };
    if up {
        let most = match target {
            Target::Parameter(Parameter::Coefficient(_)) => f64::INFINITY,
            Target::Parameter(Parameter::Exponent(_)) => centred.upper[terrain.index],
            // What is part of every loss cannot be larger than all.
            Target::Parameter(Parameter::IrreducibleLoss) | Target::Contribution(_) => {
                (MOST_OF_LOSS * centred.loss.iter().copied().fold(0.0, f64::max)).ln()
            }
        };
        return terrain.follow(from, 1.0, (start + limit).min(most), scratch);
    }
    let limit = (start - limit).max(centred.lower[terrain.index]);
    let open = terrain.is_logarithm() && terrain.at_zero(scratch) < terrain.critical;
    match terrain.follow(from, -1.0, limit, scratch) {
        Side::Followed { points, .. } if open => Side::Followed {
            points,
            crossing: None,
        },
        side => side,
    }
}

fn joined(terrain: &Terrain, down: &Side, up: &Side) -> Profile {
    let natural = |value: f64| {
        if terrain.is_logarithm() {
            value.exp()
        } else {
            value
        }
    };
    let parts = |side: &Side, sign: f64| -> (Vec<ProfilePoint>, Option<f64>) {
        match side {
            Side::Followed { points, crossing } => {
                let point = |point: &Point| ProfilePoint {
                    value: natural(point.value),
                    statistic: sign * point.root,
                };
                (points.iter().map(point).collect(), crossing.map(natural))
            }
            Side::Better(_) => (Vec::new(), None),
        }
    };
    let estimate = natural(terrain.value_at(&terrain.optimum));
    let (mut points, low) = parts(down, -1.0);
    points.reverse();
    points.push(ProfilePoint {
        value: estimate,
        statistic: 0.0,
    });
    let (above, high) = parts(up, 1.0);
    points.extend(above);
    Profile {
        estimate,
        interval: Interval { low, high },
        points,
    }
}
