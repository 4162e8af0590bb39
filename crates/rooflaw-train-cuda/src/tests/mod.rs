//! The engine on the host ([`crate::emulation`]): gradients against differences of the loss, steps against AdamW as it is written,
//! equal bits in whatever order threads run.

mod behaviour;
mod gradients;
mod models;
mod steps;
