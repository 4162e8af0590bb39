//! The `rooflaw` command.

fn main() {}
