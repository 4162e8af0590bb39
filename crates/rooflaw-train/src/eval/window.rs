//! A window that slides over tokens.

use super::EvalError;
use serde::Serialize;

/// Windows of one length, each some tokens on from the last. Every token is scored once, in the first window that has it: with as much
/// context as that window holds, which is at least `length - stride` tokens from the second window on. This is the procedure of
/// `transformers`' documentation ("Perplexity of fixed-length models"), whose `max_length` and `stride` these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Windows {
    /// Positions of a window.
    pub length: usize,
    /// Positions from one window to the next.
    pub stride: usize,
}

/// A window over targets `start..end`, of which those from `first` on are scored. The input of target `i` is token `i - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub start: u64,
    pub first: u64,
    pub end: u64,
}

impl Windows {
    /// Windows of `length` positions, `stride` from one to the next.
    ///
    /// # Errors
    /// No positions, or a stride that leaves tokens out.
    pub fn new(length: usize, stride: usize) -> Result<Windows, EvalError> {
        if length == 0 || stride == 0 || stride > length {
            return Err(EvalError::Window { length, stride });
        }
        Ok(Windows { length, stride })
    }

    /// Windows next to each other: how a model is trained.
    ///
    /// # Errors
    /// No positions.
    pub fn side_by_side(length: usize) -> Result<Windows, EvalError> {
        Windows::new(length, length)
    }

    /// The windows over `n` targets.
    pub(super) fn over(self, n: u64) -> impl Iterator<Item = Window> {
        let (length, stride) = (self.length as u64, self.stride as u64);
        // One that reaches the end is the last.
        let count = if n == 0 {
            0
        } else {
            1 + n.saturating_sub(length).div_ceil(stride)
        };
        (0..count).map(move |index| {
            let start = index * stride;
            Window {
                start,
                first: if index == 0 { 0 } else { start + length - stride },
                end: (start + length).min(n),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_scored_once_with_context() {
        for length in 1..9_usize {
            for stride in 1..=length {
                for n in 0..40 {
                    let windows: Vec<Window> = Windows::new(length, stride).unwrap().over(n).collect();
                    let scored: Vec<u64> = windows
                        .iter()
                        .flat_map(|window| window.first..window.end)
                        .collect();
                    assert!(
                        scored.iter().copied().eq(0..n),
                        "{length} {stride} {n}: {windows:?}"
                    );
                    for window in &windows {
                        assert!(window.end - window.start <= length as u64 && window.first < window.end);
                        assert!(window.start == 0 || window.first - window.start == (length - stride) as u64);
                    }
                }
            }
        }
        assert!(Windows::new(4, 5).is_err() && Windows::new(4, 0).is_err() && Windows::new(0, 0).is_err());
    }
}
