//! Problems to solve: the worked examples, and random ones.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::law;
use rooflaw::roofline::Workload;
use rooflaw::search::Budgets;
use rooflaw::theory::{Bounds, CostModel, Problem, Shape};

/// The search box of the paper, wide in `r`.
pub const BOX: Bounds = Bounds {
    min: Shape {
        n_layers: 4.0,
        hidden_size: 768.0,
        ffn_ratio: 0.25,
        activation_rate: 1.0 / 16.0,
        gqa: 1.0,
    },
    max: Shape {
        n_layers: 32.0,
        hidden_size: 3072.0,
        ffn_ratio: 8.0,
        activation_rate: 1.0,
        gqa: 16.0,
    },
};

/// No bounds to speak of, but the smallest activation rate and the hidden size.
pub fn free(hidden_size: f64) -> Bounds {
    Bounds {
        min: Shape {
            n_layers: 1e-3,
            hidden_size,
            ffn_ratio: 1e-3,
            activation_rate: 1.0 / 16.0,
            gqa: 1e-3,
        },
        max: Shape {
            n_layers: 1e5,
            hidden_size,
            ffn_ratio: 1e3,
            activation_rate: 1e3,
            gqa: 1e4,
        },
    }
}

/// The worked examples: two bytes an element, 16 tokens generated, and rates of 1, so that seconds are bytes and FLOPs.
pub fn worked_at(prompt_tokens: u32, budgets: Budgets, bounds: Bounds) -> Problem {
    let formats = Formats::of_weights(WeightFormat::Fp16);
    let workload = Workload {
        prompt_tokens,
        ..Workload::default()
    };
    let costs = CostModel::with_rates(&formats, &workload, 1.0, 1.0);
    Problem::new(&law::find("co-design").unwrap(), &costs, &budgets, bounds).unwrap()
}

/// The same at a prompt of 1,024 tokens.
pub fn worked(budgets: Budgets, bounds: Bounds) -> Problem {
    worked_at(1024, budgets, bounds)
}

/// A number between two others, evenly in the logarithm.
pub fn log_uniform(random: &mut ChaCha8Rng, least: f64, most: f64) -> f64 {
    (least.ln() + random.random::<f64>() * (most / least).ln()).exp()
}

/// A problem with some shape in its box, and every kind of budget in turn.
pub fn random(seed: u64) -> (Problem, CostModel) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut law = law::find("co-design").unwrap();
    // Another law of the same form: constants up to a half more or less.
    if random.random_bool(0.5) {
        let mut numbers = law.numbers.clone();
        for number in &mut numbers {
            *number *= log_uniform(&mut random, 0.7, 1.4);
        }
        let file = law::LawFile {
            numbers: Some(numbers),
            ..law::find_file("co-design").unwrap()
        };
        law = file.into_law().unwrap();
    }
    let weights = [WeightFormat::Fp16, WeightFormat::W8A8, WeightFormat::Q4KM];
    let formats = Formats::of_weights(weights[random.random_range(0..weights.len())]);
    let workload = Workload {
        batch: random.random_range(1..=4),
        prompt_tokens: log_uniform(&mut random, 16.0, 16_000.0) as u32,
        generated_tokens: log_uniform(&mut random, 1.0, 4000.0) as u32,
    };
    let flop_per_s = log_uniform(&mut random, 1e12, 1e14);
    let bytes_per_s = log_uniform(&mut random, 1e10, 1e12);
    let costs = CostModel::with_rates(&formats, &workload, flop_per_s, bytes_per_s);
    // Budgets of a shape in the box, so that they can be met and none is far away.
    let budget = |random: &mut ChaCha8Rng, usage: &dyn Fn(&Problem) -> f64, problem: &Problem| {
        let within = random.random_bool(0.6);
        let factor = log_uniform(random, 0.9, 1.6);
        within.then(|| usage(problem) * factor)
    };
    let all = Budgets {
        ttft_s: Some(1.0),
        tpot_s: Some(1.0),
        total_s: Some(1.0),
        memory_bytes: Some(1.0),
        ..Budgets::default()
    };
    let probe = Problem::new(&law, &costs, &all, BOX).unwrap();
    let (min, max) = (BOX.min.values(), BOX.max.values());
    let inside = Shape::from_values(std::array::from_fn(|i| {
        min[i] * (max[i] / min[i]).powf(0.2 + 0.6 * random.random::<f64>())
    }));
    let mut taken = |index: usize| {
        budget(
            &mut random,
            &|problem| problem.limits[index].share(&inside),
            &probe,
        )
    };
    let budgets = Budgets {
        ttft_s: taken(0),
        tpot_s: taken(1),
        total_s: taken(2),
        memory_bytes: taken(3),
        ..Budgets::default()
    };
    let _ = random.next_u32();
    (Problem::new(&law, &costs, &budgets, BOX).unwrap(), costs)
}
