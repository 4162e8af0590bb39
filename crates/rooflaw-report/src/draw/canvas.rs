//! A thin layer over the SVG backend of plotters: px as `f64`, shapes and text by their look.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::draw::text::{FONT_FAMILY, Font};
use crate::error::Result;
use crate::theme::Theme;

/// Plotters draws on whole pixels. Drawing ten times larger under a `viewBox` of that size gives
/// tenths of a pixel: even spacing and fine strokes in print.
pub(crate) const SUBPIXELS: f64 = 10.0;

/// The plotters area everything is drawn on.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A position in px from the upper left corner.
pub(crate) type Point = (f64, f64);

/// Where a text lies relative to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

/// Shape of a data point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    TriangleUp,
    TriangleDown,
    Diamond,
    Star,
}

impl Marker {
    /// Shapes of successive series, so that colour is never the only difference.
    pub(crate) fn series(index: usize) -> Self {
        [
            Marker::Circle,
            Marker::Square,
            Marker::TriangleUp,
            Marker::TriangleDown,
        ][index % 4]
    }

    /// Corners around the origin for a marker as large as a circle of `radius`; none for a circle.
    fn corners(self, radius: f64) -> Vec<Point> {
        let polygon = |count: u32, turn: f64, size: f64| {
            (0..count)
                .map(|index| {
                    let angle = std::f64::consts::TAU * (f64::from(index) / f64::from(count) + turn);
                    (size * radius * angle.cos(), size * radius * angle.sin())
                })
                .collect()
        };
        match self {
            Marker::Circle => Vec::new(),
            Marker::Square => polygon(4, 0.125, 1.25),
            Marker::Diamond => polygon(4, 0.0, 1.35),
            Marker::TriangleUp => polygon(3, -0.25, 1.4),
            Marker::TriangleDown => polygon(3, 0.25, 1.4),
            Marker::Star => (0..10u32)
                .map(|index| {
                    let reach = if index % 2 == 0 { 1.5 } else { 0.62 } * radius;
                    let angle = std::f64::consts::TAU * (f64::from(index) / 10.0 - 0.25);
                    (reach * angle.cos(), reach * angle.sin())
                })
                .collect(),
        }
    }
}

/// A figure being drawn.
pub(crate) struct Canvas<'a> {
    pub area: Area<'a>,
    pub theme: Theme,
}

impl Canvas<'_> {
    pub(crate) fn rect(&self, from: Point, to: Point, color: RGBColor, alpha: f64) -> Result<()> {
        Ok(self
            .area
            .draw(&Rectangle::new([px(from), px(to)], color.mix(alpha).filled()))?)
    }

    pub(crate) fn polyline(&self, points: &[Point], color: RGBColor, alpha: f64, width: f64) -> Result<()> {
        let points: Vec<_> = points.iter().copied().filter(finite).map(px).collect();
        if points.len() < 2 {
            return Ok(());
        }
        let style = color.mix(alpha).stroke_width(scaled(width));
        Ok(self.area.draw(&PathElement::new(points, style))?)
    }

    pub(crate) fn dashed(
        &self,
        points: &[Point],
        color: RGBColor,
        width: f64,
        dash: (f64, f64),
    ) -> Result<()> {
        let points: Vec<_> = points.iter().copied().filter(finite).map(px).collect();
        if points.len() < 2 {
            return Ok(());
        }
        let style = color.stroke_width(scaled(width));
        let element =
            plotters::element::DashedPathElement::new(points, scaled(dash.0), scaled(dash.1), style);
        Ok(self.area.draw(&element)?)
    }

    pub(crate) fn polygon(&self, points: &[Point], color: RGBColor, alpha: f64) -> Result<()> {
        let points: Vec<_> = points.iter().copied().filter(finite).map(px).collect();
        if points.len() < 3 {
            return Ok(());
        }
        Ok(self.area.draw(&Polygon::new(points, color.mix(alpha)))?)
    }

    pub(crate) fn disc(&self, center: Point, radius: f64, color: RGBColor, alpha: f64) -> Result<()> {
        Ok(self.area.draw(&Circle::new(
            px(center),
            scaled(radius) as i32,
            color.mix(alpha).filled(),
        ))?)
    }

    pub(crate) fn ring(&self, center: Point, radius: f64, color: RGBColor, width: f64) -> Result<()> {
        let style = color.stroke_width(scaled(width));
        Ok(self
            .area
            .draw(&Circle::new(px(center), scaled(radius) as i32, style))?)
    }

    /// A data point: filled, or hollow (filled with the background).
    pub(crate) fn marker(
        &self,
        marker: Marker,
        at: Point,
        radius: f64,
        color: RGBColor,
        filled: bool,
    ) -> Result<()> {
        let paint = if filled { color } else { self.theme.background() };
        if marker == Marker::Circle {
            self.disc(at, radius, paint, 1.0)?;
            return if filled {
                Ok(())
            } else {
                self.ring(at, radius - 0.2, color, 1.5)
            };
        }
        let corners: Vec<Point> = marker
            .corners(radius)
            .into_iter()
            .map(|(x, y)| (at.0 + x, at.1 + y))
            .collect();
        self.polygon(&corners, paint, 1.0)?;
        if filled {
            return Ok(());
        }
        self.outline(&corners, color, 1.5)
    }

    /// A vertical bar with caps: an interval through a data point.
    pub(crate) fn error_bar(&self, (x, from): Point, to: f64, color: RGBColor, alpha: f64) -> Result<()> {
        self.polyline(&[(x, from), (x, to)], color, alpha, 1.0)?;
        [from, to]
            .into_iter()
            .try_for_each(|y| self.polyline(&[(x - 2.2, y), (x + 2.2, y)], color, alpha, 1.0))
    }

    /// A translucent data point without an outline: where many overlap, the crowd shows.
    pub(crate) fn blob(
        &self,
        marker: Marker,
        at: Point,
        radius: f64,
        color: RGBColor,
        alpha: f64,
    ) -> Result<()> {
        if marker == Marker::Circle {
            return self.disc(at, radius, color, alpha);
        }
        let corners = marker.corners(radius).into_iter();
        let corners: Vec<Point> = corners.map(|(x, y)| (at.0 + x, at.1 + y)).collect();
        self.polygon(&corners, color, alpha)
    }

    /// A translucent data point with an outline: others stay visible under it.
    pub(crate) fn bubble(&self, marker: Marker, at: Point, radius: f64, color: RGBColor) -> Result<()> {
        let corners = match marker {
            Marker::Circle => {
                self.disc(at, radius, color, 0.4)?;
                return self.ring(at, radius, color, 1.4);
            }
            _ => marker
                .corners(radius)
                .into_iter()
                .map(|(x, y)| (at.0 + x, at.1 + y)),
        };
        let corners: Vec<Point> = corners.collect();
        self.polygon(&corners, color, 0.4)?;
        self.outline(&corners, color, 1.4)
    }

    /// A closed line. Going over the first edge again gives the last corner the join of the others.
    fn outline(&self, corners: &[Point], color: RGBColor, width: f64) -> Result<()> {
        let closed: Vec<Point> = corners.iter().chain(corners.iter().take(2)).copied().collect();
        self.polyline(&closed, color, 1.0, width)
    }

    /// One line of text on the baseline through `at`.
    pub(crate) fn text(
        &self,
        text: &str,
        at: Point,
        align: Align,
        font: Font,
        color: RGBColor,
    ) -> Result<()> {
        if text.is_empty() || !finite(&at) {
            return Ok(());
        }
        let horizontal = match align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        let style = text_style(font, color).pos(Pos::new(horizontal, VPos::Top));
        // The backend moves text down by 0.76 em for this alignment.
        let position = px((at.0, at.1 - 0.76 * font.size));
        Ok(self.area.draw_text(&printable(text), &style, position)?)
    }
}

/// The style plotters needs for `font`. Its SVG backend divides sizes by 1.24.
pub(crate) fn text_style(font: Font, color: RGBColor) -> TextStyle<'static> {
    let style = if font.bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    FontDesc::new(FontFamily::Name(FONT_FAMILY), font.size * SUBPIXELS * 1.24, style).color(&color)
}

/// px to the whole units of the backend; far outside positions are held at a safe distance.
pub(crate) fn px(point: Point) -> (i32, i32) {
    let unit = |value: f64| (value * SUBPIXELS).round().clamp(-1e6, 1e6) as i32;
    (unit(point.0), unit(point.1))
}

/// A length in units of the backend, at least one.
pub(crate) fn scaled(length: f64) -> u32 {
    (length * SUBPIXELS).round().clamp(1.0, 1e6) as u32
}

fn finite(point: &Point) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

/// Draws a figure of `width` × `height` px with `draw` and returns the SVG document. `title` is
/// what a screen reader says.
pub(crate) fn render(
    (width, height): (f64, f64),
    theme: Theme,
    title: &str,
    draw: impl FnOnce(&Canvas<'_>) -> Result<()>,
) -> Result<String> {
    // Whole px, so that no edge of a raster image is half covered.
    let size = (scaled(width.ceil()), scaled(height.ceil()));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&theme.background())?;
        let canvas = Canvas { area, theme };
        draw(&canvas)?;
        canvas.area.present()?;
    }
    // The backend writes the enlarged size as the size of the document: put the real one back.
    let enlarged = format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1);
    let real = format!(
        "<svg role=\"img\" aria-label=\"{}\" width=\"{}\" height=\"{}\"",
        escape(title),
        f64::from(size.0) / SUBPIXELS,
        f64::from(size.1) / SUBPIXELS
    );
    Ok(svg.replacen(&enlarged, &real, 1))
}

/// `text` as an attribute value.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    // Writing into a string cannot fail.
    let _ = maud::Escaper::new(&mut escaped).write_str(&printable(text));
    escaped
}

/// `text` without the characters that XML does not allow, escaped or not.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter(|symbol| !symbol.is_control() && !matches!(symbol, '\u{FFFE}' | '\u{FFFF}'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_real_size_and_an_escaped_name() {
        let svg = render((120.0, 80.0), Theme::Light, "a \"<b>\" & c\u{1}", |canvas| {
            canvas.text(
                "x < y",
                (10.0, 20.0),
                Align::Start,
                Font::regular(12.0),
                canvas.theme.ink(),
            )?;
            canvas.marker(Marker::Star, (f64::NAN, 3.0), 4.0, canvas.theme.ink(), false)
        })
        .unwrap();
        assert!(svg.starts_with("<svg role=\"img\" aria-label=\"a &quot;&lt;b&gt;&quot; &amp; c\" width=\"120\" height=\"80\" viewBox=\"0 0 1200 800\""));
        assert!(svg.contains("font-size=\"12") && svg.contains("x &lt; y"));
        assert!(crate::png(&svg, 1.0).is_ok());
    }
}
