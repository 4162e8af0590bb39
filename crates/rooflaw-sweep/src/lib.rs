//! Many training runs: planned, priced, run on this machine or a cluster, collected.
//!
//! A [`Plan`](plan::Plan) is one file; its [folder](folder::SweepFolder) holds everything else. A run is trained by a process of
//! its own ([`trainer`]) that a [worker](attempt::Worker) starts once it has [claimed](claim) the run. Workers are threads of
//! `sweep run` ([`local`]) or tasks of a cluster ([`one`], [`slurm`], [`kubernetes`]); all of them do the same with the same
//! folder, so that any may take over from any other. What a run's folder says is the truth: a run with a `result.json` is done.

pub mod attempt;
pub mod claim;
pub mod collect;
pub mod error;
pub mod external;
pub mod files;
pub mod folder;
pub mod kubernetes;
pub mod local;
pub mod one;
pub mod plan;
pub mod record;
pub mod resources;
pub mod slurm;
pub mod status;
pub mod tasks;
pub mod trainer;
