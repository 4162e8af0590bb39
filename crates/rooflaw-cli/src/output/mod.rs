//! What people see: tables of at most 80 columns, units, a progress bar; and files that are whole or absent.

mod folder;
mod print;
mod progress;
mod text;
mod units;

pub use folder::Folder;
pub use print::{error, heading, is_broken_pipe, json, line, paragraph, remark, table, warning};
pub use progress::Progress;
pub use text::MeasuredTable;
pub use units::{column, gigabytes, loss, milliseconds, parameters, seconds, short, tera, thousands};
