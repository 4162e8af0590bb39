//! Boxes of a space: a range of values on each axis, and where every variable lies in one.

use super::span::{Span, Spans};
use super::{Axis, Constraint, Cursor, DesignSpace, MAX_AXES, Tie, Value, Variable};

/// A range of values on each axis of a space, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    first: [u16; MAX_AXES],
    last: [u16; MAX_AXES],
}

/// A set of axes: bit `i` is axis `i`.
pub(crate) type AxisSet = u16;

/// What one axis sets one variable to.
#[derive(Clone, Debug)]
struct Setting {
    axis: usize,
    variable: Variable,
    /// By position on the axis; NaN where the value is another variable's.
    numbers: Vec<f64>,
    /// Whether they never fall.
    ascends: bool,
    /// Positions whose value is another variable's.
    names: Vec<(u16, Variable)>,
}

/// A space prepared for questions about its boxes.
#[derive(Clone, Debug)]
pub(crate) struct Regions<'a> {
    pub(super) space: &'a DesignSpace,
    settings: Vec<Setting>,
    /// Variables that are whole numbers in every architecture.
    integral: [bool; Variable::COUNT],
    /// The axes that a variable depends on.
    set_by: [AxisSet; Variable::COUNT],
    /// Tied widths over the hidden size.
    pub(super) quotients: Vec<Quotient>,
}

/// A tied FFN width, times the number of experts of it if there is one, over the hidden size: a monomial, from which what
/// cancels is gone.
#[derive(Clone, Debug)]
pub(super) struct Quotient {
    pub(super) width: Variable,
    pub(super) coefficient: f64,
    /// Variables, and whether they multiply or divide.
    pub(super) factors: Vec<(Variable, bool)>,
    /// What the width is rounded to a multiple of.
    pub(super) round_to: f64,
}

impl Quotient {
    fn of(tie: &Tie) -> Option<Quotient> {
        let times = match tie.variable {
            Variable::IntermediateSize => None,
            Variable::ExpertSize => Some(Variable::ExpertsPerToken),
            Variable::SharedExpertSize => Some(Variable::NSharedExperts),
            _ => return None,
        };
        let (coefficient, mut exponents) = tie.monomial.exponents();
        if let Some(times) = times {
            exponents[times as usize] += 1;
        }
        exponents[Variable::HiddenSize as usize] -= 1;
        let factors = Variable::ALL.into_iter().zip(exponents);
        let factors = factors.flat_map(|(variable, exponent): (Variable, i32)| {
            std::iter::repeat_n((variable, exponent > 0), exponent.unsigned_abs() as usize)
        });
        Some(Quotient {
            width: tie.variable,
            coefficient,
            factors: factors.collect(),
            round_to: tie.round_to,
        })
    }
}

impl Region {
    /// The whole space.
    pub(crate) fn whole(space: &DesignSpace) -> Region {
        let mut last = [0; MAX_AXES];
        for (last, axis) in last.iter_mut().zip(&space.axes) {
            // An axis has at most 2^16 values.
            *last = (axis.values.len() - 1) as u16;
        }
        Region {
            first: [0; MAX_AXES],
            last,
        }
    }

    /// How many values an axis has here.
    #[inline]
    pub(crate) fn extent(&self, axis: usize) -> u64 {
        u64::from(self.last[axis] - self.first[axis]) + 1
    }

    /// The same with fewer values on an axis.
    #[cfg(test)]
    pub(crate) fn restrict(&mut self, axis: usize, first: u32, last: u32) {
        self.first[axis] = first as u16;
        self.last[axis] = last as u16;
    }

    /// The first value of an axis, and how many there are.
    #[cfg(test)]
    pub(crate) fn range(&self, axis: usize) -> (u32, u64) {
        (u32::from(self.first[axis]), self.extent(axis))
    }

    /// How many combinations there are.
    pub(crate) fn size(&self) -> u128 {
        (0..MAX_AXES).map(|axis| u128::from(self.extent(axis))).product()
    }

    /// How many combinations there are of the values of some axes.
    pub(crate) fn size_along(&self, axes: AxisSet) -> u128 {
        let among = (0..MAX_AXES).filter(|axis| axes & (1 << axis) != 0);
        among.map(|axis| u128::from(self.extent(axis))).product()
    }

    /// Calls `visit` with a box for each combination of the values of some axes.
    pub(crate) fn cells(&self, axes: AxisSet, mut visit: impl FnMut(&Region)) {
        let mut cell = *self;
        for axis in (0..MAX_AXES).filter(|axis| axes & (1 << axis) != 0) {
            cell.last[axis] = cell.first[axis];
        }
        loop {
            visit(&cell);
            let next = (0..MAX_AXES)
                .rev()
                .filter(|axis| axes & (1 << axis) != 0)
                .find(|&axis| {
                    let wraps = cell.first[axis] == self.last[axis];
                    let position = if wraps {
                        self.first[axis]
                    } else {
                        cell.first[axis] + 1
                    };
                    (cell.first[axis], cell.last[axis]) = (position, position);
                    !wraps
                });
            if next.is_none() {
                return;
            }
        }
    }

    /// The two halves along an axis that has more than one value.
    pub(crate) fn halves(&self, axis: usize) -> [Region; 2] {
        let middle = self.first[axis] + (self.last[axis] - self.first[axis]) / 2;
        let (mut lower, mut upper) = (*self, *self);
        lower.last[axis] = middle;
        upper.first[axis] = middle + 1;
        [lower, upper]
    }

    /// One box for each value of an axis.
    pub(crate) fn slices(&self, axis: usize) -> impl Iterator<Item = Region> + '_ {
        (self.first[axis]..=self.last[axis]).map(move |position| {
            let mut slice = *self;
            slice.first[axis] = position;
            slice.last[axis] = position;
            slice
        })
    }

    /// Calls `visit` with a cursor at each combination, in the order of their indices.
    pub(crate) fn visit(&self, space: &DesignSpace, mut visit: impl FnMut(&Cursor<'_>)) {
        let mut cursor = Cursor::at(space, &self.first);
        loop {
            visit(&cursor);
            if !cursor.advance_within(&self.first, &self.last) {
                return;
            }
        }
    }
}

impl<'a> Regions<'a> {
    pub(crate) fn new(space: &'a DesignSpace) -> Regions<'a> {
        let settings = space
            .axes
            .iter()
            .enumerate()
            .flat_map(|(index, axis)| Setting::of_axis(index, axis))
            .collect();
        let mut regions = Regions {
            space,
            settings,
            integral: space.fixed.map(|value| value.fract() == 0.0),
            set_by: [0; Variable::COUNT],
            quotients: space.ties.iter().filter_map(Quotient::of).collect(),
        };
        for setting in &regions.settings {
            let slot = setting.variable as usize;
            regions.set_by[slot] |= 1 << setting.axis;
            let numbers = setting.numbers.iter().filter(|number| !number.is_nan());
            regions.integral[slot] = numbers.clone().all(|number| number.fract() == 0.0);
        }
        for Tie {
            variable,
            monomial,
            round_to,
        } in &space.ties
        {
            let slot = *variable as usize;
            regions.integral[slot] = *round_to > 0.0;
            for read in monomial.variables() {
                regions.set_by[slot] |= regions.set_by[read as usize];
            }
        }
        for setting in &regions.settings {
            for (_, other) in &setting.names {
                let (slot, other) = (setting.variable as usize, *other as usize);
                regions.set_by[slot] |= regions.set_by[other];
                regions.integral[slot] &= regions.integral[other];
            }
        }
        regions
    }

    /// Where every variable lies in a box.
    pub(super) fn spans(&self, region: &Region) -> Spans {
        let mut spans = self.space.fixed.map(Span::of);
        for setting in &self.settings {
            spans[setting.variable as usize] = setting.numbers(region);
        }
        for tie in &self.space.ties {
            let value = tie.monomial.span(&spans);
            spans[tie.variable as usize] = if tie.round_to > 0.0 {
                let rounded = |value: f64| (round(value / tie.round_to) * tie.round_to).max(tie.round_to);
                Span {
                    low: rounded(value.low),
                    high: rounded(value.high),
                }
            } else {
                value
            };
        }
        for setting in self.settings.iter().filter(|setting| !setting.names.is_empty()) {
            let here = region.first[setting.axis]..=region.last[setting.axis];
            for (position, other) in &setting.names {
                if here.contains(position) {
                    let slot = setting.variable as usize;
                    spans[slot] = spans[slot].hull(spans[*other as usize]);
                }
            }
        }
        spans
    }

    /// Whether a constraint excludes all of a box, given where its variables lie.
    pub(super) fn excludes(&self, spans: &Spans) -> bool {
        self.space.constraints.iter().any(|constraint| match constraint {
            Constraint::Divides(divisor, dividend) => {
                let (divisor, dividend) = (spans[*divisor as usize], spans[*dividend as usize]);
                divisor.is_single() && dividend.is_single() && dividend.low % divisor.low != 0.0
            }
            Constraint::Within(quantity, bound) => {
                let value = quantity.span(spans);
                bound.min.is_some_and(|min| value.high < min) || bound.max.is_some_and(|max| value.low > max)
            }
        })
    }

    /// Whether a variable is a whole number in every architecture.
    pub(super) const fn is_integral(&self, variable: Variable) -> bool {
        self.integral[variable as usize]
    }

    /// The axes that a variable depends on.
    pub(crate) const fn axes_of(&self, variable: Variable) -> AxisSet {
        self.set_by[variable as usize]
    }

    /// How many axes there are.
    pub(crate) const fn n_axes(&self) -> usize {
        self.space.axes.len()
    }
}

/// [`f64::round`] of a number that is not negative, without the call that it is on processors of any age.
fn round(value: f64) -> f64 {
    const LARGE: f64 = 4e15;
    if value < LARGE {
        let whole = value as u64 as f64;
        // Exact: both are near.
        if value - whole >= 0.5 { whole + 1.0 } else { whole }
    } else {
        value.round()
    }
}

impl Setting {
    fn of_axis(index: usize, axis: &Axis) -> impl Iterator<Item = Setting> + '_ {
        axis.variables.iter().enumerate().map(move |(place, &variable)| {
            let values = || axis.values.iter().map(move |tuple| tuple[place]);
            let numbers: Vec<f64> = values()
                .map(|value| match value {
                    Value::Number(number) => number,
                    Value::SameAs(_) => f64::NAN,
                })
                .collect();
            Setting {
                axis: index,
                variable,
                ascends: numbers.is_sorted(),
                names: values()
                    .enumerate()
                    .filter_map(|(position, value)| match value {
                        Value::Number(_) => None,
                        Value::SameAs(other) => Some((position as u16, other)),
                    })
                    .collect(),
                numbers,
            }
        })
    }

    /// Where the numbers lie in a box, without those that are other variables' values.
    fn numbers(&self, region: &Region) -> Span {
        let (first, last) = (
            usize::from(region.first[self.axis]),
            usize::from(region.last[self.axis]),
        );
        if self.ascends {
            return Span {
                low: self.numbers[first],
                high: self.numbers[last],
            };
        }
        let here = self.numbers[first..=last].iter();
        here.filter(|number| !number.is_nan())
            .fold(Span::NOTHING, |span, &number| span.hull(Span::of(number)))
    }
}
