//! Text to tokens and back, against files that other programs wrote.

mod bad_files;
mod damage;
mod data;
mod prepared;
mod sampling;
mod shared;
mod sources;
mod tokenizing;
