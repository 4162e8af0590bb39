//! What `rooflaw explain` says on the terminal.

use super::found::{Explanation, Theory};
use super::tables::{answers, budgets, either_model, elasticities, paper, percent, prices};
use super::theory::regime_words;
use super::{Args, found::Answer};
use crate::commands::design::print::shape;
use crate::latency;
use crate::output;
use crate::report;
use anyhow::Result;
use rooflaw::law::LossLaw;
use rooflaw::theory::ShapeVariable;

/// Prints the explanation.
pub fn print(args: &Args, explanation: &Explanation<'_>, law: &LossLaw) -> Result<()> {
    output::heading(&format!("Why this design for {}", explanation.device.name))?;
    output::line(&format!(
        "batch {}, {} tokens in, {} out; {} weights; law {}; bounds of space {}",
        explanation.workload.batch,
        output::thousands(u64::from(explanation.workload.prompt_tokens)),
        output::thousands(u64::from(explanation.workload.generated_tokens)),
        explanation.formats.weights,
        report::law_text(law),
        explanation.space,
    ))?;
    if let Some(theory) = &explanation.theory {
        output::line(&format!(
            "simplified costs: prefill at {} TFLOP/s, decode at {:.1} GB/s",
            output::tera(theory.flop_per_s),
            theory.bytes_per_s / 1e9
        ))?;
    }
    if let Some(reason) = &explanation.no_theory {
        output::line("")?;
        output::paragraph(&format!("No theory: {reason}. What follows is by exact search."))?;
    }
    output::line("")?;
    output::heading("What binds")?;
    output::table(&budgets(explanation))?;
    if let Some(theory) = &explanation.theory {
        output::line(&binding(&theory.simplified))?;
    }
    output::line("")?;
    output::heading("The optimum")?;
    output::table(&answers(explanation))?;
    output::paragraph(
        "simple, full: the most that is taken of a budget, by the simplified costs and by the full model. l layers, d \
         hidden size, r active FFN width / d, ρ active / stored FFN width, gqa query heads per KV head.",
    )?;
    if let Some(theory) = &explanation.theory {
        notes(explanation, theory)?;
    }
    if let Some(whole) = explanation.near_refined() {
        output::line("")?;
        output::table(&either_model(whole))?;
    }
    if let Some(architecture) = explanation.recommended() {
        output::line(&format!("Build: {}.", shape(&architecture)))?;
    } else {
        output::paragraph(&nothing(explanation))?;
    }
    output::line("")?;
    output::heading("What more is worth")?;
    output::table(&prices(explanation))?;
    output::paragraph(&format!(
        "Δ loss in {}: derivatives at the optimum; searched: the exact search again, of whole architectures.",
        explanation.loss_unit
    ))?;
    if let Some(theory) = &explanation.theory {
        output::line("")?;
        output::heading("Where the published formulas go")?;
        if theory.paper.is_empty() {
            output::paragraph(&no_paper(theory))?;
        } else {
            output::table(&paper(theory))?;
            output::paragraph("Δ loss against the corrected form at the same hidden size, without bounds.")?;
        }
    }
    output::line("")?;
    output::heading("How it scales")?;
    output::table(&elasticities(explanation))?;
    output::paragraph("~: the line explains less than 90 % of the variance; bounds stop some variables.")?;
    output::line("")?;
    for sentence in latency::sentences(explanation.device, std::slice::from_ref(explanation.latency)) {
        output::line(&sentence)?;
    }
    output::line(&report::loss_text(law))?;
    for warning in warnings(explanation, law) {
        output::warning(&warning)?;
    }
    match &args.out {
        Some(out) => output::line(&format!("Written to {}", out.display())),
        None => output::line("Add `--region --out DIR` for figures of the feasible region and the scaling."),
    }
}

/// Which budgets and bounds hold the optimum.
fn binding(answer: &Answer) -> String {
    let regime = match answer.regime {
        Some(regime) => format!("Regime: {}.", regime_words(regime)),
        None if answer.optimum.limits.iter().any(|state| state.binds()) => {
            "Regime: several budgets at once.".to_owned()
        }
        None => "Regime: none of the budgets binds.".to_owned(),
    };
    let bounds: Vec<String> = answer
        .at_bounds
        .iter()
        .map(|variable| {
            let of = answer.optimum.bounds[*variable as usize];
            let (end, price) = if of.min > of.max {
                ("smallest", of.min)
            } else {
                ("largest", of.max)
            };
            let price = super::tables::change(-0.01 * price);
            format!("{} at its {end} ({price} for 1 % beyond)", variable.name())
        })
        .collect();
    if bounds.is_empty() {
        return format!("{regime} No variable is at a bound.");
    }
    format!("{regime} At bounds: {}.", bounds.join(", "))
}

fn notes(explanation: &Explanation<'_>, theory: &Theory) -> Result<()> {
    let optimum = &theory.simplified.optimum;
    output::paragraph(&format!(
        "The numeric optimum is the only one: no shape within bounds and budgets has a loss lower by more than {:.0e} \
         {} (a proven gap).",
        optimum.gap.max(1e-16),
        explanation.loss_unit
    ))?;
    if let Some(reason) = &theory.no_closed_form {
        output::paragraph(&format!("No closed form: {reason}."))?;
    }
    if let Some(form) = &theory.closed_form {
        output::paragraph(&format!(
            "Closed form: {} at d = {}, without bounds.",
            regime_words(form.regime),
            output::short(form.hidden_size, 0)
        ))?;
        let most = theory.bounds.max.n_layers;
        if form.free.shape.n_layers > most {
            output::paragraph(&format!(
                "Its {} layers are more than the space's {most:.0}: at the same r they fall as d⁻², so a wider model uses the \
                 budget.",
                output::short(form.free.shape.n_layers, 1)
            ))?;
        }
    }
    if let Some(refined) = &theory.refined {
        let factors: Vec<String> = refined
            .factors
            .iter()
            .map(|(quantity, factor)| format!("{factor:.2} ({})", quantity.name()))
            .collect();
        output::paragraph(&format!(
            "Refined: the full model's costs as sums of powers around the best design; there they are {} times \
             the simplified ones.",
            factors.join(", ")
        ))?;
        output::line(&binding(&refined.answer))?;
    }
    Ok(())
}

fn nothing(explanation: &Explanation<'_>) -> String {
    format!(
        "No architecture of the space `{}` meets the budgets by the full model, which counts what the simplified costs \
         leave out: give it more, or try `rooflaw design`, which says what is least.",
        explanation.space
    )
}

fn no_paper(theory: &Theory) -> String {
    match theory.simplified.regime {
        None => "Nowhere: the paper has formulas for one latency, memory, or both.".to_owned(),
        Some(regime) if regime.paper_name().is_none() => format!(
            "Nowhere: the paper has none for a budget on {}. With --max-tpot and --max-memory it has.",
            regime.name()
        ),
        Some(regime) => format!(
            "For {} alone they agree with the corrected ones here; with --max-tpot and --max-memory they do not.",
            regime.name()
        ),
    }
}

/// What to know before trusting an explanation.
pub fn warnings(explanation: &Explanation<'_>, law: &LossLaw) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(architecture) = explanation.recommended() {
        for extrapolation in law.extrapolations(&law.features(&architecture)) {
            warnings.push(format!("the law {} extrapolates: {extrapolation}", law.id));
        }
        warnings.extend(report::expert_warning(law, &architecture));
    }
    if let Some(theory) = &explanation.theory {
        let rises = theory.bounds.max.hidden_size > 3950.0
            && law.uses(rooflaw::law::Feature::ActivationRate)
            && theory.simplified.optimum.shape.get(ShapeVariable::HiddenSize) > 3950.0;
        if rises {
            warnings.push(
                "the fitted loss rises with hidden sizes beyond about 3,950: it extrapolates".to_owned(),
            );
        }
        let over = theory
            .integers
            .iter()
            .flat_map(|whole| &whole.full_shares)
            .filter(|(_, share)| *share > 1.0);
        for (quantity, share) in over {
            warnings.push(format!(
                "by the full model, the numeric optimum in whole numbers takes {} of the budget on {}: the refined one \
                 is what to build",
                percent(*share),
                quantity.name()
            ));
        }
    }
    warnings.extend(report::fallback_warnings(
        explanation.device,
        &explanation.fallbacks,
    ));
    warnings
}
