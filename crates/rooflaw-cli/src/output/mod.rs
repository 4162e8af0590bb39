//! What people see: tables of at most 80 columns, units, a progress bar; and files that are whole or absent.

mod folder;
mod print;
mod progress;
mod text;
mod units;

pub use folder::Folder;
pub use print::{heading, is_broken_pipe, json, line, paragraph, table, warning};
pub use progress::Progress;
pub use text::MeasuredTable;
pub use units::{gigabytes, loss, millions, milliseconds, parameters, seconds, thousands};
