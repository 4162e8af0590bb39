//! What published measurements say of devices in general: the effects that devices share.

use super::assembly::{Assembly, Member};
use super::coefficients::{Coefficient, Logs};
use super::groups::{Groups, Runtime, Scope};
use super::hierarchy::{Hierarchy, Level};
use super::model::{Achieved, Interval, PhaseModel};
use super::observation::Observation;
use super::peak::keep_to_peak;
use super::population_file::Validation;
use super::posterior::{Column, Posterior, Problem, Row};
use crate::device::{Device, Phase};
use crate::format::WeightFormat;
use crate::measurements::Measurement;
use std::collections::BTreeMap;

/// What devices have in common, by phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Population {
    /// Prefill.
    pub(super) prefill: Effects,
    /// Decode.
    pub(super) decode: Effects,
    /// What was found by leaving measurements out, by [`Phase`].
    pub(super) validation: [Validation; 2],
}

/// One phase's effects.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Effects {
    /// By level and group.
    pub(super) values: BTreeMap<(String, String), f64>,
    /// The scale of the measurements' errors, in logarithms.
    pub(super) scale: f64,
    /// What remains open of the sums of effects, by coefficient: standard deviations.
    pub(super) uncertainty: Logs,
    /// See [`PhaseModel::stretch`]: for devices with measurements, and without.
    pub(super) stretch: [f64; 2],
}

impl Effects {
    /// A known effect.
    pub(super) fn effect(&self, level: &Level, group: &str) -> Option<f64> {
        self.values.get(&(level.name(), group.to_owned())).copied()
    }
}

/// Most steps of Newton's method: from nothing, and from a neighbouring solution.
const STEPS: (usize, usize) = (40, 8);

/// Where the scale of errors begins.
const FIRST_SCALE: f64 = 0.08;

fn weights(hierarchy: &Hierarchy, observations: &[&Observation<'_>]) -> Vec<f64> {
    let series = |measurement: &Measurement| {
        let lengths_apart = Measurement {
            context_tokens: 0,
            tokens: 0,
            seconds: 0.0,
            spread: None,
            repeats: None,
            ..measurement.clone()
        };
        format!("{lengths_apart:?}")
    };
    let names: Vec<String> = observations
        .iter()
        .map(|observation| series(observation.measurement))
        .collect();
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for name in &names {
        *counts.entry(name).or_default() += 1.0;
    }
    let weight = |name: &String| {
        let more = counts.get(name.as_str()).map_or(0.0, |count| count - 1.0);
        1.0 / (1.0 + more * hierarchy.series_correlation)
    };
    names.iter().map(weight).collect()
}

fn groups(observation: &Observation<'_>) -> Groups {
    let measurement = observation.measurement;
    Groups::new(observation.device, &Runtime::of(measurement), measurement.weights)
}

fn rows(hierarchy: &Hierarchy, observations: &[&Observation<'_>], members: &[Member]) -> Vec<Row> {
    let weights = weights(hierarchy, observations);
    observations
        .iter()
        .zip(members)
        .zip(weights)
        .map(|((observation, member), weight)| Row {
            work: observation.work(),
            measured: observation.measurement.seconds.ln(),
            weight,
            start: member.start,
            entries: member.entries.clone(),
            block: member.block,
        })
        .collect()
}

fn problem(hierarchy: &Hierarchy, rows: Vec<Row>, assembly: &Assembly) -> Problem {
    Problem {
        rows,
        columns: assembly.columns.clone(),
        n_blocks: assembly.n_blocks,
        effect_tails: hierarchy.effect_tails,
        error_tails: hierarchy.error_tails,
    }
}

/// A phase's fit to all measurements, from which fits to fewer begin.
pub struct PhaseFit<'a> {
    phase: Phase,
    hierarchy: Hierarchy,
    observations: Vec<&'a Observation<'a>>,
    assembly: Assembly,
    problem: Problem,
    posterior: Posterior,
}

impl<'a> PhaseFit<'a> {
    /// Fits the measurements of a phase.
    #[must_use]
    pub fn new(phase: Phase, observations: &'a [Observation<'a>]) -> PhaseFit<'a> {
        let hierarchy = Hierarchy::of(phase);
        let observations: Vec<&Observation<'_>> = observations
            .iter()
            .filter(|observation| observation.measurement.phase == phase)
            .collect();
        let of: Vec<Groups> = observations
            .iter()
            .map(|observation| groups(observation))
            .collect();
        let assembly = Assembly::open(&hierarchy, &of);
        let rows = rows(&hierarchy, &observations, &assembly.members);
        let problem = problem(&hierarchy, rows, &assembly);
        let start = vec![0.0; problem.columns.len()];
        let posterior = problem.solve(&|_| true, start, FIRST_SCALE, STEPS.0);
        PhaseFit {
            phase,
            hierarchy,
            observations,
            assembly,
            problem,
            posterior,
        }
    }

    /// The measurements, in order.
    #[must_use]
    pub fn observations(&self) -> &[&'a Observation<'a>] {
        &self.observations
    }

    /// The phase's effects, from all measurements or without those that `is_left_out`.
    pub(super) fn effects(&self, is_left_out: &dyn Fn(usize) -> bool) -> Effects {
        let n = self.observations.len();
        let leaves_none = !(0..n).any(is_left_out);
        let refit;
        let posterior = if leaves_none {
            &self.posterior
        } else {
            refit = self.problem.solve(
                &|row| !is_left_out(row),
                self.posterior.effects.clone(),
                self.posterior.scale,
                STEPS.1,
            );
            &refit
        };
        let seen: Vec<bool> = {
            let mut seen = vec![false; self.problem.columns.len()];
            for (index, row) in self.problem.rows.iter().enumerate() {
                if !is_left_out(index) {
                    for &(column, ..) in &row.entries {
                        seen[column] = true;
                    }
                }
            }
            seen
        };
        let values = self
            .assembly
            .names
            .iter()
            .zip(&self.problem.columns)
            .enumerate()
            .filter(|(index, (_, column))| column.block == 0 && seen[*index])
            .filter_map(|(index, (name, _))| {
                let (level, group) = name.as_ref()?;
                let level = self.hierarchy.levels.get(*level)?;
                Some(((level.name(), group.clone()), posterior.effects[index]))
            })
            .collect();
        Effects {
            values,
            scale: posterior.scale,
            uncertainty: self.uncertainty(posterior, is_left_out),
            stretch: [1.0; 2],
        }
    }

    /// Medians over measurements of the standard deviations of the sums of shared effects.
    fn uncertainty(&self, posterior: &Posterior, is_left_out: &dyn Fn(usize) -> bool) -> Logs {
        let mut by_device: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, row) in self.problem.rows.iter().enumerate() {
            if !is_left_out(index) {
                by_device.entry(row.block).or_insert(index);
            }
        }
        let shared: Vec<Column> = self.problem.columns.clone();
        let deviations: Vec<Vec<f64>> = by_device
            .values()
            .map(|&index| {
                let combinations = combinations(&self.problem.rows[index].entries, |column| {
                    shared[column].block == 0
                });
                let covariance = posterior.covariance(&shared, &combinations);
                (0..Coefficient::COUNT)
                    .map(|place| covariance[(place, place)].max(0.0).sqrt())
                    .collect()
            })
            .collect();
        std::array::from_fn(|place| {
            let mut values: Vec<f64> = deviations.iter().map(|of| of[place]).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        })
    }
}

/// Entries by coefficient.
fn combinations(
    entries: &[(usize, Coefficient, f64)],
    is_wanted: impl Fn(usize) -> bool,
) -> Vec<Vec<(usize, f64)>> {
    let mut combinations = vec![Vec::new(); Coefficient::COUNT];
    for &(column, coefficient, factor) in entries {
        if is_wanted(column) {
            combinations[coefficient as usize].push((column, factor));
        }
    }
    combinations
}

/// What is asked of a device: a runtime with a weight format.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Who runs the model.
    pub runtime: Runtime,
    /// How its weights are stored.
    pub weights: WeightFormat,
}

impl Population {
    /// Joins two phases.
    #[must_use]
    pub fn new(prefill: &PhaseFit<'_>, decode: &PhaseFit<'_>) -> Population {
        Population {
            prefill: prefill.effects(&|_| false),
            decode: decode.effects(&|_| false),
            validation: [Validation::default(); 2],
        }
    }

    pub(super) fn effects(&self, phase: Phase) -> &Effects {
        match phase {
            Phase::Prefill => &self.prefill,
            Phase::Decode => &self.decode,
        }
    }

    /// What a device achieves, by its own measurements and by what is known of devices in general; one answer for each
    /// question. Without measurements, the answers are those of its class and runtime.
    #[must_use]
    pub fn answer(
        &self,
        device: &Device,
        observations: &[&Observation<'_>],
        questions: &[Question],
    ) -> Vec<Achieved> {
        let asked: Vec<Groups> = questions
            .iter()
            .map(|question| Groups::new(device, &question.runtime, question.weights))
            .collect();
        let [decode, prefill] = Phase::ALL.map(|phase| {
            let of: Vec<&Observation<'_>> = observations
                .iter()
                .filter(|observation| observation.measurement.phase == phase)
                .copied()
                .collect();
            answer(phase, self.effects(phase), &of, &asked)
        });
        prefill
            .into_iter()
            .zip(decode)
            .zip(questions)
            .map(|((prefill, decode), question)| Achieved {
                prefill,
                decode,
                tokens_per_pass: question.runtime.tokens_per_pass(),
                fused_attention: question.runtime.has_fused_attention(),
                absorbed_latent: question.runtime.absorbs_latent(),
            })
            .collect()
    }
}

impl Population {
    /// Predicts measurements of a phase from other measurements of the same device and phase.
    #[must_use]
    pub fn predict(
        &self,
        phase: Phase,
        known: &[&Observation<'_>],
        asked: &[&Observation<'_>],
    ) -> Vec<Interval> {
        let of: Vec<Groups> = asked.iter().map(|observation| groups(observation)).collect();
        answer(phase, self.effects(phase), known, &of)
            .iter()
            .zip(asked)
            .map(|(model, observation)| model.interval(&observation.work()))
            .collect()
    }
}

/// One phase's answers from measurements of one device.
fn answer(
    phase: Phase,
    known: &Effects,
    observations: &[&Observation<'_>],
    asked: &[Groups],
) -> Vec<PhaseModel> {
    let hierarchy = Hierarchy::of(phase);
    let measured: Vec<Groups> = observations
        .iter()
        .map(|observation| groups(observation))
        .collect();
    let all: Vec<Groups> = measured.iter().chain(asked).cloned().collect();
    let assembly = Assembly::given(&hierarchy, known, &all);
    let rows = rows(&hierarchy, observations, &assembly.members);
    let n_rows = rows.len();
    let problem = problem(&hierarchy, rows, &assembly);
    let start = vec![0.0; problem.columns.len()];
    let steps = if n_rows > 0 { STEPS.0 } else { 0 };
    let mut posterior = problem.solve(&|_| true, start, known.scale, steps);
    // Few measurements say little of their own scatter.
    posterior.scale = known.scale.max(posterior.scale);
    let stretch = known.stretch[usize::from(n_rows == 0)];
    assembly.members[n_rows..]
        .iter()
        .zip(asked)
        .map(|(member, groups)| {
            let covariance = posterior.covariance(&problem.columns, &combinations(&member.entries, |_| true));
            let alike = |other: &&Groups| other.name(Scope::DeviceFormat) == groups.name(Scope::DeviceFormat);
            let covariance: [Logs; Coefficient::COUNT] =
                std::array::from_fn(|a| std::array::from_fn(|b| covariance[(a, b)]));
            let n_measurements = measured.iter().filter(alike).count();
            let mut logs = Problem::logs(&member.start, &member.entries, &posterior.effects);
            if n_measurements == 0 {
                keep_to_peak(&mut logs, &covariance, groups.least_compute());
            }
            PhaseModel {
                logs,
                covariance,
                scatter: posterior.scale,
                stretch,
                n_measurements,
            }
        })
        .collect()
}

impl PhaseFit<'_> {
    /// Predicts measurements of one device from all others: of other devices, and of this one.
    #[must_use]
    pub fn without(&self, left_out: &[usize]) -> Vec<Interval> {
        let is_left_out = |index: usize| left_out.contains(&index);
        let known = self.effects(&is_left_out);
        let family = left_out
            .first()
            .map(|&index| self.observations[index].device.family());
        let of: Vec<&Observation<'_>> = self
            .observations
            .iter()
            .enumerate()
            .filter(|(index, observation)| {
                Some(observation.device.family()) == family && !is_left_out(*index)
            })
            .map(|(_, observation)| *observation)
            .collect();
        let asked: Vec<Groups> = left_out
            .iter()
            .map(|&index| groups(self.observations[index]))
            .collect();
        answer(self.phase, &known, &of, &asked)
            .iter()
            .zip(left_out)
            .map(|(model, &index)| model.interval(&self.problem.rows[index].work))
            .collect()
    }
}
