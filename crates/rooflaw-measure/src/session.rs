//! Measuring one model in one format: exported, run until it is known, removed.

use crate::exported::Exported;
use crate::folder::{Key, MeasurementFolder};
use crate::llama_bench::{Answer, Lengths, LlamaBench, ending, last_words};
use crate::load::{Load, LoadLimit, Watch};
use crate::process::{self, Finished, Stopped};
use crate::record::Line;
use crate::{Decision, MeasureError, Model, StoppingRule, Timing};
use rooflaw::device::Phase;
use rooflaw::format::WeightFormat;
use rooflaw::measurements::Measurement;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How models are measured.
#[derive(Clone, Debug)]
pub struct Session<'a> {
    /// The program that measures.
    pub bench: LlamaBench,
    /// Tokens of the prompts to prefill.
    pub prompt: Vec<u32>,
    /// Tokens to generate.
    pub generate: Vec<u32>,
    /// Tokens in the KV cache beforehand: every length at every depth.
    pub depth: Vec<u32>,
    /// When to stop repeating.
    pub rule: StoppingRule,
    /// From what on the machine is busy.
    pub load_limit: LoadLimit,
    /// How long a busy machine is waited for, before each process.
    pub patience: Duration,
    /// How long one process may take.
    pub time_limit: Duration,
    /// What the device is called; what llama-bench calls it if `None`.
    pub device: Option<String>,
    /// Seed of the weights.
    pub seed: u64,
    /// Becomes true when the user wants to stop.
    pub interrupted: &'a AtomicBool,
}

/// A model in a format.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// The model.
    pub model: Model,
    /// How its weights are stored.
    pub weights: WeightFormat,
}

/// What happens meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// The model is being written.
    Exporting,
    /// Others use the machine; it is waited for.
    Waiting(Load),
    /// A process runs, the how manieth at this depth.
    Running {
        /// From 1.
        repeat: usize,
        /// Tokens in the KV cache beforehand.
        depth: u32,
    },
    /// Others used the machine while it ran.
    Disturbed(Load),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// One for every length at every depth, in the order of the session's.
    pub rows: Vec<Measured>,
    /// Whether all of it was there already.
    pub was_there: bool,
}

/// A row, and how far to trust it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The row of the table.
    #[serde(flatten)]
    pub row: Measurement,
    /// The standard error of its time, as a share; `None` for a row that was there.
    pub relative_error: Option<f64>,
    /// Whether that is within the rule's.
    pub is_known: bool,
    /// Whether others used the machine meanwhile.
    pub was_busy: bool,
}

/// How long the load is watched before a process is started.
const GLANCE: Duration = Duration::from_millis(400);
/// What the source of a row says when others used the machine meanwhile.
const BUSY: &str = "measured on a busy machine";

/// A process that ended well.
struct Repeat {
    answer: Answer,
    busy: bool,
}

impl Session<'_> {
    /// Measures a model, unless the folder has its rows; what it finds is in the folder when this returns.
    ///
    /// # Errors
    /// Anything of [`MeasureError`]. Depths that were finished before are kept.
    pub fn measure(
        &self,
        folder: &mut MeasurementFolder,
        work: &Work,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Outcome, MeasureError> {
        let missing: Vec<Lengths> = self
            .depth
            .iter()
            .map(|&depth| self.missing(folder, work, depth))
            .filter(|lengths| lengths.tests().next().is_some())
            .collect();
        let mut measured = Vec::new();
        let found = self.measure_missing(folder, work, &missing, &mut measured, tell);
        if let Err(error) = found {
            if !error.is_fatal() {
                // A failure belongs to the record; that it cannot be kept is no news when the disk is full.
                let _ = folder.add_raw(&Line::failed(work, &error));
            }
            return Err(error);
        }
        Ok(Outcome {
            was_there: missing.is_empty(),
            rows: self.rows(folder, work, &measured),
        })
    }

    fn measure_missing(
        &self,
        folder: &mut MeasurementFolder,
        work: &Work,
        missing: &[Lengths],
        measured: &mut Vec<Measured>,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), MeasureError> {
        // Before rows that are there are taken for this model's.
        folder.add_config(&work.model)?;
        if missing.is_empty() {
            return Ok(());
        }
        tell(Event::Exporting);
        let exported = Exported::write(work, self.seed, folder, self.interrupted)?;
        for lengths in missing {
            measured.extend(self.measure_lengths(folder, work, &exported, lengths, tell)?);
        }
        Ok(())
    }

    fn key<'a>(&self, work: &'a Work, (n_prompt, n_gen): (u32, u32), depth: u32) -> Key<'a> {
        Key {
            model: &work.model.name,
            weights: work.weights,
            threads: self.bench.threads,
            phase: phase(n_gen),
            context_tokens: depth,
            tokens: n_prompt.max(n_gen),
        }
    }

    /// What is not in the folder yet.
    fn missing(&self, folder: &MeasurementFolder, work: &Work, depth: u32) -> Lengths {
        let lacks = |test: (u32, u32)| folder.row(&self.key(work, test, depth)).is_none();
        Lengths {
            prompt: self
                .prompt
                .iter()
                .copied()
                .filter(|&tokens| lacks((tokens, 0)))
                .collect(),
            generate: self
                .generate
                .iter()
                .copied()
                .filter(|&tokens| lacks((0, tokens)))
                .collect(),
            depth,
        }
    }

    /// Every row asked for, new or old.
    fn rows(&self, folder: &MeasurementFolder, work: &Work, measured: &[Measured]) -> Vec<Measured> {
        let mut rows = Vec::new();
        for &depth in &self.depth {
            let all = Lengths {
                prompt: self.prompt.clone(),
                generate: self.generate.clone(),
                depth,
            };
            for test in all.tests() {
                let Some(row) = folder.row(&self.key(work, test, depth)) else {
                    continue;
                };
                let new = measured.iter().find(|measured| measured.row == *row);
                rows.push(new.cloned().unwrap_or_else(|| Measured {
                    row: row.clone(),
                    relative_error: None,
                    is_known: true,
                    was_busy: row.source == BUSY,
                }));
            }
        }
        rows
    }

    /// Runs one depth until it is known, and keeps its rows.
    fn measure_lengths(
        &self,
        folder: &mut MeasurementFolder,
        work: &Work,
        exported: &Exported,
        lengths: &Lengths,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Vec<Measured>, MeasureError> {
        let mut repeats: Vec<Repeat> = Vec::new();
        loop {
            self.wait(tell)?;
            tell(Event::Running {
                repeat: repeats.len() + 1,
                depth: lengths.depth,
            });
            repeats.push(self.run(folder, work, exported, lengths, tell)?);
            let quiet: Vec<&Repeat> = repeats.iter().filter(|repeat| !repeat.busy).collect();
            let decision = self.rule.decide(&timings(&quiet, lengths), repeats.len());
            if decision == Decision::Repeat {
                continue;
            }
            // Too few in quiet are worse than all of them.
            let was_busy = quiet.len() < self.rule.min_repeats.min(repeats.len());
            let used = if was_busy { repeats.iter().collect() } else { quiet };
            let measured = self.measured(work, lengths, &used, was_busy);
            let rows: Vec<Measurement> = measured.iter().map(|measured| measured.row.clone()).collect();
            folder.add_rows(&rows)?;
            return Ok(measured);
        }
    }

    /// Waits until others leave the machine alone, or patience is over.
    fn wait(&self, tell: &mut dyn FnMut(Event)) -> Result<(), MeasureError> {
        let started = Instant::now();
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(MeasureError::Interrupted);
            }
            if !self.load_limit.is_some() {
                return Ok(());
            }
            let watch = Watch::start();
            std::thread::sleep(GLANCE);
            match watch.load() {
                Some(load) if self.load_limit.is_exceeded_by(&load) && started.elapsed() < self.patience => {
                    tell(Event::Waiting(load));
                }
                _ => return Ok(()),
            }
        }
    }

    /// Runs one process, and keeps what it said.
    fn run(
        &self,
        folder: &mut MeasurementFolder,
        work: &Work,
        exported: &Exported,
        lengths: &Lengths,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Repeat, MeasureError> {
        let watch = Watch::start();
        let mut command = self.bench.command(&exported.path, lengths);
        let finished = process::run(&mut command, self.time_limit, self.interrupted);
        let load = watch.load();
        let finished = finished.map_err(|stopped| self.stopped(stopped))?;
        let answer = read(&finished, lengths, exported)?;
        let busy = load.is_some_and(|load| self.load_limit.is_exceeded_by(&load));
        if let Some(load) = load.filter(|_| busy) {
            tell(Event::Disturbed(load));
        }
        let line = Line::finished(work, &command, &finished, load, busy);
        folder.add_raw(&line)?;
        Ok(Repeat { answer, busy })
    }

    /// The rows of one depth, from the processes that count.
    fn measured(&self, work: &Work, lengths: &Lengths, used: &[&Repeat], was_busy: bool) -> Vec<Measured> {
        let timings = timings(used, lengths);
        let rows = used.first().map(|repeat| repeat.answer.rows.as_slice());
        let measured = rows.unwrap_or_default().iter().zip(&timings);
        let measured = measured.map(|(row, timing)| Measured {
            row: self.row(work, row, timing, was_busy),
            relative_error: Some(timing.relative_error),
            is_known: timing.relative_error <= self.rule.spread,
            was_busy,
        });
        measured.collect()
    }

    /// The row of one process with the time of them all.
    fn row(&self, work: &Work, row: &Measurement, timing: &Timing, was_busy: bool) -> Measurement {
        let steps = match row.phase {
            Phase::Prefill => 1,
            Phase::Decode => row.tokens,
        };
        Measurement {
            device: self.device.clone().unwrap_or_else(|| row.device.clone()),
            model: work.model.name.clone(),
            config: Some(work.model.config_path()),
            weights: work.weights,
            seconds: timing.median * 1e-9 / f64::from(steps),
            spread: Some(timing.spread),
            repeats: u32::try_from(timing.n_samples).ok(),
            source: if was_busy { BUSY.to_owned() } else { String::new() },
            ..row.clone()
        }
    }

    fn stopped(&self, stopped: Stopped) -> MeasureError {
        match stopped {
            Stopped::NotStarted(cause) => MeasureError::Program {
                path: self.bench.program.clone(),
                cause: format!("cannot be run: {cause}"),
            },
            Stopped::TimedOut => MeasureError::TimedOut {
                limit: self.time_limit,
            },
            Stopped::Interrupted => MeasureError::Interrupted,
        }
    }
}

const fn phase(n_gen: u32) -> Phase {
    if n_gen > 0 { Phase::Decode } else { Phase::Prefill }
}

/// The tests of a process, if they are of the model that was exported.
fn read(finished: &Finished, lengths: &Lengths, exported: &Exported) -> Result<Answer, MeasureError> {
    if !finished.status.success() {
        return Err(MeasureError::Crashed {
            status: ending(finished.status),
            stderr: last_words(&finished.stderr),
        });
    }
    let answer = lengths.read(&finished.stdout, &finished.stderr)?;
    for test in &answer.tests {
        for (what, found, predicted) in [
            ("parameters", test.model_n_params, exported.parameters),
            ("bytes of weights", test.model_size, exported.tensor_bytes),
        ] {
            if found != predicted {
                return Err(MeasureError::Mismatch {
                    what,
                    found,
                    predicted,
                });
            }
        }
    }
    Ok(answer)
}

/// Every test's timing over processes.
fn timings(repeats: &[&Repeat], lengths: &Lengths) -> Vec<Timing> {
    let of_test = |index: usize| {
        let samples: Vec<Vec<f64>> = repeats
            .iter()
            .filter_map(|repeat| repeat.answer.tests.get(index))
            .map(|test| test.samples_ns.iter().map(|&sample| sample as f64).collect())
            .collect();
        let samples: Vec<&[f64]> = samples.iter().map(Vec::as_slice).collect();
        Timing::of(&samples)
    };
    (0..lengths.tests().count()).filter_map(of_test).collect()
}
