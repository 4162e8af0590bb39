//! The CPU engine against `transformers` and PyTorch, from files that `reference/make.py` made.

use rooflaw::format::WeightFormat;
use rooflaw_export::{StagedFolder, read_model, write_model};
use rooflaw_train::cpu::{CpuEngine, EngineOptions};
use rooflaw_train::engine::{Batch, Engine, IGNORED, LoadBalancing, State, Update};
use rooflaw_train::layout::Layout;
use rooflaw_train::model::Model;
use rooflaw_train::recipe::Recipe;
use safetensors::SafeTensors;
use std::path::{Path, PathBuf};

/// Names, and whether the loss has the auxiliary one in it.
const MODELS: [(&str, bool); 8] = [
    ("qwen3", false),
    ("qwen3_moe", true),
    ("llama", false),
    ("mistral", false),
    ("qwen2_moe", true),
    ("deepseek_v2", false),
    ("deepseek_v2_q_lora", false),
    ("deepseek_v3", false),
];
const POSITIONS: usize = 24;
const AUXILIARY: f64 = 0.01;
/// Of every logit, and of every entry of a gradient: absolute, and relative to the tensor's largest entry where that is above 1.
const TOLERANCE: f64 = 1e-4;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/reference")
        .join(name)
}

struct Reference {
    inputs: Vec<u32>,
    targets: Vec<u32>,
    logits: Vec<f32>,
    loss: f64,
    auxiliary: f64,
}

fn floats(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let data = file.tensor(name).unwrap().data();
    data.as_chunks()
        .0
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes))
        .collect()
}

impl Reference {
    fn read(name: &str) -> Reference {
        let bytes = std::fs::read(folder(name).join("reference.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tokens = |name: &str| -> Vec<u32> {
            let data = file.tensor(name).unwrap().data();
            let integers = data.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes));
            integers
                .map(|token| if token == -100 { IGNORED } else { token as u32 })
                .collect()
        };
        Reference {
            inputs: tokens("inputs"),
            targets: tokens("targets"),
            logits: floats(&file, "logits"),
            loss: f64::from(floats(&file, "loss")[0]),
            auxiliary: f64::from(floats(&file, "auxiliary")[0]),
        }
    }

    fn batch(&self) -> Batch<'_> {
        Batch {
            inputs: &self.inputs,
            targets: &self.targets,
            sequence_length: POSITIONS,
        }
    }

    fn n_targets(&self) -> usize {
        self.targets.iter().filter(|&&target| target != IGNORED).count()
    }
}

fn engine(
    model: Model,
    weights: &[f32],
    sequences: usize,
    sequence_length: usize,
    is_auxiliary: bool,
) -> CpuEngine {
    let load_balancing = if is_auxiliary {
        LoadBalancing::AuxiliaryLoss {
            coefficient: AUXILIARY,
        }
    } else {
        LoadBalancing::None
    };
    let options = EngineOptions {
        sequences,
        sequence_length,
        threads: Some(2),
        load_balancing,
    };
    let mut engine = CpuEngine::new(model, &options).unwrap();
    engine.write(State::Weights, weights).unwrap();
    engine
}

/// The largest difference, over the expected values' largest where that is above 1.
fn error(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected
        .iter()
        .fold(1.0_f64, |largest, &value| largest.max(f64::from(value).abs()));
    let difference = |(found, expected): (&f32, &f32)| (f64::from(*found) - f64::from(*expected)).abs();
    found.iter().zip(expected).map(difference).fold(0.0, f64::max) / largest
}

/// The worst tensor, and its error.
fn worst(layout: &Layout, found: &[f32], expected: &[f32]) -> (String, f64) {
    let errors = layout.tensors().iter().map(|placed| {
        let range = placed.range.clone();
        let error = error(&found[range.clone()], &expected[range]);
        (
            format!("{:?} of layer {:?}", placed.spec.part, placed.spec.layer),
            error,
        )
    });
    errors.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn logits_losses_and_gradients_are_those_of_transformers() {
    for (name, is_auxiliary) in MODELS {
        let reference = Reference::read(name);
        let (model, weights) = read_model(&folder(name)).unwrap();
        let mut engine = engine(model, &weights, 3, POSITIONS, is_auxiliary);
        let mut logits = vec![f32::NAN; reference.logits.len()];
        engine.logits(&reference.batch(), &mut logits).unwrap();
        let of_logits = error(&logits, &reference.logits);
        let losses = engine
            .accumulate(&reference.batch(), reference.n_targets())
            .unwrap();
        let loss = losses.total / losses.n_targets as f64;
        let (of_loss, of_auxiliary) = (
            (loss - reference.loss).abs(),
            (losses.load_balancing - reference.auxiliary).abs(),
        );
        let (_, expected) = read_model(&folder(name).join("gradient")).unwrap();
        let mut gradients = vec![f32::NAN; expected.len()];
        engine.read(State::Gradients, &mut gradients).unwrap();
        let (tensor, of_gradient) = worst(engine.layout(), &gradients, &expected);
        println!(
            "{name}: logits {of_logits:.1e}, loss {of_loss:.1e}, auxiliary {of_auxiliary:.1e}, gradients {of_gradient:.1e} ({tensor})"
        );
        assert!(expected.iter().any(|&gradient| gradient.abs() > 0.01), "{name}");
        for (what, error) in [
            ("logits", of_logits),
            ("loss", of_loss),
            ("auxiliary", of_auxiliary),
            (tensor.as_str(), of_gradient),
        ] {
            assert!(error < TOLERANCE, "{name}, {what}: {error}");
        }
    }
}

#[test]
fn updates_are_those_of_adamw() {
    let reference = Reference::read("qwen3");
    for (variant, decays_vectors) in [("adamw-matrices", false), ("adamw-all", true)] {
        let (model, weights) = read_model(&folder("qwen3")).unwrap();
        let mut engine = engine(model, &weights, 3, POSITIONS, false);
        let bytes = std::fs::read(folder("qwen3").join(variant).join("norms.safetensors")).unwrap();
        let norms = floats(&SafeTensors::deserialize(&bytes).unwrap(), "gradient_norms");
        for (step, expected) in (0..).zip(norms) {
            engine
                .accumulate(&reference.batch(), reference.n_targets())
                .unwrap();
            let norm = engine
                .update(&Update {
                    step,
                    learning_rate: 1e-2 * (step + 1) as f64,
                    beta1: 0.9,
                    beta2: 0.95,
                    epsilon: 1e-8,
                    weight_decay: 0.1,
                    decays_vectors,
                    max_gradient_norm: Some(0.5),
                })
                .unwrap();
            assert!(
                (norm / f64::from(expected) - 1.0).abs() < TOLERANCE,
                "{norm} {expected}"
            );
        }
        let (_, expected) = read_model(&folder("qwen3").join(variant)).unwrap();
        let mut found = vec![f32::NAN; expected.len()];
        engine.read(State::Weights, &mut found).unwrap();
        // AdamW divides by the root of the second moment: where a gradient is next to nothing, its sign decides.
        let far = found
            .iter()
            .zip(&expected)
            .filter(|(a, b)| (**a - **b).abs() > 1e-4)
            .count();
        let moved = weights
            .iter()
            .zip(&expected)
            .filter(|(a, b)| (**a - **b).abs() > 1e-2)
            .count();
        println!(
            "{variant}: {far} of {} weights off by more than 1e-4, {moved} moved by more than 1e-2",
            found.len()
        );
        assert!(moved > found.len() / 2);
        assert!(far * 1000 <= found.len(), "{variant}: {far}");
    }
}

#[test]
fn what_is_written_is_what_was_read() {
    for (name, _) in MODELS {
        let (model, weights) = read_model(&folder(name)).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let out = parent.path().join(name);
        let staged = StagedFolder::new(&out).unwrap();
        write_model(&staged, &model, &weights, WeightFormat::Fp32, 64).unwrap();
        staged.commit().unwrap();
        let (again, weights_again) = read_model(&out).unwrap();
        assert_eq!(again, model, "{name}");
        assert!(weights_again == weights, "{name}");
        let tensors = |folder: &Path| {
            let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
            let file = SafeTensors::deserialize(&bytes).unwrap();
            let mut all: Vec<_> = file
                .tensors()
                .iter()
                .map(|(name, t)| (name.clone(), t.shape().to_vec(), t.data().to_vec()))
                .collect();
            all.sort();
            all
        };
        assert!(
            tensors(&out) == tensors(&folder(name)),
            "{name}: the tensors of the files"
        );
    }
}

/// Where `ROOFLAW_PYTHON_TORCH` names a Python with torch and transformers, these load what we write and compute the same.
#[test]
fn transformers_loads_what_is_written() {
    let Some(python) = std::env::var_os("ROOFLAW_PYTHON_TORCH") else {
        println!("skipped: ROOFLAW_PYTHON_TORCH names no Python with torch and transformers");
        return;
    };
    let parent = tempfile::tempdir().unwrap();
    for (name, _) in MODELS {
        let (model, weights) = read_model(&folder(name)).unwrap();
        let out = parent.path().join(name);
        let staged = StagedFolder::new(&out).unwrap();
        write_model(&staged, &model, &weights, WeightFormat::Fp32, 64).unwrap();
        staged.commit().unwrap();
        std::fs::copy(
            folder(name).join("reference.safetensors"),
            out.join("reference.safetensors"),
        )
        .unwrap();
    }
    let check = folder("check.py");
    let output = std::process::Command::new(python)
        .arg(check)
        .arg(parent.path())
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// As `hashed` in `make.py`.
fn hashed(name: &str, elements: usize) -> Vec<f32> {
    let seed = name.bytes().fold(2_166_136_261_u32, |seed, byte| {
        (seed ^ u32::from(byte)).wrapping_mul(16_777_619)
    });
    let spread = |x: u32| (x ^ (x >> 16)).wrapping_mul(73_244_475);
    (0..elements as u32)
        .map(|place| {
            let x = spread(spread(place.wrapping_mul(2_654_435_761).wrapping_add(seed)));
            let uniform = f64::from((x ^ (x >> 16)) >> 8) / f64::from(1 << 24) - 0.5;
            (uniform * 0.02 * 12_f64.sqrt()) as f32
        })
        .collect()
}

#[test]
fn two_hundred_steps_follow_the_curve_of_pytorch() {
    const SEQUENCES: usize = 8;
    const LENGTH: usize = 64;
    let recipe = Recipe::from_toml(
        r#"
        name = "The curves' recipe"
        source = "tests/reference/make.py"
        sequence_length = 64
        batch_sequences = 8
        training_tokens = 102400
        peak_learning_rate = 1e-3
        final_learning_rate = 1e-5
        warm_up_fraction = 0.05
        schedule = { kind = "cosine" }
        beta1 = 0.9
        beta2 = 0.95
        epsilon = 1e-8
        weight_decay = 0.1
        decays_vectors = false
        max_gradient_norm = 1.0
        initializer_range = 0.02
        load_balancing = { kind = "auxiliary_loss", coefficient = 0.01 }
        "#,
    )
    .unwrap();
    assert_eq!((recipe.n_steps(), recipe.warm_up_steps()), (200, 10));
    let text = std::fs::read(folder("text.txt")).unwrap();
    for (name, is_auxiliary) in [("dense", false), ("mixture", true)] {
        let folder = folder(&format!("curve-{name}"));
        let model = Model::from_config(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
        let losses = std::fs::read(folder.join("losses.json")).unwrap();
        let expected: Vec<f64> = serde_json::from_slice(&losses).unwrap();
        let weights = start(&model);
        let mut engine = engine(model, &weights, SEQUENCES, LENGTH, is_auxiliary);
        let mut largest = 0.0_f64;
        for (step, &expected) in expected.iter().enumerate() {
            let (mut inputs, mut targets) = (Vec::new(), Vec::new());
            for sequence in 0..SEQUENCES {
                let at = (step * SEQUENCES + sequence) * LENGTH % (text.len() - LENGTH - 1);
                inputs.extend(text[at..at + LENGTH].iter().map(|&byte| u32::from(byte)));
                targets.extend(text[at + 1..=at + LENGTH].iter().map(|&byte| u32::from(byte)));
            }
            let batch = Batch {
                inputs: &inputs,
                targets: &targets,
                sequence_length: LENGTH,
            };
            let losses = engine.accumulate(&batch, inputs.len()).unwrap();
            engine.update(&recipe.update(step as u64)).unwrap();
            let loss = losses.total / losses.n_targets as f64;
            let off = (loss / expected - 1.0).abs();
            assert!(off < 0.01, "{name}, step {step}: {loss}, PyTorch {expected}");
            largest = largest.max(off);
        }
        println!(
            "{name}: at most {:.5} % off over {} steps",
            100.0 * largest,
            expected.len()
        );
        assert!(expected[0] > 4.5 && expected[199] < 3.0, "it learns");
    }
}

/// The initial weights of a curve, in the checkpoint's names.
fn start(model: &Model) -> Vec<f32> {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("start");
    let staged = StagedFolder::new(&out).unwrap();
    let n = Layout::new(&model.architecture).unwrap().elements();
    write_model(&staged, model, &vec![0.0; n], WeightFormat::Fp32, 64).unwrap();
    staged.commit().unwrap();
    let path = out.join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let filled: Vec<_> = {
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let fill = |(name, tensor): (String, safetensors::tensor::TensorView<'_>)| {
            let elements = tensor.shape().iter().product();
            let values = if tensor.shape().len() == 1 {
                vec![1.0; elements]
            } else {
                hashed(&name, elements)
            };
            let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name, tensor.shape().to_vec(), data)
        };
        file.tensors().into_iter().map(fill).collect()
    };
    let views = filled.iter().map(|(name, shape, data)| {
        let view =
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), data).unwrap();
        (name.clone(), view)
    });
    let written = safetensors::serialize(views, None).unwrap();
    std::fs::write(&path, written).unwrap();
    read_model(&out).unwrap().1
}
