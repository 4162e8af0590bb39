//! From a shape of real numbers to architectures that can be built: whole layers, heads, experts and widths.

use super::{Bounds, Shape};
use crate::architecture::{Architecture, KvProjection, Moe};
use crate::law::{Feature, LossLaw};
use crate::space::{Cursor, DesignSpace};

/// The architectures that shapes are rounded to: of one kind, multiples of these, within bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Lattice {
    /// Whatever the shape does not say: vocabulary, norms, activation.
    pub template: Architecture,
    /// Hidden sizes are multiples of this.
    pub hidden_step: u32,
    /// Widths of a head.
    pub head_dims: Vec<u32>,
    /// Experts, and how many of them a token uses; `(1, 1)` is dense.
    pub experts: Vec<(u32, u32)>,
    /// Widths of experts and of dense FFNs are multiples of this.
    pub width_step: u32,
    /// The bounds.
    pub bounds: Bounds,
}

/// How many architectures of a space are looked at for its bounds.
const SAMPLE: u64 = 200_000;

/// The architectures of a space, or evenly spread ones of a large space.
fn sampled(space: &DesignSpace) -> impl Iterator<Item = Architecture> {
    let size = space.len();
    // An odd stride near the golden ratio visits every axis's values.
    let stride = ((size as f64 * 0.618_033_988_749_895) as u64) | 1;
    (0..size.min(SAMPLE)).filter_map(move |number| {
        let index = if size <= SAMPLE {
            number
        } else {
            (u128::from(number) * u128::from(stride) % u128::from(size)) as u64
        };
        Cursor::new(space, index).architecture()
    })
}

impl Lattice {
    /// The lattice that a space lies in: the least and largest of each variable, its head widths and experts. `None` for
    /// a space without grouped-query attention whose heads are together as wide as the model.
    #[must_use]
    pub fn of_space(space: &DesignSpace) -> Option<Lattice> {
        let mut found: Option<Lattice> = None;
        for architecture in sampled(space) {
            let Some(shape) = Shape::of(&architecture) else {
                continue;
            };
            let lattice = found.get_or_insert_with(|| Lattice {
                template: architecture,
                hidden_step: 64,
                head_dims: Vec::new(),
                experts: Vec::new(),
                width_step: 8,
                bounds: Bounds {
                    min: shape,
                    max: shape,
                },
            });
            let (min, max) = (lattice.bounds.min.values(), lattice.bounds.max.values());
            let values = shape.values();
            lattice.bounds = Bounds {
                min: Shape::from_values(std::array::from_fn(|i| min[i].min(values[i]))),
                max: Shape::from_values(std::array::from_fn(|i| max[i].max(values[i]))),
            };
            if let KvProjection::Grouped { head_dim, .. } = architecture.attention.kv
                && !lattice.head_dims.contains(&head_dim)
            {
                lattice.head_dims.push(head_dim);
            }
            let experts = architecture
                .ffn
                .moe
                .map_or((1, 1), |moe| (moe.n_experts, moe.experts_per_token));
            if !lattice.experts.contains(&experts) {
                lattice.experts.push(experts);
            }
        }
        let mut lattice = found?;
        lattice.head_dims.sort_unstable();
        lattice.experts.sort_unstable();
        lattice.template.attention.sliding_window = None;
        Some(lattice)
    }

    /// The architecture of these numbers.
    #[must_use]
    pub fn build(&self, numbers: &Numbers) -> Architecture {
        let mut architecture = self.template;
        architecture.n_layers = numbers.n_layers;
        architecture.hidden_size = numbers.hidden_size;
        architecture.attention.n_heads = numbers.hidden_size / numbers.head_dim;
        architecture.attention.kv = KvProjection::Grouped {
            n_kv_heads: numbers.n_kv_heads,
            head_dim: numbers.head_dim,
        };
        let (n_experts, experts_per_token) = numbers.experts;
        if n_experts == 1 {
            architecture.ffn.intermediate_size = numbers.expert_size;
            architecture.ffn.moe = None;
        } else {
            architecture.ffn.intermediate_size = numbers.expert_size * experts_per_token;
            architecture.ffn.moe = Some(Moe {
                n_experts,
                experts_per_token,
                expert_size: numbers.expert_size,
                n_shared_experts: 0,
                shared_expert_size: 0,
                shared_expert_gate: false,
                n_dense_layers: 0,
                router_bias: false,
            });
        }
        architecture
    }

    /// The nearest architecture, budgets aside.
    #[must_use]
    pub fn nearest(&self, shape: &Shape) -> Option<Architecture> {
        let distance = |a: f64, b: f64| (a / b).ln().abs();
        let nearest = |to: f64, values: &mut dyn Iterator<Item = u32>| {
            values.min_by(|&a, &b| distance(f64::from(a), to).total_cmp(&distance(f64::from(b), to)))
        };
        let steps = (shape.hidden_size / f64::from(self.hidden_step)).round().max(1.0);
        let hidden_size = steps as u32 * self.hidden_step;
        let mut head_dims = self.head_dims.iter().copied();
        let head_dim = head_dims.find(|head_dim| hidden_size.is_multiple_of(*head_dim))?;
        let n_heads = hidden_size / head_dim;
        let wanted = f64::from(n_heads) / shape.gqa;
        let n_kv_heads = nearest(wanted, &mut (1..=n_heads).filter(|n| n_heads.is_multiple_of(*n)))?;
        let rate = |&(n_experts, used): &(u32, u32)| f64::from(used) / f64::from(n_experts);
        let rate_distance = |experts: &(u32, u32)| distance(rate(experts), shape.activation_rate);
        let experts = self.experts.iter().copied();
        let experts = experts.min_by(|a, b| rate_distance(a).total_cmp(&rate_distance(b)))?;
        let width = shape.ffn_ratio * f64::from(hidden_size) / f64::from(experts.1);
        Some(self.build(&Numbers {
            n_layers: (shape.n_layers.round() as u32).max(1),
            hidden_size,
            head_dim,
            n_kv_heads,
            experts,
            expert_size: ((width / f64::from(self.width_step)).round() as u32).max(1) * self.width_step,
        }))
    }

    /// Whether an architecture's shape is within the bounds.
    #[must_use]
    pub fn contains(&self, architecture: &Architecture) -> bool {
        Shape::of(architecture).is_some_and(|shape| self.bounds.contain(&shape))
    }

    /// The architecture of the lowest loss near a shape, among those that `admits` lets pass; `None` where there is none
    /// even far from it. Whatever admits an architecture has to admit it with a narrower FFN of as whole blocks, too, and the loss
    /// must not rise with the FFN's width.
    #[must_use]
    pub fn best_near(
        &self,
        shape: &Shape,
        law: &LossLaw,
        admits: impl Fn(&Architecture) -> bool,
    ) -> Option<Architecture> {
        [1.3, 2.0, 8.0]
            .into_iter()
            .find_map(|reach| self.best_within(shape, reach, law, &admits))
    }

    /// The best of those whose every number but the FFN's width is nearer to the shape's than a factor.
    fn best_within(
        &self,
        shape: &Shape,
        reach: f64,
        law: &LossLaw,
        admits: &impl Fn(&Architecture) -> bool,
    ) -> Option<Architecture> {
        let mut best: Option<(f64, Architecture)> = None;
        let sees_width = law.uses(Feature::FfnRatio);
        self.visit_near(shape, reach, &mut |numbers| {
            let width = if sees_width {
                self.widest(&numbers, admits)
            } else {
                self.narrowest(&numbers, admits)
            };
            let Some(width) = width else {
                return;
            };
            let found = self.build(&Numbers {
                expert_size: width,
                ..numbers
            });
            let loss = law.loss(&found);
            if loss.is_finite() && best.is_none_or(|(least, _)| loss < least) {
                best = Some((loss, found));
            }
        });
        best.map(|(_, architecture)| architecture)
    }

    /// Every combination of numbers near a shape, the FFN's width left open.
    fn visit_near(&self, shape: &Shape, reach: f64, visit: &mut dyn FnMut(Numbers)) {
        let (min, max) = (&self.bounds.min, &self.bounds.max);
        let step = self.hidden_step;
        let widths = (1..=(max.hidden_size / f64::from(step)) as u32).map(|n| n * step);
        let is_near = |d: &u32| {
            let bounds = (min.hidden_size, max.hidden_size);
            near(f64::from(*d), shape.hidden_size, reach, bounds)
        };
        for hidden_size in widths.filter(is_near) {
            // A layer more or less is near whatever the factor.
            let least = (shape.n_layers / reach)
                .min(shape.n_layers - 2.0)
                .max(min.n_layers)
                .ceil();
            let most = (shape.n_layers * reach)
                .max(shape.n_layers + 2.0)
                .min(max.n_layers)
                .floor();
            for &head_dim in self
                .head_dims
                .iter()
                .filter(|dim| hidden_size.is_multiple_of(**dim))
            {
                let n_heads = hidden_size / head_dim;
                // Divisors are far apart, and so are activation rates: a factor of two more of either.
                let gqa_is_near = |n: &u32| {
                    let gqa = f64::from(n_heads) / f64::from(*n);
                    n_heads.is_multiple_of(*n) && near(gqa, shape.gqa, 2.0 * reach, (min.gqa, max.gqa))
                };
                for n_kv_heads in (1..=n_heads).filter(gqa_is_near) {
                    for &experts in &self.experts {
                        let rate = f64::from(experts.1) / f64::from(experts.0);
                        let rates = (min.activation_rate, max.activation_rate);
                        if !near(rate, shape.activation_rate, 2.0 * reach, rates) {
                            continue;
                        }
                        let mut n_layers = least;
                        while n_layers <= most {
                            visit(Numbers {
                                n_layers: n_layers as u32,
                                hidden_size,
                                head_dim,
                                n_kv_heads,
                                experts,
                                expert_size: 0,
                            });
                            n_layers += 1.0;
                        }
                    }
                }
            }
        }
    }

    /// FFN widths within the bounds, in multiples of a step.
    fn multiples(&self, numbers: &Numbers, step: u32) -> (u32, u32) {
        let per_ratio = f64::from(numbers.hidden_size) / f64::from(numbers.experts.1 * step);
        let (min, max) = (self.bounds.min.ffn_ratio, self.bounds.max.ffn_ratio);
        (
            ((min * per_ratio).ceil() as u32).max(1),
            (max * per_ratio).floor() as u32,
        )
    }

    /// Whether an FFN of a width is admitted.
    fn is_admitted(&self, numbers: &Numbers, width: u32, admits: &impl Fn(&Architecture) -> bool) -> bool {
        admits(&self.build(&Numbers {
            expert_size: width,
            ..*numbers
        }))
    }

    /// The narrowest FFN, if it is admitted: for a law to which its width is nothing.
    fn narrowest(&self, numbers: &Numbers, admits: &impl Fn(&Architecture) -> bool) -> Option<u32> {
        let (least, most) = self.multiples(numbers, self.width_step);
        let width = least * self.width_step;
        (least <= most && self.is_admitted(numbers, width, admits)).then_some(width)
    }

    /// The widest FFN that is admitted. Formats in blocks take less for whole blocks than for a little less than them:
    /// widths of whole blocks are looked at apart.
    fn widest(&self, numbers: &Numbers, admits: &impl Fn(&Architecture) -> bool) -> Option<u32> {
        let of_step = |step: u32| self.widest_multiple(numbers, step, admits);
        of_step(self.width_step).max(of_step(BLOCK))
    }

    /// The widest FFN that is admitted of those a multiple of a step wide, by bisection.
    fn widest_multiple(
        &self,
        numbers: &Numbers,
        step: u32,
        admits: &impl Fn(&Architecture) -> bool,
    ) -> Option<u32> {
        let (mut admitted, most) = self.multiples(numbers, step);
        if admitted > most || !self.is_admitted(numbers, admitted * step, admits) {
            return None;
        }
        let mut refused = most + 1;
        while refused - admitted > 1 {
            let middle = admitted.midpoint(refused);
            if self.is_admitted(numbers, middle * step, admits) {
                admitted = middle;
            } else {
                refused = middle;
            }
        }
        Some(admitted * step)
    }
}

/// Weights of a block of llama.cpp's K-quants.
const BLOCK: u32 = 256;

/// Within bounds, and within a factor of something.
fn near(value: f64, to: f64, factor: f64, (least, most): (f64, f64)) -> bool {
    value >= least * (1.0 - 1e-9) && value <= most * (1.0 + 1e-9) && (value / to).ln().abs() <= factor.ln()
}

/// The numbers that an architecture of a lattice is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Layers.
    pub n_layers: u32,
    /// Hidden size.
    pub hidden_size: u32,
    /// Width of a head.
    pub head_dim: u32,
    /// Key-value heads.
    pub n_kv_heads: u32,
    /// Experts, and how many of them a token uses.
    pub experts: (u32, u32),
    /// Width of an expert, or of the dense FFN.
    pub expert_size: u32,
}
