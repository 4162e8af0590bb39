//! Frontiers of the seeded point sets: whole slices, streams, and the crate `pareto_front` beside them.
//!
//! `cargo bench -p rooflaw --bench frontier -- 2d-uniform`

#[path = "../examples/frontier_timing/peer.rs"]
mod peer;
#[path = "../examples/frontier_timing/points.rs"]
mod points;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use points::{Points, SETS, generate};
use rooflaw::frontier::{Frontier, frontier_2d, frontier_3d, hypervolume_2d, hypervolume_3d};
use std::hint::black_box;
use std::time::Duration;

const COUNT: usize = 1_000_000;
const SEED: u64 = 20_261_123;

fn set<const N: usize>(
    criterion: &mut Criterion,
    name: &str,
    points: &[[f64; N]],
    solve: fn(&[[f64; N]]) -> Vec<usize>,
    volume: fn(&[[f64; N]], &[f64; N]) -> f64,
) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(points.len() as u64));
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    group.bench_function("whole", |b| b.iter(|| solve(black_box(points))));
    group.bench_function("hypervolume", |b| b.iter(|| volume(black_box(points), &[3.0; N])));
    group.bench_function("stream", |b| {
        b.iter(|| {
            let mut frontier = Frontier::new();
            frontier.extend_from_slice(black_box(points), 0);
            frontier.finish()
        });
    });
    // What a rejected point costs once the stream has settled.
    let mut settled = Frontier::new();
    settled.extend_from_slice(points, 0);
    settled.current();
    group.bench_function("settled", |b| {
        b.iter_batched_ref(
            || settled.clone(),
            |frontier| frontier.extend_from_slice(black_box(points), COUNT as u64),
            BatchSize::LargeInput,
        );
    });
    if peer::feasible(points.len(), solve(points).len()) && peer::indices(points).is_some() {
        group.bench_function("crate pareto_front", |b| {
            b.iter(|| peer::indices(black_box(points)))
        });
    }
    group.finish();
}

fn all(criterion: &mut Criterion) {
    for name in SETS {
        match generate(name, COUNT, SEED) {
            Some(Points::Two(points)) => set(criterion, name, &points, frontier_2d, hypervolume_2d),
            Some(Points::Three(points)) => set(criterion, name, &points, frontier_3d, hypervolume_3d),
            None => {}
        }
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
