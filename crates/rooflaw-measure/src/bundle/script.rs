//! The script of a bundle.

use super::{Bundle, vllm_config};

/// The functions that it is made of.
const FUNCTIONS: &str = include_str!("run.sh");

/// What ends it: how many results there are, and whether all.
const END: &str = r#"
echo "$done_here measured now; bring back the folder results"
if [ "$failed" -gt 0 ]; then
  echo "$failed failed: run it again to try them again" >&2
  exit 1
fi
"#;

fn list(counts: &[u32]) -> String {
    let counts: Vec<String> = counts.iter().map(u32::to_string).collect();
    // 0 is llama-bench's word for no such test.
    if counts.is_empty() {
        return "0".to_owned();
    }
    counts.join(",")
}

/// The flags of llama-bench that are the same for every model. Names of models are those of files: nothing in the script
/// needs quotes.
fn llama_flags(bundle: &Bundle) -> String {
    let mut flags = format!(
        "-p {} -n {} -r {} -ctk f16 -ctv f16",
        list(&bundle.prompt),
        list(&bundle.generate),
        bundle.samples
    );
    if bundle.depth.iter().any(|&depth| depth > 0) {
        flags.push_str(&format!(" -d {}", list(&bundle.depth)));
    }
    if let Some(threads) = bundle.threads {
        flags.push_str(&format!(" -t {threads}"));
    }
    flags
}

/// Prompts for vLLM: those to prefill, and those that fill the KV cache to a depth before decode.
fn vllm_inputs(bundle: &Bundle) -> Vec<u32> {
    let depths = bundle.depth.iter().copied().filter(|&depth| depth > 0);
    let mut inputs: Vec<u32> = bundle.prompt.iter().copied().chain(depths).collect();
    inputs.sort_unstable();
    inputs.dedup();
    inputs
}

pub(super) fn script(bundle: &Bundle) -> String {
    let mut script = format!(
        "#!/usr/bin/env bash\n# Measures the models of this folder; README.md says how. Written by rooflaw {}.\n\n\
         LLAMA_FLAGS=\"{}\"\nSEED={}\n{FUNCTIONS}",
        env!("CARGO_PKG_VERSION"),
        llama_flags(bundle),
        bundle.seed
    );
    script.push_str("\nif is_there \"$LLAMA_BENCH\"; then\n");
    for model in &bundle.models {
        for weights in &bundle.weights {
            script.push_str(&format!("  llama_bench {} {weights}\n", model.name));
        }
    }
    script.push_str(
        "elif [ -n \"$LLAMA_BENCH\" ]; then\n  fail \"$LLAMA_BENCH\" \"no such program: LLAMA_BENCH=PATH ./run.sh, or \
         LLAMA_BENCH= to leave it out\"\nfi\n",
    );
    script.push_str(&vllm(bundle));
    script.push_str(END);
    script
}

fn vllm(bundle: &Bundle) -> String {
    let mut script = r#"
if is_there "$VLLM"; then
  VLLM_FACTS=" \"runtime_version\": \"$("$VLLM" --version 2> /dev/null | tail -n 1 | tr -d '"\\|&')\","
  if is_there nvidia-smi; then
    VLLM_FACTS="$VLLM_FACTS \"device\": \"$(nvidia-smi --query-gpu=name --format=csv,noheader -i 0 | tr -d '"\\|&')\","
  fi
"#
    .to_owned();
    let models = bundle.models.iter().filter(|model| vllm_config(model).is_some());
    // The lengths that are generated beyond the first token; one is enough to tell decode.
    let generate = bundle.generate.first().copied().unwrap_or(1);
    for model in models {
        for input in vllm_inputs(bundle) {
            script.push_str(&format!("  vllm_latency {} {input} {generate}\n", model.name));
        }
    }
    script.push_str(
        "elif [ -n \"$VLLM\" ]; then\n  fail \"$VLLM\" \"no such program: VLLM=PATH ./run.sh, or VLLM= to leave it \
         out\"\nfi\n",
    );
    script
}
