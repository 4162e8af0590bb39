//! Bands about the frontier: where loss and latency are to be expected.

use super::{FrontierFigure, usable};
use crate::draw::canvas::{Canvas, Point};
use crate::draw::header::Key;
use crate::draw::panel::Panel;
use crate::error::Result;
use crate::figure::or_default;
use crate::theme::Theme;

/// Opacity of the bands, and of their keys, which are smaller.
const OPACITY: (f64, f64) = (0.16, 0.22);
/// The series whose colour the band of latencies has: the first one's is the frontier's and the loss's.
const LATENCY_COLOR: usize = 3;

impl FrontierFigure {
    fn loss_points(&self) -> impl Iterator<Item = &(f64, f64, f64)> {
        self.loss_interval.iter().flatten()
    }

    fn latency_points(&self) -> impl Iterator<Item = &(f64, f64, f64)> {
        self.latency_band.iter().flat_map(|band| &band.points)
    }

    /// The ends of all intervals.
    pub(super) fn band_points(&self) -> impl Iterator<Item = Point> {
        let of_loss = self
            .loss_points()
            .flat_map(|&(latency, low, high)| [(latency, low), (latency, high)]);
        let of_latency = self
            .latency_points()
            .flat_map(|&(loss, low, high)| [(low, loss), (high, loss)]);
        of_loss.chain(of_latency)
    }

    /// The legend's entries.
    pub(super) fn band_keys(&self, theme: Theme) -> Vec<(Key, String)> {
        let mut entries = Vec::new();
        if self.loss_points().count() > 1 {
            let key = Key::Band(theme.series(0), OPACITY.1);
            let label = or_default(&self.loss_interval_label, "loss interval");
            entries.push((key, label.to_owned()));
        }
        if let Some(band) = self.latency_band.as_ref().filter(|band| band.points.len() > 1) {
            let key = Key::Band(theme.series(LATENCY_COLOR), OPACITY.1);
            entries.push((key, band.label.clone()));
        }
        entries
    }

    pub(super) fn draw_bands(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let theme = canvas.theme;
        let mut of_latency: Vec<(f64, f64, f64)> = self.latency_points().copied().collect();
        of_latency.retain(|(loss, low, high)| usable((*low, *loss)) && usable((*high, *loss)));
        of_latency.sort_by(|one, other| one.0.total_cmp(&other.0));
        let place = |latency: f64, loss: f64| (panel.x_px(latency), panel.y_px(loss));
        let ends = of_latency.iter().map(|(loss, low, _)| place(*low, *loss));
        let back = of_latency.iter().rev().map(|(loss, _, high)| place(*high, *loss));
        let outline: Vec<Point> = ends.chain(back).collect();
        canvas.polygon(&outline, theme.series(LATENCY_COLOR), OPACITY.0)?;

        let mut of_loss: Vec<(f64, f64, f64)> = self.loss_points().copied().collect();
        of_loss.retain(|(latency, low, high)| usable((*latency, *low)) && usable((*latency, *high)));
        of_loss.sort_by(|one, other| one.0.total_cmp(&other.0));
        let upper = of_loss.iter().map(|(latency, _, high)| place(*latency, *high));
        let lower = of_loss
            .iter()
            .rev()
            .map(|(latency, low, _)| place(*latency, *low));
        let outline: Vec<Point> = upper.chain(lower).collect();
        canvas.polygon(&outline, theme.series(0), OPACITY.0)
    }
}
