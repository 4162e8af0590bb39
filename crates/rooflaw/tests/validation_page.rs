//! `docs/validation.md` says what the code computes: predicted beside what others published.
//!
//! `ROOFLAW_UPDATE_DOCS=1 cargo test -p rooflaw --test validation_page` writes the page anew.

#![allow(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use rooflaw::architecture::Architecture;
use rooflaw::device;
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::law::{self, Features};
use rooflaw::models;
use rooflaw::operators::{Assumptions, Step};
use rooflaw::roofline::{Roofline, Workload};
use std::fmt::Write as _;
use std::path::PathBuf;

const BEGIN: &str = "<!-- generated from here by tests/validation_page.rs -->\n";

fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn model(id: &str) -> &'static Architecture {
    &models::find(id).unwrap().architecture
}

fn law_table(page: &mut String) {
    let law = law::find("co-design").unwrap();
    writeln!(page, "## The co-design law\n").unwrap();
    writeln!(
        page,
        "| l | d | r | ρ | gqa | expected | ours |\n|--:|--:|--:|--:|--:|--:|--:|"
    )
    .unwrap();
    for (l, d, r, rho, gqa, expected) in [
        (24.0, 1024.0, 4.0, 1.0, 1.0, 3.444),
        (24.0, 1024.0, 4.0, 0.125, 1.0, 3.227),
        (12.0, 768.0, 4.0, 1.0, 1.0, 3.694),
        (32.0, 3072.0, 4.0, 1.0, 1.0, 3.209),
        (32.0, 3072.0, 4.0, 0.0625, 8.0, 2.894),
        (4.0, 768.0, 4.0, 1.0, 1.0, 4.560),
    ] {
        let loss = law.evaluate(&Features::new(l, d, r, rho, d / gqa));
        writeln!(
            page,
            "| {l} | {d} | {r} | {rho} | {gqa} | {expected:.3} | {loss:.3} |"
        )
        .unwrap();
        assert!((loss - expected).abs() < 0.0005);
    }
}

fn bound_table(page: &mut String) {
    let orin = device::find("jetson-agx-orin-64gb").unwrap();
    let roofline = Roofline::new(
        orin,
        &Formats::of_weights(WeightFormat::Bf16),
        &Assumptions::default(),
    );
    let qwen = model("qwen2.5-0.5b");
    writeln!(
        page,
        "\n## Qwen2.5-0.5B in bf16 on Jetson AGX Orin 64GB, 1,024 tokens\n"
    )
    .unwrap();
    writeln!(
        page,
        "| step | bound by hand (ms) | bound of the table (ms) | predicted (ms) | predicted / bound |"
    )
    .unwrap();
    writeln!(page, "|---|--:|--:|--:|--:|").unwrap();
    for (name, step, bound) in [
        ("prefill", Step::prefill(1, 1024), 18.3),
        ("decode", Step::decode(1, 1024), 4.89),
    ] {
        let table = roofline.table(qwen, &step);
        let (own, predicted) = (
            1e3 * table.hand_bound_s(roofline.bandwidth()),
            1e3 * table.total_s(),
        );
        writeln!(
            page,
            "| {name} | {bound} | {own:.2} | {predicted:.2} | {:.2} |",
            predicted / bound
        )
        .unwrap();
    }
}

fn sizes_table(page: &mut String) {
    let orin = device::find("jetson-agx-orin-64gb").unwrap();
    let llama = model("llama-3.1-8b");
    writeln!(page, "\n## Size of Llama-3-8B in GGUF formats\n").unwrap();
    writeln!(page, "| format | published (GiB) | ours (GiB) |\n|---|--:|--:|").unwrap();
    for (weights, published) in [
        (WeightFormat::GgufF16, 14.96),
        (WeightFormat::Q8_0, 7.95),
        (WeightFormat::Q6K, 6.14),
        (WeightFormat::Q5KM, 5.33),
        (WeightFormat::Q4KM, 4.58),
        (WeightFormat::Q4_0, 4.33),
    ] {
        let roofline = Roofline::new(orin, &Formats::of_weights(weights), &Assumptions::default());
        let bytes = roofline.memory(llama, &Workload::default()).weights_bytes;
        writeln!(
            page,
            "| {weights} | {published} | {:.2} |",
            bytes / f64::from(1 << 30)
        )
        .unwrap();
    }
}

fn parameters_table(page: &mut String) {
    writeln!(page, "\n## Parameter counts\n").unwrap();
    writeln!(
        page,
        "| model | model_type | published | ours | difference | active, ours |"
    )
    .unwrap();
    writeln!(page, "|---|---|--:|--:|--:|--:|").unwrap();
    for known in models::catalogue() {
        let counted = known.architecture.parameters();
        let published = known.entry.total_parameters.unwrap();
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            known.entry.name,
            known.entry.model_type,
            thousands(published),
            thousands(counted.total),
            counted.total as i64 - published as i64,
            thousands(counted.active),
        )
        .unwrap();
    }
}

#[test]
fn the_page_says_what_the_code_computes() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/validation.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let (preface, _) = found.split_once(BEGIN).unwrap();
    let mut page = format!("{preface}{BEGIN}\n");
    law_table(&mut page);
    bound_table(&mut page);
    sizes_table(&mut page);
    parameters_table(&mut page);
    if std::env::var_os("ROOFLAW_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page).unwrap();
    } else {
        assert!(
            found == page,
            "docs/validation.md is stale: run with ROOFLAW_UPDATE_DOCS=1"
        );
    }
}
