//! Widths of text in the embedded font, to place labels before anything is drawn.

use std::sync::OnceLock;

use ttf_parser::Face;

/// Inter Regular: Latin, Greek, superscripts, arrows and the mathematics the figures use.
pub(crate) static FONT_REGULAR: &[u8] = include_bytes!("../../assets/Inter-Regular.subset.otf");
/// Inter SemiBold, used as the bold weight.
pub(crate) static FONT_BOLD: &[u8] = include_bytes!("../../assets/Inter-SemiBold.subset.otf");

/// Fonts named in the SVG: the embedded one first, then its nearest common relatives.
pub(crate) const FONT_FAMILY: &str = "Inter, 'Helvetica Neue', Arial, system-ui, sans-serif";

/// A viewer without Inter draws with a relative that may be a little wider.
const FALLBACK_MARGIN: f64 = 1.05;

/// Size and weight of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Font {
    /// Height of the em square in px.
    pub size: f64,
    pub bold: bool,
}

impl Font {
    pub(crate) const fn regular(size: f64) -> Self {
        Font { size, bold: false }
    }

    pub(crate) const fn bold(size: f64) -> Self {
        Font { size, bold: true }
    }

    /// Distance between the baselines of two lines, in px.
    pub(crate) fn line_height(self) -> f64 {
        self.size * 1.35
    }

    /// Width of `text` in px, with a margin for other fonts.
    pub(crate) fn width(self, text: &str) -> f64 {
        text.chars().map(|symbol| self.advance_em(symbol)).sum::<f64>() * self.size * FALLBACK_MARGIN
    }

    /// Advance of one character in em; a character the font lacks counts as a full em.
    fn advance_em(self, symbol: char) -> f64 {
        static FACES: OnceLock<[Option<Face<'static>>; 2]> = OnceLock::new();
        let faces = FACES.get_or_init(|| [Face::parse(FONT_REGULAR, 0).ok(), Face::parse(FONT_BOLD, 0).ok()]);
        faces[usize::from(self.bold)]
            .as_ref()
            .and_then(|face| {
                let units = face.glyph_hor_advance(face.glyph_index(symbol)?)?;
                Some(f64::from(units) / f64::from(face.units_per_em()))
            })
            .unwrap_or(1.0)
    }

    /// `text`, cut with an ellipsis where it is wider than `width` px.
    pub(crate) fn truncate(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let room = (width - self.width("…")) / (self.size * FALLBACK_MARGIN);
        let mut used = 0.0;
        let fits = |symbol: &char| {
            used += self.advance_em(*symbol);
            used <= room
        };
        let kept: String = text.chars().take_while(fits).collect();
        format!("{}…", kept.trim_end())
    }

    /// Breaks `text` at spaces into at most `max_lines` lines of `width` px; the last line is cut
    /// with an ellipsis if text remains. Empty text has no lines.
    pub(crate) fn wrap(self, text: &str, width: f64, max_lines: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        if lines.len() > max_lines {
            let rest = lines.split_off(max_lines.saturating_sub(1)).join(" ");
            lines.push(rest);
        }
        lines
            .iter()
            .take(max_lines)
            .map(|line| self.truncate(line, width))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_grows_with_size_and_letters() {
        let font = Font::regular(10.0);
        assert!(font.width("mm") > font.width("ii"));
        assert!((Font::regular(20.0).width("loss") - 2.0 * font.width("loss")).abs() < 1e-9);
        assert!(Font::bold(10.0).width("loss") > font.width("loss"));
    }

    #[test]
    fn every_symbol_the_figures_use_is_in_the_font() {
        for data in [FONT_REGULAR, FONT_BOLD] {
            let face = Face::parse(data, 0).unwrap();
            for symbol in "≤≥×·−≈→←±²³⁻¹⁰αβγλρτηδωΔΣ…–—“”’é°µ".chars()
            {
                assert!(face.glyph_index(symbol).is_some(), "{symbol}");
            }
        }
    }

    #[test]
    fn truncation_and_wrapping_respect_the_width() {
        let font = Font::regular(12.0);
        let long = "a very long name of a model that nobody would ever choose";
        assert!(font.width(&font.truncate(long, 80.0)) <= 80.0);
        assert_eq!(font.truncate("short", 80.0), "short");
        let lines = font.wrap(long, 120.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| font.width(line) <= 120.0) && lines[1].ends_with('…'));
        assert_eq!(font.wrap(&"x".repeat(500), 90.0, 3).len(), 1);
        assert!(font.wrap("  ", 90.0, 3).is_empty() && font.wrap("word", 90.0, 0).is_empty());
    }
}
