//! A llama-bench that is a script.

#![cfg(unix)]

use crate::tool::{answer_in, contents};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What every script begins with: reads the arguments, and counts its calls.
const HEAD: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in -m) m=$2;; -p) p=$2;; -n) n=$2;; -d) d=$2;; -t) t=$2;; esac
  shift 2
done
d=${d:-0}
echo "$m -p $p -n $n -d $d -t $t OMP_WAIT_POLICY=$OMP_WAIT_POLICY" >> calls
calls=$(wc -l < calls)
params=$(cat params)
size=$(cat size.$(echo "$m" | sed 's/.*\.\([^.]*\)\.gguf$/\1/'))
test_json() {
  printf '{"build_commit":"abc","build_number":42,"cpu_info":"Test CPU","gpu_info":"","backends":"CPU","model_filename":"%s","model_type":"qwen3 ?B %s","model_size":%s,"model_n_params":%s,"n_threads":%s,"type_k":"f16","type_v":"f16","n_gpu_layers":-1,"n_prompt":%s,"n_gen":%s,"n_depth":%s,"samples_ns":[%s]}' "$m" "$(echo "$m" | sed 's/.*\.\([^.]*\)\.gguf$/\1/')" "$size" "$params" "$t" "$1" "$2" "$d" "$3"
}
answer() {
  echo "["
  sep=""
  for tokens in $(echo "$p" | tr , ' '); do
    if [ "$tokens" != 0 ]; then echo "$sep"; test_json "$tokens" 0 "9000000,8000000,8000000"; sep=","; fi
  done
  for tokens in $(echo "$n" | tr , ' '); do
    if [ "$tokens" != 0 ]; then echo "$sep"; test_json 0 "$tokens" "64000000,64000000,70000000"; sep=","; fi
  done
  echo "]"
}
"#;

/// A folder with two small models, a llama-bench that ends with `script`, and what it should count.
pub fn place(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in ["first", "second"] {
        fs::create_dir_all(path.join("configs")).unwrap();
        fs::write(path.join(format!("configs/{name}.json")), CONFIG).unwrap();
    }
    for weights in ["F16", "Q8_0", "Q4_0"] {
        let line = format!("export configs/first.json --weights {weights} --out x.gguf --json");
        let report: Value = serde_json::from_str(&answer_in(path, &line)).unwrap();
        fs::write(path.join("params"), report["parameters"].to_string()).unwrap();
        fs::write(
            path.join(format!("size.{weights}")),
            report["tensor_bytes"].to_string(),
        )
        .unwrap();
    }
    fs::remove_file(path.join("x.gguf")).unwrap();
    bench(path, script);
    folder
}

/// (Re)writes the script.
pub fn bench(folder: &Path, script: &str) {
    let path = folder.join("llama-bench");
    fs::write(&path, format!("{HEAD}{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A model's config.json.
pub const CONFIG: &str = r#"{"model_type":"qwen3","hidden_size":64,"num_hidden_layers":2,"intermediate_size":128,
    "num_attention_heads":2,"num_key_value_heads":1,"head_dim":32,"vocab_size":300,"tie_word_embeddings":true}"#;

/// The machine that runs tests is busy: that is not what they are about.
const COMMON: &str = "--llama-bench ./llama-bench --threads 3 --busy 100% --patience 1ms --out m";

/// A command line on the two models.
pub fn line(rest: &str) -> String {
    format!("measure models configs {COMMON} {rest}")
}

/// The words of every call of llama-bench.
pub fn calls(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Lines of the table without its header.
pub fn table(folder: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder.join("m/measurements.csv")).unwrap_or_default();
    let rows = text.lines().skip(1);
    rows.map(|row| row.split(',').map(str::to_owned).collect())
        .collect()
}

/// Lines of the raw samples.
pub fn raw(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("m/raw.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Neither a model nor a temporary file is left.
pub fn is_clean(folder: &Path) {
    for name in contents(folder).keys() {
        assert!(!name.contains(".gguf") && !name.contains(".rooflaw-"), "{name}");
    }
}
