//! Where a number lies that is not determined: an interval, of numbers that are not negative.

use super::variable::Variable;

/// An interval of numbers that are not negative; NaN at both ends where nothing is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    /// No number is less.
    pub(crate) low: f64,
    /// No number is greater.
    pub(crate) high: f64,
}

/// One span for each variable.
pub(super) type Spans = [Span; Variable::COUNT];

impl Span {
    /// One number.
    pub(crate) const fn of(value: f64) -> Span {
        Span {
            low: value,
            high: value,
        }
    }

    /// No number yet: the neutral element of [`Span::hull`].
    pub(super) const NOTHING: Span = Span {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    pub(super) const fn is_set(self) -> bool {
        !self.low.is_nan()
    }

    /// Whether there is one number only.
    pub(crate) fn is_single(self) -> bool {
        self.low == self.high
    }

    /// The least span that holds both.
    pub(super) const fn hull(self, other: Span) -> Span {
        Span {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// What both hold; one of them may be a little off.
    pub(super) const fn and(self, other: Span) -> Span {
        Span {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
        }
    }

    pub(crate) fn times(self, other: Span) -> Span {
        Span::known(self.low * other.low, self.high * other.high)
    }

    pub(crate) fn over(self, other: Span) -> Span {
        Span::known(self.low / other.high, self.high / other.low)
    }

    pub(super) fn plus(self, other: Span) -> Span {
        Span::known(self.low + other.low, self.high + other.high)
    }

    /// Zero times or over infinity and the like can be anything.
    const fn known(low: f64, high: f64) -> Span {
        Span {
            low: if low.is_nan() { 0.0 } else { low },
            high: if high.is_nan() { f64::INFINITY } else { high },
        }
    }

    /// A little more at both ends, for what was rounded on the way.
    pub(super) fn widened(self, share: f64) -> Span {
        Span {
            low: self.low * (1.0 - share),
            high: self.high * (1.0 + share),
        }
    }

    /// A share of the way from one quantity to another, the share lying in this span.
    pub(super) fn between(self, from: Span, to: Span) -> Span {
        let at = |share: f64, from: f64, to: f64| (1.0 - share) * from + share * to;
        Span {
            low: at(self.low, from.low, to.low).min(at(self.high, from.low, to.low)),
            high: at(self.low, from.high, to.high).max(at(self.high, from.high, to.high)),
        }
    }
}
