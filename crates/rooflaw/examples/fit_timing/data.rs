//! The runs of `data/runs/` and the fits published on them, for tests, benches and timings.
#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "files of this repository, read by its tests and timings"
)]
#![allow(dead_code, reason = "each user takes its part")]

use rooflaw::law::fit::{Observations, Start};
use std::path::Path;

/// A CSV file of `data/runs/` as its header and its cells.
pub struct Table {
    header: Vec<String>,
    cells: Vec<Vec<String>>,
}

impl Table {
    /// Reads `data/runs/<path>`; these files have no quotes.
    pub fn read(path: &str) -> Table {
        let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/runs");
        Table::read_at(&runs.join(path))
    }

    /// Reads a file without quotes from anywhere.
    pub fn read_at(path: &Path) -> Table {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let split = |line: &str| -> Vec<String> { line.split(',').map(str::to_owned).collect() };
        let mut lines = text.lines().map(split);
        Table {
            header: lines.next().unwrap_or_default(),
            cells: lines.collect(),
        }
    }

    /// A column as text.
    pub fn text(&self, name: &str) -> Vec<&str> {
        let index = self.header.iter().position(|found| found == name);
        let index = index.unwrap_or_else(|| panic!("no column {name}"));
        self.cells.iter().map(|row| row[index].as_str()).collect()
    }

    /// A column as numbers.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let parse = |cell: &str| cell.parse().unwrap_or_else(|_| panic!("{name}: {cell}"));
        self.text(name).into_iter().map(parse).collect()
    }

    /// The rows that `keep` accepts.
    pub fn filter(mut self, keep: impl Fn(usize) -> bool) -> Table {
        let mut index = 0;
        self.cells.retain(|_| {
            index += 1;
            keep(index - 1)
        });
        self
    }

    /// Columns as observations, each row a group unless there is a column `group`.
    pub fn observations(&self, columns: &[&str], loss: &str) -> Observations {
        let mut observations = Observations::new(self.numbers(loss)).expect("losses");
        for column in columns {
            observations = observations
                .with_variable(column, &self.numbers(column))
                .expect("variables");
        }
        if self.header.iter().any(|name| name == "group") {
            observations = observations.with_groups(&self.text("group")).expect("groups");
        }
        observations
    }
}

/// The 240 points that Besiroglu et al. fit: without the five largest losses.
pub fn chinchilla() -> Table {
    without_largest(Table::read("chinchilla_epoch/runs.csv"), 5)
}

/// A table without its `count` largest losses.
pub fn without_largest(table: Table, count: usize) -> Table {
    let losses = table.numbers("loss");
    let mut sorted = losses.clone();
    sorted.sort_by(f64::total_cmp);
    let limit = sorted[sorted.len() - count];
    table.filter(|row| losses[row] < limit)
}

/// The 4,500 starts of Hoffmann et al. 2022, as `baseline_fit.py` has them.
pub fn hoffmann_grid() -> Vec<Start> {
    let mut starts = Vec::new();
    for i in 0..4500_u32 {
        let (b, rest) = (i % 6, i / 6);
        let (a, rest) = (rest % 6, rest / 6);
        let (e, rest) = (rest % 5, rest / 5);
        let (beta, alpha) = (rest % 5, rest / 5);
        starts.push(Start {
            exponents: vec![f64::from(alpha) * 0.5, f64::from(beta) * 0.5],
            log_coefficients: Some(vec![
                f64::from(e) * 0.5 - 1.0,
                f64::from(a) * 5.0,
                f64::from(b) * 5.0,
            ]),
        });
    }
    starts
}
