//! The two sides: each loads a model and makes training steps when asked.

use crate::models::Size;
use anyhow::{Context as _, Result, bail};
use rooflaw_train::cpu::{CpuEngine, EngineOptions};
use rooflaw_train::engine::{Batch, Engine as _, LoadBalancing, State, Update};
use rooflaw_train::model::Model;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// Sequences of a batch.
pub const SEQUENCES: usize = 16;
/// Positions of a sequence.
pub const POSITIONS: usize = 256;
const TOKENS: usize = SEQUENCES * POSITIONS;

/// What some steps gave.
pub struct Turn {
    pub seconds: f64,
    pub losses: Vec<f64>,
}

/// Our engine.
pub struct Ours {
    engine: CpuEngine,
    done: usize,
}

/// Uniform with a deviation of 0.02, as `hashed` in `peer.py`.
fn hashed(index: usize, elements: usize) -> impl Iterator<Item = f32> {
    let seed = (index as u32).wrapping_mul(40_503);
    let spread = |x: u32| (x ^ (x >> 16)).wrapping_mul(73_244_475);
    (0..elements as u32).map(move |place| {
        let x = spread(spread(place.wrapping_mul(2_654_435_761).wrapping_add(seed)));
        let uniform = f64::from((x ^ (x >> 16)) >> 8) / f64::from(1 << 24) - 0.5;
        (uniform * 0.02 * 12_f64.sqrt()) as f32
    })
}

impl Ours {
    pub fn load(size: &Size, threads: usize) -> Result<Ours> {
        let options = EngineOptions {
            sequences: SEQUENCES,
            sequence_length: POSITIONS,
            threads: Some(threads),
            load_balancing: LoadBalancing::None,
        };
        let mut engine = CpuEngine::new(Model::of(size.architecture()), &options)?;
        let mut weights = vec![1.0; engine.layout().elements()];
        for (index, placed) in engine.layout().tensors().iter().enumerate() {
            if !matches!(placed.spec.shape, rooflaw_export::Shape::Vector(_)) {
                let range = placed.range.clone();
                for (weight, value) in weights[range.clone()].iter_mut().zip(hashed(index, range.len())) {
                    *weight = value;
                }
            }
        }
        engine.write(State::Weights, &weights)?;
        Ok(Ours { engine, done: 0 })
    }

    pub fn steps(&mut self, n: usize) -> Result<Turn> {
        let vocab = self.engine.model().architecture.vocab_size as usize;
        let mut losses = Vec::new();
        let begin = Instant::now();
        for _ in 0..n {
            let first = self.done * TOKENS;
            let token = |place: usize| ((place * place * 31 + place * 17) % (vocab - 3)) as u32;
            let tokens: Vec<u32> = (first..=first + TOKENS).map(token).collect();
            let batch = Batch {
                inputs: &tokens[..TOKENS],
                targets: &tokens[1..],
                sequence_length: POSITIONS,
            };
            let found = self.engine.accumulate(&batch, TOKENS)?;
            self.engine.update(&Update {
                step: self.done as u64,
                learning_rate: 1e-3,
                beta1: 0.9,
                beta2: 0.95,
                epsilon: 1e-8,
                weight_decay: 0.01,
                decays_vectors: false,
                max_gradient_norm: Some(1.0),
            })?;
            losses.push(found.total / TOKENS as f64);
            self.done += 1;
        }
        Ok(Turn {
            seconds: begin.elapsed().as_secs_f64(),
            losses,
        })
    }
}

/// PyTorch, as a process of its own.
pub struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Its version, and what multiplies its matrices.
    pub about: String,
}

impl Peer {
    /// `preload` is a library that the process loads first.
    pub fn load(
        python: &str,
        size: &Size,
        threads: usize,
        is_compiled: bool,
        preload: Option<&Path>,
    ) -> Result<Peer> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peer.py");
        let mut command = Command::new(python);
        if let Some(library) = preload {
            command.env("LD_PRELOAD", library);
        }
        let mut child = command
            .args([script, &threads.to_string()])
            // Older OpenBLAS needs these on some processors; PyTorch brings its own libraries, which they only slow down.
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {python}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{python} has no pipes");
        };
        let mut peer = Peer {
            child,
            input,
            output: BufReader::new(output),
            about: String::new(),
        };
        let request =
            json!({"load": size, "compile": is_compiled, "sequences": SEQUENCES, "positions": POSITIONS});
        let answer = peer.ask(&request)?;
        let text = |key: &str| answer[key].as_str().unwrap_or("unknown").to_owned();
        peer.about = format!("PyTorch {}, {}", text("torch"), text("blas"));
        Ok(peer)
    }

    fn ask(&mut self, request: &Value) -> Result<Value> {
        writeln!(self.input, "{request}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).context("peer.py stopped")
    }

    pub fn steps(&mut self, n: usize) -> Result<Turn> {
        let answer = self.ask(&json!({"steps": n}))?;
        let losses = answer["losses"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        Ok(Turn {
            seconds: answer["seconds"].as_f64().context("no seconds")?,
            losses: losses.iter().filter_map(Value::as_f64).collect(),
        })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
