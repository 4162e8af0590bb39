
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2

# Programs; an empty one leaves its runs out.
LLAMA_BENCH=${LLAMA_BENCH-llama-bench}
VLLM=${VLLM-vllm}
# Writes models that are not in models/.
ROOFLAW=${ROOFLAW-rooflaw}
# Processes of llama-bench for each model.
REPEATS=${REPEATS-3}
# Longest time of a process, seconds.
LIMIT=${LIMIT-900}
# Not empty: models written here stay.
KEEP=${KEEP-}

# Threads that wait must not take the processors from those that work.
export OMP_WAIT_POLICY=passive

mkdir -p results models || exit 2
cp -R configs results/ || exit 2
rm -f results/*.part
trap 'rm -f results/*.part' EXIT
trap 'echo "interrupted: run it again to go on" >&2; exit 130' INT TERM

done_here=0
failed=0

# fail WHAT WHY
fail() {
  echo "FAILED $1: $2" >&2
  failed=$((failed + 1))
}

# limited COMMAND...: within the limit, where the system has a program for it.
limited() {
  if command -v timeout > /dev/null; then
    # In the foreground, where Ctrl-C reaches it.
    timeout --foreground -k 10 "$LIMIT" "$@"
  else
    "$@"
  fi
}

# measure NAME COMMAND...: what the command prints becomes results/NAME, whole or not at all.
measure() {
  local result=results/$1
  shift
  if "$@" > "$result.part" 2> "$result.log" && [ -s "$result.part" ]; then
    mv "$result.part" "$result"
    rm -f "$result.log"
    done_here=$((done_here + 1))
    echo "$result"
  else
    rm -f "$result.part"
    fail "$result" "$(tail -n 1 "$result.log") (more in $result.log)"
    return 1
  fi
}

# is_there PROGRAM
is_there() {
  [ -n "$1" ] && command -v "$1" > /dev/null
}

# llama_bench MODEL WEIGHTS
llama_bench() {
  local file=models/$1.$2.gguf repeat missing="" written=""
  for repeat in $(seq "$REPEATS"); do
    [ -s "results/$1.$2.$repeat.json" ] || missing="$missing $repeat"
  done
  [ -n "$missing" ] || return 0
  if [ ! -s "$file" ]; then
    if ! "$ROOFLAW" export "configs/$1.json" --weights "$2" --seed "$SEED" --out "$file" > results/export.log 2>&1; then
      fail "$file" "$(tail -n 1 results/export.log)"
      rm -f results/export.log
      return 0
    fi
    rm -f results/export.log
    written=$file
  fi
  # Not from a cold disk.
  cat "$file" > /dev/null
  for repeat in $missing; do
    # shellcheck disable=SC2086 # flags, several words
    measure "$1.$2.$repeat.json" limited "$LLAMA_BENCH" -m "$file" $LLAMA_FLAGS -o json || break
  done
  [ -n "$KEEP" ] || [ -z "$written" ] || rm -f "$written"
}

# latency MODEL INPUT OUTPUT: a batch of one, with what vLLM leaves out added to its result.
latency() {
  limited "$VLLM" bench latency --model "hf/$1" --load-format dummy --skip-tokenizer-init --disable-detokenize \
    --dtype bfloat16 --max-model-len $(($2 + $3)) --input-len "$2" --output-len "$3" --batch-size 1 \
    --num-iters-warmup 3 --num-iters 10 --output-json results/latency.part >&2 &&
    sed "1s|{|{\"model\": \"$1\", \"config\": \"configs/$1.json\", \"weights\": \"bf16\", \"input_len\": $2, \"output_len\": $3, \"batch_size\": 1,$VLLM_FACTS|" results/latency.part &&
    rm -f results/latency.part
}

# both MODEL INPUT OUTPUT: prefill alone and with tokens generated, whose difference is decode.
both() {
  latency "$1" "$2" 1 && latency "$1" "$2" $((1 + $3))
}

# vllm_latency MODEL INPUT OUTPUT
vllm_latency() {
  [ -s "results/$1.bf16.vllm-$2-$3.json" ] || measure "$1.bf16.vllm-$2-$3.json" both "$@"
}
