//! Evaluations per second on one core, and a whole search.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rooflaw::architecture::Architecture;
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Roofline, Workload};
use rooflaw::search::{Budgets, Method, Objective, Query, Watch};
use rooflaw::space::{self, Cursor};
use rooflaw::{device, law};
use std::hint::black_box;

fn evaluator(weights: WeightFormat) -> Option<Evaluator> {
    let device = device::find("jetson-agx-orin-64gb").ok()?;
    let roofline = Roofline::new(device, &Formats::of_weights(weights), &Assumptions::default());
    Some(Evaluator::new(
        law::find("co-design").ok()?,
        roofline,
        Workload::default(),
    ))
}

fn evaluate(criterion: &mut Criterion) {
    let Ok(space) = space::find("default") else { return };
    // Architectures in no order that a branch predictor could learn, few enough to stay in the cache.
    let architectures: Vec<Architecture> = (0..4096)
        .filter_map(|i| Cursor::new(&space, i * 7919 % space.len()).architecture())
        .collect();
    let mut group = criterion.benchmark_group("evaluate");
    group.throughput(Throughput::Elements(architectures.len() as u64));
    for weights in [WeightFormat::Bf16, WeightFormat::Q4KM] {
        let Some(evaluator) = evaluator(weights) else {
            continue;
        };
        group.bench_function(weights.name(), |bencher| {
            bencher.iter(|| {
                for architecture in &architectures {
                    black_box(evaluator.evaluate(black_box(architecture)));
                }
            });
        });
    }
    group.finish();
}

fn search(criterion: &mut Criterion) {
    let (Ok(space), Some(evaluator)) = (space::find("default"), evaluator(WeightFormat::Bf16)) else {
        return;
    };
    let evaluators = [evaluator];
    let query = Query {
        space: &space,
        evaluators: &evaluators,
        objective: Objective::Total,
        budgets: Budgets::default(),
        minimize_memory: false,
    };
    let mut group = criterion.benchmark_group("search");
    group.throughput(Throughput::Elements(space.len()));
    group.sample_size(10);
    group.bench_function("default space", |bencher| {
        bencher.iter(|| black_box(query.run(&|_| {})))
    });
    let unwatched = Watch {
        advance: &|_| {},
        stop: &|| false,
    };
    group.bench_function("default space, by bounds", |bencher| {
        bencher.iter(|| black_box(query.search(Method::Bounds, &unwatched)))
    });
    group.finish();
}

criterion_group!(benches, evaluate, search);
criterion_main!(benches);
