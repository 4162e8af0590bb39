//! Tokens' choices of experts, sorted by expert, so that every expert's products are of whole blocks of rows.

use super::product::BLOCK;

/// The choices of a batch: token after token as they were made, and sorted.
#[derive(Debug)]
pub(super) struct Sorted {
    per_token: usize,
    /// The expert of each choice: tokens × experts per token.
    pub(super) chosen: Vec<u32>,
    /// Where each choice stands among all, sorted by expert.
    pub(super) places: Vec<u32>,
    /// The choice at each place.
    choices: Vec<u32>,
    /// Where each expert's choices begin, and the end.
    starts: Vec<usize>,
}

/// Places of one expert, a block of them at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) expert: usize,
    from: usize,
    to: usize,
}

impl Sorted {
    /// Room for the choices of `rows` tokens.
    pub(super) fn new(rows: usize, per_token: usize, n_experts: usize) -> Sorted {
        let choices = rows * per_token;
        Sorted {
            per_token,
            chosen: vec![0; choices],
            places: vec![0; choices],
            choices: vec![0; choices],
            starts: vec![0; n_experts + 1],
        }
    }

    /// Sorts the first choices by expert, tokens in order.
    pub(super) fn sort(&mut self, n_choices: usize) {
        self.starts.fill(0);
        for &expert in &self.chosen[..n_choices] {
            self.starts[expert as usize + 1] += 1;
        }
        for expert in 1..self.starts.len() {
            self.starts[expert] += self.starts[expert - 1];
        }
        let mut next = self.starts.clone();
        for choice in 0..n_choices {
            let place = &mut next[self.chosen[choice] as usize];
            self.places[choice] = *place as u32;
            self.choices[*place] = choice as u32;
            *place += 1;
        }
    }

    /// Choices of each expert.
    pub(super) fn counts(&self) -> impl Iterator<Item = usize> + '_ {
        self.starts.windows(2).map(|pair| pair[1] - pair[0])
    }

    /// The places of an expert.
    pub(super) fn of_expert(&self, expert: usize) -> std::ops::Range<usize> {
        self.starts[expert]..self.starts[expert + 1]
    }

    /// All places, in blocks of one expert each.
    pub(super) fn runs(&self) -> Vec<Run> {
        let blocks = |expert: usize| {
            let places = self.of_expert(expert);
            places.clone().step_by(BLOCK).map(move |from| Run {
                expert,
                from,
                to: places.end.min(from + BLOCK),
            })
        };
        (0..self.starts.len() - 1).flat_map(blocks).collect()
    }

    /// The choices of a run.
    pub(super) fn choices(&self, run: &Run) -> &[u32] {
        &self.choices[run.from..run.to]
    }

    /// Copies the rows of a run's tokens.
    pub(super) fn gather(&self, run: &Run, rows: &[f32], width: usize, gathered: &mut [f32]) {
        for (to, choice) in gathered.chunks_exact_mut(width).zip(self.choices(run)) {
            let token = *choice as usize / self.per_token;
            to.copy_from_slice(&rows[token * width..(token + 1) * width]);
        }
    }
}

/// Cuts off the shares of runs, which follow one another.
pub(super) fn cut<'a>(
    mut rest: &'a mut [f32],
    width: usize,
    runs: &'a [Run],
) -> impl Iterator<Item = &'a mut [f32]> {
    runs.iter().map(move |run| {
        let (share, others) = std::mem::take(&mut rest).split_at_mut((run.to - run.from) * width);
        rest = others;
        share
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_has_one_place_among_those_of_its_expert() {
        let n = 3 * BLOCK;
        let mut sorted = Sorted::new(n, 2, 5);
        for (index, expert) in sorted.chosen.iter_mut().enumerate() {
            *expert = [0, 3, 3, 1, 3, 3, 4][index % 7];
        }
        sorted.sort(2 * n);
        assert_eq!(sorted.counts().sum::<usize>(), 2 * n);
        assert_eq!(sorted.of_expert(2).len(), 0);
        let runs = sorted.runs();
        assert!(runs.iter().all(|run| run.to - run.from <= BLOCK));
        let mut seen = vec![false; 2 * n];
        for run in &runs {
            for (place, &choice) in (run.from..run.to).zip(sorted.choices(run)) {
                assert_eq!(sorted.chosen[choice as usize] as usize, run.expert);
                assert_eq!(sorted.places[choice as usize] as usize, place);
                assert!(!std::mem::replace(&mut seen[choice as usize], true));
            }
            assert!(sorted.choices(run).is_sorted(), "tokens in order");
        }
        assert!(seen.into_iter().all(|seen| seen));
        let rows: Vec<f32> = (0..n).map(|row| row as f32).collect();
        let mut gathered = vec![0.0; runs[0].to - runs[0].from];
        sorted.gather(&runs[0], &rows, 1, &mut gathered);
        assert_eq!(gathered[1], (sorted.choices(&runs[0])[1] / 2) as f32);
    }
}
