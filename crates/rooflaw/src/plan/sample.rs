//! Architectures of a space that are looked at: all of a small one, a well-spread sample of a large one.

use super::PlanError;
use crate::architecture::Architecture;
use crate::space::{Cursor, DesignSpace};
use std::collections::BTreeSet;

/// Which architectures of a space are candidates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Most architectures; a space with no more is taken whole.
    pub count: usize,
    /// Equal seeds give equal samples.
    pub seed: u32,
    /// The share of the sample, along each axis, that is drawn to its first or last value, half to either; the rest
    /// is spread evenly. Optimal runs lie there, and an even sample of five axes has hardly a corner. 0 is an even
    /// sample, right for averages over the space.
    pub ends: f64,
}

impl Sampling {
    /// 4,096 architectures drawn half to the ends: candidates for runs.
    #[must_use]
    pub const fn candidates(seed: u32) -> Sampling {
        Sampling {
            count: 4096,
            seed,
            ends: 0.5,
        }
    }

    /// 4,096 architectures spread evenly: where predictions are wanted.
    #[must_use]
    pub const fn targets(seed: u32) -> Sampling {
        Sampling {
            count: 4096,
            seed,
            ends: 0.0,
        }
    }
}

/// Combinations that are looked at one by one to see whether few enough are valid.
const MOST_LISTED: u64 = 1 << 17;

/// Points of one scrambled sequence.
const SEQUENCE: u32 = 1 << 16;

/// Sequences drawn before a sample smaller than wanted is accepted: 4 million points.
const MOST_SEQUENCES: u32 = 64;

/// The space's valid architectures with their indices, in the order of the index: all of them, or a sample by an
/// Owen-scrambled Sobol sequence over the axes (Burley 2020, "Practical Hash-based Owen Scrambling"), points that
/// constraints exclude and repeated ones passed over.
pub(super) fn architectures(
    space: &DesignSpace,
    sampling: &Sampling,
) -> Result<Vec<(u64, Architecture)>, PlanError> {
    if !(0.0..=1.0).contains(&sampling.ends) {
        return Err(PlanError::Number {
            what: "the share drawn to the ends",
            value: sampling.ends,
            expected: "a number from 0 to 1",
        });
    }
    let valid = |index: u64| {
        let architecture = Cursor::new(space, index).architecture()?;
        let admitted = architecture.validate().is_ok() && space.limits.admit(&architecture.parameters());
        admitted.then_some((index, architecture))
    };
    if space.len() <= MOST_LISTED {
        let all: Vec<_> = (0..space.len())
            .filter_map(valid)
            .take(sampling.count + 1)
            .collect();
        if all.len() <= sampling.count {
            return not_empty(all);
        }
    }
    let sizes: Vec<u64> = space.axes().iter().map(|axis| axis.n_values as u64).collect();
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    'sequences: for sequence in 0..MOST_SEQUENCES {
        let seed = sampling.seed.wrapping_add(sequence.wrapping_mul(0x9e37_79b9));
        for point in 0..SEQUENCE {
            if found.len() >= sampling.count {
                break 'sequences;
            }
            let digit = |axis: u32, size: u64| {
                let unit = f64::from(sobol_burley::sample(point, axis, seed));
                digit(unit, size, sampling.ends)
            };
            let axes = (0..).zip(&sizes);
            let index = axes.fold(0, |index, (axis, &size)| index * size + digit(axis, size));
            if seen.insert(index) {
                found.extend(valid(index));
            }
        }
        if seen.len() as u64 >= space.len() {
            break;
        }
    }
    found.sort_unstable_by_key(|(index, _)| *index);
    not_empty(found)
}

fn not_empty<T>(found: Vec<T>) -> Result<Vec<T>, PlanError> {
    if found.is_empty() {
        return Err(PlanError::NoCandidates);
    }
    Ok(found)
}

/// The value of an axis at `unit` in [0, 1): the first below `ends / 2`, the last above `1 − ends / 2`, else even.
fn digit(unit: f64, size: u64, ends: f64) -> u64 {
    let even = if ends < 1.0 {
        (unit - 0.5 * ends) / (1.0 - ends)
    } else {
        (unit - 0.5).signum()
    };
    ((even.max(0.0) * size as f64) as u64).min(size - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space;

    #[test]
    fn samples_are_valid_distinct_and_reproducible() {
        let space = space::find("default").unwrap();
        let sampling = Sampling::candidates(7);
        let sample = architectures(&space, &sampling).unwrap();
        assert_eq!(sample.len(), 4096);
        assert!(sample.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(sample, architectures(&space, &sampling).unwrap());
        assert_ne!(sample, architectures(&space, &Sampling::candidates(8)).unwrap());
        // A quarter of an axis lies at either end.
        let shallow = sample.iter().filter(|(_, found)| found.n_layers == 4).count() as f64;
        assert!((shallow / 4096.0 - 0.26).abs() < 0.03, "{shallow}");
        let even = architectures(&space, &Sampling::targets(7)).unwrap();
        let shallow = even.iter().filter(|(_, found)| found.n_layers == 4).count() as f64;
        assert!((shallow / 4096.0 - 1.0 / 29.0).abs() < 0.01, "{shallow}");
    }

    #[test]
    fn small_spaces_are_taken_whole() {
        let space = space::find("paper").unwrap();
        let all = |count| {
            let sampling = Sampling {
                count,
                ..Sampling::targets(0)
            };
            architectures(&space, &sampling).unwrap()
        };
        let valid = (0..space.len())
            .filter(|&index| Cursor::new(&space, index).architecture().is_some())
            .count();
        assert_eq!(all(100_000).len(), valid);
        assert_eq!(all(valid).len(), valid);
        assert_eq!(all(valid - 1).len(), valid - 1);
        assert_eq!(all(1).len(), 1);
    }

    #[test]
    fn digits_cover_the_axis() {
        for (unit, ends, expected) in [
            (0.0, 0.0, 0),
            (0.99, 0.0, 9),
            (0.2, 0.5, 0),
            (0.8, 0.5, 9),
            (0.5, 0.5, 5),
            (0.4, 1.0, 0),
            (0.6, 1.0, 9),
        ] {
            assert_eq!(digit(unit, 10, ends), expected, "{unit} {ends}");
        }
    }
}
