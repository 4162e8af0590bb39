//! `MEASUREMENTS.csv` predicts published measurements anew; without it, the rows of `results/errors.csv` again.

use rooflaw_study_bare_roofline::{figure, measurements::Measurement, row::Row, row::Skipped, summary};
use std::{collections::BTreeMap, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    fs::create_dir_all(&results)?;
    let errors = results.join("errors.csv");
    let rows = match std::env::args().nth(1) {
        Some(measurements) => {
            let (rows, skipped) = read(Path::new(&measurements))?;
            let mut file = csv::Writer::from_path(results.join("skipped.csv"))?;
            file.write_record(["rows", "why"])?;
            for (why, n_rows) in skipped {
                file.write_record([n_rows.to_string(), why.to_string()])?;
            }
            file.flush()?;
            rows
        }
        None => Row::read_all(&errors)?
            .iter()
            .map(|row| {
                row.predicted()
                    .ok_or_else(|| format!("{}, {}", row.device, row.model))
            })
            .collect::<Result<Vec<_>, _>>()?,
    };
    let mut file = csv::Writer::from_path(&errors)?;
    for row in &rows {
        file.serialize(row)?;
    }
    file.flush()?;
    fs::write(results.join("summary.md"), summary::markdown(&rows))?;
    let svg = figure::svg(&rows);
    fs::write(
        results.join("predicted-measured.png"),
        rooflaw_report::png(&svg, 1.5)?,
    )?;
    fs::write(results.join("predicted-measured.svg"), svg)?;
    println!(
        "{}\nFor crates/rooflaw/src/device/accuracy.rs:\n{}",
        summary::class_table(&rows),
        summary::constants(&rows)
    );
    Ok(())
}

type Read = (Vec<Row>, BTreeMap<Skipped, usize>);

fn read(path: &Path) -> Result<Read, Box<dyn Error>> {
    let (mut rows, mut skipped) = (Vec::new(), BTreeMap::new());
    for measurement in csv::Reader::from_path(path)?.deserialize::<Measurement>() {
        match Row::new(&measurement?) {
            Ok(row) => rows.push(row),
            Err(why) => *skipped.entry(why).or_insert(0) += 1,
        }
    }
    Ok((rows, skipped))
}
