//! Small real sweeps: twelve runs of three architectures on the text of this repository's documentation.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program with arguments.
pub fn train(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rooflaw-train"));
    command.args(arguments);
    command
}

/// A sweep and its folder.
pub struct Sweep {
    pub folder: PathBuf,
    plan: Value,
}

const DENSE: &str = r#"{"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 320, "tie_word_embeddings": true,
    "hidden_act": "silu", "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 10000.0}"#;
const NORMED: &str = r#"{"model_type": "qwen3", "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3,
    "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 320, "tie_word_embeddings": true,
    "hidden_act": "silu", "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
    "attention_bias": false}"#;
const MIXTURE: &str = r#"{"model_type": "qwen3_moe", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 320, "tie_word_embeddings": true,
    "hidden_act": "silu", "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
    "attention_bias": false, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
    "norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": []}"#;

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// Data and configurations below `root`, made once.
fn prepare(root: &Path) -> (PathBuf, PathBuf) {
    let (data, models) = (root.join("data"), root.join("models"));
    if !data.exists() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let page = |name: &str| docs.join(name);
        let tokenizer = root.join("tokenizer.json");
        succeed(
            train(&["data", "tokenizer", "--vocab-size", "320", "--out"])
                .arg(&tokenizer)
                .arg(page("theory.md")),
        );
        succeed(
            train(&["data", "prepare"])
                .args([page("theory.md"), page("laws.md"), page("search.md")])
                .arg("--validation")
                .arg(page("whatif.md"))
                .arg("--tokenizer")
                .arg(&tokenizer)
                .arg("--out")
                .arg(&data),
        );
        for (name, config) in [("dense", DENSE), ("normed", NORMED), ("mixture", MIXTURE)] {
            fs::create_dir_all(models.join(name)).unwrap();
            fs::write(models.join(name).join("config.json"), config).unwrap();
        }
    }
    (data, models)
}

impl Sweep {
    /// A plan of three architectures and these seeds.
    pub fn planned(root: &Path, name: &str, seeds: &[&str], more: &[&str]) -> Sweep {
        let (data, models) = prepare(root);
        let folder = root.join(name);
        let mut command = train(&["sweep", "plan"]);
        command
            .arg(models)
            .arg("--data")
            .arg(data)
            .arg("--out")
            .arg(&folder);
        command.args(["--recipe", "small", "--seeds", &seeds.join(",")]);
        command.args(["--set", "sequence_length=64", "--set", "batch_sequences=8"]);
        command.args(["--set", "training_tokens=80_000"]).args(more);
        succeed(&mut command);
        let plan = fs::read(folder.join("plan.json")).unwrap();
        Sweep {
            folder,
            plan: serde_json::from_slice(&plan).unwrap(),
        }
    }

    /// `sweep run`.
    pub fn run(&self, arguments: &[&str]) -> Command {
        let mut command = train(&["sweep", "run"]);
        command.arg(&self.folder).args(arguments);
        command
    }

    /// Ids and names.
    pub fn runs(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let runs = self.plan["runs"].as_array().unwrap();
        runs.iter()
            .map(|run| (text(&run["id"]), text(&run["name"])))
            .collect()
    }

    pub fn ids(&self) -> Vec<String> {
        self.runs().into_iter().map(|(id, _)| id).collect()
    }

    fn run_folder(&self, id: &str) -> PathBuf {
        self.folder.join("runs").join(id)
    }

    /// How many are done.
    pub fn done(&self) -> usize {
        let is_done = |id: &&String| self.run_folder(id).join("result.json").exists();
        self.ids().iter().filter(is_done).count()
    }

    fn claims(&self, id: &str) -> Vec<Value> {
        let folder = self.folder.join("claims").join(id);
        let names = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = names.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let read = |path: &PathBuf| serde_json::from_slice(&fs::read(path).ok()?).ok();
        paths.iter().filter_map(read).collect()
    }

    /// How every attempt ended; empty for one that did not.
    pub fn outcomes(&self, id: &str) -> Vec<String> {
        let outcome = |claim: Value| claim["outcome"].as_str().unwrap_or_default().to_owned();
        self.claims(id).into_iter().map(outcome).collect()
    }

    /// Runs that a job of Slurm's has, by the job.
    pub fn running(&self) -> BTreeMap<String, String> {
        let mut running = BTreeMap::new();
        for id in self.ids() {
            let claims = self.claims(&id);
            let last = claims.last().filter(|claim| claim["outcome"].is_null());
            if let Some(job) = last.and_then(|claim| claim["owner"]["job"].as_str()) {
                running.insert(job.to_owned(), id);
            }
        }
        running
    }

    /// The process that last claimed a run.
    pub fn worker(&self, id: &str) -> u64 {
        self.claims(id).last().unwrap()["owner"]["pid"].as_u64().unwrap()
    }

    pub fn has_checkpoint(&self, id: &str) -> bool {
        let checkpoints = fs::read_dir(self.run_folder(id).join("checkpoints"));
        checkpoints.is_ok_and(|entries| {
            let names = entries.flatten().map(|entry| entry.file_name());
            names
                .filter(|name| name.to_string_lossy().starts_with("step-"))
                .count()
                > 0
        })
    }

    fn steps(&self, id: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.run_folder(id).join("metrics.jsonl")).unwrap_or_default();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let trained = lines.filter(|line| line.get("learning_rate").is_some());
        trained.filter_map(|line| line["step"].as_u64()).collect()
    }

    pub fn last_step(&self, id: &str) -> u64 {
        self.steps(id).last().copied().unwrap_or(0)
    }

    /// Every step is there once.
    pub fn assert_steps_are_whole(&self, id: &str) {
        let steps = self.steps(id);
        let expected: Vec<u64> = (1..=steps.len() as u64).collect();
        assert!(!steps.is_empty() && steps == expected, "{id}: {steps:?}");
    }

    /// Losses on held-out text and of the last step.
    pub fn result(&self, id: &str) -> (f64, f64) {
        let result = fs::read(self.run_folder(id).join("result.json")).unwrap();
        let result: Value = serde_json::from_slice(&result).unwrap();
        let loss = |name: &str| result[name].as_f64().unwrap();
        (loss("validation_loss"), loss("training_loss"))
    }

    /// The finished model: its files and what is in them.
    pub fn model(&self, id: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.run_folder(id).join("model")).unwrap().flatten();
        let read = |entry: fs::DirEntry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        };
        let files: BTreeMap<String, Vec<u8>> = entries.map(read).collect();
        assert!(
            files.keys().any(|name| name.ends_with(".safetensors")),
            "{files:?}"
        );
        files
    }

    /// What the plan predicts of a run.
    pub fn predicted_seconds(&self, name: &str) -> f64 {
        let runs = self.plan["runs"].as_array().unwrap();
        let run = runs.iter().find(|run| run["name"] == name).unwrap();
        run["predicted"]["seconds"].as_f64().unwrap()
    }

    /// Whether a trainer said that it went on from a checkpoint.
    pub fn resumed(&self, id: &str) -> bool {
        let log = fs::read_to_string(self.folder.join("logs").join(format!("{id}.log"))).unwrap();
        log.contains("going on from the checkpoint of step")
    }
}
