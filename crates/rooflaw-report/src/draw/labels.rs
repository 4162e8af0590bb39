//! Places labels beside points so that they cover neither each other nor, where possible, data.

use crate::draw::canvas::{Align, Canvas, Point};
use crate::draw::text::Font;
use crate::error::Result;
use plotters::style::RGBColor;

/// An axis-parallel box in px.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    /// The box of half-width `half` around `center`.
    pub(crate) fn around(center: Point, half: f64) -> Self {
        Rect {
            left: center.0 - half,
            top: center.1 - half,
            right: center.0 + half,
            bottom: center.1 + half,
        }
    }

    pub(crate) fn grown(self, by: f64) -> Self {
        Rect {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    pub(crate) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(self) -> f64 {
        self.bottom - self.top
    }

    /// Area shared with `other`, in px².
    fn shared(self, other: Rect) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        if width > 0.0 && height > 0.0 {
            width * height
        } else {
            0.0
        }
    }

    fn contains(self, other: Rect) -> bool {
        other.left >= self.left
            && other.right <= self.right
            && other.top >= self.top
            && other.bottom <= self.bottom
    }

    fn nearest(self, point: Point) -> Point {
        (
            point.0.clamp(self.left, self.right),
            point.1.clamp(self.top, self.bottom),
        )
    }
}

/// A label to place beside a marker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label<'a> {
    pub text: &'a str,
    pub anchor: Point,
    /// Radius of the marker at `anchor`, in px.
    pub radius: f64,
    pub font: Font,
    pub color: RGBColor,
    /// Direction in which the label would best lie (unit vector, second component upwards).
    pub prefer: (f64, f64),
    /// The label is left out where its best place costs more than this.
    pub most_cost: f64,
}

/// Cost limit of a label that must appear if any place is free.
pub(crate) const ALWAYS: f64 = f64::INFINITY;
/// Cost limit of a label that may cross a line, but not bury data.
pub(crate) const USUALLY: f64 = 16.0;
/// Cost limit of a label that only fills free space right beside its point.
pub(crate) const IF_FREE: f64 = 3.0;

/// To the right, a little above: where a reader looks first.
pub(crate) const RIGHT: (f64, f64) = (0.92, 0.38);
/// Straight above.
pub(crate) const ABOVE: (f64, f64) = (0.0, 1.0);
/// Above and to the left.
pub(crate) const UPPER_LEFT: (f64, f64) = (-0.7, 0.7);

/// Below and to the right.
pub(crate) const LOWER_RIGHT: (f64, f64) = (0.8, -0.6);

/// Where a label went.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub rect: Rect,
    pub text: String,
    font: Font,
    color: RGBColor,
    /// Ends of the line to its point; none beside the point.
    leader: Option<(Point, Point)>,
}

/// Keeps track of what is taken on a plot.
pub(crate) struct Placer {
    bounds: Rect,
    /// Labels: never covered.
    taken: Vec<Rect>,
    /// Markers and pieces of lines, and what covering them costs; from [`NEVER`] up, never covered.
    obstacles: Vec<(Rect, f64)>,
}

const DISTANCES_PX: [f64; 8] = [3.0, 9.0, 18.0, 30.0, 46.0, 66.0, 90.0, 120.0];
const DIRECTIONS: u32 = 16;
/// From this weight on, an obstacle is never covered.
pub(crate) const NEVER: f64 = 2.0;
/// A label farther than this from its marker is tied to it by a line.
const LEADER_PX: f64 = 8.0;

impl Placer {
    /// A placer for labels within `bounds`.
    pub(crate) fn new(bounds: Rect) -> Self {
        Placer {
            bounds,
            taken: Vec::new(),
            obstacles: Vec::new(),
        }
    }

    /// Marks a marker that labels should not cover.
    pub(crate) fn marker(&mut self, center: Point, radius: f64, weight: f64) {
        if center.0.is_finite() && center.1.is_finite() {
            self.obstacles.push((Rect::around(center, radius), weight));
        }
    }

    /// Marks a line that labels should not cover.
    pub(crate) fn line(&mut self, points: &[Point], weight: f64) {
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if !length.is_finite() {
                continue;
            }
            let pieces = (length / 6.0).ceil().clamp(1.0, 1000.0) as u32;
            for index in 0..=pieces {
                let along = f64::from(index) / f64::from(pieces);
                let at = (from.0 + along * (to.0 - from.0), from.1 + along * (to.1 - from.1));
                self.obstacles.push((Rect::around(at, 3.0), weight));
            }
        }
    }

    /// Finds the best free place for `label` and takes it; `None` if there is none.
    pub(crate) fn place(&mut self, label: &Label<'_>) -> Option<Placed> {
        if label.text.trim().is_empty() || !(label.anchor.0.is_finite() && label.anchor.1.is_finite()) {
            return None;
        }
        let text = label
            .font
            .truncate(label.text.trim(), (self.bounds.width() * 0.55).max(60.0));
        let (width, height) = (label.font.width(&text), label.font.size * 1.15);
        let farthest = if label.most_cost <= IF_FREE {
            2
        } else {
            DISTANCES_PX.len()
        };
        let reachable = Rect::around(label.anchor, label.radius + width + 130.0);
        let near: Vec<(Rect, f64)> = self
            .obstacles
            .iter()
            .copied()
            .filter(|(rect, _)| rect.shared(reachable) > 0.0)
            .collect();
        let mut best: Option<(f64, Rect)> = None;
        for distance in DISTANCES_PX.into_iter().take(farthest) {
            for index in 0..DIRECTIONS {
                let angle = std::f64::consts::TAU * f64::from(index) / f64::from(DIRECTIONS);
                let (dx, dy) = (angle.cos(), -angle.sin());
                let reach = label.radius + distance;
                let mut x = label.anchor.0 + dx * reach + side(dx) * width / 2.0;
                let y = label.anchor.1 + dy * reach + side(dy) * height / 2.0;
                if dy.abs() > 0.5 {
                    // Above or below its point, a label may slide along the edge of the plot.
                    x = x
                        .min(self.bounds.right - width / 2.0)
                        .max(self.bounds.left + width / 2.0);
                }
                let rect = Rect {
                    left: x - width / 2.0,
                    top: y - height / 2.0,
                    right: x + width / 2.0,
                    bottom: y + height / 2.0,
                };
                let ideal = 0.09 * distance + 0.6 * (1.0 - dx * label.prefer.0 + dy * label.prefer.1);
                // What is free of charge here may already be too dear.
                if best.is_some_and(|(least, _)| ideal >= least) {
                    continue;
                }
                let Some(cost) = self.cost(label, rect, &near) else {
                    continue;
                };
                let cost = cost + ideal;
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, rect));
                }
            }
        }
        let (cost, rect) = best?;
        if cost > label.most_cost {
            return None;
        }
        self.taken.push(rect);
        let edge = rect.nearest(label.anchor);
        let gap = (edge.0 - label.anchor.0).hypot(edge.1 - label.anchor.1) - label.radius;
        let leader = (gap > LEADER_PX).then(|| {
            let along = (label.radius + 1.0) / (gap + label.radius);
            let start = (
                label.anchor.0 + along * (edge.0 - label.anchor.0),
                label.anchor.1 + along * (edge.1 - label.anchor.1),
            );
            self.line(&[start, edge], 1.0);
            (start, edge)
        });
        Some(Placed {
            rect,
            text,
            font: label.font,
            color: label.color,
            leader,
        })
    }

    /// What it costs to put `label` into `rect`; `None` where it must not be.
    fn cost(&self, label: &Label<'_>, rect: Rect, obstacles: &[(Rect, f64)]) -> Option<f64> {
        if !self.bounds.contains(rect) {
            return None;
        }
        let near = rect.grown(2.0);
        if self.taken.iter().any(|other| near.shared(*other) > 0.0) {
            return None;
        }
        let own = Rect::around(label.anchor, label.radius.max(1.0) * 0.5);
        // The marker itself is reached by construction, not covered.
        let others = || obstacles.iter().filter(|(obstacle, _)| !obstacle.contains(own));
        let mut cost = 0.0;
        for (obstacle, weight) in others() {
            if *weight >= NEVER && near.shared(*obstacle) > 0.0 {
                return None;
            }
            let share = near.shared(*obstacle) / (obstacle.width() * obstacle.height()).max(1.0);
            cost += weight * share;
        }
        let edge = rect.nearest(label.anchor);
        let length = (edge.0 - label.anchor.0).hypot(edge.1 - label.anchor.1) - label.radius;
        for step in 1..12u32 {
            let along = f64::from(step) / 12.0;
            let at = (
                label.anchor.0 + along * (edge.0 - label.anchor.0),
                label.anchor.1 + along * (edge.1 - label.anchor.1),
            );
            let dot = Rect::around(at, 1.0);
            if self.taken.iter().any(|other| dot.shared(*other) > 0.0) {
                return None;
            }
            if length > LEADER_PX {
                let crossed = others().filter(|(obstacle, _)| dot.shared(*obstacle) > 0.0);
                cost += crossed.map(|(_, weight)| 0.5 * weight).sum::<f64>();
            }
        }
        Some(cost)
    }
}

/// Which way a box lies from its anchor: centred when nearly above or beside it.
fn side(component: f64) -> f64 {
    if component.abs() < 0.2 {
        0.0
    } else {
        component.signum()
    }
}

impl Placed {
    /// Draws the label and the line that ties it to its point.
    pub(crate) fn draw(&self, canvas: &Canvas<'_>) -> Result<()> {
        if let Some((from, to)) = self.leader {
            canvas.polyline(&[from, to], canvas.theme.muted(), 0.8, 0.8)?;
        }
        let baseline = self.rect.bottom - 0.28 * self.font.size;
        let center = (self.rect.left + self.rect.right) / 2.0;
        canvas.text(
            &self.text,
            (center, baseline),
            Align::Middle,
            self.font,
            self.color,
        )
    }

    /// Whether a dot at `point` would blur the label.
    pub(crate) fn covers(&self, point: Point) -> bool {
        self.rect.grown(2.0).shared(Rect::around(point, 0.5)) > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Rect = Rect {
        left: 0.0,
        top: 0.0,
        right: 400.0,
        bottom: 300.0,
    };

    fn label(text: &str, anchor: Point) -> Label<'_> {
        Label {
            text,
            anchor,
            radius: 4.0,
            font: Font::regular(12.0),
            color: RGBColor(0, 0, 0),
            prefer: RIGHT,
            most_cost: ALWAYS,
        }
    }

    #[test]
    fn crowded_labels_stay_apart_and_inside() {
        let mut placer = Placer::new(BOUNDS);
        let placed: Vec<Placed> = (0..40)
            .filter_map(|index| {
                let angle = f64::from(index);
                placer.place(&label(
                    "Some-Model-1.7B",
                    (200.0 + 30.0 * angle.cos(), 150.0 + 20.0 * angle.sin()),
                ))
            })
            .collect();
        assert!(placed.len() >= 6, "{}", placed.len());
        for (index, one) in placed.iter().enumerate() {
            assert!(BOUNDS.contains(one.rect));
            assert!(
                placed[index + 1..]
                    .iter()
                    .all(|other| one.rect.shared(other.rect) == 0.0)
            );
        }
    }

    #[test]
    fn labels_at_the_edge_turn_inward_and_bad_ones_are_left_out() {
        let mut placer = Placer::new(BOUNDS);
        assert!(
            placer
                .place(&label("at the right edge", (399.0, 150.0)))
                .is_some()
        );
        assert!(placer.place(&label("nowhere", (f64::NAN, 1.0))).is_none());
        assert!(placer.place(&label(" ", (10.0, 10.0))).is_none());
        let long = "x".repeat(4000);
        assert!(
            placer
                .place(&label(&long, (200.0, 60.0)))
                .is_none_or(|one| one.text.ends_with('…'))
        );
    }

    #[test]
    fn an_optional_label_gives_way_to_data() {
        let mut placer = Placer::new(BOUNDS);
        for x in 0..40 {
            for y in 0..30 {
                placer.marker((f64::from(x) * 10.0, f64::from(y) * 10.0), 4.0, 1.0);
            }
        }
        let optional = Label {
            most_cost: IF_FREE,
            ..label("design", (203.0, 153.0))
        };
        assert!(placer.place(&optional).is_none());
        assert!(placer.place(&label("design", (203.0, 153.0))).is_some());
    }
}
