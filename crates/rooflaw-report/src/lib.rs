//! Figures (SVG and PNG) and the one-file HTML page of rooflaw.
//!
//! The inputs are plain numbers and strings: nothing here knows how a latency or a loss was
//! predicted. A figure is a struct that implements [`figure::Figure`]; a page is a struct
//! [`html::Page`] with [`html::Page::to_html`]. Nothing is printed and no file is written.
//!
//! ```
//! use rooflaw_report::figure::Figure;
//! use rooflaw_report::figure::frontier::{FrontierFigure, FrontierPoint, FrontierSeries};
//! use rooflaw_report::{Theme, png};
//!
//! # fn main() -> rooflaw_report::Result<()> {
//! let figure = FrontierFigure {
//!     title: "Best predicted loss at each latency".into(),
//!     series: vec![FrontierSeries {
//!         label: "bf16".into(),
//!         points: vec![FrontierPoint { latency_ms: 8.0, loss: 2.9, ..Default::default() }],
//!     }],
//!     ..Default::default()
//! };
//! let svg = figure.svg(Theme::Light)?;
//! let bytes = png(&svg, 2.0)?;
//! assert!(bytes.starts_with(b"\x89PNG"));
//! # Ok(())
//! # }
//! ```

mod draw;
mod error;
pub mod figure;
pub mod html;
mod raster;
mod theme;

pub use error::{Error, Result};
pub use raster::png;
pub use theme::Theme;
