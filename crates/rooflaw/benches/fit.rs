//! Fits that issue 3 sets limits for; `examples/fit_timing` counts their CPU seconds.
//!
//! `cargo bench -p rooflaw --bench fit`

#[path = "../examples/fit_timing/data.rs"]
mod data;

use criterion::{Criterion, criterion_group, criterion_main};
use rooflaw::law::fit::{Form, Objective, Starts, bootstrap, fit};
use std::hint::black_box;

fn fits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fit");
    group.sample_size(10);

    let chinchilla = data::chinchilla().observations(&["parameters", "tokens"], "loss");
    let form = Form::additive(&["parameters", "tokens"]);
    let objective = Objective::LogHuber { delta: 1e-3 };
    let grid = Starts::Given(data::hoffmann_grid());
    group.bench_function("chinchilla-4500-starts", |bencher| {
        bencher.iter(|| black_box(fit(&form, &chinchilla, objective, &grid)));
    });

    let columns = ["hidden_size", "n_layers", "tokens"];
    let gemstones = data::Table::read("gemstones/hot_100b_plus.csv").observations(&columns, "loss");
    let objective = Objective::LogHuber { delta: 1e-4 };
    let starts = Starts::Random { count: 16, seed: 1 };
    if let Ok(found) = fit(&Form::additive(&columns), &gemstones, objective, &starts) {
        group.bench_function("gemstones-100-refits", |bencher| {
            bencher.iter(|| black_box(bootstrap(&found, &gemstones, 100, 1)));
        });
    }
    group.finish();
}

criterion_group!(benches, fits);
criterion_main!(benches);
