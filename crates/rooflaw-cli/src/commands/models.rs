//! `rooflaw models`: the published models.

use crate::{input, output};
use anyhow::Result;
use output::MeasuredTable;
use rooflaw::architecture::Architecture;
use rooflaw::models;
use serde_json::json;

/// The published models rooflaw knows.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw models                    all of them
  rooflaw models qwen2.5-0.5b       one, and where it was read
  rooflaw models path/config.json   reads and checks a config.json of your own")]
pub struct Args {
    /// A name, a config.json or its folder, to see all of one model
    model: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if let Some(name) = &args.model {
        let model = input::model(name)?;
        let entry = models::find(name).ok().map(|known| &known.entry);
        let parameters = model.architecture.parameters();
        if args.json {
            return output::json(&json!({
                "name": model.name,
                "architecture": model.architecture,
                "parameters": parameters,
                "published": entry,
            }));
        }
        output::heading(&model.name)?;
        let mut table = MeasuredTable::new(&["parameters", "count"], &[0]);
        table.push(vec!["total".to_owned(), output::thousands(parameters.total)]);
        if let Some(total) = entry.and_then(|entry| entry.total_parameters) {
            table.push(vec!["total, published".to_owned(), output::thousands(total)]);
        }
        table.push(vec![
            "active per token".to_owned(),
            output::thousands(parameters.active),
        ]);
        table.push(vec![
            "embedding and head".to_owned(),
            output::thousands(parameters.embedding),
        ]);
        output::table(&table)?;
        output::line("")?;
        output::line(&serde_json::to_string_pretty(&model.architecture)?)?;
        if let Some(entry) = entry {
            output::line("")?;
            output::line(&format!(
                "{}, model type {}, licence {}",
                entry.repository, entry.model_type, entry.licence
            ))?;
            let said_twice = format!("{}: ", entry.config_kind);
            let source = entry.config_source.trim_start_matches(&said_twice);
            output::paragraph(&format!("Configuration ({}): {source}", entry.config_kind))?;
            for text in [&entry.total_source, &entry.total_note].into_iter().flatten() {
                output::remark("Published total", text)?;
            }
        }
        return Ok(());
    }
    if args.json {
        return output::json(&models::catalogue());
    }
    let mut table = MeasuredTable::new(&["model", "layers", "hidden", "FFN", "total", "active"], &[0, 3]);
    for model in models::catalogue() {
        let architecture = &model.architecture;
        let parameters = architecture.parameters();
        table.push(vec![
            model.entry.id.clone(),
            architecture.n_layers.to_string(),
            architecture.hidden_size.to_string(),
            ffn(architecture),
            output::parameters(parameters.total),
            output::parameters(parameters.active),
        ]);
    }
    output::table(&table)?;
    output::line("")?;
    output::line(&format!(
        "{} models. FFN: width, or experts per token / experts × width.",
        models::catalogue().len()
    ))
}

/// The FFN in a few characters: `4864`, `8/64×1024`.
pub fn ffn(architecture: &Architecture) -> String {
    match &architecture.ffn.moe {
        None => architecture.ffn.intermediate_size.to_string(),
        Some(moe) => format!("{}/{}×{}", moe.experts_per_token, moe.n_experts, moe.expert_size),
    }
}
