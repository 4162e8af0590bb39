//! Logs that others wrote (`tests/data/runs/`), and logs that are broken.

use super::*;
use crate::runs::RunTable;

fn file(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs");
    std::fs::read(folder.join(name)).unwrap()
}

fn values<'a>(table: &'a RunTable, name: &str) -> &'a [f64] {
    let found = table.variables.iter().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("no {name}")).1
}

fn said(warnings: &[ImportWarning]) -> Vec<String> {
    warnings.iter().map(ToString::to_string).collect()
}

fn last() -> Options {
    Options {
        last: true,
        ..Options::default()
    }
}

/// Losses as `trainer_state.json` has them; TensorBoard's are rounded to 32 bits.
const LOSSES: [f64; 4] = [
    3.338_009_357_452_392_6,
    2.615_782_260_894_775_4,
    2.161_474_227_905_273_4,
    1.995_415_687_561_035_2,
];

#[test]
fn a_trainer_and_its_tensorboard_file_say_the_same() {
    let mut trainer = hf_trainer("tiny", &file("trainer/trainer_state.json")).unwrap();
    let events = tensorboard("tiny", &file("torch/events.out.tfevents.1")).unwrap();
    let imported = table(&[trainer.clone()], &Options::default()).unwrap();
    assert_eq!(imported.loss, ["eval_loss"]);
    assert_eq!(
        imported.tokens,
        TokenSource::Scalars(vec!["num_input_tokens_seen".to_owned()])
    );
    assert_eq!(imported.warnings, []);
    assert_eq!(values(&imported.table, "tokens"), [320.0, 640.0, 960.0, 1280.0]);
    assert_eq!(imported.table.loss, LOSSES);
    assert_eq!(imported.table.n_runs(), 1);

    let other = table(&[events], &Options::default()).unwrap();
    assert_eq!(other.loss, ["eval/loss"]);
    assert_eq!(other.warnings, []);
    assert_eq!(other.table, imported.table);

    let config = crate::architecture::hf::read(&file("trainer/config.json")).unwrap();
    trainer.architecture = Some(config.architecture);
    let with = table(&[trainer], &last()).unwrap().table;
    assert_eq!(with.loss, LOSSES[3..]);
    assert_eq!(values(&with, "hidden_size"), [32.0]);
    assert_eq!(values(&with, "kv_dim"), [16.0]);
    let again = RunTable::from_csv(with.to_csv().unwrap().as_bytes()).unwrap();
    assert_eq!(again, with);
}

#[test]
fn scalars_are_read_however_they_are_written() {
    let old = tensorboard("run", &file("tensorboardx/events.out.tfevents.1")).unwrap();
    let new = tensorboard("run", &file("new_style/events.out.tfevents.1")).unwrap();
    let table = |run| super::table(&[run], &Options::default()).unwrap();
    let (old, new) = (table(old), table(new));
    assert_eq!(old.table, new.table);
    assert_eq!(values(&old.table, "tokens"), [1e6, 2e6, 3e6, 4e6]);
    assert_eq!(old.table.loss, [3.0, 2.5, f64::from(2.0 + 1.0_f32 / 3.0), 2.25]);
    let warned = ["run `run`: 1 loss left out, no positive number: the first at step 500"];
    assert_eq!(said(&old.warnings), warned);
}

#[test]
fn a_file_that_is_still_written_is_read_as_far_as_it_goes() {
    let whole = file("tensorboardx/events.out.tfevents.1");
    let run = tensorboard("run", &file("cut/events.out.tfevents.1")).unwrap();
    let [
        ImportWarning::Truncated {
            offset, records: 9, ..
        },
    ] = run.warnings[..]
    else {
        panic!("{:?}", run.warnings);
    };
    for end in 0..whole.len() {
        let read = tensorboard("run", &whole[..end]);
        match read {
            Ok(run) => assert!(end == offset || run.warnings.len() <= 1),
            Err(error) => assert_eq!(
                error.to_string(),
                "not a TensorBoard event file: it ends before its first record does",
            ),
        }
    }
}

#[test]
fn a_changed_byte_is_noticed_with_its_place() {
    let whole = file("tensorboardx/events.out.tfevents.1");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        assert!(tensorboard("run", &bytes).is_err(), "byte {at}");
    }
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    let error = tensorboard("run", &bytes).unwrap_err().to_string();
    assert_eq!(
        error,
        "byte 86: the checksum of a record is wrong: expected TensorBoard events"
    );
    let refused = |bytes: &[u8]| tensorboard("run", bytes).unwrap_err().to_string();
    assert_eq!(
        refused(&[b'x'; 1000]),
        "not a TensorBoard event file: the checksum of its first record is wrong"
    );
    assert_eq!(
        refused(b"{}"),
        "not a TensorBoard event file: it ends before its first record does"
    );
    // Zeros of a file system that lost the end are no events either.
    let mut bytes = whole.clone();
    bytes.extend([0; 64]);
    assert!(refused(&bytes).contains("the checksum of a record's length is wrong"));
}

#[test]
fn trainer_states_that_are_broken_or_count_no_tokens() {
    let refused = |text: &str| hf_trainer("run", text.as_bytes()).unwrap_err().to_string();
    let start = "not a trainer_state.json: ";
    assert_eq!(
        refused("{\"log_history\": ["),
        format!("{start}EOF while parsing a list at line 1 column 17")
    );
    assert!(refused("{}").starts_with(&format!("{start}missing field `log_history`")));
    assert_eq!(
        refused("{\"log_history\": [{\"step\": -1}]}"),
        format!("{start}log_history[0].step is -1, expected a whole number at line 1 column 30")
    );
    assert_eq!(
        refused("{\"log_history\": [{\"loss\": 1}]}"),
        format!("{start}log_history[0].step is nothing, expected a whole number at line 1 column 29")
    );
    let uncounted = r#"{"global_step": 20, "num_input_tokens_seen": 0, "log_history": [
        {"step": 0, "eval_loss": 4.5, "grad_norm": -Infinity},
        {"step": 10, "eval_loss": NaN},
        {"step": 20, "eval_loss": 3.5, "num_input_tokens_seen": 0}]}"#;
    let run = hf_trainer("a", uncounted.as_bytes()).unwrap();
    let error = table(std::slice::from_ref(&run), &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "run `a`: no token counts beside `eval_loss`: expected a scalar such as num_input_tokens_seen, or --tokens-per-step"
    );
    let options = Options {
        tokens_per_step: Some(1000.0),
        unit: Some("nats/token".to_owned()),
        ..Options::default()
    };
    let imported = table(&[run], &options).unwrap();
    assert_eq!(imported.table.loss, [3.5]);
    assert_eq!(values(&imported.table, "tokens"), [20_000.0]);
    assert_eq!(imported.table.unit.as_deref(), Some("nats/token"));
    assert_eq!(
        said(&imported.warnings),
        [
            "run `a`: 1 loss left out, no positive number: the first at step 10",
            "run `a`: 1 loss left out, no positive token count beside it: the first at step 0",
        ]
    );
    let counted = uncounted.replace("_seen\": 0, \"log", "_seen\": 5000, \"log");
    let run = hf_trainer("a", counted.as_bytes()).unwrap();
    let imported = table(&[run], &Options::default()).unwrap();
    assert_eq!(values(&imported.table, "tokens"), [5000.0]);
}

#[test]
fn logs_of_too_much_are_refused() {
    let many: String = (0..10_001).map(|tag| format!("\"t{tag}\": 1, ")).collect();
    let state = format!("{{\"log_history\": [{{{many} \"step\": 1}}]}}");
    let error = hf_trainer("a", state.as_bytes()).unwrap_err().to_string();
    assert!(
        error.contains("log_history[0]: more than 10000 scalars by name"),
        "{error}"
    );
    let long = vec![b'x'; MAX_EXPORT_BYTES + 1];
    assert_eq!(
        wandb(&long).unwrap_err().to_string(),
        "16777217 bytes: expected at most 16 MiB"
    );
}

#[test]
fn a_runs_table_has_its_columns() {
    let runs = wandb(&file("wandb/runs_table.csv")).unwrap();
    let imported = table(&runs, &Options::default()).unwrap();
    assert_eq!(imported.loss, ["eval/loss"]);
    let names: Vec<&str> = imported
        .table
        .variables
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["n_layers", "hidden_size", "parameters", "tokens"]);
    assert_eq!(values(&imported.table, "hidden_size"), [256.0, 512.0]);
    assert_eq!(
        said(&imported.warnings),
        ["run `large`: 1 loss left out, no positive number: the first at the end"]
    );
    let steps = Options {
        loss: Some("train/loss".to_owned()),
        tokens_per_step: Some(10.0),
        ..Options::default()
    };
    let imported = table(&runs, &steps).unwrap();
    assert_eq!(values(&imported.table, "tokens"), [10_000.0, 20_000.0, 500.0]);
    let text = String::from_utf8(file("wandb/runs_table.csv")).unwrap();
    let twice = wandb(text.replace("\"medium\"", "\"small\"").as_bytes()).unwrap();
    assert_eq!(twice[0].name, "small (3k2j1h0g)");
    let same = text
        .replace("\"medium\"", "\"small\"")
        .replace("\"ID\"", "\"Id\"");
    assert!(
        wandb(same.as_bytes())
            .unwrap_err()
            .to_string()
            .starts_with("two runs are called `small`")
    );
}

#[test]
fn a_chart_has_its_lines() {
    let runs = wandb(&file("wandb/chart.csv")).unwrap();
    let options = Options {
        tokens_per_step: Some(1e3),
        ..Options::default()
    };
    let imported = table(&runs, &options).unwrap();
    assert_eq!(imported.table.loss, [4.5, 4.1, 3.95, 3.9, 3.5]);
    assert_eq!(values(&imported.table, "tokens"), [1e5, 2e5, 3e5, 1.5e5, 3e5]);
    assert_eq!(imported.table.group.as_ref().unwrap()[3], "big - run");
    let tokens = wandb(b"tokens,a - val/loss\n1e6,3\n2e6,2.5\n").unwrap();
    let imported = table(&tokens, &Options::default()).unwrap();
    assert_eq!(values(&imported.table, "tokens"), [1e6, 2e6]);
}

#[test]
fn exports_that_are_something_else() {
    let refused = |text: &str| wandb(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(refused(""), "not a Weights & Biases export: it is empty");
    assert!(refused("tokens,loss\n1,2\n").contains("expected a column `Name`"));
    assert!(refused("Step\n1\n").contains("expected a column `Name`"));
    assert!(refused("Relative Time (Process),a - loss\n1,2\n").contains("neither steps nor tokens"));
    assert_eq!(refused("Step,a - loss\n1,x\n"), "line 2: `x` is no number");
    assert_eq!(
        refused("Step,a - loss\n1.5,2\n"),
        "line 2: `1.5`: expected a whole number"
    );
    assert_eq!(
        refused("Step,a - loss\n-1,2\n"),
        "line 2: `-1`: expected a whole number"
    );
    assert_eq!(
        refused("Step,a - loss\n1\n"),
        "line 2: 1 cells, but the header has 2"
    );
    assert_eq!(refused("Name,loss\n,2\n"), "line 2: Name is empty");
}

/// A run with losses and tokens at two steps.
fn logged(name: &str, scalars: &[(u64, &str, f64)]) -> ImportedRun {
    let mut run = ImportedRun::new(name);
    for (step, tag, value) in scalars {
        run.add(*step, tag, *value).unwrap();
    }
    run
}

#[test]
fn evaluation_comes_before_training_and_loggers_may_differ() {
    let both = logged(
        "a",
        &[(1, "loss", 3.0), (1, "eval_loss", 3.1), (1, "tokens", 10.0)],
    );
    let board = logged("b", &[(1, "eval/loss", 2.9), (1, "tokens", 20.0)]);
    let train = logged("c", &[(1, "loss", 2.8), (1, "tokens", 30.0)]);
    let of = |runs: &[&ImportedRun], options: &Options| {
        let runs: Vec<ImportedRun> = runs.iter().map(|&run| run.clone()).collect();
        table(&runs, options)
    };
    let all = Options::default();
    let imported = of(&[&both, &board], &all).unwrap();
    assert_eq!(imported.loss, ["eval/loss", "eval_loss"]);
    assert_eq!(imported.table.loss, [3.1, 2.9]);
    let imported = of(&[&both, &train], &all).unwrap();
    assert_eq!(imported.table.loss, [3.0, 2.8]);
    let warned = "`loss` is the training loss, which loggers average over the steps since the last log";
    assert_eq!(said(&imported.warnings), [warned]);
    let imported = of(&[&board, &train], &all).unwrap();
    assert_eq!(
        said(&imported.warnings),
        ["run `c` has no `eval_loss` and is left out"]
    );
    let named = |tag: &str| Options {
        loss: Some(tag.to_owned()),
        ..Options::default()
    };
    assert_eq!(of(&[&both], &named("loss")).unwrap().table.loss, [3.0]);
    assert_eq!(
        of(&[&both], &named("evalloss")).unwrap_err().to_string(),
        "no scalar `evalloss` (did you mean `eval_loss`?): expected one of eval_loss, loss, tokens"
    );
    assert_eq!(
        of(&[&logged("a", &[(1, "accuracy", 0.5)])], &all)
            .unwrap_err()
            .to_string(),
        "no loss among the scalars accuracy: name one with --loss"
    );
    assert_eq!(of(&[], &all), Err(ImportError::NoScalars));
    assert_eq!(
        of(&[&both, &both], &all),
        Err(ImportError::SameName("a".to_owned()))
    );
    let mut known = both.clone();
    known.architecture = Some(crate::models::find("qwen2.5-0.5b").unwrap().architecture);
    assert_eq!(
        of(&[&known, &board], &all).unwrap_err().to_string(),
        "run `a` has a config.json and run `b` has none: give all runs one (--config), or none (--no-config)"
    );
    known.summary.insert("n_layers".to_owned(), 12.0);
    assert_eq!(
        of(&[&known], &all).unwrap_err().to_string(),
        "run `a`: n_layers is 12 in the log, but 24 by its config.json"
    );
}

#[test]
fn resumed_runs_are_one_and_odd_counts_are_noticed() {
    let mut run = logged(
        "a",
        &[(1, "eval_loss", 3.0), (1, "tokens", 10.0), (2, "eval_loss", 9.0)],
    );
    run.merge(logged("a", &[(2, "eval_loss", 2.5), (2, "tokens", 20.0)]));
    assert_eq!(
        table(&[run.clone()], &Options::default()).unwrap().table.loss,
        [3.0, 2.5]
    );
    assert_eq!(table(&[run.clone()], &last()).unwrap().table.loss, [2.5]);
    run.merge(logged("a", &[(3, "eval_loss", 2.4), (3, "tokens", 10.0)]));
    let imported = table(&[run], &Options::default()).unwrap();
    assert_eq!(imported.table.loss, [2.5, 2.4]);
    assert_eq!(
        said(&imported.warnings),
        [
            "run `a`: fewer tokens at step 3 than before: was the count begun anew?",
            "run `a`: 1 loss left out, the token count is that of a later step",
        ]
    );
    let diverged = logged("a", &[(1, "eval_loss", f64::NAN), (1, "tokens", 10.0)]);
    assert_eq!(
        table(&[diverged], &last()).unwrap_err().to_string(),
        "no usable loss in these logs: run `a`: 1 loss left out, no positive number: the first at step 1"
    );
}
