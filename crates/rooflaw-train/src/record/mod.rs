//! The record of a run: a folder that says what was trained, how it went, and what came of it.
//!
//! | file | what | written |
//! |---|---|---|
//! | `run.json` | [`RunRecord`]: everything that the result depends on, and on what it ran | once, at the start |
//! | `metrics.jsonl` | [`Metrics`], a line for each step and each evaluation | appended |
//! | `events.out.tfevents.*` | the same for TensorBoard | appended |
//! | `checkpoints/step-…/` | see [`crate::checkpoint`] | whole |
//! | `model/` | the finished model, as `transformers` loads it | whole |
//! | `result.json` | [`RunResult`]; the run is done if and only if it is there | once, at the end |
//! | `failure.json` | [`Failure`]: why the last try failed; gone once one succeeds | whole |
//! | `lock` | locked (`flock`) while a process trains | |
//!
//! What is not appended to is written under a temporary name and renamed, so that no moment shows half a file.

mod events;
mod failure;
mod folder;
mod machine;
mod metrics;
mod run;

pub use failure::{Failure, FailureKind};
pub use folder::{RunFolder, RunFolderError};
pub use machine::Machine;
pub use metrics::{Metrics, Trained, Validated};
pub use run::{DataRecord, EvaluationRecord, FORMAT, RunRecord, RunResult};

pub(crate) use folder::{TEMPORARY, read_json, remove_temporary};
pub(crate) use metrics::MetricsLog;
