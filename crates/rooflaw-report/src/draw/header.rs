//! Title, subtitle and legend above a plot: laid out first, because their height moves the plot.

use plotters::style::RGBColor;

use crate::draw::canvas::{Align, Canvas, Marker, Point};
use crate::draw::text::Font;
use crate::error::Result;

/// Space between the edge of the figure and what is in it, in px.
pub(crate) const MARGIN: f64 = 14.0;

const TITLE: Font = Font::bold(16.5);
const SUBTITLE: Font = Font::regular(12.5);
/// Font of the legend.
pub(crate) const LEGEND: Font = Font::regular(12.5);

/// The sign in front of a legend entry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key {
    /// A line with markers of a series.
    Series(Marker, RGBColor),
    /// A marker alone; filled or hollow.
    Mark(Marker, RGBColor, bool),
    /// A translucent patch.
    Band(RGBColor, f64),
    /// A small dot.
    Dot(RGBColor),
    /// A dashed line.
    Dash(RGBColor),
    /// A line of this width.
    Line(RGBColor, f64),
    /// A vertical bar with caps.
    Bar(RGBColor),
}

impl Key {
    fn width(self) -> f64 {
        match self {
            Key::Series(..) | Key::Dash(_) | Key::Line(..) => 26.0,
            Key::Band(..) => 18.0,
            Key::Mark(..) | Key::Dot(_) | Key::Bar(_) => 12.0,
        }
    }

    fn draw(self, canvas: &Canvas<'_>, (left, middle): Point) -> Result<()> {
        let right = left + self.width();
        let center = ((left + right) / 2.0, middle);
        match self {
            Key::Series(marker, color) => {
                canvas.polyline(&[(left, middle), (right, middle)], color, 0.9, 2.0)?;
                canvas.marker(marker, center, 4.2, color, true)
            }
            Key::Mark(marker, color, filled) => canvas.marker(marker, center, 4.6, color, filled),
            Key::Band(color, alpha) => canvas.rect((left, middle - 5.0), (right, middle + 5.0), color, alpha),
            Key::Dot(color) => canvas.disc(center, 1.8, color, 1.0),
            Key::Dash(color) => canvas.dashed(&[(left, middle), (right, middle)], color, 1.4, (5.0, 3.0)),
            Key::Line(color, width) => canvas.polyline(&[(left, middle), (right, middle)], color, 1.0, width),
            Key::Bar(color) => canvas.error_bar((center.0, middle - 6.0), middle + 6.0, color, 0.8),
        }
    }
}

/// The laid out block above a plot.
pub(crate) struct Header {
    title: Vec<String>,
    subtitle: Vec<String>,
    /// Rows of (left edge in px, sign, text).
    legend: Vec<Vec<(f64, Key, String)>>,
}

const KEY_GAP: f64 = 6.0;
const ENTRY_GAP: f64 = 18.0;
const LEGEND_ROW: f64 = 19.0;

impl Header {
    /// Lays out the block for a figure of `width` px.
    pub(crate) fn new(title: &str, subtitle: &str, entries: &[(Key, String)], width: f64) -> Self {
        let inner = width - 2.0 * MARGIN;
        let mut legend: Vec<Vec<(f64, Key, String)>> = Vec::new();
        let mut left = f64::INFINITY;
        for (key, text) in entries {
            let text = LEGEND.truncate(text, inner - key.width() - KEY_GAP);
            let entry = key.width() + KEY_GAP + LEGEND.width(&text);
            if left + entry > inner {
                legend.push(Vec::new());
                left = 0.0;
            }
            if let Some(row) = legend.last_mut() {
                row.push((MARGIN + left, *key, text));
            }
            left += entry + ENTRY_GAP;
        }
        Header {
            title: TITLE.wrap(title, inner, 3),
            subtitle: SUBTITLE.wrap(subtitle, inner, 5),
            legend,
        }
    }

    /// Height in px, down to where the plot may begin.
    pub(crate) fn height(&self) -> f64 {
        let lines = |font: Font, count: usize| font.line_height() * count as f64;
        let legend = if self.legend.is_empty() {
            0.0
        } else {
            8.0 + LEGEND_ROW * self.legend.len() as f64
        };
        MARGIN + lines(TITLE, self.title.len()) + lines(SUBTITLE, self.subtitle.len()) + legend + 8.0
    }

    /// Draws the block at the top of the canvas.
    pub(crate) fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        let mut top = MARGIN;
        let (ink, muted) = (canvas.theme.ink(), canvas.theme.muted());
        for (lines, font, color) in [(&self.title, TITLE, ink), (&self.subtitle, SUBTITLE, muted)] {
            for line in lines {
                canvas.text(line, (MARGIN, top + font.size), Align::Start, font, color)?;
                top += font.line_height();
            }
        }
        top += 8.0;
        for row in &self.legend {
            let middle = top + LEGEND_ROW / 2.0;
            for (left, key, text) in row {
                key.draw(canvas, (*left, middle))?;
                let start = left + key.width() + KEY_GAP;
                canvas.text(
                    text,
                    (start, middle + 0.36 * LEGEND.size),
                    Align::Start,
                    LEGEND,
                    ink,
                )?;
            }
            top += LEGEND_ROW;
        }
        Ok(())
    }
}
