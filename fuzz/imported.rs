//! What holds of every log that was read.

use rooflaw::runs::RunTable;
use rooflaw::runs::import::{ImportedRun, Options, table};

/// However it is made, a table is one that is read: from CSV and from JSON Lines, and to the same.
pub fn check(runs: &[ImportedRun]) {
    let any = runs.iter().find_map(|run| run.series.keys().next());
    for (loss, tokens_per_step) in [(None, None), (None, Some(1e3)), (any.cloned(), Some(0.5))] {
        for last in [false, true] {
            let options = Options {
                loss: loss.clone(),
                tokens_per_step,
                last,
                unit: Some("nats/token".to_owned()),
                tokenizer: None,
            };
            match table(runs, &options) {
                Ok(imported) => {
                    let table = imported.table;
                    let csv = table.to_csv().expect("columns are of one length");
                    let jsonl = table.to_jsonl().expect("columns are of one length");
                    assert_eq!(RunTable::from_csv(csv.as_bytes()).as_ref(), Ok(&table));
                    assert_eq!(RunTable::from_jsonl(jsonl.as_bytes()).as_ref(), Ok(&table));
                    for warning in imported.warnings {
                        assert!(!warning.to_string().is_empty());
                    }
                }
                Err(error) => drop(error.to_string()),
            }
        }
    }
}
