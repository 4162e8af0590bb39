//! The gated non-linearity of an FFN: `act(gate) · up`, forward and backward.

use super::simd::{exp, sigmoid, vectorised};
use rooflaw::architecture::Activation;

/// √(2/π) and the cubic coefficient of GELU's approximation by tanh (Hendrycks and Gimpel, arXiv 1606.08415).
const GELU: (f32, f32) = (0.797_884_6, 0.044_715);

/// tanh by exponentials; its error is absolute, 1e-7.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// The activation and its slope.
#[inline(always)]
fn gelu(x: f32) -> (f32, f32) {
    let (root, cubic) = GELU;
    let t = tanh(root * (x + cubic * x * x * x));
    let slope = 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * root * (1.0 + 3.0 * cubic * x * x);
    (0.5 * x * (1.0 + t), slope)
}

#[inline(always)]
fn silu(x: f32) -> (f32, f32) {
    let s = sigmoid(x);
    (x * s, s * (1.0 + x * (1.0 - s)))
}

/// `hidden = act(gate) · up`.
pub(super) fn gated(activation: Activation, gate: &[f32], up: &[f32], hidden: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            let pairs = gate.iter().zip(up);
            if activation == Activation::GeGlu {
                for (hidden, (gate, up)) in hidden.iter_mut().zip(pairs) {
                    *hidden = gelu(*gate).0 * up;
                }
            } else {
                for (hidden, (gate, up)) in hidden.iter_mut().zip(pairs) {
                    *hidden = silu(*gate).0 * up;
                }
            }
        },
    );
}

/// From the gradient of `hidden` those of gate and up, over them; `hidden` itself comes back in the place of its gradient.
pub(super) fn gated_back(activation: Activation, gate: &mut [f32], up: &mut [f32], d_hidden: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            let pairs = gate.iter_mut().zip(up);
            if activation == Activation::GeGlu {
                for (d_hidden, (gate, up)) in d_hidden.iter_mut().zip(pairs) {
                    back(d_hidden, gate, up, gelu(*gate));
                }
            } else {
                for (d_hidden, (gate, up)) in d_hidden.iter_mut().zip(pairs) {
                    back(d_hidden, gate, up, silu(*gate));
                }
            }
        },
    );
}

#[inline(always)]
fn back(d_hidden: &mut f32, gate: &mut f32, up: &mut f32, (value, slope): (f32, f32)) {
    let d = *d_hidden;
    *d_hidden = value * *up;
    *gate = d * *up * slope;
    *up = d * value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_differences() {
        for activation in [Activation::SwiGlu, Activation::GeGlu] {
            let gates: Vec<f32> = (-40..=40).map(|i| i as f32 / 8.0).collect();
            let ups: Vec<f32> = gates.iter().map(|gate| 0.3 * gate - 1.0).collect();
            let value = |gate: &[f32]| {
                let mut hidden = vec![0.0; gates.len()];
                gated(activation, gate, &ups, &mut hidden);
                hidden
            };
            let (mut d_gate, mut d_up, mut d_hidden) = (gates.clone(), ups.clone(), vec![1.0; gates.len()]);
            gated_back(activation, &mut d_gate, &mut d_up, &mut d_hidden);
            assert_eq!(d_hidden, value(&gates));
            let step = 1.0 / 128.0;
            let moved = |by: f32| value(&gates.iter().map(|gate| gate + by).collect::<Vec<_>>());
            for (index, (more, less)) in moved(step).iter().zip(moved(-step)).enumerate() {
                let slope = (more - less) / (2.0 * step);
                assert!((slope - d_gate[index]).abs() < 2e-4, "{slope} {}", d_gate[index]);
            }
            for (index, d_up) in d_up.iter().enumerate() {
                assert!((d_up * ups[index] - d_hidden[index]).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn activations_have_the_values_of_pytorch() {
        // torch.nn.functional.silu and gelu(approximate="tanh") at 1.5 and -0.7.
        for (x, silu_of, gelu_of) in [
            (1.5, 1.226_361_6, 1.399_571_5),
            (-0.7, -0.232_268_56, -0.169_429_85),
        ] {
            assert!((silu(x).0 - silu_of).abs() < 1e-6, "{}", silu(x).0);
            assert!((gelu(x).0 - gelu_of).abs() < 1e-6, "{}", gelu(x).0);
        }
    }
}
