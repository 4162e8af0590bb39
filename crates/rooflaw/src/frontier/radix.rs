//! Sorting of integer keys: a radix sort of the bits that matter.

/// Below this many items the comparison sort is faster.
const LEAST: usize = 4096;
/// Bits per pass: 2,048 counters, which stay in the first-level cache.
const DIGIT: u32 = 11;
/// Passes; with [`DIGIT`], the 33 highest bits that differ are sorted so.
const PASSES: u32 = 3;

/// Sorts integers ascending.
///
/// Three stable counting passes order the highest 33 bits below the prefix that all share; runs that agree in those
/// are then sorted by comparison. Reals rarely agree so far, so the runs are short; where they are not, the cost is
/// that of the comparison sort plus three passes. `O(n log n)` at worst; twice to three times as fast as
/// `sort_unstable` on a million random keys.
pub(super) fn sort(keys: &mut Vec<u128>) {
    let Some((&first, rest)) = keys.split_first() else {
        return;
    };
    let differing = rest.iter().fold(0, |bits, key| bits | (key ^ first));
    if keys.len() < LEAST || keys.is_sorted() {
        keys.sort_unstable();
        return;
    }
    let width = u128::BITS - differing.leading_zeros();
    let lowest = width.saturating_sub(DIGIT * PASSES);
    let mut scratch = vec![0; keys.len()];
    for pass in 0..PASSES {
        counting_pass(keys, &mut scratch, lowest + pass * DIGIT);
        std::mem::swap(keys, &mut scratch);
    }
    // All keys agree above `width`, so what is left to order lies below `lowest`.
    for run in keys.chunk_by_mut(|a, b| a >> lowest == b >> lowest) {
        if run.len() > 1 {
            run.sort_unstable();
        }
    }
}

fn counting_pass(from: &[u128], to: &mut [u128], shift: u32) {
    let digit = |key: u128| (key >> shift) as usize % (1 << DIGIT);
    let mut places = vec![0_usize; 1 << DIGIT];
    from.iter().for_each(|&key| places[digit(key)] += 1);
    let mut total = 0;
    for place in &mut places {
        total += std::mem::replace(place, total);
    }
    for &key in from {
        let place = &mut places[digit(key)];
        to[*place] = key;
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontier::oracle::Generator;

    #[test]
    fn sorts_keys_of_any_width() {
        let mut generator = Generator(4);
        for bits in [1, 10, 33, 34, 60, 100, 127] {
            let scale = 2.0_f64.powi(bits);
            let mut keys: Vec<u128> = (0..9000).map(|_| (generator.uniform() * scale) as u128).collect();
            let mut expected = keys.clone();
            expected.sort();
            sort(&mut keys);
            assert_eq!(keys, expected, "{bits} bits");
        }
    }

    #[test]
    fn sorts_long_runs_that_differ_in_low_bits_only() {
        let mut keys: Vec<u128> = (0..8000).map(|i| ((i % 3) << 100) | (i * 7919 % 8000)).collect();
        let mut expected = keys.clone();
        expected.sort();
        sort(&mut keys);
        assert_eq!(keys, expected);
    }
}
