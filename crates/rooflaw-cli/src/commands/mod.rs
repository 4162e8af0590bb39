//! One file per command, thin: read the arguments, call the core, print.

pub mod calibrate;
pub mod compare;
pub mod design;
pub mod devices;
pub mod explain;
pub mod export;
pub mod fit;
pub mod forward;
pub mod laws;
pub mod measure;
pub mod models;
pub mod plan_runs;
pub mod predict;
pub mod runs;
pub mod spaces;
pub mod whatif;
