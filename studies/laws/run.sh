#!/usr/bin/env bash
# Fits the embedded laws to the runs of data/runs and writes their numbers and ensembles into data/laws.
#
#   studies/laws/run.sh            about ten seconds after the build
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --release --locked
results=target/studies-laws
rm -rf "$results"

fit() {
  local law=$1
  shift
  "${CARGO_TARGET_DIR:-target}/release/rooflaw" fit "$@" --law "data/laws/$law.toml" --refits 100 --out "$results/$law"
  cp "$results/$law/$law.toml" data/laws/
}

gemstones=data/runs/gemstones
fit chinchilla data/runs/chinchilla_epoch/runs.csv --drop-largest 5 --objective huber:0.001
fit width-depth "$gemstones/hot.csv" --where 'tokens>99e9'
fit width-depth-tokens "$gemstones/hot_100b_plus.csv"
fit width-depth-parameters-tokens "$gemstones/hot_100b_plus.csv"
fit aspect-ratio "$gemstones/hot_100b_plus.csv"
fit active-total data/runs/clark_routed/s_base.csv
fit routed data/runs/clark_routed/s_base.csv
