//! The constants of the co-design law, taken from the law's data.

use super::objective::monomial;
use crate::law::{Formula, LossLaw};
use serde::Serialize;

/// `L = κ_l/l^α_l + κ_ρ·ρ^α_ρ/(r^α_r·d^β1) + κ_d/(r^α_r·d^β2) + κ_m/d_m^α_m + L∞`, named as in arXiv 2602.10377.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the paper's names")]
pub struct CoDesign {
    pub kappa_l: f64,
    pub alpha_l: f64,
    pub kappa_rho: f64,
    pub alpha_rho: f64,
    pub alpha_r: f64,
    pub beta1: f64,
    pub kappa_d: f64,
    pub beta2: f64,
    pub kappa_m: f64,
    pub alpha_m: f64,
}

/// A law of another form than the co-design law's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the closed forms are the co-design law's; the law `{law}` has other terms than depth, sparsity, width and KV cache"
)]
pub struct NotCoDesign {
    /// The law's id.
    pub law: String,
}

impl CoDesign {
    /// The constants of a law of this form, in whatever order its terms are.
    ///
    /// # Errors
    /// [`NotCoDesign`].
    pub fn of(law: &LossLaw) -> Result<CoDesign, NotCoDesign> {
        CoDesign::read(law).ok_or_else(|| NotCoDesign { law: law.id.clone() })
    }

    fn read(law: &LossLaw) -> Option<CoDesign> {
        let Formula::AdditivePower { terms, .. } = &law.form else {
            return None;
        };
        let (mut depth, mut sparsity, mut width, mut cache) = (None, None, None, None);
        for term in terms {
            let found = monomial(term, law).ok()?;
            let [l, d, r, rho, gqa] = found.exponents;
            if found.exponents == [0.0; 5] {
                // Of the tokens alone.
                continue;
            }
            let (slot, fits) = if l != 0.0 {
                (&mut depth, d == 0.0 && r == 0.0 && rho == 0.0 && gqa == 0.0)
            } else if rho != 0.0 {
                (&mut sparsity, gqa == 0.0)
            } else if gqa != 0.0 {
                (&mut cache, r == 0.0 && d == -gqa)
            } else {
                (&mut width, r != 0.0)
            };
            if !fits || slot.replace(found).is_some() {
                return None;
            }
        }
        let (depth, sparsity, width, cache) = (depth?, sparsity?, width?, cache?);
        let [_, d_of_sparsity, r_of_sparsity, alpha_rho, _] = sparsity.exponents;
        let [_, d_of_width, r_of_width, ..] = width.exponents;
        (r_of_sparsity == r_of_width).then_some(CoDesign {
            kappa_l: depth.coefficient,
            alpha_l: -depth.exponents[0],
            kappa_rho: sparsity.coefficient,
            alpha_rho,
            alpha_r: -r_of_width,
            beta1: -d_of_sparsity,
            kappa_d: width.coefficient,
            beta2: -d_of_width,
            kappa_m: cache.coefficient,
            alpha_m: cache.exponents[4],
        })
    }

    /// `D = κ_ρ·ρ^α_ρ·d^(β2−β1) + κ_d`.
    #[must_use]
    pub fn width_factor(&self, hidden_size: f64, activation_rate: f64) -> f64 {
        self.kappa_rho * activation_rate.powf(self.alpha_rho) * hidden_size.powf(self.beta2 - self.beta1)
            + self.kappa_d
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law;

    #[test]
    fn the_constants_are_the_papers() {
        let law = CoDesign::of(&law::find("co-design").unwrap()).unwrap();
        let expected = CoDesign {
            kappa_l: 9.96,
            alpha_l: 1.63,
            kappa_rho: 0.031,
            alpha_rho: 1.09,
            alpha_r: 0.17,
            beta1: -0.33,
            kappa_d: 500.0,
            beta2: 0.97,
            kappa_m: 0.20,
            alpha_m: 0.05,
        };
        assert_eq!(law, expected);
        let other = CoDesign::of(&law::find("width-depth").unwrap());
        assert!(other.unwrap_err().to_string().contains("width-depth"));
    }
}
