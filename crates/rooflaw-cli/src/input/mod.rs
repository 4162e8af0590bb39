//! What people give on the command line: names or files, quantities with units, and the arguments commands share.

mod architecture_flags;
mod budgets;
mod files;
mod logs;
mod many_models;
mod measurements;
mod quantisation;
mod quantity;
mod run_folders;
mod runs;
mod shared;
mod targets;

pub use architecture_flags::ArchitectureFlags;
pub use budgets::{BUDGET_FLAGS, BudgetArgs, budgeted};
pub use files::{
    NamedArchitecture, calibration, device, law, law_file, model, shell_word, space, table_bytes,
};
pub use logs::{Logs, find_logs};
pub use many_models::ModelsArgs;
pub use measurements::{Measurements, ModelNames, measurements, name};
pub use quantisation::{Quantisation, QuantisationArgs};
pub use quantity::{bandwidth, bytes, count, factor, not_negative, rate, seconds, share};
pub use runs::{SelectArgs, runs};
pub use shared::{DEFAULT_LAW, DEFAULT_NOISE, FormatArgs, LawArgs, WorkloadArgs};
pub use targets::{WeightedWorkload, positive, weighted_workload, weights};
