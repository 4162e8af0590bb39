//! Searches drawn at random: space, law, device, runtime, formats, workload, budgets.

use rooflaw::calibration::{Achieved, Coefficient, Population, Question, Runtime};
use rooflaw::device::{self, Device};
use rooflaw::format::{Formats, Precision, WeightFormat};
use rooflaw::law::{self, LossLaw};
use rooflaw::operators::Assumptions;
use rooflaw::quantisation::Penalty;
use rooflaw::roofline::{Evaluation, Evaluator, Roofline, Workload};
use rooflaw::search::{Budgets, Objective, Query};
use rooflaw::space::DesignSpace;
use std::fmt::Write as _;

/// Numbers that a problem is made of, each taken modulo how many choices there are. Zeros are the plainest problem, which
/// is where shrinking leads.
#[derive(Clone, Debug)]
pub struct Genes(pub Vec<u32>);

/// More than any problem takes.
pub const GENES: usize = 96;

/// Genes are below this.
pub const MOST: u32 = 1_000_000;

/// The genes, taken one after another.
struct Dice<'a> {
    genes: std::slice::Iter<'a, u32>,
}

impl Dice<'_> {
    fn below(&mut self, n: u32) -> u32 {
        self.genes.next().map_or(0, |gene| gene % n)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == n - 1
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize].clone()
    }
}

/// Most values of an axis.
const LONGEST: u32 = 60;

/// A search, owned.
#[derive(Debug)]
pub struct Problem {
    pub text: String,
    pub space: DesignSpace,
    pub evaluators: Vec<Evaluator>,
    pub objective: Objective,
    pub budgets: Budgets,
    pub minimize_memory: bool,
}

impl Problem {
    /// The problem of some genes, its space of at most so many combinations where that is possible.
    pub fn of(genes: &Genes, most: u64) -> Problem {
        let of_length = |longest: u32| {
            let mut dice = Dice {
                genes: genes.0.iter(),
            };
            let text = space(&mut dice, longest);
            let space =
                DesignSpace::from_toml("random", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            (dice, text, space)
        };
        // Sizes grow with it.
        let (mut longest, mut too_long) = (1, LONGEST + 1);
        while too_long - longest > 1 {
            let middle = u32::midpoint(longest, too_long);
            if of_length(middle).2.len() <= most {
                longest = middle;
            } else {
                too_long = middle;
            }
        }
        let (mut dice, text, space) = of_length(longest);
        let law = dice.of(&law::presets());
        let law = if law.needs_tokens() {
            law.with_training_tokens(2e11)
        } else {
            law
        };
        let device = device(&mut dice);
        let workload = Workload {
            batch: dice.of(&[1, 1, 2, 7]),
            prompt_tokens: dice.of(&[1024, 128, 1, 3000]),
            generated_tokens: dice.of(&[16, 1, 200, 0]),
        };
        let n_formats = if dice.one_in(4) { 2 } else { 1 };
        let evaluators: Vec<Evaluator> = (0..n_formats)
            .map(|_| evaluator(&mut dice, &law, &device, workload))
            .collect();
        let objective = dice.of(&[Objective::Total, Objective::Decode, Objective::Prefill]);
        let mut problem = Problem {
            text,
            space,
            evaluators,
            objective,
            budgets: Budgets::default(),
            minimize_memory: dice.one_in(5),
        };
        problem.budgets = budgets(&mut dice, &problem);
        problem
    }

    pub fn query(&self) -> Query<'_> {
        Query {
            space: &self.space,
            evaluators: &self.evaluators,
            objective: self.objective,
            budgets: self.budgets,
            minimize_memory: self.minimize_memory,
        }
    }
}

fn device(dice: &mut Dice<'_>) -> Device {
    let mut device = dice.of(device::catalogue());
    if dice.one_in(4) {
        // Models of any size in the space may fit into it.
        device.last_level_cache_bytes = Some(dice.of(&[3e8, 5e7, 2e9]));
    }
    device
}

fn achieved(dice: &mut Dice<'_>, device: &Device, weights: WeightFormat) -> Option<Achieved> {
    if dice.below(2) == 0 {
        return None;
    }
    let question = Question {
        runtime: Runtime::usual(device, weights),
        weights,
    };
    let mut achieved = Population::embedded().answer(device, &[], &[question]).pop()?;
    for phase in [&mut achieved.prefill, &mut achieved.decode] {
        if dice.one_in(2) {
            phase.logs[Coefficient::Cached as usize] = dice.of(&[0.6_f64, 0.1, 0.95]).ln();
        }
        if dice.one_in(3) {
            phase.logs[Coefficient::MoeLayer as usize] = 100_f64.ln();
            phase.logs[Coefficient::Unpacking as usize] = 40_f64.ln();
        }
    }
    if dice.one_in(3) {
        achieved.tokens_per_pass = Some(512);
    }
    achieved.fused_attention &= !dice.one_in(3);
    Some(achieved)
}

fn evaluator(dice: &mut Dice<'_>, law: &LossLaw, device: &Device, workload: Workload) -> Evaluator {
    let weights = dice.of(&WeightFormat::ALL);
    let mut formats = Formats::of_weights(weights);
    if dice.one_in(4) {
        formats.kv = Precision::Int8;
    }
    let assumptions = if dice.one_in(5) {
        Assumptions::paper()
    } else {
        Assumptions::default()
    };
    let roofline = achieved(dice, device, weights).map_or_else(
        || Roofline::new(device, &formats, &assumptions),
        |achieved| achieved.roofline(device, &formats, &assumptions),
    );
    Evaluator::new(law.clone(), roofline, workload).with_quantisation(penalty(dice))
}

/// What a format costs in loss: nothing, as much for all, or more for small or for large models.
fn penalty(dice: &mut Dice<'_>) -> Option<Penalty> {
    if dice.one_in(2) {
        return None;
    }
    Some(Penalty {
        loss: dice.of(&[0.0, 0.02, 0.5]),
        exponent: dice.of(&[0.0, -0.3, 0.2]),
        reference_parameters: 1e9,
    })
}

/// Budgets near what architectures of the space take.
fn budgets(dice: &mut Dice<'_>, problem: &Problem) -> Budgets {
    let sample = problem.query().sample(40, &problem.evaluators[0]);
    let mut limit = |of: fn(&Evaluation) -> f64| {
        if sample.is_empty() || !dice.one_in(4) {
            return None;
        }
        let place = dice.below(sample.len() as u32) as usize;
        Some(of(&sample[place].evaluation) * dice.of(&[1.0, 1.3, 0.7]))
    };
    Budgets {
        ttft_s: limit(|found| found.ttft_s),
        tpot_s: limit(|found| found.tpot_s),
        total_s: limit(|found| found.total_s),
        memory_bytes: limit(|found| found.memory.total_bytes()),
        total_parameters: limit(|found| found.parameters.total as f64),
        active_parameters: limit(|found| found.parameters.active as f64),
    }
}

/// A design space's TOML.
fn space(dice: &mut Dice<'_>, longest: u32) -> String {
    let mut axes: Vec<String> = Vec::new();
    let mut ties: Vec<String> = Vec::new();
    let mut fixed: Vec<String> = Vec::new();
    let mut rounds: Vec<String> = Vec::new();
    let length = |dice: &mut Dice<'_>| 1 + dice.below(longest);

    let range = |name: &str, min: f64, step: f64, n: u32| {
        let max = min + step * f64::from(n - 1);
        format!("variable = \"{name}\"\nrange = {{ min = {min}, max = {max}, step = {step} }}")
    };
    let n = length(dice);
    axes.push(range(
        "n_layers",
        f64::from(2 + dice.below(12)),
        f64::from(1 + dice.below(4)),
        n,
    ));
    let (n, step) = (length(dice), dice.of(&[64.0, 256.0, 128.0, 32.0, 8.0]));
    let least = dice.of(&[512.0, 768.0, 128.0]);
    axes.push(range("hidden_size", least, step, n));

    // Heads.
    match dice.below(3) {
        0 => {
            ties.push("n_heads = \"hidden_size / head_dim\"".to_owned());
            if dice.one_in(2) {
                axes.push("variable = \"head_dim\"\nvalues = [64, 128, 32]".to_owned());
            } else {
                fixed.push("head_dim = 64".to_owned());
            }
        }
        1 => {
            fixed.push("head_dim = 64".to_owned());
            axes.push("variable = \"n_heads\"\nvalues = [8, 12, 16, 32]".to_owned());
        }
        _ => {
            ties.push("head_dim = \"hidden_size / n_heads\"".to_owned());
            axes.push("variable = \"n_heads\"\nvalues = [16, 8, 4]".to_owned());
        }
    }
    axes.push(
        dice.of(&[
            "variable = \"n_kv_heads\"\nvalues = [1, 2, 4, \"n_heads\"]",
            "variable = \"n_kv_heads\"\nvalues = [\"n_heads\"]",
            "variable = \"n_kv_heads\"\nvalues = [8, \"n_heads\", 1, 3]",
        ])
        .to_owned(),
    );

    // Experts.
    let experts = dice.below(5);
    match experts {
        0 => {}
        1 => axes.push(
            "variables = [\"n_experts\", \"experts_per_token\"]\n\
             values = [[1, 1], [4, 1], [8, 1], [8, 2], [16, 1], [64, 8]]"
                .to_owned(),
        ),
        2 => {
            axes.push("variable = \"n_experts\"\nvalues = [16, 8, 1, 2, 7]".to_owned());
            axes.push("variable = \"experts_per_token\"\nvalues = [1, 2, 8]".to_owned());
        }
        3 => {
            axes.push("variable = \"n_experts\"\nrange = { min = 6, max = 11, step = 1 }".to_owned());
            fixed.push("experts_per_token = 2".to_owned());
        }
        _ => {
            axes.push("variable = \"experts_per_token\"\nvalues = [1, 2, 4]".to_owned());
            ties.push("n_experts = \"experts_per_token * 8\"".to_owned());
        }
    }

    // Widths of the FFN.
    let rounds_to = dice.of(&[8, 256, 32, 1, 0]);
    let round = |name: &str, rounds: &mut Vec<String>| {
        if rounds_to > 0 {
            rounds.push(format!("{name} = {rounds_to}"));
        }
    };
    if dice.below(3) < 2 {
        let (n, step) = (length(dice), dice.of(&[0.5, 0.25, 0.125]));
        axes.push(range("ffn_ratio", step * f64::from(1 + dice.below(4)), step, n));
        ties.push("intermediate_size = \"ffn_ratio * hidden_size\"".to_owned());
        round("intermediate_size", &mut rounds);
        if experts > 0 {
            ties.push("expert_size = \"ffn_ratio * hidden_size / experts_per_token\"".to_owned());
            round("expert_size", &mut rounds);
        }
    } else {
        let n = length(dice);
        axes.push(range("intermediate_size", 256.0, 128.0, n));
        if experts > 0 {
            ties.push("expert_size = \"intermediate_size / 2\"".to_owned());
            round("expert_size", &mut rounds);
        }
    }
    if experts > 0 && dice.one_in(3) {
        axes.push("variable = \"n_shared_experts\"\nvalues = [0, 1, 2]".to_owned());
        if dice.one_in(2) {
            ties.push("shared_expert_size = \"expert_size * 2\"".to_owned());
        } else {
            fixed.push("shared_expert_size = 512".to_owned());
        }
    }
    if experts > 0 && dice.one_in(3) {
        if dice.one_in(2) {
            axes.push("variable = \"n_dense_layers\"\nvalues = [0, 1, 3]".to_owned());
        } else {
            ties.push("n_dense_layers = \"n_layers / 4\"".to_owned());
            rounds.push("n_dense_layers = 1".to_owned());
        }
    }

    // Local attention.
    if dice.one_in(3) {
        axes.push("variable = \"sliding_window\"\nvalues = [256, 1024, 1040, 4096]".to_owned());
        match dice.below(3) {
            0 => {
                ties.push("n_local_layers = \"n_layers * 3 / 4\"".to_owned());
                rounds.push("n_local_layers = 1".to_owned());
            }
            1 => ties.push("n_local_layers = \"n_layers / 2\"".to_owned()),
            _ => axes.push("variable = \"n_local_layers\"\nvalues = [2, 0, 5, 20]".to_owned()),
        }
    }
    if dice.one_in(4) {
        axes.push("variable = \"vocab_size\"\nvalues = [32000, 151936]".to_owned());
    } else {
        fixed.push(format!("vocab_size = {}", dice.of(&[151_936, 32_000, 1_000])));
    }
    // The last axis varies fastest: which one it is must not matter.
    let turn = dice.below(axes.len() as u32) as usize;
    axes.rotate_left(turn);

    let mut text = format!(
        "name = \"random\"\n[architecture]\ntie_embeddings = {}\nactivation = \"{}\"\nqk_norm = \"{}\"\nqkv_bias = {}\n",
        !dice.one_in(3),
        dice.of(&["swi_glu", "plain"]),
        dice.of(&["per_head", "none", "full"]),
        dice.one_in(3),
    );
    for (title, lines) in [("fixed", fixed), ("ties", ties), ("round_to", rounds)] {
        let _ = writeln!(text, "[{title}]\n{}", lines.join("\n"));
    }
    for axis in axes {
        let _ = writeln!(text, "[[axes]]\n{axis}");
    }
    if dice.one_in(4) {
        text += "[[constraints]]\nquantity = \"hidden_size / n_layers\"\nmin = 30\nmax = 120\n";
    }
    if dice.one_in(6) {
        text += "[[constraints]]\ndivides = [\"n_kv_heads\", \"n_layers\"]\n";
    }
    if dice.one_in(5) {
        text += "[total_parameters]\nmin = 2e8\nmax = 3e9\n";
    }
    if dice.one_in(6) {
        text += "[active_parameters]\nmin = 1.5e8\n";
    }
    text
}
