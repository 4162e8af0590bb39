//! Tokens per second of training steps on a GPU, of the models whose `config.json` are named: `speed TOKENS_PER_STEP SEQUENCE_LENGTH CONFIG...`.
//! Prints a line for each: the configuration, tokens per second of the median step.

use rooflaw::architecture::hf;
use rooflaw_train::engine::{Batch, Engine, LoadBalancing, State, Update};
use rooflaw_train::model::{Details, Model};
use rooflaw_train::start;
use rooflaw_train_cuda::{CudaEngine, EngineOptions, Precision};
use std::error::Error;
use std::time::Instant;

const WARM_UP: u64 = 5;
const STEPS: u64 = 25;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || {
        arguments
            .next()
            .ok_or("TOKENS_PER_STEP SEQUENCE_LENGTH CONFIG...")?
            .parse()
            .map_err(Box::<dyn Error>::from)
    };
    let (tokens, length): (usize, usize) = (number()?, number()?);
    for config in arguments {
        let rate = rate(&config, tokens / length, length)?;
        println!("{config}\t{rate:.0}");
    }
    Ok(())
}

fn rate(config: &str, sequences: usize, sequence_length: usize) -> Result<f64, Box<dyn Error>> {
    let architecture = hf::read(&std::fs::read(config)?)?.architecture;
    let model = Model {
        details: Details::of(&architecture),
        architecture,
    };
    let options = EngineOptions {
        sequences,
        sequence_length,
        load_balancing: LoadBalancing::None,
    };
    let mut engine = CudaEngine::new(model, options, Precision::Bf16, 0)?;
    let weights = start::weights(engine.layout(), 1, 0.02);
    engine.write(State::Weights, &weights)?;
    let n = sequences * sequence_length;
    let vocabulary = architecture.vocab_size as usize;
    let tokens: Vec<u32> = (0..=n)
        .map(|i| ((i * i * 31 + i * 17) % vocabulary) as u32)
        .collect();
    let batch = Batch {
        inputs: &tokens[..n],
        targets: &tokens[1..],
        sequence_length,
    };
    let mut times = Vec::new();
    for step in 0..WARM_UP + STEPS {
        let start = Instant::now();
        engine.accumulate(&batch, n)?;
        // It waits for the norm of the gradients; what is launched after that is waited for in the next step.
        engine.update(&Update {
            step,
            learning_rate: 1e-4,
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
            decays_vectors: false,
            max_gradient_norm: Some(1.0),
        })?;
        if step >= WARM_UP {
            times.push(start.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(n as f64 / times[times.len() / 2])
}
