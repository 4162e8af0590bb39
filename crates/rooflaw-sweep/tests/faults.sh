#!/bin/sh
# A trainer that goes wrong as its seed says: what no real trainer does on demand.
# usage: faults.sh train CONFIG --data D --recipe R --seed N --out RUN --engine cpu
while [ $# -gt 1 ]; do
  case $1 in --seed) seed=$2 ;; --out) run=$2 ;; --data) data=$2 ;; esac
  shift
done
mkdir -p "$run"
echo x >>"$run/tries"
tries=$(wc -l <"$run/tries")
fail() { printf '{"format": 1, "kind": "%s", "message": "%s", "step": 3}\n' "$1" "$2" >"$run/failure.json"; exit 1; }
done_() {
  rm -f "$run/failure.json"
  cat >"$run/new" <<JSON
{"format": 1, "validation_loss": 2.$seed, "validation_tokens": 10, "validation_bits_per_byte": 1.0, "training_loss": 2.0,
 "steps": 3, "tokens": 1000, "training_flop": 1e9, "wall_seconds": 0.5}
JSON
  mv "$run/new" "$run/result.json"
  exit 0
}
case $seed in
  1) done_ ;;
  2) fail not_finite "loss is NaN: not finite" ;;
  3) [ "$tries" -le 2 ] && fail disk "cannot write metrics.jsonl: No space left on device"; done_ ;;
  4) [ "$tries" -le 1 ] && kill -9 $$; done_ ;;
  5) echo "error: config.json: vocab_size = 1: expected at least 4096" >&2; exit 2 ;;
  6) [ "$tries" -le 1 ] && exit 75; done_ ;;
  7) fail disk "cannot write metrics.jsonl: No space left on device" ;;
  8) # Trains until it is asked to stop, then leaves a checkpoint; the next try goes on.
    [ "$tries" -gt 1 ] && done_
    trap 'echo checkpoint >"$run/checkpoint"; exit 130' TERM
    echo started >"$data/started"
    while :; do sleep 0.05; done ;;
  9) exit 0 ;;
esac
