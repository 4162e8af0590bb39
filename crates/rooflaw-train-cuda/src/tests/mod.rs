//! The engine on the host ([`crate::emulation`]): against the CPU engine, which shares no code with it; gradients against differences of the loss, steps against AdamW as it is written,
//! equal bits in whatever order threads run.

mod against_cpu;
mod behaviour;
mod gradients;
mod models;
mod placing;
mod steps;
