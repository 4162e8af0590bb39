//! What a sweep found, as a table that laws are fitted to.

use crate::error::SweepError;
use crate::files;
use crate::folder::SweepFolder;
use crate::plan::Plan;
use rooflaw::runs::{FinishedRun, MAX_RECORD_BYTES, RunTable};

/// The runs that are done, called by their names in the plan.
///
/// # Errors
/// No run that is done; a record that cannot be read.
pub fn table(sweep: &SweepFolder, plan: &Plan) -> Result<RunTable, SweepError> {
    let mut finished = Vec::new();
    for run in &plan.runs {
        let folder = sweep.run(run);
        let read = |name: &str| files::read(&folder.join(name), MAX_RECORD_BYTES as u64);
        let Some(result) = read("result.json")? else {
            continue;
        };
        let record = read("run.json")?.unwrap_or_default();
        let read = FinishedRun::read(&run.name, &record, &result);
        finished.push(read.map_err(|error| SweepError::File {
            path: folder.clone(),
            message: error.to_string(),
        })?);
    }
    if finished.is_empty() {
        return Err(SweepError::Plan(format!(
            "none of the {} runs is done: expected at least one",
            plan.runs.len()
        )));
    }
    RunTable::from_finished(&finished).map_err(|error| SweepError::File {
        path: sweep.root().to_path_buf(),
        message: error.to_string(),
    })
}
