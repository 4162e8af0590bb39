//! Budgets that nothing meets, and spaces with nothing in them.

use crate::tool::{answer_in, data, folder_with, refusal, refusal_in, words};

#[test]
fn the_budget_and_the_least_possible_are_named() {
    for (flags, parts) in [
        (
            "--max-tpot 1us --calibration bare",
            &["TPOT at most 1 µs (--max-tpot), where the least possible is 1.51 ms"][..],
        ),
        (
            "--max-ttft 10us",
            &["TTFT at most 10 µs (--max-ttft), where the least possible is"],
        ),
        (
            "--max-total 0.1ms",
            &["total latency at most 100 µs (--max-total), where the least possible is"],
        ),
        (
            "--max-memory 1MB",
            &["memory at most 1.00 MB (--max-memory), where the least possible is 0.26 GB"],
        ),
        (
            "--max-parameters 2M",
            &["parameters at most 2M (--max-parameters), where the least possible is 125M"],
        ),
        (
            "--max-active-parameters 3M",
            &["at most 3M (--max-active-parameters)", "least possible is 125M"],
        ),
        (
            "--max-tpot 1us --max-memory 1MB",
            &["TPOT at most", "; memory at most"],
        ),
        // The device's memory is a budget nobody asked for.
        (
            "--batch 4096 --prompt-tokens 65536 --max-total 9999s",
            &["memory at most 64.0 GB (the device's)"],
        ),
        (
            "--batch 4096 --prompt-tokens 65536 --max-total 9999s --max-memory 9TB",
            &["memory at most 64.0 GB (the device's)"],
        ),
        (
            "--device raspberry-pi-4 --application driving",
            &["total latency at most 100.0 ms (--application driving)"],
        ),
        (
            "--device raspberry-pi-5 --reference gemma-3-270m --max-parameters 3B --prompt-tokens 1 --generated-tokens 0 \
             --weights fp32 --no-launch-overhead --max-total 1us",
            &["total latency at most 1 µs (--max-total)"],
        ),
    ] {
        let line = format!("design --space paper --out results {flags}");
        let message = refusal(&line, parts);
        assert!(
            message.contains("the space `paper` meets the budgets on"),
            "{message}"
        );
    }
}

/// A dense FFN has few parameters in total, a mixture of experts few per token: each budget can be met, not both.
#[test]
fn budgets_that_exclude_each_other() {
    let space = "name = \"two\"
fixed = { vocab_size = 1000, hidden_size = 512, n_heads = 8, n_kv_heads = 1, head_dim = 64, n_layers = 4 }
axes = [
    { variables = [\"n_experts\", \"experts_per_token\", \"expert_size\"], values = [[1, 1, 2048], [64, 1, 256]] },
]";
    let folder = folder_with("two.toml", space);
    let asking = |flags: &str| format!("design --space two.toml --max-total 1s --out results {flags}");
    let line = asking("--max-parameters 50M --max-active-parameters 5M");
    refusal_in(
        folder.path(),
        &words(&line),
        &["each of them can be met, but not all together"],
    );
    for one in ["--max-parameters 50M", "--max-active-parameters 5M"] {
        answer_in(folder.path(), &asking(one));
    }
}

#[test]
fn an_empty_space_is_called_empty() {
    let paper = data("spaces/paper.toml");
    for excluding in [
        "\n[[constraints]]\nquantity = \"n_layers\"\nmin = 1000\n",
        "\n[total_parameters]\nmax = 1\n",
        "\n[active_parameters]\nmin = 1e15\n",
    ] {
        let folder = folder_with("mine.toml", paper.clone() + excluding);
        refusal_in(
            folder.path(),
            &["design", "--space", "mine.toml", "--out", "results"],
            &["the space `mine` is empty: its constraints exclude all 9000 combinations"],
        );
    }
}

/// A law whose numbers overflow ranks nothing: that is said of the law, not of the budgets.
#[test]
fn a_law_without_finite_losses_is_blamed() {
    let law = data("laws/co-design.toml").replace("value = 1.63", "value = -1e12");
    for opposite in ["500.0", "-500.0"] {
        let law = law
            .replace("500.0", opposite)
            .replace("value = 0.97", "value = -1e12");
        let folder = folder_with("mine.toml", law);
        let line = "design --space paper --law mine.toml --out results";
        refusal_in(
            folder.path(),
            &words(line),
            &["the law `mine` gives no finite loss for any architecture of the space `paper`"],
        );
    }
}
