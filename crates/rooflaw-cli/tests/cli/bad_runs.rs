//! Tables of runs and logs that are wrong: refused with the place, and nothing is written.

use crate::runs::{folder_of, log};
use crate::tool::{folder_with, refusal_in, words};
use std::fs;

/// A table that is refused, as CSV and wherever it is asked for.
fn refused(table: &str, parts: &[&str]) {
    let folder = folder_with("runs.csv", table);
    let parts: Vec<&str> = parts.iter().copied().chain(["runs.csv"]).collect();
    refusal_in(folder.path(), &["runs", "runs.csv"], &parts);
    refusal_in(folder.path(), &["runs", "check", "runs.csv", "--json"], &parts);
}

#[test]
fn cells_that_are_no_positive_numbers() {
    for (cell, shown) in [
        ("NaN", "loss is `NaN`"),
        ("inf", "loss is `inf`"),
        ("", "loss is ``"),
        ("0", "loss is `0`"),
        ("-3", "loss is `-3`"),
        ("three", "loss is `three`"),
    ] {
        refused(
            &format!("tokens,loss\n# a comment\n1e9,3\n2e9,{cell}\n"),
            &["line 4: ", shown, "expected a positive number"],
        );
    }
    refused(
        "tokens,loss\n0,3\n",
        &["line 2: tokens is `0`, expected a positive number"],
    );
}

#[test]
fn tables_that_are_no_tables_of_runs() {
    refused("", &["no runs: expected a header and at least one row"]);
    refused("tokens,loss\n", &["no runs"]);
    refused(
        "tokens,loss\n1e9,3,4\n",
        &["line 2: 3 cells, but the header has 2"],
    );
    refused(
        "tokens,los\n1e9,3\n",
        &["unknown column `los` (did you mean `loss`?)"],
    );
    refused("tokens\n1e9\n", &["no column `loss`"]);
    refused("loss\n3\n", &["no column of a variable"]);
    refused("loss,loss\n3,3\n", &["column `loss` appears twice"]);
    refused(
        "tokens,loss\n1e9,3\n2e9,2.9\n1e9,3\n",
        &["line 4: the run of line 2 again"],
    );
    refused(
        "tokens,loss,unit\n1e9,3,nats/token\n2e9,3,bits/byte\n",
        &["line 3: unit is `bits/byte`, but `nats/token` above"],
    );
    refused(
        "tokens,loss,tokenizer\n1e9,3,gpt2\n2e9,3,llama\n",
        &["line 3: tokenizer is `llama`, but `gpt2` above"],
    );
    let folder = folder_with("runs.csv", [0xff, 0xfe, 0]);
    refusal_in(
        folder.path(),
        &["runs", "runs.csv"],
        &["runs.csv: not UTF-8 text"],
    );
    let folder = folder_with("runs.jsonl", "{\"tokens\": 1e9, \"loss\": 3}\n{\"tokens\": 1e9,");
    refusal_in(
        folder.path(),
        &["runs", "runs.jsonl"],
        &["runs.jsonl: line 2: EOF while parsing"],
    );
    refusal_in(
        folder.path(),
        &["runs", "absent.csv"],
        &["absent.csv", "No such file"],
    );
    refusal_in(folder.path(), &["runs", "."], &[". holds no training: expected"]);
    refusal_in(folder.path(), &["runs", "--json"], &["which runs?"]);
}

#[test]
fn configurations_that_are_missing_or_contradicted() {
    refused(
        "config,loss\nabsent/config.json,3\n",
        &["line 2: config `absent/config.json`: cannot open", "No such file"],
    );
    refused(
        "config,loss\nqwen9,3\n",
        &["line 2: config `qwen9`: unknown model `qwen9`"],
    );
    refused(
        "config,loss,hidden_size\nqwen2.5-0.5b,3,1024\n",
        &["line 2: hidden_size is 1024, but 896 by its config"],
    );
}

#[test]
fn filters_that_cannot_be() {
    let folder = folder_with("runs.csv", "tokens,loss\n1e9,3\n2e9,2.9\n");
    for (filter, part) in [
        ("tokens", "expected comparisons joined by commas"),
        ("tokens>many", "expected a number, not `many`"),
        ("token>1", "no column `token` (did you mean `tokens`?)"),
        (
            "hidden_size>1",
            "these runs have no column `hidden_size`: expected one of tokens, loss",
        ),
        ("group=a", "these runs have no column `group`"),
        ("tokens>1e12", "keeps none of 2 rows"),
    ] {
        refusal_in(
            folder.path(),
            &["runs", "runs.csv", "--where", filter],
            &["--where", part],
        );
    }
    let line = ["runs", "runs.csv", "--drop-largest", "2"];
    refusal_in(folder.path(), &line, &["--drop-largest", "leaves none"]);
}

/// A log that is refused, with the table asked for as a file.
fn unread(name: &str, contents: impl AsRef<[u8]>, more: &str, parts: &[&str]) {
    let folder = folder_with(name, contents);
    let line = format!("runs import {name} --out runs.csv {more}");
    refusal_in(folder.path(), &words(&line), parts);
}

#[test]
fn logs_that_are_none() {
    let state = log("trainer/trainer_state.json");
    unread(
        "a/trainer_state.json",
        &state[..state.len() / 2],
        "",
        &[
            "a/trainer_state.json: not a trainer_state.json: EOF while parsing",
            "at line",
        ],
    );
    unread("a/trainer_state.json", "{}", "", &["missing field `log_history`"]);
    unread(
        "a/trainer_state.json",
        "{\"log_history\": []}",
        "",
        &["no scalars in these logs"],
    );
    unread(
        "a/events.out.tfevents.1",
        "no events at all",
        "",
        &["a/events.out.tfevents.1: not a TensorBoard event file: the checksum of its first record is wrong"],
    );
    let mut events = log("torch/events.out.tfevents.1");
    events[200] ^= 1;
    unread(
        "a/events.out.tfevents.1",
        events,
        "",
        &["events.1: byte ", "checksum", "is wrong"],
    );
    unread(
        "a.csv",
        "tokens,loss\n1,2\n",
        "",
        &["a.csv: not a Weights & Biases export"],
    );
    unread(
        "a.csv",
        "Step,a - loss\n1,x\n",
        "",
        &["a.csv: line 2: `x` is no number"],
    );
    unread(
        "a.txt",
        "",
        "",
        &["a.txt: expected a trainer_state.json, an events.out.tfevents.*"],
    );
    let folder = folder_with("empty/readme", "");
    let refused = |line: &str, parts: &[&str]| refusal_in(folder.path(), &words(line), parts);
    refused(
        "runs import empty",
        &["empty holds no trainer_state.json and no events.out.tfevents.*"],
    );
    refused("runs import absent.csv", &["absent.csv", "No such file"]);
    refused("runs import", &["<PATH>..."]);
}

#[test]
fn logs_that_lack_something() {
    let uncounted = "{\"log_history\": [{\"step\": 1, \"eval_loss\": 3}]}";
    unread(
        "a/trainer_state.json",
        uncounted,
        "",
        &["run `a`: no token counts beside `eval_loss`", "--tokens-per-step"],
    );
    unread(
        "a/trainer_state.json",
        uncounted,
        "--loss evalloss",
        &["no scalar `evalloss` (did you mean `eval_loss`?): expected one of eval_loss"],
    );
    unread(
        "a/trainer_state.json",
        uncounted,
        "--tokens-per-step 0",
        &["--tokens-per-step", "positive number"],
    );
    unread(
        "a/trainer_state.json",
        uncounted,
        "--config absent.json",
        &["absent.json", "No such file"],
    );
    unread(
        "a/trainer_state.json",
        "{\"log_history\": [{\"step\": 1, \"eval_loss\": NaN}]}",
        "--tokens-per-step 5",
        &[
            "no usable loss in these logs",
            "run `a`: 1 loss left out, no positive number",
        ],
    );
    let folder = folder_of(&[
        ("trainer/trainer_state.json", "x/a/trainer_state.json"),
        ("trainer/config.json", "x/a/config.json"),
        ("trainer/trainer_state.json", "x/b/trainer_state.json"),
        ("trainer/trainer_state.json", "y/a/trainer_state.json"),
    ]);
    let refused = |line: &str, parts: &[&str]| refusal_in(folder.path(), &words(line), parts);
    refused(
        "runs import x --out runs.csv",
        &["run `a` has a config.json and run `b` has none", "--no-config"],
    );
    refused(
        "runs import x y",
        &["two runs are called `a`", "expected folders of different names"],
    );
    fs::write(
        folder.path().join("x/a/config.json"),
        "{\"model_type\": \"gpt9\"}",
    )
    .unwrap();
    refused("runs import x/a", &["x/a/config.json", "gpt9", "--no-config"]);
}

#[test]
fn places_where_no_table_can_be() {
    let folder = folder_of(&[("trainer/trainer_state.json", "a/trainer_state.json")]);
    let refused = |line: &str, parts: &[&str]| refusal_in(folder.path(), &words(line), parts);
    refused(
        "runs import a --out runs.txt",
        &["--out runs.txt: expected a name that ends with .csv or .jsonl"],
    );
    refused("runs import a --out a", &["--out a is a folder: expected a file"]);
    refused(
        "runs import a --out b/runs.csv",
        &["--out b/runs.csv: no folder b"],
    );
    refused("runs import a --json", &["--out"]);
    refused(
        "runs import a --no-config --config qwen2.5-0.5b",
        &["cannot be used with"],
    );
}
