//! What can go wrong while drawing.

/// The result of drawing something.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a figure or an image could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The plotting library refused a shape.
    #[error("cannot draw the figure: {0}")]
    Draw(String),
    /// The text given for rasterising is not an SVG document.
    #[error("cannot read the SVG document: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// The image would have no pixels, or more than [`Error::MAX_SIDE_PX`] on a side.
    #[error("cannot make an image of {width} × {height} px (1 to {max} px a side)", max = Error::MAX_SIDE_PX)]
    ImageSize {
        /// Requested width in pixels.
        width: f32,
        /// Requested height in pixels.
        height: f32,
    },
    /// The image could not be written as PNG.
    #[error("cannot encode the PNG image: {0}")]
    Png(String),
}

impl Error {
    /// Longest side of an image, in pixels: keeps a mistyped scale from asking for gigabytes.
    pub const MAX_SIDE_PX: u32 = 16_384;
}

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>> for Error {
    fn from(error: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Error::Draw(error.to_string())
    }
}
