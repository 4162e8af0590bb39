//! What if the device were another: figures of a device changed, the optimum before and after, maps of the optimum.
//!
//! Nothing is predicted here: a changed [`Device`](crate::device::Device) goes through the same roofline and the same
//! [`search`](crate::search) as any other.

mod change;
mod family;
mod map;
mod optimum;

pub use change::{Change, Changes, Figure};
pub use family::{Family, SHALLOW};
pub use map::{Map, MapAxis, MapCell, map};
pub use optimum::{Optimum, best, fastest};

#[cfg(test)]
mod tests;
