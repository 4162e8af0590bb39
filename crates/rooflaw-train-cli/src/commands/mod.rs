//! A file for each command.

pub mod data;
<<<<<<< HEAD
pub mod eval;
=======
>>>>>>> main
pub mod sweep;
pub mod train;
