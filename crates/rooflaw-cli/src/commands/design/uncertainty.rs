//! `rooflaw design --uncertainty`: which architecture to build when neither loss nor latencies are known for certain.

use crate::commands::design::Design;
use crate::commands::models::ffn;
use crate::commands::whatif::print::layers_by_width;
use crate::input;
use crate::latency::Latency;
use crate::output::{self, MeasuredTable, Progress};
use anyhow::{Result, bail};
use rooflaw::architecture::Architecture;
use rooflaw::decision::{self, Choice, Decision, Options, Question, Setting};
use rooflaw::device::Device;
use rooflaw::law::LossLaw;
use rooflaw::operators::Assumptions;
use rooflaw::roofline::Evaluator;
use rooflaw::search::{Budgets, Objective};
use rooflaw::space::DesignSpace;

/// What is drawn, and what counts.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Uncertainty")]
pub struct UncertaintyArgs {
    /// Judge candidates by draws of the law's refits and of the latencies: probabilities, regret, the robust choice, and
    /// whether training runs or measurements would help more
    #[arg(long)]
    uncertainty: bool,
    /// Draws by which candidates are judged
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=100_000), allow_negative_numbers = true, requires = "uncertainty")]
    draws: u32,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0, requires = "uncertainty")]
    seed: u64,
    /// Loss by which another architecture must be better to push one off the frontier
    #[arg(long, value_name = "LOSS", default_value_t = 0.005, value_parser = input::not_negative, allow_hyphen_values = true, requires = "uncertainty")]
    tolerance: f64,
    /// What missing a budget costs beside the loss of what is then built instead
    #[arg(long, value_name = "LOSS", default_value_t = 0.0, value_parser = input::not_negative, allow_hyphen_values = true, requires = "uncertainty")]
    miss_penalty: f64,
}

/// The question, as `design` has it.
pub struct Asked<'a> {
    pub device: &'a Device,
    pub assumptions: &'a Assumptions,
    pub law: &'a LossLaw,
    pub space: &'a DesignSpace,
    pub latencies: &'a [Latency],
    pub evaluators: &'a [Evaluator],
    pub objective: Objective,
    pub budgets: Budgets,
    /// The reference, where its latency is the budget.
    pub reference: Option<&'a Architecture>,
}

impl UncertaintyArgs {
    /// Whether any of it is asked for.
    pub const fn is_asked(&self) -> bool {
        self.uncertainty
    }

    /// Decides, if that is asked for.
    ///
    /// # Errors
    /// A law and latencies that state no uncertainty.
    pub fn decide(&self, asked: &Asked<'_>) -> Result<Option<Decision>> {
        if !self.uncertainty {
            return Ok(None);
        }
        self.check(asked.law, asked.latencies)?;
        let settings: Vec<Setting<'_>> = asked
            .latencies
            .iter()
            .zip(asked.evaluators)
            .map(|(latency, evaluator)| Setting {
                device: asked.device,
                assumptions: asked.assumptions,
                evaluator,
                achieved: latency.achieved(),
            })
            .collect();
        let options = Options {
            draws: self.draws as usize,
            seed: self.seed,
            tolerance: self.tolerance,
            miss_penalty: self.miss_penalty,
            ..Options::default()
        };
        let question = Question {
            space: asked.space,
            law: asked.law,
            settings: &settings,
            objective: asked.objective,
            budgets: asked.budgets,
            reference: asked.reference,
            options,
        };
        let searches = options.searches as u64 + 1;
        let progress = Progress::new(asked.space.len().saturating_mul(searches));
        let decision = decision::decide(&question, &|done| progress.advance(done));
        progress.finish();
        Ok(Some(decision))
    }

    /// Refuses what has nothing to be uncertain of.
    ///
    /// # Errors
    /// A law without refits, and bare rooflines.
    pub fn check(&self, law: &LossLaw, latencies: &[Latency]) -> Result<()> {
        if self.uncertainty && law.ensemble.is_none() && !latencies.iter().any(Latency::is_calibrated) {
            bail!(
                "--uncertainty: neither the law {} nor a bare roofline states any: expected --calibration auto or a file, \
                 or a law with an ensemble of refits, such as `rooflaw fit` writes",
                law.id
            );
        }
        Ok(())
    }
}

/// Rows of the table on the terminal.
pub const ROWS: usize = 8;

/// Prints what was decided.
pub fn print(design: &Design<'_>, decision: &Decision) -> Result<()> {
    output::line("")?;
    output::heading("Under uncertainty")?;
    for sentence in basis(decision) {
        output::line(&sentence)?;
    }
    output::line("")?;
    output::table(&table(design, decision, ROWS))?;
    output::line("")?;
    for sentence in advice(decision) {
        output::line(&sentence)?;
    }
    Ok(())
}

/// What was drawn, in words.
pub fn basis(decision: &Decision) -> Vec<String> {
    let law = match decision.n_members {
        0 => "the law is taken for certain, since it states no uncertainty".to_owned(),
        some => format!("{some} refits of the law"),
    };
    let latencies = if decision.are_latencies_uncertain {
        "the latencies' coefficients, common to all architectures, with a scatter for each"
    } else {
        "latencies are taken for certain, since a bare roofline states no uncertainty"
    };
    let coverage = decision.coverage;
    let left_out = match coverage.left_out {
        0 => String::new(),
        some => format!(", {some} on the fewest of them left out"),
    };
    vec![
        format!(
            "{} draws: {law}; {latencies}. Candidates: {} architectures on the frontiers of {} searches, each under a draw\
             {left_out}.",
            output::thousands(decision.options.draws as u64),
            output::thousands(decision.choices.len() as u64),
            coverage.searches,
        ),
        format!(
            "within: the probability to meet the budgets; front: to be on the frontier, that is, that no candidate at most \
             as slow is better by more than {}; regret: the expected loss above the lowest that meets the budgets; high: \
             what it stays below in nine of ten draws. A missed budget counts as the loss of what is then built instead, the lowest that meets \
             them with {:.0} %{}.",
            decision.options.tolerance,
            100.0 * decision::SAFE,
            if decision.options.miss_penalty > 0.0 {
                format!(", and {} more", decision.options.miss_penalty)
            } else {
                String::new()
            }
        ),
    ]
}

/// The choices with the least regret, and those with a name.
pub fn table(design: &Design<'_>, decision: &Decision, rows: usize) -> MeasuredTable {
    let objective = design.objective;
    let mut headers = vec![
        "choice",
        "loss",
        "ms",
        "within",
        "front",
        "regret",
        "high",
        "l×d",
        "FFN k/E×w",
    ];
    let several = design.outcome.by_format.len() > 1;
    if several {
        headers.push("weights");
    }
    let mut table = MeasuredTable::new(&headers, &[0, 8, 9]);
    let named = [decision.nominal, decision.cautious, decision.fallback];
    for (place, choice) in decision.choices.iter().enumerate() {
        if place >= rows && !named.contains(&Some(place)) {
            continue;
        }
        let mut row = row(decision, place, choice, objective);
        if several {
            let formats = design.outcome.by_format.get(choice.position);
            row.push(formats.map_or_else(String::new, |found| found.formats.weights.to_string()));
        }
        table.push(row);
    }
    table
}

/// What a choice is called.
pub fn names(decision: &Decision, place: usize) -> Vec<&'static str> {
    let mut names = Vec::new();
    for (name, of) in [
        ("robust", Some(0)),
        ("nominal", decision.nominal),
        ("cautious", decision.cautious),
        ("fallback", decision.fallback),
    ] {
        if of == Some(place) {
            names.push(name);
        }
    }
    names
}

fn row(decision: &Decision, place: usize, choice: &Choice, objective: Objective) -> Vec<String> {
    let percent = |p: f64| format!("{:.0} %", 100.0 * p);
    let (architecture, evaluation) = (&choice.candidate.architecture, &choice.candidate.evaluation);
    vec![
        names(decision, place).join(", "),
        output::loss(choice.expected_loss),
        output::milliseconds(objective.latency_s(evaluation)),
        percent(choice.within_budgets),
        percent(choice.on_frontier),
        output::loss(choice.expected_regret),
        output::loss(choice.high_regret),
        layers_by_width(architecture),
        ffn(architecture),
    ]
}

/// What to build, and what would be worth knowing.
pub fn advice(decision: &Decision) -> Vec<String> {
    let Some(robust) = decision.robust() else {
        return vec!["Nothing is within the budgets in any draw.".to_owned()];
    };
    let mut sentences = vec![format!(
        "Robust: {}; expected regret {}.",
        super::print::shape(&robust.candidate.architecture),
        output::loss(robust.expected_regret)
    )];
    if let Some(nominal) = decision.nominal.filter(|place| *place > 0) {
        let nominal = &decision.choices[nominal];
        sentences.push(format!(
            "What is best if nothing is uncertain meets the budgets with {:.0} % and has an expected regret of {}.",
            100.0 * nominal.within_budgets,
            output::loss(nominal.expected_regret)
        ));
    }
    if decision.nothing_within_budgets > 0.0 {
        sentences.push(format!(
            "In {:.1} % of the draws no candidate meets the budgets.",
            100.0 * decision.nothing_within_budgets
        ));
    }
    sentences.extend(worth(decision));
    sentences
}

/// What would be worth knowing, and what to do about it.
fn worth(decision: &Decision) -> Vec<String> {
    let information = &decision.information;
    let mut parts = Vec::new();
    if decision.n_members > 0 {
        parts.push(format!("the law, {}", output::loss(information.regret_law_known)));
    }
    if decision.are_latencies_uncertain {
        parts.push(format!(
            "the device's coefficients, {}",
            output::loss(information.regret_device_known)
        ));
        parts.push(format!(
            "the latency of every candidate, {}",
            output::loss(information.regret_latencies_known)
        ));
    }
    let known = format!(
        "The least expected regret is {}. Were this known before choosing, it would be: {}.",
        output::loss(information.regret),
        parts.join("; ")
    );
    let is_nothing = |value: f64| value < 5e-5;
    let (law, device, latencies) = (
        information.value_of_law(),
        information.value_of_device(),
        information.value_of_latencies(),
    );
    let measured = if is_nothing(latencies - device) {
        String::new()
    } else {
        format!(
            " Measuring candidates themselves, with random weights (`rooflaw export`, `rooflaw measure`), is worth at most {}.",
            output::loss(latencies)
        )
    };
    let most = match (is_nothing(law), is_nothing(device)) {
        (true, true) => "Neither training runs nor a calibration would change the decision much.".to_owned(),
        _ if device > law => format!(
            "A calibration of the device would help more than training runs, by at most {} (`rooflaw calibrate`).",
            output::loss(device)
        ),
        _ => format!(
            "Training runs would help more than a calibration of the device, by at most {} (`rooflaw plan-runs`).",
            output::loss(law)
        ),
    };
    vec![known, format!("{most}{measured}")]
}
