//! Worlds in which the truth is known: a law with its numbers, runs with noise, a device's latencies drawn from what is
//! stated of them. For the test and for `studies/decisions`.

use super::synthetic;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rooflaw::calibration::{Achieved, Calibration, Population, Question as Asked, Runtime};
use rooflaw::decision::{Decision, Options, Question, Setting, decide};
use rooflaw::device::{self, Device, Phase};
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::law::fit::{Fit, Objective, Starts, bootstrap, fit};
use rooflaw::law::{self, Ensemble, Family, LossLaw};
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Workload};
use rooflaw::search::{Budgets, Objective as Latency};
use rooflaw::space::DesignSpace;

/// What is decided.
pub struct Case {
    pub device: &'static str,
    pub weights: WeightFormat,
    /// Budget on the total latency, seconds.
    pub total_s: f64,
}

/// A candidate's stated probabilities beside the truth.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    pub on_frontier: f64,
    pub is_on_frontier: bool,
    pub within_budgets: f64,
    pub is_within_budgets: bool,
}

/// What came of one truth.
pub struct Repetition {
    pub judged: Vec<Judged>,
    pub decision: Decision,
    /// True regret of the robust choice and of the one that is best if nothing is uncertain, nats/token.
    pub regrets: [f64; 2],
}

/// Refits behind the ensemble.
const REFITS: usize = 200;

/// The law fitted to so many noisy runs of the published one, with its ensemble.
pub fn fitted(runs: usize, seed: u64) -> Option<LossLaw> {
    let (_, rows) = synthetic::draw_of(seed, runs).ok()?;
    let mut file = law::find_file("co-design").ok()?;
    let Family::AdditivePower(form) = &file.family else {
        return None;
    };
    let starts = Starts::Random { count: 8, seed: 1 };
    let found = fit(form, &rows, Objective::LeastSquares, &starts).ok()?;
    let numbers = |fit: &Fit| -> Vec<f64> {
        std::iter::once(fit.irreducible_loss)
            .chain(fit.coefficients.iter().copied())
            .chain(fit.exponents.iter().copied())
            .collect()
    };
    let members = bootstrap(&found, &rows, REFITS, seed);
    file.numbers = Some(numbers(&found));
    file.ensemble = Some(Ensemble {
        members: members.iter().flatten().map(numbers).collect(),
        residual_sd: 0.003,
    });
    file.into_law().ok()
}

fn achieved(device: &Device, weights: WeightFormat) -> Option<Achieved> {
    let runtime = Runtime::usual(device, weights);
    let published = Calibration::embedded(device);
    let own = published
        .iter()
        .find_map(|calibration| calibration.format(weights));
    if let Some(own) = own {
        return Some(own.achieved.clone());
    }
    Population::embedded()
        .answer(device, &[], &[Asked { runtime, weights }])
        .pop()
}

/// Decides in a world of `seed`, and looks at its truth.
pub fn repetition(
    case: &Case,
    law: &LossLaw,
    space: &DesignSpace,
    options: Options,
    seed: u64,
) -> Option<Repetition> {
    let device = device::find(case.device).ok()?;
    let (assumptions, workload) = (Assumptions::default(), Workload::default());
    let achieved = achieved(device, case.weights)?;
    let roofline = achieved.roofline(device, &Formats::of_weights(case.weights), &assumptions);
    let evaluator = Evaluator::new(law.clone(), roofline.clone(), workload);
    let settings = [Setting {
        device,
        assumptions: &assumptions,
        evaluator: &evaluator,
        achieved: Some(&achieved),
    }];
    let budgets = Budgets {
        total_s: Some(case.total_s),
        memory_bytes: Some(device.memory_capacity_bytes),
        ..Budgets::default()
    };
    let decision = decide(
        &Question {
            space,
            law,
            settings: &settings,
            objective: Latency::Total,
            budgets,
            reference: None,
            options: Options { seed, ..options },
        },
        &|_| {},
    );
    // The truth: the published law; coefficients and scatter as stated, from another stream than the decision's draws.
    let truth = law::find("co-design").ok()?;
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x7455_7468);
    let mut normal = || -> f64 { random.sample(StandardNormal) };
    let sampler = achieved.sampler();
    let deviates = std::array::from_fn(|_| std::array::from_fn(|_| normal()));
    let moves = sampler.moves(&deviates);
    let own = [Phase::Prefill, Phase::Decode].map(|phase| sampler.own_deviation(phase));
    let real: Vec<(f64, f64)> = decision
        .choices
        .iter()
        .map(|choice| {
            let (architecture, evaluation) = (&choice.candidate.architecture, &choice.candidate.evaluation);
            let sensitivities = achieved.sensitivities(device, &roofline, architecture, &workload);
            let mut factor = |phase: usize| {
                let common: f64 = sensitivities[phase]
                    .iter()
                    .zip(&moves[phase])
                    .map(|(by, far)| by * far)
                    .sum();
                (common + own[phase] * normal()).exp()
            };
            let (prefill, decode) = (factor(0), factor(1));
            let generation_s = evaluation.total_s - evaluation.ttft_s;
            (
                evaluation.ttft_s * prefill + generation_s * decode,
                truth.loss(architecture),
            )
        })
        .collect();
    let judged = decision
        .choices
        .iter()
        .zip(&real)
        .map(|(choice, &(latency, loss))| Judged {
            on_frontier: choice.on_frontier,
            is_on_frontier: !real
                .iter()
                .any(|other| other.0 <= latency && other.1 < loss - options.tolerance),
            within_budgets: choice.within_budgets,
            is_within_budgets: latency <= case.total_s,
        })
        .collect();
    let best = real
        .iter()
        .filter(|(latency, _)| *latency <= case.total_s)
        .map(|(_, loss)| *loss)
        .fold(f64::INFINITY, f64::min);
    let fallback = real.get(decision.fallback?)?.1;
    let cost = |place: usize| {
        let (latency, loss) = real[place];
        (if latency <= case.total_s { loss } else { fallback }) - best.min(fallback)
    };
    let regrets = [cost(0), cost(decision.nominal?)];
    Some(Repetition {
        judged,
        decision,
        regrets,
    })
}

/// Candidates by their stated probability: how many, the mean stated, and the share for which it is true.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bin {
    pub n: usize,
    pub stated: f64,
    pub found: f64,
}

/// Ten bins of stated probabilities.
pub fn bins(pairs: impl Iterator<Item = (f64, bool)>) -> [Bin; 10] {
    let mut bins = [Bin::default(); 10];
    for (stated, is_true) in pairs {
        let bin = &mut bins[((stated * 10.0) as usize).min(9)];
        bin.n += 1;
        bin.stated += stated;
        bin.found += f64::from(u8::from(is_true));
    }
    for bin in &mut bins {
        let n = bin.n.max(1) as f64;
        bin.stated /= n;
        bin.found /= n;
    }
    bins
}
