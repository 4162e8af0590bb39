//! What people see of the commands: tables of at most 80 columns, units, a progress bar; and files that are whole or absent.

mod file;
mod folder;
mod print;
mod progress;
mod text;
mod units;

pub use file::File;
pub use folder::Folder;
pub use print::{error, heading, is_broken_pipe, json, line, note, paragraph, raw, remark, table, warning};
pub use progress::Progress;
pub use text::MeasuredTable;
pub use units::{column, gigabytes, loss, milliseconds, parameters, seconds, short, tera, thousands};
