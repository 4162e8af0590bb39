//! What no device is believed to do before it was seen to: multiply faster than its peak.

use super::coefficients::{Coefficient, Logs};

/// A rate above the peak of the data sheet is not believed of a format that was not measured on the device: the most
/// probable logarithms of which that of [`Coefficient::Compute`] is at least `least`, of a normal distribution.
pub(super) fn keep_to_peak(logs: &mut Logs, covariance: &[Logs; Coefficient::COUNT], least: f64) {
    let compute = Coefficient::Compute as usize;
    let (lacks, variance) = (least - logs[compute], covariance[compute][compute]);
    if lacks > 0.0 && variance > 0.0 {
        for (log, with_compute) in logs.iter_mut().zip(&covariance[compute]) {
            *log += lacks * with_compute / variance;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Population, Question, Runtime};
    use super::*;
    use crate::device;
    use crate::format::{Formats, WeightFormat};
    use crate::operators::{Assumptions, ComputeUnit};
    use crate::roofline::Roofline;

    #[test]
    fn what_goes_with_the_rate_moves_with_it() {
        let (compute, launch) = (Coefficient::Compute as usize, Coefficient::Launch as usize);
        let mut covariance = [Logs::default(); Coefficient::COUNT];
        covariance[compute][compute] = 0.04;
        covariance[compute][launch] = -0.02;
        covariance[launch][compute] = -0.02;
        let mut logs = Logs::default();
        logs[compute] = -0.3;
        keep_to_peak(&mut logs, &covariance, 0.0);
        assert!(logs[compute].abs() < 1e-15);
        assert!((logs[launch] + 0.15).abs() < 1e-15);
        // What is below the peak stays.
        let slow = [0.5; Coefficient::COUNT];
        let mut logs = slow;
        keep_to_peak(&mut logs, &covariance, 0.0);
        keep_to_peak(&mut logs, &covariance, f64::NEG_INFINITY);
        assert_eq!(logs, slow);
    }

    /// TensorRT-LLM was measured at the peak of one board, and nearly everything else that it runs is 16-bit.
    #[test]
    fn a_rate_above_the_peak_is_not_believed_without_a_measurement() {
        for id in ["jetson-agx-orin-64gb", "h100-sxm-80gb", "geforce-rtx-4080"] {
            let device = device::find(id).unwrap();
            for weights in [WeightFormat::Bf16, WeightFormat::W8A8] {
                let runtime = Runtime::usual(device, weights);
                let question = Question { runtime, weights };
                let achieved = Population::embedded().answer(device, &[], &[question]).remove(0);
                let formats = Formats::of_weights(weights);
                let bare = Roofline::new(device, &formats, &Assumptions::default());
                let achieved = achieved.roofline(device, &formats, &Assumptions::default());
                let (reached, peak) = (achieved.peak(ComputeUnit::Matrix), bare.peak(ComputeUnit::Matrix));
                assert!(
                    reached <= peak * (1.0 + 1e-12),
                    "{id} {weights}: {reached} of {peak}"
                );
            }
        }
    }
}
