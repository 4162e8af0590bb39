//! Flags that are wrong, out of range, or contradict each other.

use crate::tool::refusal;

#[test]
fn architectures_that_cannot_be() {
    for (flags, parts) in [
        (
            "--n-layers -3 --hidden-size 64",
            &["--n-layers", "'-3'", "expected a positive whole number"][..],
        ),
        (
            "--n-layers 0 --hidden-size 64",
            &["--n-layers", "'0'", "expected a positive whole number"],
        ),
        (
            "--n-layers 99999 --hidden-size 64",
            &["n_layers = 99999: expected an integer between 1 and 4096"],
        ),
        (
            "--n-layers 4 --hidden-size 1000",
            &["--hidden-size 1000: expected a multiple of --head-dim 64"],
        ),
        (
            "--n-layers 4 --hidden-size 1000 --n-heads 3",
            &["--hidden-size 1000", "multiple of --n-heads 3"],
        ),
        (
            "--n-layers 4 --hidden-size 4294967295 --head-dim 1",
            &["hidden_size = 4294967295"],
        ),
        (
            "--n-layers 4 --hidden-size 512 --n-kv-heads 3",
            &["n_kv_heads = 3: expected a divisor of the 8 query heads"],
        ),
        (
            "--n-layers 4 --hidden-size 512 --n-experts 4 --expert-size 64 --experts-per-token 5",
            &["experts_per_token = 5: expected an integer between 1 and 4"],
        ),
        (
            "--n-layers 4 --hidden-size 512 --vocab-size 1e5",
            &["--vocab-size", "'1e5'"],
        ),
    ] {
        refusal(&format!("predict {flags} --out results"), parts);
    }
}

#[test]
fn flags_that_contradict_or_lack_each_other() {
    for (line, parts) in [
        ("predict", &["which model?", "rooflaw models"][..]),
        ("predict --n-layers 4", &["--hidden-size"]),
        ("predict --hidden-size 512", &["--n-layers"]),
        ("predict --n-heads 4", &["--n-layers", "--hidden-size"]),
        (
            "predict --n-layers 4 --hidden-size 64 --n-experts 4",
            &["--expert-size"],
        ),
        (
            "predict --n-layers 4 --hidden-size 64 --expert-size 4",
            &["--n-experts"],
        ),
        (
            "predict --n-layers 4 --hidden-size 64 --experts-per-token 2",
            &["--n-experts"],
        ),
        (
            "predict --n-layers 4 --hidden-size 64 --n-experts 4 --expert-size 4 --intermediate-size 4",
            &["--expert-size", "--intermediate-size"],
        ),
        (
            "predict qwen3-0.6b --n-layers 4 --hidden-size 64",
            &["MODEL", "cannot be used with"],
        ),
        (
            "predict qwen3-0.6b --n-kv-heads 2",
            &["MODEL", "cannot be used with", "--n-kv-heads"],
        ),
        (
            "predict qwen3-0.6b --untied",
            &["MODEL", "cannot be used with", "--untied"],
        ),
        (
            "predict qwen3-0.6b --weights bf16,w8a8",
            &["--weights names 2 formats", "expected one"],
        ),
        (
            "design --application driving --objective decode",
            &["--application driving", "--objective"],
        ),
        ("devices t4 --class npu", &["DEVICE", "--class"]),
        ("compare", &["MODELS"]),
        ("design --json --json", &["--json"]),
    ] {
        refusal(line, parts);
    }
}

#[test]
fn quantities_out_of_range_or_without_units() {
    for (flags, parts) in [
        ("--max-tpot 3", &["--max-tpot", "`3`", "us, µs, ms, s"][..]),
        (
            "--max-tpot -3ms",
            &["--max-tpot", "`-3ms` does not begin with a positive number"],
        ),
        ("--max-ttft 0ms", &["--max-ttft", "`0ms`"]),
        ("--max-total nans", &["--max-total", "`nans`"]),
        ("--max-total 1e999s", &["--max-total"]),
        ("--max-memory 4", &["--max-memory", "`4`", "MB, GB, TB, MiB, GiB"]),
        ("--max-memory 4PB", &["--max-memory", "`4PB`"]),
        ("--max-parameters many", &["--max-parameters", "`many`"]),
        ("--batch 0", &["--batch", "1..=1048576"]),
        ("--batch -1", &["--batch", "-1 is not in 1..=1048576"]),
        ("--prompt-tokens 0", &["--prompt-tokens", "1..=268435456"]),
        ("--generated-tokens -1", &["--generated-tokens", "0..=268435456"]),
        ("--prompt-tokens 99999999999999999999", &["--prompt-tokens"]),
    ] {
        refusal(&format!("design --space paper --out results {flags}"), parts);
    }
    refusal("predict qwen3-0.6b --context -1", &["--context", "-1 is not in"]);
}

/// clap's own errors have the same exit code and nothing else on standard output.
#[test]
fn what_no_command_knows() {
    refusal("desing", &["desing", "design"]);
    refusal("design --devise t4", &["--devise", "--device"]);
    refusal("design stray", &["stray"]);
    refusal("laws a b", &["'b'"]);
    refusal("predict --n-layers", &["--n-layers"]);
}
