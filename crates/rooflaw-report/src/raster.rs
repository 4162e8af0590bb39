//! SVG to PNG, with the embedded font only: the same picture on every machine.

use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use crate::draw::text::{FONT_BOLD, FONT_REGULAR};
use crate::error::{Error, Result};

/// Draws an SVG document as a PNG image, `scale` pixels per SVG unit (2 to 3 for print).
///
/// Text is drawn with the embedded Inter font; images that the document refers to are never read.
///
/// # Errors
///
/// [`Error::Svg`] if `svg` is not an SVG document, [`Error::ImageSize`] if the image would be empty
/// or larger than [`Error::MAX_SIDE_PX`], [`Error::Png`] if encoding fails.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>> {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(FONT_REGULAR.to_vec());
    fonts.load_font_data(FONT_BOLD.to_vec());
    fonts.set_sans_serif_family("Inter");
    let options = usvg::Options {
        font_family: "Inter".into(),
        fontdb: Arc::new(fonts),
        // The default resolver reads files from disk: a figure has no business doing that.
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Default::default()
    };
    let tree = usvg::Tree::from_str(svg, &options)?;
    let (width, height) = (
        (tree.size().width() * scale).ceil(),
        (tree.size().height() * scale).ceil(),
    );
    let sides = 1.0..=Error::MAX_SIDE_PX as f32;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(Error::ImageSize { width, height });
    }
    let mut pixels =
        tiny_skia::Pixmap::new(width as u32, height as u32).ok_or(Error::ImageSize { width, height })?;
    resvg::render(
        &tree,
        tiny_skia::Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    pixels.encode_png().map_err(|error| Error::Png(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="10" height="6"><rect width="10" height="6" fill="#0072B2"/></svg>"##;

    #[test]
    fn the_scale_sets_the_size_in_pixels() {
        let image = tiny_skia::Pixmap::decode_png(&png(SQUARE, 3.0).unwrap()).unwrap();
        assert_eq!((image.width(), image.height()), (30, 18));
    }

    #[test]
    fn text_leaves_ink_without_any_system_font() {
        let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><text x="2" y="15" font-family="Inter" font-size="14">a≤λ²</text></svg>"#;
        let image = tiny_skia::Pixmap::decode_png(&png(svg, 2.0).unwrap()).unwrap();
        assert!(image.pixels().iter().filter(|pixel| pixel.alpha() > 128).count() > 100);
    }

    #[test]
    fn bad_input_is_an_error() {
        assert!(matches!(png("not a document", 1.0), Err(Error::Svg(_))));
        for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e9] {
            assert!(
                matches!(png(SQUARE, scale), Err(Error::ImageSize { .. })),
                "{scale}"
            );
        }
    }
}
