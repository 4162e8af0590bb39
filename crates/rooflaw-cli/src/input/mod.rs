//! What people give on the command line: names or files, quantities with units, and the arguments commands share.

mod architecture_flags;
mod files;
mod quantity;
mod shared;

pub use architecture_flags::ArchitectureFlags;
pub use files::{NamedArchitecture, device, law, law_file, model, space};
pub use quantity::{bytes, count, seconds};
pub use shared::{DEFAULT_LAW, FormatArgs, LawArgs, WorkloadArgs};
