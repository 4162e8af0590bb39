//! What a bundle says of itself.

use super::{Bundle, BundleModel, VLLM_TOKENS, vllm_config};
use crate::error::megabytes;

pub(super) fn readme(bundle: &Bundle, files: &[BundleModel], has_models: bool) -> String {
    let mut text = format!(
        "# Models to measure\n\nWritten by rooflaw {}. Weights are random: speed does not depend on them.\n\n",
        env!("CARGO_PKG_VERSION")
    );
    text.push_str("| model | parameters |");
    for weights in &bundle.weights {
        text.push_str(&format!(" {weights} |"));
    }
    text.push_str("\n|---|---:|");
    text.push_str(&"---:|".repeat(bundle.weights.len()));
    text.push('\n');
    for model in &bundle.models {
        let of_model: Vec<&BundleModel> = files.iter().filter(|file| file.model == model.name).collect();
        let parameters = of_model.first().map_or(0, |file| file.parameters);
        text.push_str(&format!("| {} | {:.1}M |", model.name, parameters as f64 / 1e6));
        for file in of_model {
            text.push_str(&format!(" {} |", megabytes(file.file_bytes)));
        }
        text.push('\n');
    }
    let all: u64 = files.iter().map(|file| file.file_bytes).sum();
    let largest = files.iter().map(|file| file.file_bytes).max().unwrap_or(0);
    text.push_str(&if has_models {
        format!(
            "\nThe GGUF files are in `models`, {} in all. `rooflaw` is not needed where this is run.\n",
            megabytes(all)
        )
    } else {
        format!(
            "\nThe script writes each GGUF file with `rooflaw export` and removes it after use: it takes {} of disk at \
             most (`KEEP=1` keeps them: {}).\n",
            megabytes(largest),
            megabytes(all)
        )
    });
    text.push_str(RUN);
    let left_out: Vec<&str> = bundle
        .models
        .iter()
        .filter(|model| vllm_config(model).is_none())
        .map(|model| model.name.as_str())
        .collect();
    if !left_out.is_empty() {
        text.push_str(&format!(
            "\nNot measured with vLLM: {} (a vocabulary below {VLLM_TOKENS}, of which its benchmark draws prompts, or no \
             configuration with `architectures`).\n",
            left_out.join(", ")
        ));
    }
    text.push_str(BACK);
    text
}

const RUN: &str = "
## Run

Copy this folder to the device, close other programs there, and:

```sh
LLAMA_BENCH=/path/to/llama-bench VLLM= ROOFLAW=/path/to/rooflaw bash run.sh    # llama.cpp
LLAMA_BENCH= VLLM=vllm bash run.sh                                             # vLLM, bf16 with dummy weights
```

An empty program leaves its runs out. Each run is a process of its own; what it prints becomes a file in `results`, whole or
not at all. A run that fails leaves a `.log` there and the rest goes on; the exit code is then 1. Run it again to go on after
an interrupt, or to try again what failed: results that are there are not measured again.

| variable | what | default |
|---|---|---|
| `REPEATS` | processes of llama-bench for each model | 3 |
| `LIMIT` | longest time of a process, seconds | 900 |
| `KEEP` | if not empty, models written here stay | |
";

const BACK: &str = "
## Bring back

The folder `results`, as it is. Then:

```sh
rooflaw calibrate results --device NAME
```
";
