//! Measures models and the machine itself.
//!
//! [`Session`] drives llama-bench: it exports a model with random weights, runs the benchmark in processes of its own
//! until the [`StoppingRule`] is met, watches for others who use the machine ([`Load`]), and keeps what it found in a
//! [`MeasurementFolder`], from which a later session goes on.

mod bundle;
mod device;
mod error;
mod exported;
mod folder;
mod llama_bench;
mod load;
mod machine;
mod model;
mod process;
mod record;
mod session;
mod statistics;
mod stopping;

pub use bundle::{Bundle, BundleModel, Results, SCRIPT, read_results, results_folder};
pub use device::{Bandwidth, DeviceName, MachineReport, PRODUCT_PRECISIONS, ProductRate};
pub use error::MeasureError;
pub use folder::{MeasurementFolder, RAW, TABLE};
pub use llama_bench::{LlamaBench, Test};
pub use load::{CpuTimes, Load, LoadLimit};
pub use machine::{default_threads, is_in_memory};
pub use model::Model;
pub use session::{Event, Measured, Outcome, Session, Work};
pub use statistics::{Timing, median};
pub use stopping::{Decision, StoppingRule};
