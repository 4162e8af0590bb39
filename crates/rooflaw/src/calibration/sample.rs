//! What a runtime may achieve: draws of all coefficients together.

use super::coefficients::{Coefficient, Logs};
use super::model::{Achieved, PhaseModel};
use crate::device::Phase;

/// Independent standard normal numbers, from which a draw of a device's coefficients is made: of prefill and of decode.
///
/// Formats of one device are drawn with the same numbers: what is uncertain of the device is uncertain of all of them
/// alike.
pub type Deviates = [Logs; 2];

/// Draws what a runtime achieves.
#[derive(Clone, Debug)]
pub struct Sampler {
    achieved: Achieved,
    /// Lower triangular square roots of the covariances, of prefill and of decode.
    roots: [[Logs; Coefficient::COUNT]; 2],
}

/// A pivot below this share of the largest variance is rounding: files keep six digits.
const NOTHING: f64 = 1e-9;

/// A lower triangular matrix whose product with its transpose is `covariance` (Cholesky); a variance that the ones before
/// determine has a column of zeros.
fn root(covariance: &[Logs; Coefficient::COUNT]) -> [Logs; Coefficient::COUNT] {
    let mut root = [[0.0; Coefficient::COUNT]; Coefficient::COUNT];
    let largest = (0..Coefficient::COUNT).fold(0.0, |most: f64, place| most.max(covariance[place][place]));
    for column in 0..Coefficient::COUNT {
        let explained = |row: usize, root: &[Logs; Coefficient::COUNT]| -> f64 {
            (0..column)
                .map(|other| root[row][other] * root[column][other])
                .sum()
        };
        let pivot = covariance[column][column] - explained(column, &root);
        if pivot.is_nan() || pivot <= NOTHING * largest {
            continue;
        }
        let diagonal = pivot.sqrt();
        root[column][column] = diagonal;
        for row in column + 1..Coefficient::COUNT {
            root[row][column] = (covariance[row][column] - explained(row, &root)) / diagonal;
        }
    }
    root
}

impl PhaseModel {
    /// Standard deviation of ln of the time of one architecture about what the coefficients say of all, for intervals.
    #[must_use]
    pub fn own_deviation(&self) -> f64 {
        self.stretch * self.scatter
    }

    /// How far a draw moves ln of each coefficient.
    fn moves(&self, root: &[Logs; Coefficient::COUNT], deviates: &Logs) -> Logs {
        std::array::from_fn(|place| {
            let row = root[place].iter().zip(deviates);
            self.stretch * row.map(|(by, z)| by * z).sum::<f64>()
        })
    }
}

impl Achieved {
    /// A sampler of the coefficients.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        Sampler {
            roots: [&self.prefill, &self.decode].map(|model| root(&model.covariance)),
            achieved: self.clone(),
        }
    }
}

/// Farthest that [`Sampler::draw`] moves ln of a coefficient: a factor of two.
const FARTHEST: f64 = std::f64::consts::LN_2;

impl Sampler {
    /// How far a draw moves ln of each coefficient, of prefill and of decode. With [`Achieved::sensitivities`] that is how
    /// far it moves ln of a time, in the linear terms in which intervals hold as many measurements as they state.
    #[must_use]
    pub fn moves(&self, deviates: &Deviates) -> [Logs; 2] {
        let Achieved { prefill, decode, .. } = &self.achieved;
        [
            prefill.moves(&self.roots[0], &deviates[0]),
            decode.moves(&self.roots[1], &deviates[1]),
        ]
    }

    /// Rates under about such a draw: what a coefficient hardly touches at its most probable value says little of where
    /// it may lie, so no coefficient moves by more than a factor of two.
    #[must_use]
    pub fn draw(&self, deviates: &Deviates) -> Achieved {
        let mut drawn = self.achieved.clone();
        for (model, moves) in [&mut drawn.prefill, &mut drawn.decode]
            .into_iter()
            .zip(self.moves(deviates))
        {
            for (log, by) in model.logs.iter_mut().zip(moves) {
                *log += by.clamp(-FARTHEST, FARTHEST);
            }
        }
        drawn
    }

    /// [`PhaseModel::own_deviation`] of a phase.
    #[must_use]
    pub fn own_deviation(&self, phase: Phase) -> f64 {
        self.achieved.phase(phase).own_deviation()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::Calibration;
    use crate::device;

    #[test]
    fn the_root_squared_is_the_covariance() {
        let mut seen = 0;
        for device in device::catalogue() {
            for calibration in Calibration::embedded(device) {
                for format in &calibration.formats {
                    for model in [&format.achieved.prefill, &format.achieved.decode] {
                        let root = root(&model.covariance);
                        let largest = (0..Coefficient::COUNT)
                            .fold(0.0, |most: f64, place| most.max(model.covariance[place][place]));
                        for a in 0..Coefficient::COUNT {
                            for b in 0..Coefficient::COUNT {
                                let product: f64 =
                                    (0..Coefficient::COUNT).map(|c| root[a][c] * root[b][c]).sum();
                                let error = (product - model.covariance[a][b]).abs();
                                assert!(error <= 1e-4 * largest, "{a} {b}: {product}");
                            }
                        }
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 50);
    }

    #[test]
    fn what_is_determined_is_not_drawn() {
        let mut covariance = [[0.0; Coefficient::COUNT]; Coefficient::COUNT];
        // The second is the first; the third stands for itself.
        for (a, b, value) in [(0, 0, 4.0), (0, 1, 4.0), (1, 0, 4.0), (1, 1, 4.0), (2, 2, 9.0)] {
            covariance[a][b] = value;
        }
        let root = root(&covariance);
        assert_eq!(
            (root[0][0], root[1][0], root[1][1], root[2][2]),
            (2.0, 2.0, 0.0, 3.0)
        );
    }
}
