//! Walking a space: an odometer over its axes that builds one architecture at a time, without allocating.

use super::{Axis, Constraint, DesignSpace, MAX_AXES, Slots, Value, Variable};
use crate::architecture::{Architecture, Attention, Ffn, KvProjection, Moe, SlidingWindow};

/// A position in a space.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    space: &'a DesignSpace,
    index: u64,
    digits: [u32; MAX_AXES],
    /// Values of the axes at this position; variables set by name or by ties are still unset.
    slots: Slots,
    /// Values of all variables, ties applied.
    resolved: Slots,
    /// Whether a constraint excludes this position.
    excluded: bool,
    /// From this axis on, no tie, constraint or other axis looks at what the axes set.
    loose_from: usize,
}

/// Largest width or count built; [`Architecture::validate`] is stricter, and looked at only for what people name.
pub(super) const MAX_INTEGER: f64 = 16_777_216.0;

#[inline(always)]
pub(super) fn positive_integer(value: f64) -> Option<u32> {
    // NaN, from a variable that is not set, fails the comparison.
    let integer = value as u32;
    ((1.0..=MAX_INTEGER).contains(&value) && f64::from(integer) == value).then_some(integer)
}

impl DesignSpace {
    /// The first axis from which on no tie, constraint or other axis looks at what the axes set.
    fn loose_from(&self) -> usize {
        let tied = self.ties.iter().flat_map(|tie| tie.monomial.variables());
        let constrained = self.constraints.iter().flat_map(|constraint| match constraint {
            Constraint::Divides(divisor, dividend) => vec![*divisor, *dividend],
            Constraint::Within(quantity, _) => quantity.variables().collect(),
        });
        let named = self.axes.iter().flat_map(|axis| axis.values.iter().flatten());
        let named = named.filter_map(|value| match value {
            Value::SameAs(other) => Some(*other),
            Value::Number(_) => None,
        });
        let looked_at: Vec<Variable> = tied.chain(constrained).chain(named).collect();
        let is_loose = |axis: &&Axis| {
            let has_names = axis
                .values
                .iter()
                .flatten()
                .any(|value| matches!(value, Value::SameAs(_)));
            !has_names
                && axis
                    .variables
                    .iter()
                    .all(|variable| !looked_at.contains(variable))
        };
        self.axes.len() - self.axes.iter().rev().take_while(is_loose).count()
    }
}

impl<'a> Cursor<'a> {
    /// A cursor at `index`; the space wraps around at its end.
    #[must_use]
    pub fn new(space: &'a DesignSpace, index: u64) -> Cursor<'a> {
        let mut cursor = Cursor {
            space,
            index,
            digits: [0; MAX_AXES],
            slots: space.fixed,
            resolved: space.fixed,
            excluded: false,
            loose_from: space.loose_from(),
        };
        cursor.seek(index);
        cursor
    }

    /// Moves to an index.
    pub(crate) fn seek(&mut self, index: u64) {
        self.index = index;
        let mut rest = index;
        for axis in (0..self.space.axes.len()).rev() {
            let size = self.space.axes[axis].values.len() as u64;
            self.set(axis, (rest % size) as u32);
            rest /= size;
        }
        self.settle();
    }

    /// A cursor at a position on each axis.
    #[must_use]
    pub(super) fn at(space: &'a DesignSpace, positions: &[u16; MAX_AXES]) -> Cursor<'a> {
        let index = space
            .axes
            .iter()
            .zip(positions)
            .fold(0, |index, (axis, &position)| {
                index * axis.values.len() as u64 + u64::from(position)
            });
        Cursor::new(space, index)
    }

    /// Moves to the next index of a box; false at its end.
    pub(super) fn advance_within(&mut self, first: &[u16; MAX_AXES], last: &[u16; MAX_AXES]) -> bool {
        let mut stride = 1;
        for axis in (0..self.space.axes.len()).rev() {
            let digit = self.digits[axis];
            let wraps = digit >= u32::from(last[axis]);
            let next = if wraps { u32::from(first[axis]) } else { digit + 1 };
            self.set(axis, next);
            if wraps {
                self.index -= u64::from(digit - next) * stride;
            } else {
                self.index += stride;
                self.settle();
                return true;
            }
            stride *= self.space.axes[axis].values.len() as u64;
        }
        false
    }

    /// Moves along one axis.
    pub(crate) fn place(&mut self, axis: usize, position: u32) {
        let after = self.space.axes[axis + 1..].iter();
        let stride: u64 = after.map(|axis| axis.values.len() as u64).product();
        self.index -= u64::from(self.digits[axis]) * stride;
        self.index += u64::from(position) * stride;
        self.set(axis, position);
        self.settle();
    }

    /// The position on an axis.
    pub(crate) const fn position(&self, axis: usize) -> u32 {
        self.digits[axis]
    }

    /// The index of the position.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    #[inline]
    fn set(&mut self, axis: usize, digit: u32) {
        self.digits[axis] = digit;
        let definition = &self.space.axes[axis];
        for (variable, value) in definition
            .variables
            .iter()
            .zip(&definition.values[digit as usize])
        {
            self.slots[*variable as usize] = match value {
                Value::Number(number) => *number,
                Value::SameAs(_) => f64::NAN,
            };
        }
    }

    /// Moves to the next index.
    #[inline]
    pub fn advance(&mut self) {
        self.index += 1;
        for axis in (0..self.space.axes.len()).rev() {
            let next = self.digits[axis] + 1;
            let wraps = next as usize >= self.space.axes[axis].values.len();
            self.set(axis, if wraps { 0 } else { next });
            if axis < self.loose_from {
                if !wraps {
                    break;
                }
            } else {
                // Nothing else changes with it.
                for variable in &self.space.axes[axis].variables {
                    self.resolved[*variable as usize] = self.slots[*variable as usize];
                }
                if !wraps {
                    return;
                }
            }
        }
        self.settle();
    }

    /// Applies ties and constraints.
    fn settle(&mut self) {
        self.resolved = self.resolve();
        let slots = &self.resolved;
        let excluded = |constraint: &Constraint| match constraint {
            Constraint::Divides(divisor, dividend) => {
                slots[*dividend as usize] % slots[*divisor as usize] != 0.0
            }
            Constraint::Within(quantity, bound) => !bound.contains(quantity.evaluate(slots)),
        };
        self.excluded = self.space.constraints.iter().any(excluded);
    }

    fn resolve(&self) -> Slots {
        let mut slots = self.slots;
        for tie in &self.space.ties {
            let value = tie.monomial.evaluate(&slots);
            slots[tie.variable as usize] = if tie.round_to > 0.0 {
                ((value / tie.round_to).round() * tie.round_to).max(tie.round_to)
            } else {
                value
            };
        }
        for (axis, &digit) in self.space.axes.iter().zip(&self.digits) {
            for (variable, value) in axis.variables.iter().zip(&axis.values[digit as usize]) {
                if let Value::SameAs(other) = value {
                    slots[*variable as usize] = slots[*other as usize];
                }
            }
        }
        slots
    }

    /// The architecture at this position; `None` where constraints exclude it, where a tie gives no whole number, or
    /// where key-value heads do not divide the query heads.
    #[must_use]
    #[inline]
    pub fn architecture(&self) -> Option<Architecture> {
        if self.excluded {
            return None;
        }
        let slots = &self.resolved;
        let integer = |variable: Variable| positive_integer(slots[variable as usize]);
        let n_layers = integer(Variable::NLayers)?;
        let n_heads = integer(Variable::NHeads)?;
        let n_kv_heads = integer(Variable::NKvHeads)?;
        if !n_heads.is_multiple_of(n_kv_heads) {
            return None;
        }
        let head_dim = integer(Variable::HeadDim)?;
        n_heads
            .checked_mul(head_dim)
            .filter(|&width| f64::from(width) <= MAX_INTEGER)?;
        let template = &self.space.template;
        let sliding_window = match (integer(Variable::SlidingWindow), integer(Variable::NLocalLayers)) {
            (Some(size), Some(n_local_layers)) => Some(SlidingWindow {
                size,
                n_local_layers: n_local_layers.min(n_layers),
            }),
            _ => None,
        };
        Some(Architecture {
            n_layers,
            hidden_size: integer(Variable::HiddenSize)?,
            vocab_size: integer(Variable::VocabSize)?,
            tie_embeddings: template.tie_embeddings,
            attention: Attention {
                n_heads,
                kv: KvProjection::Grouped { n_kv_heads, head_dim },
                qkv_bias: template.qkv_bias,
                output_bias: false,
                qk_norm: template.qk_norm,
                sinks: false,
                sliding_window,
            },
            ffn: self.ffn(slots, n_layers)?,
            norms_per_layer: template.norms_per_layer,
        })
    }

    #[inline(always)]
    fn ffn(&self, slots: &Slots, n_layers: u32) -> Option<Ffn> {
        let integer = |variable: Variable| positive_integer(slots[variable as usize]);
        let activation = self.space.template.activation;
        let n_experts = integer(Variable::NExperts).unwrap_or(1);
        if n_experts == 1 {
            // A mixture of one expert is a dense FFN of that size.
            let intermediate_size = integer(Variable::IntermediateSize).or(integer(Variable::ExpertSize))?;
            return Some(Ffn {
                activation,
                bias: false,
                intermediate_size,
                moe: None,
            });
        }
        let experts_per_token = integer(Variable::ExpertsPerToken)?;
        let n_dense_layers = integer(Variable::NDenseLayers).unwrap_or(0);
        if experts_per_token > n_experts || n_dense_layers >= n_layers {
            return None;
        }
        let n_shared_experts = integer(Variable::NSharedExperts).unwrap_or(0);
        let intermediate_size = if n_dense_layers > 0 {
            integer(Variable::IntermediateSize)?
        } else {
            0
        };
        Some(Ffn {
            activation,
            bias: false,
            intermediate_size,
            moe: Some(Moe {
                n_experts,
                experts_per_token,
                expert_size: integer(Variable::ExpertSize)?,
                n_shared_experts,
                shared_expert_size: if n_shared_experts > 0 {
                    integer(Variable::SharedExpertSize)?
                } else {
                    0
                },
                shared_expert_gate: false,
                n_dense_layers,
                router_bias: false,
            }),
        })
    }
}
