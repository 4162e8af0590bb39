//! Training steps of our CPU engine beside PyTorch's, in turns:
//! `cargo run --release -p rooflaw-study-training-speed -- PYTHON [ROUNDS]`.
//!
//! PYTHON has the packages of `requirements.txt`. Writes `results.json` and the tables of `README.md`.

mod models;
mod report;
mod sides;

use anyhow::{Context as _, Result, bail};
use models::{MODELS, Size};
use rooflaw::format::Precision;
use rooflaw::plan::training_flop_per_token;
use rooflaw_measure::MachineReport;
use serde::{Deserialize, Serialize};
use sides::{Ours, POSITIONS, Peer, SEQUENCES, Turn};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Threads of either side.
const THREADS: usize = 2;
/// Steps before the first turn that counts: compilation, caches, losses compared.
const WARM_UP: usize = 3;
/// A turn takes about this long, seconds.
const TURN: f64 = 1.5;
const ROUNDS: usize = 3;
/// Losses of the same step may differ by this, relatively.
const TOLERANCE: f64 = 1e-4;

/// What was measured of a model. Speeds are medians of rounds, tokens/s; ratios are medians of each round's ratio.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    name: String,
    parameters: u64,
    active_parameters: u64,
    flop_per_token: f64,
    ours: f64,
    eager: f64,
    compiled: Option<f64>,
    over_eager: Spread,
    over_compiled: Option<Spread>,
    /// The same with MKL's kernels for Intel processors.
    over_forced_eager: Spread,
    over_forced_compiled: Option<Spread>,
    loss_difference: f64,
}

/// Median, least and most.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

/// Everything measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Results {
    processor: String,
    threads: usize,
    peer: String,
    rounds: usize,
    /// fp32 products of this many threads at once, FLOP/s, before and after.
    peaks: [f64; 2],
    rows: Vec<Row>,
}

fn spread(mut values: Vec<f64>) -> Spread {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    Spread {
        median: at(values.len() / 2),
        least: at(0),
        most: at(values.len().saturating_sub(1)),
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let python = arguments
        .first()
        .context("which Python? It needs the packages of requirements.txt")?;
    let rounds = arguments.get(1).map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let folder = tempfile::tempdir()?;
    let forced = forcing(folder.path())?;
    let (processor, before) = peak()?;
    let mut peer = String::new();
    let mut rows = Vec::new();
    for (name, size) in &MODELS {
        let row = measure(python, name, size, rounds, &mut peer, &forced)?;
        eprintln!(
            "{name}: {:.2} of eager, {:.2} forced",
            row.over_eager.median, row.over_forced_eager.median
        );
        rows.push(row);
    }
    let results = Results {
        processor,
        threads: THREADS,
        peer,
        rounds,
        peaks: [before, peak()?.1],
        rows,
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::write(
        folder.join("results.json"),
        serde_json::to_string_pretty(&results)? + "\n",
    )?;
    let readme = folder.join("README.md");
    let text = report::with_tables(&fs::read_to_string(&readme)?, &results)?;
    fs::write(readme, text)?;
    Ok(())
}

/// The processor's name and the rate of its products.
fn peak() -> Result<(String, f64)> {
    let report = MachineReport::measure(&mut |_, _| {});
    let rates = report.product_rates.iter();
    let rate = rates.filter(|rate| rate.threads == THREADS && rate.precision == Precision::Fp32);
    let best = rate.map(|rate| rate.op_per_s).fold(0.0, f64::max);
    Ok((report.processor, best))
}

/// A library that makes MKL use its fastest kernels on processors of other makers too; PyTorch's wheel asks these functions.
fn forcing(folder: &Path) -> Result<PathBuf> {
    let source = folder.join("forced.c");
    let library = folder.join("libforced.so");
    fs::write(
        &source,
        "int mkl_serv_intel_cpu_true(void) { return 1; }\nint mkl_serv_intel_cpu(void) { return 1; }\n",
    )?;
    let mut command = Command::new("cc");
    command
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source);
    if !command.status().context("cannot run cc")?.success() {
        bail!("cc does not make {}", library.display());
    }
    Ok(library)
}

/// Ways to run PyTorch: compiled or not, with forced kernels or not.
struct Way {
    peer: Peer,
    is_compiled: bool,
    is_forced: bool,
    speeds: Vec<f64>,
}

fn measure(
    python: &str,
    name: &str,
    size: &Size,
    rounds: usize,
    about: &mut String,
    forced: &Path,
) -> Result<Row> {
    let architecture = size.architecture();
    let mut ours = Ours::load(size, THREADS)?;
    let first = ours.steps(WARM_UP)?;
    let mut loss_difference = 0.0_f64;
    let mut ways = Vec::new();
    for (is_compiled, is_forced) in [(false, false), (false, true), (true, false), (true, true)] {
        // A mixture's sizes follow from its data, which breaks the graph at every layer.
        if is_compiled && size.experts > 0 {
            continue;
        }
        let mut peer = Peer::load(python, size, THREADS, is_compiled, is_forced.then_some(forced))?;
        about.clone_from(&peer.about);
        loss_difference = loss_difference.max(difference(&first, &peer.steps(WARM_UP)?)?);
        ways.push(Way {
            peer,
            is_compiled,
            is_forced,
            speeds: Vec::new(),
        });
    }
    if loss_difference > TOLERANCE {
        bail!("{name}: losses differ by {loss_difference:e}: the two do not do the same");
    }
    let steps = (TURN / ours.steps(1)?.seconds).clamp(1.0, 200.0) as usize;
    let tokens = (SEQUENCES * POSITIONS) as f64;
    let speed = |turn: &Turn| tokens * turn.losses.len() as f64 / turn.seconds;
    let mut of_ours = Vec::new();
    for _ in 0..rounds {
        of_ours.push(speed(&ours.steps(steps)?));
        for way in &mut ways {
            way.speeds.push(speed(&way.peer.steps(steps.div_ceil(2))?));
        }
    }
    let find = |is_compiled, is_forced| {
        ways.iter()
            .find(|way| way.is_compiled == is_compiled && way.is_forced == is_forced)
    };
    let ratios = |way: &Way| {
        spread(
            of_ours
                .iter()
                .zip(&way.speeds)
                .map(|(ours, peer)| ours / peer)
                .collect(),
        )
    };
    let (Some(eager), Some(forced_eager)) = (find(false, false), find(false, true)) else {
        bail!("{name}: PyTorch was not run");
    };
    let parameters = architecture.parameters();
    Ok(Row {
        name: name.to_owned(),
        parameters: parameters.total,
        active_parameters: parameters.active,
        flop_per_token: training_flop_per_token(&architecture, POSITIONS as u32),
        ours: spread(of_ours.clone()).median,
        eager: spread(eager.speeds.clone()).median,
        compiled: find(true, false).map(|way| spread(way.speeds.clone()).median),
        over_eager: ratios(eager),
        over_compiled: find(true, false).map(ratios),
        over_forced_eager: ratios(forced_eager),
        over_forced_compiled: find(true, true).map(ratios),
        loss_difference,
    })
}

/// The largest relative difference of losses of the same steps.
fn difference(a: &Turn, b: &Turn) -> Result<f64> {
    if a.losses.len() != b.losses.len() {
        bail!(
            "{} losses of one side, {} of the other",
            a.losses.len(),
            b.losses.len()
        );
    }
    let relative = |(a, b): (&f64, &f64)| (a / b - 1.0).abs();
    Ok(a.losses.iter().zip(&b.losses).map(relative).fold(0.0, f64::max))
}
