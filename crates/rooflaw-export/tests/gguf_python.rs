//! What the `gguf` package of llama.cpp, which shares nothing with this crate, reads from what is written.
//!
//! Runs where the Python that `ROOFLAW_PYTHON` names can import `gguf`; says that it was skipped elsewhere, or fails if
//! `ROOFLAW_REQUIRE_GGUF` is set.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod common;

use rooflaw::format::WeightFormat;
use rooflaw_export::{GgufArchitecture, GgufPlan, GivenWeights, HfPlan, Model, Settings, Weights};
use std::fs::{self, File};

const FORMATS: [WeightFormat; 3] = [WeightFormat::GgufF16, WeightFormat::Q8_0, WeightFormat::Q4_0];

#[test]
fn the_gguf_package_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = serde_json::Map::new();
    for (name, architecture) in common::all() {
        for format in FORMATS {
            let file = format!("{name}-{format}.gguf");
            let plan = GgufPlan::new(&architecture, format, &Settings::named("test")).unwrap();
            let mut out = File::create(folder.path().join(&file)).unwrap();
            let mut weights = Weights::Random { seed: 1 };
            plan.write(&mut out, &mut weights, &mut common::on).unwrap();
            expected.insert(
                file,
                serde_json::json!({
                    "target": plan.target().name(),
                    "parameters": plan.parameters(),
                    "tensor_bytes": plan.tensor_bytes(),
                    "vocab_size": architecture.vocab_size,
                }),
            );
        }
    }
    for (name, architecture) in common::hf() {
        if GgufArchitecture::of(&architecture).is_err() {
            continue;
        }
        let source = folder.path().join(name);
        let mut model = Model::of(architecture);
        // As llama.cpp computes it.
        model.details.routing.normalised = !matches!(name, "qwen2moe" | "olmoe");
        let plan = HfPlan::of_model(&model, WeightFormat::Fp32, 64, u64::MAX).unwrap();
        common::write_plan(&plan, &source);
        for format in FORMATS {
            let mut given = GivenWeights::open(&source).unwrap();
            let plan = GgufPlan::of_given(&given, format).unwrap();
            let mut out = File::create(source.join(format!("{format}.gguf"))).unwrap();
            plan.write(&mut out, &mut Weights::Given(&mut given), &mut common::on)
                .unwrap();
        }
    }
    let expected = serde_json::to_string(&expected).unwrap();
    fs::write(folder.path().join("expected.json"), expected).unwrap();
    let required = std::env::var_os("ROOFLAW_REQUIRE_GGUF").is_some();
    if let Some(report) = common::python("gguf_check.py", folder.path(), required) {
        println!("{report}");
        assert!(report.contains("blocks are equal"), "{report}");
    }
}
