//! A small run: its record, its data, and how it is trained.

use super::bigram::{Bigram, VOCABULARY, architecture};
use rooflaw_train::engine::IGNORED;
use rooflaw_train::model::Details;
use rooflaw_train::recipe;
use rooflaw_train::record::{DataRecord, EvaluationRecord, FORMAT, Machine, Metrics, RunFolder, RunRecord};
use rooflaw_train::session::{CheckpointPolicy, DataError, Ending, Event, Sequences, Session, Stopped};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Numbered sequences: a token is mostly followed by what is fixed, else by chance.
#[derive(Clone, Copy)]
pub struct Numbers {
    pub seed: u64,
    /// The first sequence that cannot be read.
    pub damaged_from: u64,
}

impl Sequences for Numbers {
    fn n_sequences(&self) -> u64 {
        10
    }

    fn fill(&self, index: u64, inputs: &mut [u32], targets: &mut [u32]) -> Result<(), DataError> {
        if index >= self.damaged_from {
            return Err("shard 7: its hash is another".into());
        }
        let mut random = self.seed ^ (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut token = index as u32 % VOCABULARY;
        for (input, target) in inputs.iter_mut().zip(targets.iter_mut()) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *input = token;
            token = match random >> 62 {
                0 => (random >> 40) as u32 % VOCABULARY,
                _ => (token * 5 + 3) % VOCABULARY,
            };
            *target = token;
        }
        targets[0] = IGNORED;
        Ok(())
    }
}

pub const TRAINING: Numbers = Numbers {
    seed: 1,
    damaged_from: u64::MAX,
};
pub const HELD_OUT: Numbers = Numbers {
    seed: 2,
    damaged_from: u64::MAX,
};

/// A run of so many steps.
pub fn record(steps: u64) -> RunRecord {
    let mut recipe = recipe::find("small").unwrap();
    recipe.sequence_length = 16;
    recipe.batch_sequences = 5;
    recipe.micro_batch_sequences = Some(2);
    recipe.training_tokens = (steps * recipe.tokens_per_step()) as f64;
    recipe.peak_learning_rate = 0.05;
    recipe.warm_up_fraction = 0.1;
    let architecture = architecture();
    RunRecord {
        format: FORMAT,
        architecture_name: "bigram".to_owned(),
        details: Details::of(&architecture),
        architecture,
        data: DataRecord {
            sha256: "0".repeat(64),
            tokenizer_sha256: "1".repeat(64),
            training_tokens: 1000,
            validation_tokens: 160,
            validation_bytes: 320,
        },
        seed: 7,
        engine: "bigram".to_owned(),
        evaluation: EvaluationRecord {
            interval_steps: 7,
            sequences: 3,
        },
        steps: recipe.n_steps(),
        tokens: recipe.tokens(),
        parameters: architecture.parameters().total,
        training_flop: 1e6,
        code_version: "0".to_owned(),
        threads: 1,
        machine: Machine::this(),
        recipe,
    }
}

pub fn engine(record: &RunRecord) -> Bigram {
    let recipe = &record.recipe;
    let (sequences, length) = (recipe.micro_batch() as usize, recipe.sequence_length as usize);
    Bigram::new(sequences, length, record.seed)
}

pub fn policy(interval_steps: u64) -> CheckpointPolicy {
    CheckpointPolicy {
        interval_steps: Some(interval_steps),
        interval: Duration::from_secs(3600),
        keep: None,
    }
}

/// Trains in a folder, with checkpoints every 4 steps.
pub fn train(
    path: &Path,
    record: &RunRecord,
    engine: &mut Bigram,
    training: &Numbers,
    interrupted: &AtomicBool,
    tell: &mut dyn FnMut(Event),
) -> Result<Ending, Stopped> {
    let folder = RunFolder::claim(path).unwrap();
    folder.begin(record).unwrap();
    let session = Session {
        record,
        training,
        held_out: &HELD_OUT,
        tokenizer: Some(b"{}"),
        checkpoints: policy(4),
        interrupted,
    };
    session.train(engine, &folder, tell)
}

/// Trains without interruption, to the end.
pub fn whole(path: &Path, record: &RunRecord) {
    let never = AtomicBool::new(false);
    let ending = train(path, record, &mut engine(record), &TRAINING, &never, &mut |_| {});
    assert!(matches!(ending, Ok(Ending::Done(_))), "{ending:?}");
}

/// The lines of a run's metrics, without times.
pub fn metrics(path: &Path) -> Vec<Metrics> {
    let text = fs::read_to_string(path.join("metrics.jsonl")).unwrap();
    let line = |line: &str| match serde_json::from_str(line).unwrap() {
        Metrics::Trained(mut trained) => {
            (trained.tokens_per_s, trained.wall_seconds) = (0.0, 0.0);
            Metrics::Trained(trained)
        }
        Metrics::Validated(mut validated) => {
            validated.wall_seconds = 0.0;
            Metrics::Validated(validated)
        }
    };
    text.lines().map(line).collect()
}

/// A run's result, without its time.
pub fn result(path: &Path) -> Value {
    let text = fs::read_to_string(path.join("result.json")).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["wall_seconds"] = Value::Null;
    value
}

/// Everything that two trainings of one run must have alike, bit for bit.
pub fn assert_same(a: &Path, b: &Path) {
    assert_eq!(metrics(a), metrics(b));
    assert_eq!(result(a), result(b));
    let mut files = 0;
    for entry in fs::read_dir(a.join("model")).unwrap() {
        let name = entry.unwrap().file_name();
        let read = |run: &Path| fs::read(run.join("model").join(&name)).unwrap();
        assert!(read(a) == read(b), "{name:?}");
        files += 1;
    }
    assert!(files >= 2);
}
