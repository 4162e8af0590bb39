//! Times the frontier functions on seeded point sets and leaves points and answers for `studies/frontier-peers`.
//!
//! `frontier_timing DIR [COUNT [REPEATS [NAME..]]]` writes `DIR/NAME.points` (little-endian f64, row-major) and
//! `DIR/NAME.indices` (little-endian u64) and prints one JSON object with median times in milliseconds: `whole_ms` of
//! the slice functions, `stream_ms` of [`Frontier`] from empty, `settled_ms` of the same points again once their
//! frontier is known (all are rejected), `crate_ms` of the crate `pareto_front` where that ends in seconds.

mod peer;
mod points;

use points::{Points, SETS, generate};
use rooflaw::frontier::{Frontier, frontier_2d, frontier_3d};
use std::path::Path;
use std::time::Instant;

const SEED: u64 = 20_261_123;
/// Points per call of `extend_from_slice`: what a search would hold in cache.
const CHUNK: usize = 4096;

/// The median time of `call`, which `prepare` runs before untimed.
fn median_of<S>(repeats: usize, mut prepare: impl FnMut() -> S, mut call: impl FnMut(&mut S)) -> f64 {
    let mut times: Vec<f64> = (0..repeats.max(1))
        .map(|_| {
            let mut state = prepare();
            let start = Instant::now();
            call(&mut state);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn median_ms(repeats: usize, mut call: impl FnMut() -> usize) -> f64 {
    median_of(
        repeats,
        || (),
        |()| {
            std::hint::black_box(call());
        },
    )
}

fn stream<const N: usize>(points: &[[f64; N]]) -> usize {
    let mut frontier = Frontier::new();
    for (chunk, first) in points.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
        frontier.extend_from_slice(chunk, first);
    }
    frontier.finish().len()
}

fn measure<const N: usize>(
    name: &str,
    points: &[[f64; N]],
    solve: fn(&[[f64; N]]) -> Vec<usize>,
    directory: &Path,
    repeats: usize,
) -> std::io::Result<serde_json::Value> {
    let indices = solve(points);
    let whole_ms = median_ms(repeats, || solve(points).len());
    let stream_ms = median_ms(repeats, || stream(points));
    let mut settled = Frontier::new();
    settled.extend_from_slice(points, 0);
    settled.current();
    let settled_ms = median_of(
        repeats,
        || settled.clone(),
        |f| f.extend_from_slice(points, points.len() as u64),
    );
    let mut crate_ms = None;
    let start = Instant::now();
    let feasible = peer::feasible(points.len(), indices.len());
    if let Some(theirs) = feasible.then(|| peer::indices(points)).flatten() {
        let first_ms = start.elapsed().as_secs_f64() * 1e3;
        let mut ours = indices.clone();
        ours.sort_unstable();
        if ours != theirs {
            return Err(std::io::Error::other(format!(
                "{name}: crate pareto_front differs"
            )));
        }
        let again = || {
            median_ms(repeats.min(3), || {
                peer::indices(points).map_or(0, |found| found.len())
            })
        };
        crate_ms = Some(if first_ms > 2e3 { first_ms } else { again() });
    }
    let bytes: Vec<u8> = points.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(directory.join(format!("{name}.points")), bytes)?;
    let bytes: Vec<u8> = indices.iter().flat_map(|&i| (i as u64).to_le_bytes()).collect();
    std::fs::write(directory.join(format!("{name}.indices")), bytes)?;
    Ok(serde_json::json!({
        "name": name, "objectives": N, "count": points.len(), "frontier": indices.len(),
        "whole_ms": whole_ms, "stream_ms": stream_ms, "settled_ms": settled_ms, "crate_ms": crate_ms,
    }))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments
        .next()
        .ok_or("usage: frontier_timing DIR [COUNT [REPEATS [NAME..]]]")?;
    let count = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let repeats = arguments.next().map_or(Ok(9), |text| text.parse())?;
    let mut names: Vec<String> = arguments.collect();
    if names.is_empty() {
        names = SETS.map(String::from).to_vec();
    }
    let mut sets = Vec::new();
    for name in &names {
        let directory = Path::new(&directory);
        sets.push(match generate(name, count, SEED).ok_or("unknown set")? {
            Points::Two(points) => measure(name, &points, frontier_2d, directory, repeats)?,
            Points::Three(points) => measure(name, &points, frontier_3d, directory, repeats)?,
        });
    }
    println!(
        "{}",
        serde_json::json!({ "seed": SEED, "repeats": repeats, "sets": sets })
    );
    Ok(())
}
