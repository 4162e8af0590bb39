//! What must not be trained on.

use crate::digest;
use std::collections::HashSet;

/// Documents that are evaluated on, known by their hashes: 16 bytes for each, which is all that grows with a corpus, and
/// with its held-out part only.
pub(super) struct HeldOutDocuments {
    validation: HashSet<u128>,
    excluded: HashSet<u128>,
    /// Hashes below it are held out.
    bound: u128,
}

/// Where a document that was given to train on goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Train,
    Validation,
    CopyOfValidation,
    CopyOfExcluded,
}

impl HeldOutDocuments {
    /// Holds out a share of the documents to train on, 0 to below 1, besides those it is told of.
    pub(super) fn new(share: f64) -> HeldOutDocuments {
        HeldOutDocuments {
            validation: HashSet::new(),
            excluded: HashSet::new(),
            bound: (share * 2_f64.powi(128)) as u128,
        }
    }

    pub(super) fn exclude(&mut self, text: &str) {
        self.excluded.insert(digest::document(text));
    }

    pub(super) fn hold_out(&mut self, text: &str) {
        self.validation.insert(digest::document(text));
    }

    pub(super) fn judge(&self, text: &str) -> Verdict {
        let hash = digest::document(text);
        if self.excluded.contains(&hash) {
            Verdict::CopyOfExcluded
        } else if self.validation.contains(&hash) {
            Verdict::CopyOfValidation
        } else if hash < self.bound {
            Verdict::Validation
        } else {
            Verdict::Train
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_held_out_and_copies_go_together() {
        let held_out = HeldOutDocuments::new(0.1);
        let taken =
            (0..20_000).filter(|index| held_out.judge(&format!("document {index}")) == Verdict::Validation);
        // 2000 expected, standard deviation 42.
        let taken = taken.count();
        assert!((1800..2200).contains(&taken), "{taken}");
        for index in 0..100 {
            let verdict = held_out.judge(&format!("document {index}"));
            assert_eq!(held_out.judge(&format!("  document\n{index} ")), verdict);
        }
        let nothing = HeldOutDocuments::new(0.0);
        assert!((0..1000).all(|index| nothing.judge(&format!("{index}")) == Verdict::Train));
    }
}
