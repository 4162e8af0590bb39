//! What the figures share: a canvas over plotters, text widths, axes, headers and label placement.

pub(crate) mod axis;
pub(crate) mod canvas;
pub(crate) mod grid;
pub(crate) mod header;
pub(crate) mod labels;
pub(crate) mod numbers;
pub(crate) mod panel;
pub(crate) mod rows;
pub(crate) mod scatter;
pub(crate) mod text;
pub(crate) mod thin;
pub(crate) mod ticks;
