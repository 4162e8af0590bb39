//! Several workloads on one device.

use anyhow::{Result, bail};
use rooflaw::roofline::Workload;

/// A workload with how often it comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedWorkload {
    pub workload: Workload,
    pub weight: f64,
}

/// Reads `1:1024:16`, batch, tokens in, tokens out; with a weight `1:1024:16@0.7`.
pub fn weighted_workload(text: &str) -> Result<WeightedWorkload, String> {
    let wrong = || {
        format!(
            "`{text}`: expected BATCH:TOKENS_IN:TOKENS_OUT, such as 1:1024:16, with a weight as 1:1024:16@0.7"
        )
    };
    let (shape, weight) = match text.split_once('@') {
        Some((shape, weight)) => (shape, positive(weight).map_err(|_| wrong())?),
        None => (text, 1.0),
    };
    let numbers: Option<Vec<u32>> = shape.split(':').map(|part| part.trim().parse().ok()).collect();
    let Some(
        &[
            batch @ 1..=1_048_576,
            prompt_tokens @ 1..=268_435_456,
            generated_tokens @ 0..=268_435_456,
        ],
    ) = numbers.as_deref()
    else {
        return Err(wrong());
    };
    Ok(WeightedWorkload {
        workload: Workload {
            batch,
            prompt_tokens,
            generated_tokens,
        },
        weight,
    })
}

/// A positive number.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err(format!("`{text}`: expected a positive number")),
    }
}

/// A weight for each of so many devices.
pub fn weights(given: &[f64], n_devices: usize) -> Result<Vec<f64>> {
    match given.len() {
        0 => Ok(vec![1.0; n_devices]),
        n if n == n_devices => Ok(given.to_vec()),
        n => bail!("--device-weights: {n} weights of {n_devices} devices: expected one for each"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_read() {
        let found = weighted_workload("2:512:64@0.25").unwrap();
        assert_eq!(found.weight, 0.25);
        assert_eq!(
            found.workload,
            Workload {
                batch: 2,
                prompt_tokens: 512,
                generated_tokens: 64
            }
        );
        assert_eq!(weighted_workload("1:1:0").unwrap().weight, 1.0);
        for wrong in [
            "", "1:2", "1:2:3:4", "0:1:1", "1:0:1", "a:b:c", "1:2:3@", "1:2:3@-1", "1:2:3@0",
        ] {
            assert!(weighted_workload(wrong).is_err(), "{wrong}");
        }
        assert_eq!(weights(&[], 2).unwrap(), [1.0, 1.0]);
        assert!(weights(&[1.0], 2).is_err());
    }
}
