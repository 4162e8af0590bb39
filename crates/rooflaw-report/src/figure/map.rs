//! A plane of two quantities in cells: what kind wins where.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, is_narrow, usable_width};
use crate::draw::axis::{Axis, transform};
use crate::draw::canvas::{Align, Canvas, Marker, render};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::labels::Rect;
use crate::draw::panel::Panel;
use crate::draw::text::Font;
use crate::error::Result;
use crate::theme::Theme;

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapCell {
    /// The place of its kind in [`MapFigure::kinds`]; `None` leaves the cell empty.
    pub kind: Option<usize>,
    /// Written in the cell where it fits.
    pub text: String,
    /// Written below in small where both fit.
    pub detail: String,
}

/// Kinds over a plane, both axes logarithmic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// Label of the horizontal axis with its unit.
    pub x_label: String,
    /// Label of the vertical axis with its unit.
    pub y_label: String,
    /// Centres of the columns, rising.
    pub xs: Vec<f64>,
    /// Centres of the rows, rising.
    pub ys: Vec<f64>,
    /// Names of the kinds.
    pub kinds: Vec<String>,
    /// What an empty cell means; empty for no entry in the legend.
    pub empty_label: String,
    /// The cells, columns varying fastest.
    pub cells: Vec<MapCell>,
    /// The column and row of the cell that is outlined.
    pub here: Option<(usize, usize)>,
    /// What the outlined cell is.
    pub here_label: String,
}

/// Opacity of a kind's colour: words on it stay readable in both themes.
const OPACITY: f64 = 0.42;
const TEXT: Font = Font::bold(11.5);
const DETAIL: Font = Font::regular(9.5);

impl Figure for MapFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let top = header.height() + 4.0;
        let share = if is_narrow(width) { 1.0 } else { 0.62 };
        let height = top + share * width;
        let outer = Rect {
            left: MARGIN,
            top,
            right: width - MARGIN - 6.0,
            bottom: height - MARGIN + 6.0,
        };
        let (columns, rows) = (edges(&self.xs), edges(&self.ys));
        let axis = |edges: &[f64]| Axis::fit(Scale::Log10, edges.iter().copied(), 0.0).brief();
        let panel = Panel::layout(outer, axis(&columns), axis(&rows), &self.x_label, &self.y_label);
        render((width, height), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            panel.draw(canvas, &self.x_label, &self.y_label)?;
            for (row, rows) in rows.windows(2).enumerate() {
                for (column, columns) in columns.windows(2).enumerate() {
                    let place = Rect {
                        left: panel.x_px(columns[0]),
                        top: panel.y_px(rows[1]),
                        right: panel.x_px(columns[1]),
                        bottom: panel.y_px(rows[0]),
                    };
                    if let Some(cell) = self.cells.get(row * self.xs.len() + column) {
                        cell.draw(canvas, place)?;
                    }
                    if self.here == Some((column, row)) {
                        outline(canvas, place.grown(-1.0))?;
                    }
                }
            }
            Ok(())
        })
    }
}

impl MapFigure {
    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let is_used = |kind: usize| self.cells.iter().any(|cell| cell.kind == Some(kind));
        let kinds = self.kinds.iter().enumerate().filter(|(kind, _)| is_used(*kind));
        let mut entries: Vec<(Key, String)> = kinds
            .map(|(kind, name)| (Key::Band(theme.series(kind), OPACITY), name.clone()))
            .collect();
        if self.cells.iter().any(|cell| cell.kind.is_none()) && !self.empty_label.is_empty() {
            entries.push((Key::Band(theme.grid(), 0.5), self.empty_label.clone()));
        }
        if self.here.is_some() && !self.here_label.is_empty() {
            let key = Key::Mark(Marker::Square, theme.accent(), false);
            entries.push((key, self.here_label.clone()));
        }
        entries
    }
}

impl MapCell {
    fn draw(&self, canvas: &Canvas<'_>, place: Rect) -> Result<()> {
        let (color, opacity) = self.kind.map_or((canvas.theme.grid(), 0.5), |kind| {
            (canvas.theme.series(kind), OPACITY)
        });
        // A hair between cells.
        let Rect {
            left,
            top,
            right,
            bottom,
        } = place.grown(-0.4);
        canvas.rect((left, top), (right, bottom), canvas.theme.background(), 1.0)?;
        canvas.rect((left, top), (right, bottom), color, opacity)?;
        let fits = |text: &str, font: Font| font.width(text) <= place.width() - 3.0;
        let lines = TEXT.size + DETAIL.size + 4.0;
        let has_detail = !self.detail.is_empty() && fits(&self.detail, DETAIL) && lines <= place.height();
        if !fits(&self.text, TEXT) || TEXT.size + 2.0 > place.height() {
            return Ok(());
        }
        let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
        let ink = canvas.theme.ink();
        if !has_detail {
            return canvas.text(&self.text, (x, y + 0.36 * TEXT.size), Align::Middle, TEXT, ink);
        }
        canvas.text(&self.text, (x, y - 1.0), Align::Middle, TEXT, ink)?;
        canvas.text(
            &self.detail,
            (x, y + DETAIL.size + 1.5),
            Align::Middle,
            DETAIL,
            ink,
        )
    }
}

fn outline(canvas: &Canvas<'_>, place: Rect) -> Result<()> {
    let Rect {
        left,
        top,
        right,
        bottom,
    } = place;
    let corners = [
        (left, top),
        (right, top),
        (right, bottom),
        (left, bottom),
        (left, top),
        (right, top),
    ];
    canvas.polyline(&corners, canvas.theme.accent(), 1.0, 2.2)
}

/// Where cells about rising centres begin and end, on a logarithmic axis; nothing where a centre has no place there.
fn edges(centres: &[f64]) -> Vec<f64> {
    let logs: Option<Vec<f64>> = centres
        .iter()
        .map(|&centre| transform(Scale::Log10, centre))
        .collect();
    let Some(logs) = logs.filter(|logs| logs.windows(2).all(|pair| pair[0] < pair[1])) else {
        return Vec::new();
    };
    let (Some(first), Some(last)) = (logs.first(), logs.last()) else {
        return Vec::new();
    };
    let half = |a: f64, b: f64| (b - a) / 2.0;
    let (low, high) = match logs.as_slice() {
        [_] => (0.1, 0.1),
        [first, second, ..] => {
            let last_two = &logs[logs.len() - 2..];
            (half(*first, *second), half(last_two[0], last_two[1]))
        }
        [] => (0.0, 0.0),
    };
    let mut edges = vec![10f64.powf(first - low)];
    edges.extend(logs.windows(2).map(|pair| 10f64.powf((pair[0] + pair[1]) / 2.0)));
    edges.push(10f64.powf(last + high));
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lie_between_centres() {
        let near = |found: &[f64], expected: &[f64]| {
            assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(expected) {
                assert!((a / b - 1.0).abs() < 1e-12, "{found:?}");
            }
        };
        near(&edges(&[1.0, 4.0, 16.0]), &[0.5, 2.0, 8.0, 32.0]);
        near(&edges(&[10.0]), &[10.0 / 10f64.powf(0.1), 10.0 * 10f64.powf(0.1)]);
        for wrong in [&[0.0, 1.0][..], &[f64::NAN], &[2.0, 1.0], &[]] {
            assert!(edges(wrong).is_empty(), "{wrong:?}");
        }
    }
}
