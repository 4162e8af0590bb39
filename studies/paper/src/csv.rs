//! The study's numbers as CSV.

use crate::compare::{Match, Target, perplexity_change};
use crate::frontiers::{Candidates, Frontiers};
use crate::setup::{Costing, Designs, Format, Setup};
use crate::text::Shape;
use rooflaw::architecture::Architecture;
use rooflaw::roofline::Evaluation;
use rooflaw::search::Candidate;

const SHAPE: &str =
    "n_layers,hidden_size,ffn_ratio,n_experts,experts_per_token,activation_rate,n_heads,n_kv_heads,head_dim";
const PREDICTION: &str = "loss,ttft_ms,tpot_ms,total_ms,memory_gb";

fn shape(architecture: &Architecture) -> String {
    let shape = Shape::of(architecture);
    format!(
        "{},{},{},{},{},{},{},{},{}",
        shape.n_layers,
        shape.hidden_size,
        shape.ffn_ratio,
        shape.n_experts,
        shape.experts_per_token,
        shape.activation_rate,
        shape.n_heads,
        shape.n_kv_heads,
        shape.head_dim
    )
}

fn prediction(evaluation: &Evaluation) -> String {
    format!("{:.6},{}", evaluation.loss, costs(evaluation))
}

/// Latencies and memory. Six decimals of a ms are a ns: more than the model knows, less than the last bits of a sum.
fn costs(evaluation: &Evaluation) -> String {
    format!(
        "{:.6},{:.6},{:.6},{:.6}",
        evaluation.ttft_s * 1e3,
        evaluation.tpot_s * 1e3,
        evaluation.total_s * 1e3,
        evaluation.memory.total_bytes() / 1e9
    )
}

/// The sampled candidates under one costing, both formats side by side.
pub fn candidates(candidates: &Candidates) -> String {
    let mut text = format!("index,{SHAPE},total_parameters,active_parameters,loss");
    for format in Format::ALL {
        let format = format.slug();
        text += &format!(",{format}_ttft_ms,{format}_tpot_ms,{format}_total_ms,{format}_memory_gb");
    }
    text.push('\n');
    let Some((first, others)) = candidates.by_format.split_first() else {
        return text;
    };
    for (position, candidate) in first.iter().enumerate() {
        let evaluation = &candidate.evaluation;
        text += &format!(
            "{},{},{},{},{:.6},{}",
            candidate.index,
            shape(&candidate.architecture),
            evaluation.parameters.total,
            evaluation.parameters.active,
            evaluation.loss,
            costs(evaluation)
        );
        for other in others.iter().filter_map(|format| format.get(position)) {
            text += &format!(",{}", costs(&other.evaluation));
        }
        text.push('\n');
    }
    text
}

/// The frontiers of a set of architectures.
pub fn frontiers(frontiers: &Frontiers, designs: Designs) -> String {
    let mut text = format!("costing,objective,format,index,{SHAPE},{PREDICTION}\n");
    for frontier in Costing::ALL
        .into_iter()
        .flat_map(|costing| frontiers.select(costing, designs))
    {
        for point in &frontier.points {
            text += &format!(
                "{},{},{},{},{},{}\n",
                frontier.costing.name(),
                frontier.objective.name(),
                frontier.format.slug(),
                point.index,
                shape(&point.architecture),
                prediction(&point.evaluation)
            );
        }
    }
    text
}

/// The columns of an architecture, empty where there is none.
fn design(candidate: Option<&Candidate>) -> String {
    candidate.map_or_else(
        || ",".repeat(SHAPE.matches(',').count() + PREDICTION.matches(',').count() + 1),
        |found| format!("{},{}", shape(&found.architecture), prediction(&found.evaluation)),
    )
}

/// The best architecture for each application.
pub fn targets(targets: &[Target]) -> String {
    let mut text = format!("costing,application,objective,limit_ms,set,format,{SHAPE},{PREDICTION}\n");
    for target in targets {
        let (objective, limit_s) = target.application.target();
        text += &format!(
            "{},{},{},{},{},{},{}\n",
            target.costing.name(),
            target.application.name(),
            objective.name(),
            limit_s * 1e3,
            target.designs.slug(),
            target.format.slug(),
            design(target.best.as_ref())
        );
    }
    text
}

/// The best architectures at the baseline's latency; the baseline itself first, under each costing and format.
pub fn matches(setup: &Setup, matches: &[Match]) -> String {
    let mut text = format!(
        "costing,set,objective,format,held_equal,{SHAPE},{PREDICTION},delta_loss,perplexity_change\n"
    );
    for costing in Costing::ALL {
        for format in Format::ALL {
            let evaluation = setup.evaluator(costing, format).evaluate(&setup.baseline);
            text += &format!(
                "{},qwen2.5-0.5b,,{},,{},{},,\n",
                costing.name(),
                format.slug(),
                shape(&setup.baseline),
                prediction(&evaluation)
            );
        }
    }
    for found in matches {
        let held = [
            ("latency", &found.same_latency),
            ("latency and memory", &found.same_memory),
        ];
        for (held, candidate) in held {
            let Some(candidate) = candidate else { continue };
            let delta = found.delta(candidate);
            text += &format!(
                "{},{},{},{},{held},{},{delta:.6},{:.6}\n",
                found.costing.name(),
                found.designs.slug(),
                found.objective.name(),
                found.format.slug(),
                design(Some(candidate)),
                perplexity_change(delta)
            );
        }
    }
    text
}
