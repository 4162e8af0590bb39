//! Where planned runs lie among the runs that exist and those that could be made.

use serde::{Deserialize, Serialize};

use super::{Figure, NamedPoint, Scale, is_narrow, or_default, usable_width};
use crate::draw::axis::{Axis, transform};
use crate::draw::canvas::{Canvas, Marker, Point, render};
use crate::draw::grid::{Cell, Grid};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::labels::{ALWAYS, Label, NEVER, Placer, RIGHT};
use crate::draw::panel::{Panel, widest_label};
use crate::draw::scatter::{self, Look};
use crate::draw::text::Font;
use crate::draw::thin::thin;
use crate::error::Result;
use crate::theme::Theme;

/// Two of the variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanPanel {
    /// Name of the horizontal variable with its unit.
    pub x_label: String,
    /// Spacing of its values.
    pub x_scale: Scale,
    /// Name of the vertical variable with its unit.
    pub y_label: String,
    /// Spacing of its values.
    pub y_scale: Scale,
    /// Runs that exist: (x, y).
    pub existing: Vec<(f64, f64)>,
    /// Runs that could be made: (x, y).
    pub candidates: Vec<(f64, f64)>,
    /// Runs that are to be made; the name is written beside the run, usually its number in the plan.
    pub chosen: Vec<NamedPoint>,
}

/// A plan of runs, in a panel for each pair of variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// What [`PlanPanel::existing`] are; empty for `existing runs`.
    pub existing_label: String,
    /// What [`PlanPanel::candidates`] are; empty for `candidates`.
    pub candidates_label: String,
    /// What [`PlanPanel::chosen`] are; empty for `planned runs`.
    pub chosen_label: String,
    /// The pairs of variables, drawn row by row.
    pub panels: Vec<PlanPanel>,
}

/// More dots than this add bytes, not information.
const MOST_CANDIDATES: usize = 600;
/// Side of the squares of which each holds at most one candidate, in px.
const CANDIDATE_CELL_PX: f64 = 4.0;
const CHOSEN_RADIUS_PX: f64 = 4.6;
/// Planned runs nearer than this share a name tag.
const SAME_PLACE_PX: f64 = 1.5;

impl Figure for PlanFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let alone = self.panels.len() <= 1;
        let grid = Grid {
            width,
            top: header.height() + 2.0,
            columns: if is_narrow(width) || alone { 1 } else { 2 },
            aspect: if alone { 0.56 } else { 0.78 },
            least_px: 220.0,
            most_px: 420.0,
            foot: 0.0,
        };
        let (cells, bottom) = grid.cells(self.panels.len());
        let panels = || cells.iter().zip(&self.panels);
        let tick_room = panels()
            .map(|(cell, panel)| widest_label(&panel.axes(cell, 0.0).y))
            .fold(0.0, f64::max);
        render((width, bottom + MARGIN), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            panels().try_for_each(|(cell, panel)| panel.draw(canvas, &panel.axes(cell, tick_room)))
        })
    }
}

impl PlanFigure {
    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let mut entries: Vec<(Key, String)> = Vec::new();
        if self.panels.iter().any(|panel| !panel.chosen.is_empty()) {
            let key = Key::Mark(Marker::Diamond, theme.series(1), true);
            entries.push((key, or_default(&self.chosen_label, "planned runs").to_owned()));
        }
        if self.panels.iter().any(|panel| !panel.existing.is_empty()) {
            let key = Key::Mark(Marker::Circle, theme.series(0), true);
            entries.push((key, or_default(&self.existing_label, "existing runs").to_owned()));
        }
        if self.panels.iter().any(|panel| !panel.candidates.is_empty()) {
            let label = or_default(&self.candidates_label, "candidates");
            entries.push((Key::Dot(theme.cloud()), label.to_owned()));
        }
        entries
    }
}

impl PlanPanel {
    fn axes(&self, cell: &Cell, tick_room: f64) -> Panel {
        let chosen = self.chosen.iter().map(|run| (run.x, run.y));
        let points = || self.existing.iter().chain(&self.candidates).copied();
        let drawable =
            |(x, y): &Point| transform(self.x_scale, *x).is_some() && transform(self.y_scale, *y).is_some();
        let points: Vec<Point> = points().chain(chosen).filter(drawable).collect();
        let axis = |scale, values: &mut dyn Iterator<Item = f64>| {
            let mut axis = Axis::fit(scale, values, 0.07).brief();
            // In a plot this small, minor lines would be a hatching.
            axis.minor.clear();
            axis
        };
        let x = axis(self.x_scale, &mut points.iter().map(|point| point.0));
        let y = axis(self.y_scale, &mut points.iter().map(|point| point.1));
        Panel::layout_aligned(cell.rect, x, y, &self.x_label, &self.y_label, tick_room)
    }

    fn draw(&self, canvas: &Canvas<'_>, axes: &Panel) -> Result<()> {
        let theme = canvas.theme;
        axes.draw(canvas, &self.x_label, &self.y_label)?;
        let place =
            |points: &[Point]| -> Vec<Point> { points.iter().filter_map(|(x, y)| axes.at(*x, *y)).collect() };
        let existing = place(&self.existing);
        let look = Look::of(0, theme.series(0), existing.len(), true);
        let tags = self.tags(axes);
        let mut placer = Placer::new(axes.plot.grown(-3.0));
        for at in scatter::worth_drawing(&existing, |at| *at) {
            placer.marker(at, look.radius, 1.0);
        }
        for (at, _) in &tags {
            placer.marker(*at, CHOSEN_RADIUS_PX + 1.0, NEVER);
        }
        let labels: Vec<_> = tags
            .iter()
            .filter_map(|(anchor, name)| {
                placer.place(&Label {
                    text: name,
                    anchor: *anchor,
                    radius: CHOSEN_RADIUS_PX,
                    font: Font::bold(11.0),
                    color: theme.ink(),
                    prefer: RIGHT,
                    most_cost: ALWAYS,
                })
            })
            .collect();
        let mut dots = place(&self.candidates);
        dots.retain(|dot| !labels.iter().any(|label| label.covers(*dot)));
        for dot in thin(&dots, |dot| *dot, CANDIDATE_CELL_PX, MOST_CANDIDATES) {
            canvas.disc(dot, 1.3, theme.cloud(), 0.7)?;
        }
        scatter::draw(canvas, &existing, look)?;
        for (at, _) in &tags {
            canvas.marker(
                Marker::Diamond,
                *at,
                CHOSEN_RADIUS_PX + 1.2,
                theme.background(),
                true,
            )?;
            canvas.marker(Marker::Diamond, *at, CHOSEN_RADIUS_PX, theme.series(1), true)?;
        }
        labels.iter().try_for_each(|label| label.draw(canvas))
    }

    /// Where planned runs lie, in px, with the names of all that lie there.
    fn tags(&self, axes: &Panel) -> Vec<(Point, String)> {
        let mut tags: Vec<(Point, String)> = Vec::new();
        for run in &self.chosen {
            let Some(at) = axes.at(run.x, run.y) else { continue };
            let same = |tag: &&mut (Point, String)| {
                (tag.0.0 - at.0).abs().max((tag.0.1 - at.1).abs()) < SAME_PLACE_PX
            };
            match tags.iter_mut().find(same) {
                Some((_, names)) if !run.name.is_empty() => {
                    if !names.is_empty() {
                        names.push_str(", ");
                    }
                    names.push_str(&run.name);
                }
                Some(_) => {}
                None => tags.push((at, run.name.clone())),
            }
        }
        tags
    }
}
