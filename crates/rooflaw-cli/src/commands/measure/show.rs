//! What is said of measurements, while they are made and afterwards.

use crate::output;
use anyhow::Result;
use rooflaw::device::Phase;
use rooflaw::measurements::Measurement;
use rooflaw_measure::{Event, Load, Measured, Outcome};
use std::collections::BTreeSet;

/// What is being done.
pub fn event(event: Event) -> String {
    match event {
        Event::Exporting => "exporting".to_owned(),
        Event::Running { repeat, depth: 0 } => format!("process {repeat}"),
        Event::Running { repeat, depth } => format!("process {repeat} at depth {depth}"),
        Event::Waiting(found) => format!("waiting for a busy machine ({})", load(&found)),
        Event::Disturbed(found) => format!("disturbed ({})", load(&found)),
    }
}

/// Who else used the processors.
pub fn load(load: &Load) -> String {
    format!(
        "others {:.0} %, stolen {:.0} %",
        100.0 * load.others,
        100.0 * load.steal
    )
}

/// A model's rows in one line.
pub fn outcome(name: &str, outcome: &Outcome) -> String {
    let rows: Vec<String> = outcome.rows.iter().map(measured).collect();
    let was_there = if outcome.was_there { " (was there)" } else { "" };
    format!("{name}: {}{was_there}", rows.join(", "))
}

fn measured(measured: &Measured) -> String {
    let row = &measured.row;
    let time = output::seconds(row.seconds);
    let what = match row.phase {
        Phase::Prefill => format!("prefill {} in {time}", row.tokens),
        Phase::Decode => format!("decode {time} a token"),
    };
    let depth = match row.context_tokens {
        0 => String::new(),
        depth => format!(" at depth {depth}"),
    };
    let error = measured
        .relative_error
        .map_or_else(String::new, |error| format!(" ±{:.1}%", 100.0 * error));
    let mark = match (measured.was_busy, measured.is_known) {
        (true, _) => " (busy machine)",
        (false, false) => " (not steady)",
        (false, true) => "",
    };
    format!("{what}{depth}{error}{mark}")
}

/// Measurements of several builds or devices in one table are not one experiment.
pub fn warn_of_mixtures(rows: &[Measurement]) -> Result<()> {
    for (what, of) in [
        (
            "builds of llama.cpp",
            (|row| &row.runtime_version) as fn(&Measurement) -> &String,
        ),
        ("devices", |row| &row.device),
    ] {
        let found: BTreeSet<&String> = rows.iter().map(of).collect();
        if found.len() > 1 {
            let names: Vec<&str> = found.into_iter().map(String::as_str).collect();
            output::warning(&format!(
                "the table has rows of several {what}: {}; a folder for each keeps them apart",
                names.join(", ")
            ))?;
        }
    }
    Ok(())
}
