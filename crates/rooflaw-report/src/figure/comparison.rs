//! Laws side by side: the error of each on runs it was fitted to, on runs left out, and beyond them.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, is_narrow, or_default, usable_width};
use crate::draw::axis::Axis;
use crate::draw::canvas::{Canvas, Marker, Point, render};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::labels::Rect;
use crate::draw::numbers;
use crate::draw::panel::Panel;
use crate::draw::rows::{self, Row, RowText};
use crate::error::Result;
use crate::theme::Theme;

/// One law.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRow {
    /// Name of the law.
    pub name: String,
    /// A remark such as `5 parameters` or why there is no error; empty for none.
    pub note: String,
    /// Error on runs left out of the fit.
    pub cross_validated: Option<f64>,
    /// Its standard error: a bar to both sides.
    pub standard_error: Option<f64>,
    /// Error on the fitted runs.
    pub in_sample: Option<f64>,
    /// Error on runs beyond the fitted range.
    pub extrapolation: Option<f64>,
}

/// Errors of laws, a row for each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparisonFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// Label of the axis with its unit; empty for `error (nats/token)`.
    pub x_label: String,
    /// Spacing of the axis.
    pub scale: Scale,
    /// What the first error is; empty for `cross-validated ± standard error`.
    pub cross_validated_label: String,
    /// What the second error is; empty for `in sample`.
    pub in_sample_label: String,
    /// What the third error is; empty for `extrapolated`.
    pub extrapolation_label: String,
    /// The laws, top to bottom.
    pub rows: Vec<ComparisonRow>,
    /// Index of the row to emphasise.
    pub best: Option<usize>,
}

const STRIP_PX: f64 = 38.0;
const NARROW_STRIP_PX: f64 = 20.0;

impl Figure for ComparisonFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let texts: Vec<RowText> = self.rows.iter().enumerate().map(|row| self.words(row)).collect();
        let strip = if is_narrow(width) {
            NARROW_STRIP_PX
        } else {
            STRIP_PX
        };
        let rows = rows::layout(width, header.height(), strip, &texts);
        let x_label = or_default(&self.x_label, "error (nats/token)");
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return render((width, header.height() + MARGIN), theme, &self.title, |canvas| {
                header.draw(canvas)
            });
        };
        let plot = Rect {
            top: first.strip.top,
            bottom: last.rect.bottom,
            ..first.strip
        };
        let panel = Panel::over_rows(plot, self.axis());
        let height = panel.bottom(x_label) + MARGIN - 6.0;
        render((width, height), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            panel.draw(canvas, x_label, "")?;
            rows.iter().try_for_each(|row| row.clear_words(canvas))?;
            if let Some(best) = self.best.and_then(|best| rows.get(best)) {
                let Rect {
                    left,
                    top,
                    right,
                    bottom,
                } = best.rect;
                canvas.rect((left, top), (right, bottom), theme.series(2), 0.12)?;
            }
            for (place, row) in rows.iter().zip(&self.rows) {
                place.draw_text(canvas)?;
                draw_row(canvas, &panel, place, row)?;
            }
            Ok(())
        })
    }
}

impl ComparisonFigure {
    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let any = |part: fn(&ComparisonRow) -> Option<f64>| self.rows.iter().any(|row| part(row).is_some());
        let mut entries: Vec<(Key, String)> = Vec::new();
        if any(|row| row.cross_validated) {
            let label = or_default(&self.cross_validated_label, "cross-validated ± standard error");
            let key = if any(|row| row.standard_error) {
                Key::Series(Marker::Circle, theme.series(0))
            } else {
                Key::Mark(Marker::Circle, theme.series(0), true)
            };
            entries.push((key, label.to_owned()));
        }
        if any(|row| row.in_sample) {
            let key = Key::Mark(Marker::Circle, theme.series(0), false);
            entries.push((key, or_default(&self.in_sample_label, "in sample").to_owned()));
        }
        if any(|row| row.extrapolation) {
            let key = Key::Mark(Marker::TriangleUp, theme.series(1), true);
            entries.push((
                key,
                or_default(&self.extrapolation_label, "extrapolated").to_owned(),
            ));
        }
        entries
    }

    /// The common axis of the errors; a linear one begins at zero.
    fn axis(&self) -> Axis {
        let errors = self.rows.iter().flat_map(|row| {
            let (low, high) = row.bar().unzip();
            [row.cross_validated, low, high, row.in_sample, row.extrapolation]
        });
        let errors: Vec<f64> = errors.flatten().collect();
        let zero = (self.scale == Scale::Linear).then_some(0.0);
        let mut axis = Axis::fit(self.scale, errors.iter().copied().chain(zero), 0.05).brief();
        if zero.is_some() && errors.iter().all(|error| error.is_nan() || *error >= 0.0) {
            axis.lo = 0.0;
        }
        axis
    }

    fn words(&self, (index, row): (usize, &ComparisonRow)) -> RowText {
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        let value = match (finite(row.cross_validated), finite(row.standard_error)) {
            (Some(error), Some(spread)) => numbers::with_spread(error, spread),
            (Some(error), None) => numbers::brief(error),
            (None, _) => "–".into(),
        };
        RowText {
            name: row.name.clone(),
            value,
            note: row.note.clone(),
            is_emphasised: self.best == Some(index),
            is_muted: finite(row.cross_validated).is_none(),
        }
    }
}

impl ComparisonRow {
    /// Ends of the bar of the standard error.
    fn bar(&self) -> Option<(f64, f64)> {
        let (error, spread) = (self.cross_validated?, self.standard_error?);
        (spread.is_finite() && spread >= 0.0).then_some((error - spread, error + spread))
    }
}

fn draw_row(canvas: &Canvas<'_>, panel: &Panel, place: &Row, row: &ComparisonRow) -> Result<()> {
    let theme = canvas.theme;
    let middle = (place.strip.top + place.strip.bottom) / 2.0;
    let at = |value: Option<f64>| -> Option<Point> {
        let value = value.filter(|value| panel.x.shows(*value))?;
        Some((panel.x_px(value), middle))
    };
    if let (Some((low, high)), Some(_)) = (row.bar(), at(row.cross_validated)) {
        // A bar that reaches below a logarithmic axis ends at its edge.
        let low = if panel.x.fraction(low).is_nan() {
            panel.plot.left
        } else {
            panel.x_px(low)
        };
        let high = panel.x_px(high);
        canvas.polyline(&[(low, middle), (high, middle)], theme.series(0), 1.0, 2.0)?;
        for end in [low, high] {
            canvas.polyline(
                &[(end, middle - 3.4), (end, middle + 3.4)],
                theme.series(0),
                1.0,
                1.4,
            )?;
        }
    }
    if let Some(at) = at(row.extrapolation) {
        canvas.marker(Marker::TriangleUp, at, 4.6, theme.series(1), true)?;
    }
    // Larger than the dot that may lie on it.
    if let Some(at) = at(row.in_sample) {
        canvas.marker(Marker::Circle, at, 5.6, theme.series(0), false)?;
    }
    if let Some(at) = at(row.cross_validated) {
        canvas.marker(Marker::Circle, at, 4.0, theme.series(0), true)?;
    }
    Ok(())
}
