//! Which of two architectures is faster on a device: what is uncertain of both alike does not count.

use super::coefficients::{Coefficient, Logs};
use super::model::{Achieved, PhaseModel, normal_below, typical_steps};
use crate::architecture::Architecture;
use crate::device::Device;
use crate::roofline::{Roofline, Workload};
use crate::search::Objective;

/// What ln of a latency depends on, phase by phase.
struct Dependence {
    seconds: f64,
    /// The phases' shares of the latency, prefill first.
    shares: [f64; 2],
    gradients: [Logs; 2],
}

impl Achieved {
    /// How ln of the prefill's time, and of the generation's, depend on ln of each coefficient: what
    /// [`Achieved::intervals`] has its widths from.
    #[must_use]
    pub fn sensitivities(
        &self,
        device: &Device,
        roofline: &Roofline,
        architecture: &Architecture,
        workload: &Workload,
    ) -> [Logs; 2] {
        typical_steps(workload).map(|step| self.timing(device, roofline, architecture, &step).1.gradient)
    }

    fn dependence(
        &self,
        device: &Device,
        roofline: &Roofline,
        architecture: &Architecture,
        workload: &Workload,
        objective: Objective,
    ) -> Dependence {
        let gradients = self.sensitivities(device, roofline, architecture, workload);
        let (ttft_s, generation_s) = match objective {
            Objective::Prefill => (roofline.ttft(architecture, workload), 0.0),
            Objective::Decode => (0.0, roofline.generation(architecture, workload)),
            Objective::Total => (
                roofline.ttft(architecture, workload),
                roofline.generation(architecture, workload),
            ),
        };
        let seconds = ttft_s + generation_s;
        Dependence {
            seconds,
            shares: [ttft_s, generation_s].map(|part| part / seconds.max(f64::MIN_POSITIVE)),
            gradients,
        }
    }

    /// The probability that one architecture's latency is at most another's. Both have the same coefficients, whose
    /// errors cancel as far as they move both latencies alike; the scatter of each is its own.
    #[must_use]
    pub fn probability_faster(
        &self,
        device: &Device,
        roofline: &Roofline,
        workload: &Workload,
        objective: Objective,
        [one, other]: [&Architecture; 2],
    ) -> f64 {
        let [one, other] = [one, other].map(|of| self.dependence(device, roofline, of, workload, objective));
        let variance: f64 = [&self.prefill, &self.decode]
            .into_iter()
            .enumerate()
            .map(|(phase, model)| {
                let shares = (one.shares[phase], other.shares[phase]);
                let difference: Logs = std::array::from_fn(|place| {
                    shares.0 * one.gradients[phase][place] - shares.1 * other.gradients[phase][place]
                });
                let scatter = model.scatter.powi(2) * (shares.0.powi(2) + shares.1.powi(2));
                model.stretch.powi(2) * (variance(model, &difference) + scatter)
            })
            .sum();
        normal_below((other.seconds / one.seconds).ln(), variance.sqrt())
    }
}

/// The variance of a sum of the coefficients' logarithms.
fn variance(model: &PhaseModel, by: &Logs) -> f64 {
    let row = |place: usize| -> f64 {
        (0..Coefficient::COUNT)
            .map(|other| model.covariance[place][other] * by[other])
            .sum()
    };
    (0..Coefficient::COUNT)
        .map(|place| by[place] * row(place))
        .sum::<f64>()
        .max(0.0)
}
