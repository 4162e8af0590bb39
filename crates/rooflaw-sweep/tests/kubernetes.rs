//! Manifests have the shape that the Kubernetes API wants: checked by `kubernetes-validate`, which has the schemas of its releases.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use rooflaw::device;
use rooflaw::models;
use rooflaw::plan::TrainingPrecision;
use rooflaw_sweep::folder::SweepFolder;
use rooflaw_sweep::kubernetes::{Options, manifest};
use rooflaw_sweep::plan::price::Basis;
use rooflaw_sweep::plan::{Candidate, Data, Engine, Plan, Recipe, Training};
use rooflaw_sweep::resources::Packing;
use rooflaw_sweep::{status, tasks};
use std::env;
use std::path::Path;
use std::process::Command;

fn text(folder: &Path, engine: Engine) -> String {
    let recipe = Recipe {
        name: "r".to_owned(),
        text: String::new(),
        tokens: 100_000_000,
        sequence_length: 2048,
        sequences: 2,
    };
    let training = |name: &&str| Training {
        candidate: Candidate::from_config(name, models::find(name).unwrap().config.as_bytes()).unwrap(),
        recipe: recipe.clone(),
    };
    let trainings: Vec<Training> = ["smollm2-135m-instruct", "qwen3-0.6b", "qwen3-4b"]
        .iter()
        .map(training)
        .collect();
    let basis = Basis::of_device(device::find("h200").unwrap(), 0.4, TrainingPrecision::Bf16).unwrap();
    let data = Data {
        path: folder.join("data"),
        hash: "hash".to_owned(),
    };
    let plan = Plan::of(&trainings, &[1, 2, 3, 4], data, engine, Some(basis)).unwrap();
    let path = folder.join("sweep").join("plan.json");
    plan.write(&path).unwrap();
    let sweep = SweepFolder::of_plan(&path).unwrap();
    let status = status::of(&sweep, &plan, 2).unwrap();
    let options = Options {
        packing: Packing::default(),
        image: "registry.example/rooflaw:0.1".to_owned(),
        volume_claim: "shared".to_owned(),
        mount: folder.canonicalize().unwrap(),
        at_once: Some(4),
        namespace: Some("research".to_owned()),
        command: vec![
            "rooflaw-train".to_owned(),
            "sweep".to_owned(),
            "run-one".to_owned(),
        ],
        retries: 3,
    };
    let manifest = manifest(&sweep, &plan, &status, &options).unwrap();
    // Every run is in one task, and a task's file says what the Job's index is to train.
    let mut ids: Vec<&String> = manifest
        .tasks
        .iter()
        .flat_map(|(_, tasks)| tasks.iter().flatten())
        .collect();
    ids.sort();
    let mut expected: Vec<&String> = plan.runs.iter().map(|run| &run.id).collect();
    expected.sort();
    assert_eq!(ids, expected);
    for (file, ids) in &manifest.tasks {
        tasks::write(file, ids).unwrap();
        let first = tasks::task(&plan, file, 0).unwrap();
        assert_eq!(plan.runs[first[0]].id, ids[0][0]);
    }
    assert_eq!(manifest.jobs[0]["spec"]["completions"], manifest.tasks[0].1.len());
    manifest.to_yaml()
}

#[test]
fn kubernetes_accepts_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let both = [Engine::Cpu, Engine::Cuda].map(|engine| (engine, text(folder.path(), engine)));
    assert!(!both[0].1.contains("nvidia.com/gpu") && both[1].1.contains("\"nvidia.com/gpu\": 1"));
    let python = env::var_os("ROOFLAW_PYTHON").unwrap_or_else(|| "python3".into());
    for (engine, yaml) in both {
        let file = folder.path().join(format!("{}.yaml", engine.name()));
        std::fs::write(&file, yaml).unwrap();
        let check = "import sys, yaml, kubernetes_validate as k
documents = list(yaml.safe_load_all(open(sys.argv[1])))
assert documents
for document in documents:
    k.validate(document, k.latest_version(), strict=True)
try:
    k.validate({**documents[0], 'spec': {**documents[0]['spec'], 'completionMood': 'Indexed'}}, k.latest_version(), strict=True)
except k.ValidationError:
    sys.exit(0)
sys.exit('a wrong key was not noticed')";
        let output = Command::new(&python).args(["-c", check]).arg(&file).output();
        let required = env::var_os("ROOFLAW_REQUIRE_KUBERNETES_VALIDATE").is_some();
        let output = match output {
            Ok(output) => output,
            Err(error) if !required => return eprintln!("skipped: {error}"),
            Err(error) => panic!("{error}"),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("No module named") && !required {
            return eprintln!("skipped: no kubernetes-validate");
        }
        assert!(output.status.success(), "{said}");
    }
}
