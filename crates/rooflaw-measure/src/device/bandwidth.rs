//! Memory bandwidth after STREAM (McCalpin 1995): arrays far larger than the caches, the best of several rounds.

use super::rounds::best;
use serde::Serialize;
use std::hint::black_box;

/// What some threads together reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bandwidth {
    /// Threads.
    pub threads: usize,
    /// Reading alone, bytes/s: what generating tokens does with weights.
    pub read_bytes_per_s: f64,
    /// STREAM's triad, `a = b + s · c`, bytes/s; as in STREAM three arrays are counted, and not that caches may read `a`
    /// before they write it.
    pub triad_bytes_per_s: f64,
}

/// Rounds of each kind.
const ROUNDS: usize = 20;
/// Sums kept apart, so that additions do not wait for one another.
const LANES: usize = 16;

/// The bandwidth that `threads` reach on arrays of `array_bytes` in all.
pub(super) fn bandwidth(threads: usize, array_bytes: u64) -> Bandwidth {
    let length = (array_bytes as usize / size_of::<f64>() / threads).next_multiple_of(LANES);
    let bytes = (length * threads * size_of::<f64>()) as f64;
    // Written once: memory that never was is not there.
    let array = || (0..length).map(|index| index as f64).collect::<Vec<f64>>();
    let read = best(threads, ROUNDS, array, |array| {
        black_box(sum(black_box(array)));
    });
    let arrays = || (vec![0.5; length], array(), array());
    let triad = best(threads, ROUNDS, arrays, |(a, b, c)| {
        triad(black_box(a), b, c, black_box(3.0));
    });
    Bandwidth {
        threads,
        read_bytes_per_s: bytes / read,
        triad_bytes_per_s: 3.0 * bytes / triad,
    }
}

fn sum(array: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for lanes in array.chunks_exact(LANES) {
        for (sum, value) in sums.iter_mut().zip(lanes) {
            *sum += value;
        }
    }
    sums.iter().sum()
}

fn triad(a: &mut [f64], b: &[f64], c: &[f64], scale: f64) {
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        *a = b + scale * c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loops_do_what_they_are_called() {
        let values: Vec<f64> = (0..64).map(f64::from).collect();
        assert_eq!(sum(&values), 2016.0);
        let mut a = vec![0.0; 64];
        triad(&mut a, &values, &values, 3.0);
        assert_eq!(a[63], 252.0);
    }

    #[test]
    fn every_figure_is_one() {
        let found = bandwidth(2, 1 << 16);
        assert_eq!(found.threads, 2);
        assert!(found.read_bytes_per_s.is_finite() && found.read_bytes_per_s > 0.0);
        assert!(found.triad_bytes_per_s.is_finite() && found.triad_bytes_per_s > 0.0);
    }
}
