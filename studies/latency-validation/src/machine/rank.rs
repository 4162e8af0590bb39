//! Whether the order of predictions is the order of measurements.

use super::Held;

/// Pairs of models whose measured order is not the predicted one.
pub(super) struct Order {
    /// All pairs.
    pub(super) n_pairs: usize,
    /// For each pair out of order, by how much the one that is predicted to be slower was the faster: a share of its time.
    pub(super) out_of_order: Vec<f64>,
}

/// The pairs of models, as predicted and as measured.
pub(super) fn order(held: &[Held]) -> Order {
    let mut sorted: Vec<&Held> = held.iter().collect();
    sorted.sort_by(|a, b| a.interval.predicted_s.total_cmp(&b.interval.predicted_s));
    let pairs = sorted
        .iter()
        .enumerate()
        .flat_map(|(place, faster)| sorted[place + 1..].iter().map(move |slower| (faster, slower)));
    let gains: Vec<f64> = pairs
        .map(|(faster, slower)| faster.middle_s() / slower.middle_s() - 1.0)
        .collect();
    Order {
        n_pairs: gains.len(),
        out_of_order: gains.into_iter().filter(|gain| *gain > 0.0).collect(),
    }
}

/// Spearman's rank correlation.
pub(super) fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let ranks = |values: Vec<f64>| -> Vec<f64> {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut ranks = vec![0.0; values.len()];
        for (rank, place) in order.into_iter().enumerate() {
            ranks[place] = rank as f64;
        }
        ranks
    };
    let (a, b) = (
        ranks(pairs.iter().map(|pair| pair.0).collect()),
        ranks(pairs.iter().map(|pair| pair.1).collect()),
    );
    let n = pairs.len() as f64;
    let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

/// Rank correlations inside windows of a factor of 2 in the predicted time, each beginning at one of the predictions;
/// windows with fewer than [`LEAST`] are left out.
pub(super) fn near_correlations(held: &[Held]) -> Vec<f64> {
    const LEAST: usize = 8;
    held.iter()
        .filter_map(|first| {
            let least_s = first.interval.predicted_s;
            let near: Vec<(f64, f64)> = held
                .iter()
                .filter(|other| (least_s..2.0 * least_s).contains(&other.interval.predicted_s))
                .map(|other| (other.interval.predicted_s, other.middle_s()))
                .collect();
            (near.len() >= LEAST).then(|| spearman(&near))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Held, order, spearman};
    use rooflaw::calibration::Interval;

    #[test]
    fn ranks_correlate() {
        assert_eq!(spearman(&[(1.0, 10.0), (2.0, 20.0), (3.0, 30.0)]), 1.0);
        assert_eq!(spearman(&[(1.0, 30.0), (2.0, 20.0), (3.0, 10.0)]), -1.0);
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7.5]).statistic
        assert!(
            (spearman(&[(1.0, 5.0), (2.0, 6.0), (3.0, 7.0), (4.0, 8.0), (5.0, 7.5)]) - 0.9).abs() < 1e-12
        );
    }

    #[test]
    fn pairs_out_of_order_are_found() {
        let held = |predicted_s: f64, measured_s: f64| Held {
            model: String::new(),
            weights: String::new(),
            measured_s: vec![measured_s],
            interval: Interval {
                low_s: predicted_s,
                predicted_s,
                high_s: predicted_s,
            },
        };
        let found = order(&[held(3.0, 3.0), held(1.0, 1.0), held(2.0, 3.3)]);
        assert_eq!(found.n_pairs, 3);
        assert_eq!(found.out_of_order.len(), 1);
        assert!((found.out_of_order[0] - 0.1).abs() < 1e-12);
    }
}
