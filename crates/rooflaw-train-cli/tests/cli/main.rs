//! The binary as its users meet it.

mod data;
mod eval;
mod tool;
