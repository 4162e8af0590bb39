//! The figures: plain structs of numbers and strings, and how they become SVG.
//!
//! Numbers that cannot be drawn (not finite, or not positive on a logarithmic axis) are left out;
//! a figure without any data is drawn as empty axes.

pub mod agreement;
pub mod comparison;
pub mod convergence;
pub mod frontier;
pub mod intervals;
pub mod map;
pub mod parameters;
pub mod plan;
pub mod profiles;
pub mod region;
pub mod residuals;
pub mod roofline;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::theme::Theme;

/// How an axis spaces its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Equal steps.
    #[default]
    Linear,
    /// Equal ratios, ticks at 1, 2, 5, 10 and so on.
    Log10,
    /// Equal ratios, ticks at powers of two: for layer widths and counts of experts.
    Log2,
}

/// A point with a name of its own, in the units of the axes it is drawn on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NamedPoint {
    /// What is written beside the point.
    pub name: String,
    /// Horizontal position.
    pub x: f64,
    /// Vertical position.
    pub y: f64,
}

/// Something that can be drawn.
pub trait Figure {
    /// The title: also what a screen reader says in place of the picture.
    fn title(&self) -> &str;

    /// Draws the figure `width_px` wide (held between 320 and 2000); its height follows. Text keeps
    /// its size in px, so a narrow figure is laid out anew rather than shrunk.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Draw`] if the plotting library refuses a shape.
    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String>;

    /// Draws the figure for a page or a paper, [`WIDE_PX`] wide.
    ///
    /// # Errors
    ///
    /// As [`Figure::svg_of_width`].
    fn svg(&self, theme: Theme) -> Result<String> {
        self.svg_of_width(theme, WIDE_PX)
    }
}

/// Width of a figure on a desktop page or in print, in px.
pub const WIDE_PX: f64 = 760.0;
/// Width of a figure on a phone, in px.
pub const NARROW_PX: f64 = 380.0;

/// Widths that can be laid out; what is not a number becomes the usual width.
fn usable_width(width_px: f64) -> f64 {
    if width_px.is_nan() {
        WIDE_PX
    } else {
        width_px.clamp(320.0, 2000.0).round()
    }
}

/// Whether a figure of this width is for a phone.
fn is_narrow(width_px: f64) -> bool {
    width_px < 560.0
}

/// Size of the names inside a plot, in px.
fn name_size(panel: &crate::draw::panel::Panel) -> f64 {
    if panel.plot.width() < 420.0 { 11.0 } else { 12.0 }
}

/// Columns of a grid of `count` small panels: rows as full as they can be.
fn grid_columns(count: usize, is_narrow: bool) -> usize {
    match count {
        0 | 1 => 1,
        2 | 4 => 2,
        _ if is_narrow => 2,
        _ => 3,
    }
}

/// The caller's label, or what the figure says without one.
fn or_default<'a>(label: &'a str, default: &'a str) -> &'a str {
    if label.is_empty() { default } else { label }
}

/// Names without repetition, in order of appearance.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

#[cfg(test)]
mod tests;
