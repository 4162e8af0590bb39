//! A name for the content of a table.

use super::RunTable;
use super::columns::order;
use sha2::{Digest, Sha256};

impl RunTable {
    /// The SHA-256 of what a fit uses, in hexadecimal: variables, loss, standard error, weight and group of every row, in
    /// the order of the rows. Neither the format of the file, nor the order of its columns, nor its comments matter.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"rooflaw runs 1\n");
        let mut variables: Vec<&(String, Vec<f64>)> = self.variables.iter().collect();
        variables.sort_by(|a, b| order(&a.0).cmp(&order(&b.0)));
        for (name, values) in variables {
            numbers(&mut hash, name, values);
        }
        numbers(&mut hash, "loss", &self.loss);
        if let Some(values) = &self.standard_error {
            numbers(&mut hash, "standard_error", values);
        }
        if let Some(values) = &self.weight {
            numbers(&mut hash, "weight", values);
        }
        if let Some(groups) = &self.group {
            begin(&mut hash, "group", groups.len());
            for group in groups {
                text(&mut hash, group);
            }
        }
        let bytes = hash.finalize();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Its length goes before every text and every column, so that no two tables are one stream of bytes.
fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

fn begin(hash: &mut Sha256, name: &str, rows: usize) {
    text(hash, name);
    hash.update((rows as u64).to_le_bytes());
}

fn numbers(hash: &mut Sha256, name: &str, values: &[f64]) {
    begin(hash, name, values.len());
    for value in values {
        hash.update(value.to_bits().to_le_bytes());
    }
}
