//! An axis: its range in transformed units (logarithms where asked for) and its ticks.

use crate::draw::text::Font;
use crate::draw::ticks::{self, Format, Tick};
use crate::figure::Scale;

/// Which way an axis runs: decides whether labels collide by width or by height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Horizontal,
    Vertical,
}

/// A fitted axis. Positions inside are fractions of its length, from its low end.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub scale: Scale,
    /// Ends in transformed units, `lo < hi`, both finite.
    pub lo: f64,
    pub hi: f64,
    pub ticks: Vec<Tick>,
    /// Unlabelled grid positions in data units.
    pub minor: Vec<f64>,
    integer: bool,
    format: Format,
}

impl Axis {
    /// An axis that holds all of `values` (data units) with `pad` of its length free at each end.
    /// Values it cannot show (not finite, or not positive on a logarithmic axis) are left out;
    /// without any value it runs from 1 to 10.
    pub(crate) fn fit(scale: Scale, values: impl IntoIterator<Item = f64>, pad: f64) -> Self {
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut integer = true;
        for value in values {
            if let Some(position) = transform(scale, value) {
                (lo, hi) = (lo.min(position), hi.max(position));
                integer &= value.fract() == 0.0;
            }
        }
        if lo > hi {
            (lo, hi) = (
                transform(scale, 1.0).unwrap_or(0.0),
                transform(scale, 10.0).unwrap_or(1.0),
            );
        }
        // All values alike: open a window of a factor of two, or of a tenth, around them.
        let least = match scale {
            Scale::Linear if lo == 0.0 && hi == 0.0 => 1.0,
            Scale::Linear => (0.1 * lo.abs().max(hi.abs())).max(1e-6),
            Scale::Log10 => std::f64::consts::LOG10_2,
            Scale::Log2 => 1.0,
        };
        if hi - lo < least * 1e-3 {
            (lo, hi) = (lo - least, hi + least);
        }
        let margin = (hi - lo) * pad;
        let mut axis = Axis {
            scale,
            lo: lo - margin,
            hi: hi + margin,
            ticks: Vec::new(),
            minor: Vec::new(),
            integer,
            format: Format::Plain,
        };
        axis.minor = ticks::minor(scale, axis.low(), axis.high());
        axis
    }

    /// Writes ticks with SI prefixes.
    pub(crate) fn si(mut self) -> Self {
        self.format = Format::Si;
        self
    }

    /// Writes ticks in the notation that suits their size.
    pub(crate) fn brief(mut self) -> Self {
        self.format = Format::Brief;
        self
    }

    /// Chooses the densest ticks whose labels stay apart on `length_px`.
    pub(crate) fn tick(mut self, direction: Direction, length_px: f64, font: Font) -> Self {
        let sets = ticks::candidates(self.scale, self.low(), self.high(), self.integer, self.format);
        let fits = |set: &Vec<Tick>, gap_em: f64| {
            set.len() >= 2
                && set.windows(2).all(|pair| {
                    let gap = (self.fraction(pair[1].value) - self.fraction(pair[0].value)) * length_px;
                    let need = match direction {
                        Direction::Horizontal => {
                            0.5 * (font.width(&pair[0].label) + font.width(&pair[1].label))
                                + gap_em * font.size
                        }
                        Direction::Vertical => 1.9 * font.size,
                    };
                    gap >= need
                })
        };
        let chosen = sets
            .iter()
            .find(|set| fits(set, 1.0))
            // One tick says nothing of the scale: rather two that are close.
            .or_else(|| sets.iter().find(|set| fits(set, 0.4)))
            .or_else(|| sets.iter().min_by_key(|set| set.len()));
        self.ticks = chosen.cloned().unwrap_or_default();
        self
    }

    /// Low end in data units.
    pub(crate) fn low(&self) -> f64 {
        invert(self.scale, self.lo)
    }

    /// High end in data units.
    pub(crate) fn high(&self) -> f64 {
        invert(self.scale, self.hi)
    }

    /// Where `value` lies along the axis: 0 at its low end, 1 at its high end. A value the axis
    /// cannot show is NaN.
    pub(crate) fn fraction(&self, value: f64) -> f64 {
        transform(self.scale, value).map_or(f64::NAN, |position| (position - self.lo) / (self.hi - self.lo))
    }

    /// Whether `value` lies on the axis.
    pub(crate) fn shows(&self, value: f64) -> bool {
        (-1e-9..=1.0 + 1e-9).contains(&self.fraction(value))
    }
}

/// `value` in the units of the axis; `None` where it has no place on it.
pub(crate) fn transform(scale: Scale, value: f64) -> Option<f64> {
    let position = match scale {
        Scale::Linear => value,
        Scale::Log10 => value.log10(),
        Scale::Log2 => value.log2(),
    };
    // Far beyond any physical quantity, the ends of the axis would overflow or become zero.
    let farthest = match scale {
        Scale::Linear => 1e30,
        Scale::Log10 => 30.0,
        Scale::Log2 => 100.0,
    };
    (position.is_finite() && position.abs() <= farthest).then_some(position)
}

fn invert(scale: Scale, position: f64) -> f64 {
    match scale {
        Scale::Linear => position,
        Scale::Log10 => 10f64.powf(position),
        Scale::Log2 => position.exp2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_values_are_left_out() {
        let axis = Axis::fit(
            Scale::Log10,
            [f64::NAN, -1.0, 0.0, f64::INFINITY, 1.0, 100.0],
            0.0,
        );
        assert_eq!((axis.low(), axis.high()), (1.0, 100.0));
        assert!((axis.fraction(10.0) - 0.5).abs() < 1e-12);
        assert!(axis.fraction(-1.0).is_nan() && !axis.shows(1000.0) && axis.shows(100.0));
    }

    #[test]
    fn empty_and_single_values_still_give_a_range_with_ticks() {
        for scale in [Scale::Linear, Scale::Log10, Scale::Log2] {
            for values in [vec![], vec![7.0], vec![1e-12], vec![1e12, 1e12]] {
                let axis = Axis::fit(scale, values.clone(), 0.05);
                assert!(axis.lo < axis.hi, "{scale:?} {values:?}");
                let ticked = axis.tick(Direction::Horizontal, 300.0, Font::regular(12.0));
                assert!(!ticked.ticks.is_empty(), "{scale:?} {values:?}");
            }
        }
    }

    #[test]
    fn fewer_ticks_on_a_shorter_axis() {
        let axis = Axis::fit(Scale::Log10, [0.1, 1000.0], 0.0);
        let count = |px| {
            axis.clone()
                .tick(Direction::Horizontal, px, Font::regular(12.0))
                .ticks
                .len()
        };
        assert!(count(800.0) > count(200.0));
    }
}
