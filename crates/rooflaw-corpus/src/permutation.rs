//! A shuffled order that needs no memory: a Feistel network walked along its cycles.
//!
//! A balanced Feistel network permutes numbers of an even count of bits whatever its round function is (Luby and Rackoff,
//! SIAM J. Comput. 17(2), 1988); applying it again until the number is below `n` permutes the numbers below `n`
//! (cycle walking: Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).

/// Rounds. Four would do against an adversary who only asks forward; it is to be well mixed with few bits, too.
const ROUNDS: usize = 8;

/// Fewest bits of a half: of fewer there are too few round functions to reach every order.
const MIN_HALF_BITS: u32 = 4;

/// A permutation of the numbers below `n`.
#[derive(Clone, Debug)]
pub(crate) struct Permutation {
    n: u64,
    half_bits: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The permutation of one epoch, of a seed.
    pub(crate) fn new(n: u64, seed: u64, epoch: u64) -> Permutation {
        let bits = 64 - n.saturating_sub(1).leading_zeros();
        let mut state = mixed(seed).wrapping_add(mixed(!epoch));
        let keys = std::array::from_fn(|_| {
            state = state.wrapping_add(GOLDEN);
            mixed(state)
        });
        Permutation {
            n,
            half_bits: bits.div_ceil(2).max(MIN_HALF_BITS),
            keys,
        }
    }

    /// Where `index`, which is below `n`, goes.
    pub(crate) fn of(&self, index: u64) -> u64 {
        let mut value = self.once(index);
        while value >= self.n {
            value = self.once(value);
        }
        value
    }

    fn once(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mixed(right ^ key) & mask));
        }
        (left << self.half_bits) | right
    }
}

/// 2^64 over the golden ratio: what SplitMix64 steps by.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014; constants of Stafford's variant 13).
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn image(n: u64, seed: u64, epoch: u64) -> Vec<u64> {
        let permutation = Permutation::new(n, seed, epoch);
        (0..n).map(|index| permutation.of(index)).collect()
    }

    /// The output function of SplitMix64 against the generator's first values for seed 0, as published with it.
    #[test]
    fn mixes_as_splitmix64() {
        assert_eq!(mixed(GOLDEN), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mixed(GOLDEN.wrapping_mul(2)), 0x6e78_9e6a_a1b9_65f4);
    }

    proptest! {
        #[test]
        fn is_a_bijection(n in 1_u64..3000, seed: u64, epoch: u64) {
            let mut image = image(n, seed, epoch);
            image.sort_unstable();
            prop_assert!(image.into_iter().eq(0..n));
        }

        #[test]
        fn large_domains_stay_inside(n in 1_u64 << 40..1 << 62, seed: u64, index: u64) {
            let permutation = Permutation::new(n, seed, 0);
            prop_assert!(permutation.of(index % n) < n);
        }
    }

    /// Over many seeds, an index goes to every place equally often: χ² of each index within the range that chance alone
    /// leaves in all but 1e-5 of cases.
    #[test]
    fn every_place_is_equally_likely() {
        for n in [2_u64, 3, 5, 16, 17] {
            let draws = 20_000_u64;
            let mut counts = vec![0_u32; (n * n) as usize];
            for seed in 0..draws {
                for (index, place) in image(n, seed, 3).into_iter().enumerate() {
                    counts[index * n as usize + place as usize] += 1;
                }
            }
            let expected = draws as f64 / n as f64;
            for row in counts.chunks(n as usize) {
                let chi2: f64 = row
                    .iter()
                    .map(|&count| (f64::from(count) - expected).powi(2) / expected)
                    .sum();
                let freedom = (n - 1) as f64;
                // Wilson and Hilferty's approximation of the quantile 1 - 1e-5.
                let cut =
                    freedom * (1.0 - 2.0 / (9.0 * freedom) + 4.265 * (2.0 / (9.0 * freedom)).sqrt()).powi(3);
                assert!(chi2 < cut.max(19.6), "n = {n}: χ² = {chi2}");
            }
        }
    }

    /// All orders of three come up equally often, from seeds and from epochs alike.
    #[test]
    fn every_order_is_equally_likely() {
        for by_epoch in [false, true] {
            let mut counts = [0_u32; 27];
            for draw in 0..6000 {
                let order = if by_epoch {
                    image(3, 7, draw)
                } else {
                    image(3, draw, 0)
                };
                counts[(order[0] * 9 + order[1] * 3 + order[2]) as usize] += 1;
            }
            let orders: Vec<u32> = counts.into_iter().filter(|&count| count > 0).collect();
            assert_eq!(orders.len(), 6);
            // 1000 expected, standard deviation 29.
            assert!(
                orders.iter().all(|&count| (870..1130).contains(&count)),
                "{orders:?}"
            );
        }
    }

    /// Neighbours do not stay neighbours, and places do not follow the index: a random order has one neighbour in each
    /// direction and one fixed point on average, and a rank correlation of standard deviation 1/√n.
    #[test]
    fn neighbours_part() {
        let n = 100_000;
        for seed in 0..20 {
            let order = image(n, seed, 0);
            let neighbours = order
                .windows(2)
                .filter(|pair| pair[0].abs_diff(pair[1]) == 1)
                .count();
            let fixed = order
                .iter()
                .zip(0..)
                .filter(|(place, index)| **place == *index)
                .count();
            assert!(neighbours <= 12 && fixed <= 9, "{neighbours} {fixed}");
            let centre = (n - 1) as f64 / 2.0;
            let products = order
                .iter()
                .zip(0_u64..)
                .map(|(&place, index)| (place as f64 - centre) * (index as f64 - centre));
            let correlation = products.sum::<f64>() / ((n * n - 1) as f64 / 12.0 * n as f64);
            assert!(correlation.abs() < 4.5 / (n as f64).sqrt(), "{correlation}");
        }
    }

    /// Nobody's runs may change their order with a new version. The numbers are those of a second implementation, in Python.
    #[test]
    fn the_order_is_fixed_for_good() {
        assert_eq!(image(10, 42, 0), PINNED_0);
        assert_eq!(image(10, 42, 1), PINNED_1);
    }

    const PINNED_0: [u64; 10] = [3, 1, 8, 9, 7, 4, 2, 6, 0, 5];
    const PINNED_1: [u64; 10] = [1, 2, 0, 8, 4, 7, 3, 6, 9, 5];
}
