//! The binary as its users meet it.

mod data;
mod tool;
