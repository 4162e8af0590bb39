//! Fits the population, predicts what is left out, and writes calibrations, tables, figures and the page.

use rooflaw::calibration::{LeftOut, Observation, PhaseFit, Population, Runtime, Validation, calibrate};
use rooflaw::device::Phase;
use rooflaw_study_latency_validation::{
    figure,
    folds::{self, Split},
    page::{Part, page},
    peers, rows,
    statistics::{Summary, errors},
};
use std::{collections::BTreeMap, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let published = rows::read(&root.join("data/measurements"))?;
    let observations = rows::observations(&published);
    // `--rows FILE` writes what `studies/latency-peers` asks of peers, and nothing else.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, path] = &arguments[..]
        && flag == "--rows"
    {
        return peers::write_rows(Path::new(path), &observations);
    }
    let fits = Phase::ALL.map(|phase| PhaseFit::new(phase, &observations));
    let [decode, prefill] = &fits;
    let mut population = Population::new(prefill, decode);
    let mut parts = Vec::new();
    for (phase, fit) in Phase::ALL.into_iter().zip(&fits) {
        let raw = Split::ALL.map(|split| folds::predict(fit, split));
        let stretches = raw.each_ref().map(|predicted| folds::stretch(predicted.iter()));
        let [model, device] = raw
            .each_ref()
            .map(|predicted| LeftOut::new(&errors(predicted.iter())));
        population = population
            .validated(phase, Validation { model, device })
            .stretched(phase, stretches);
        for (split, predicted) in Split::ALL.into_iter().zip(&raw) {
            let part = Part {
                phase,
                split,
                predicted: folds::stretched(predicted),
            };
            println!(
                "{} {} | {}",
                phase.name(),
                split.name(),
                Summary::of(part.predicted.iter()).cells()
            );
            parts.push(part);
        }
    }
    write_calibrations(&root.join("data/calibrations"), &population, &observations)?;
    write_predictions(
        &root.join("studies/latency-validation/results/predictions.csv"),
        &parts,
    )?;
    let docs = root.join("docs");
    for (split, name) in [(Split::Model, "latency-model"), (Split::Device, "latency-device")] {
        let svg = figure::svg(&parts, split)?;
        fs::write(
            docs.join(format!("images/{name}.png")),
            rooflaw_report::png(&svg, 1.5)?,
        )?;
    }
    let answers = peers::read(&root.join("studies/latency-peers/results/peers.csv"))?;
    fs::write(docs.join("latency.md"), page(&parts, &observations, &answers))?;
    Ok(())
}

/// The population, and each device's calibration for each runtime it was measured with.
fn write_calibrations(
    folder: &Path,
    population: &Population,
    observations: &[Observation<'_>],
) -> Result<(), Box<dyn Error>> {
    fs::write(folder.join("population.toml"), population.to_toml()?)?;
    let devices = folder.join("devices");
    if devices.exists() {
        fs::remove_dir_all(&devices)?;
    }
    fs::create_dir_all(&devices)?;
    let mut groups: BTreeMap<(&str, String), Vec<Observation<'_>>> = BTreeMap::new();
    for observation in observations {
        let runtime = Runtime::of(observation.measurement).name();
        groups
            .entry((&observation.device.id, runtime))
            .or_default()
            .push(*observation);
    }
    for ((device, runtime), of) in groups {
        let Some(first) = of.first() else { continue };
        match calibrate(population, first.device, &of) {
            Err(error) => println!("{device}, {runtime}: {error}"),
            Ok(calibrated) => {
                let name = format!("{device}.{}.toml", runtime.replace('/', "-"));
                fs::write(devices.join(name), calibrated.calibration.to_toml())?;
            }
        }
    }
    Ok(())
}

/// Digits of a prediction: more than it has, few enough to read.
fn rounded(value: f64) -> String {
    format!("{value:.4e}")
}

fn write_predictions(path: &Path, parts: &[Part<'_>]) -> Result<(), Box<dyn Error>> {
    let mut file = csv::Writer::from_path(path)?;
    file.write_record([
        "phase",
        "left_out",
        "device",
        "runtime",
        "backend",
        "model",
        "weights",
        "context_tokens",
        "tokens",
        "measured_s",
        "predicted_s",
        "low_s",
        "high_s",
        "bare_s",
    ])?;
    for part in parts {
        for one in &part.predicted {
            let measurement = one.observation.measurement;
            file.write_record([
                part.phase.name(),
                part.split.name(),
                &one.observation.device.id,
                &measurement.runtime,
                &measurement.backend,
                &measurement.model,
                &measurement.weights.name(),
                &measurement.context_tokens.to_string(),
                &measurement.tokens.to_string(),
                &rounded(measurement.seconds),
                &rounded(one.interval.predicted_s),
                &rounded(one.interval.low_s),
                &rounded(one.interval.high_s),
                &rounded(rooflaw_study_latency_validation::bare::bare_s(one.observation)),
            ])?;
        }
    }
    file.flush()?;
    Ok(())
}
