//! The seeded generator behind starts and resamples.

/// SplitMix64 (Steele, Lea & Flood 2014): the same bits on every machine, and any seed is a good one.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// An independent stream: one for each start or resample, so that their number and order do not matter.
    pub(super) fn stream(seed: u64, index: usize) -> Random {
        let mut random = Random(seed ^ (index as u64).wrapping_mul(0xd1b5_4a32_d192_ed03));
        random.next();
        random
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[low, high)`.
    pub(super) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        low + unit * (high - low)
    }

    /// Uniform below `n`; 0 for `n = 0`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        // The upper half of the product: biased by less than n / 2^64.
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}
