//! `rooflaw runs`: tables as they are, and tables from the logs of trainers.

use crate::tool::{answer_in, contents, data, folder_with, rooflaw, words};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A log of the library's tests.
pub fn log(name: &str) -> Vec<u8> {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rooflaw/tests/data/runs");
    fs::read(logs.join(name)).unwrap()
}

/// A folder with some of those logs, each under a name of its own.
pub fn folder_of(logs: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, to) in logs {
        let to = folder.path().join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, log(name)).unwrap();
    }
    folder
}

const STATE: &str = "trainer/trainer_state.json";
const CONFIG: &str = "trainer/config.json";
const EVENTS: &str = "torch/events.out.tfevents.1";

/// Standard output and standard error of a command that succeeds.
fn both(folder: &Path, line: &str) -> (String, String) {
    let output = rooflaw().current_dir(folder).args(words(line)).output().unwrap();
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (out, remarks) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "rooflaw {line}: {remarks}");
    (out, remarks)
}

fn parsed(folder: &Path, line: &str) -> Value {
    serde_json::from_str(&answer_in(folder, &format!("{line} --json"))).unwrap()
}

#[test]
fn a_table_is_summed_up() {
    let folder = folder_with("runs.csv", data("runs/gemstones/hot_100b_plus.csv"));
    let (text, remarks) = both(folder.path(), "runs runs.csv");
    assert!(text.starts_with("runs.csv: 770 rows of 22 runs"), "{text}");
    assert!(text.contains("hidden_size 256 3072 11"), "{text}");
    assert!(remarks.contains("770 rows are of 22 runs"), "{remarks}");
    assert_eq!(both(folder.path(), "runs check runs.csv").0, text);
    let all = parsed(folder.path(), "runs runs.csv");
    assert_eq!((&all["rows"], &all["runs"]), (&770.into(), &22.into()));
    assert_eq!(all["digest"].as_str().unwrap().len(), 64);
    assert_eq!(all["warnings"][0]["name"], "grouped");
    let some = parsed(
        folder.path(),
        "runs runs.csv --where hidden_size>=512,tokens<2e11 --drop-largest 3",
    );
    assert!(some["rows"].as_u64().unwrap() < 770);
    assert_ne!(some["digest"], all["digest"]);
}

#[test]
fn one_width_and_missing_units_are_warnings() {
    let table = "hidden_size,tokens,loss,tokenizer\n512,1e9,3,gpt2\n512,2e9,2.9,gpt2\n";
    let folder = folder_with("runs.csv", table);
    let (_, remarks) = both(folder.path(), "runs runs.csv");
    assert!(
        remarks.contains("warning: every run has hidden_size = 512: no law can tell what it does"),
        "{remarks}"
    );
    let warnings = &parsed(folder.path(), "runs check runs.csv")["warnings"];
    assert_eq!(warnings[0]["name"], "constant");
    assert_eq!(warnings[1]["name"], "not_recorded");
    assert_eq!(warnings.as_array().unwrap().len(), 2);
}

/// Files beside the table, folders that hold one, and published models.
#[test]
fn configurations_are_found_from_where_the_table_is() {
    let folder = folder_of(&[(CONFIG, "study/small/config.json"), (CONFIG, "study/other.json")]);
    let table = "config,tokens,loss\nsmall/config.json,1e9,4\nother.json,2e9,3.9\nsmall,3e9,3.8\nqwen2.5-0.5b,1e9,3\n";
    fs::write(folder.path().join("study/runs.csv"), table).unwrap();
    let summary = parsed(folder.path(), "runs study/runs.csv");
    let width = &summary["columns"][1];
    assert_eq!(width["name"], "hidden_size");
    assert_eq!((&width["min"], &width["max"]), (&32.0.into(), &896.0.into()));
    assert_eq!(width["distinct"], 2);
}

#[test]
fn a_trainers_log_becomes_a_table_with_its_configuration() {
    let folder = folder_of(&[
        (STATE, "out/small/checkpoint-20/trainer_state.json"),
        (CONFIG, "out/small/checkpoint-20/config.json"),
        (STATE, "out/small/checkpoint-10/trainer_state.json"),
        (EVENTS, "out/small/runs/today/events.out.tfevents.1"),
        (STATE, "out/large/trainer_state.json"),
        (CONFIG, "out/large/config.json"),
    ]);
    let here = folder.path();
    let text = answer_in(
        here,
        "runs import out --out runs.csv --unit nats/token --tokenizer gpt2",
    );
    assert!(text.contains("Written to runs.csv: 8 rows of 2 runs"), "{text}");
    assert!(
        text.contains("loss: `eval_loss`; tokens: `num_input_tokens_seen`"),
        "{text}"
    );
    let (text, remarks) = both(here, "runs runs.csv");
    assert!(text.contains("loss in nats/token; tokenizer gpt2"), "{text}");
    assert!(text.contains("kv_dim 16 16 1"), "{text}");
    assert!(!remarks.contains("no column"), "{remarks}");
    let (csv, remarks) = both(here, "runs import out --last");
    assert!(csv.starts_with("group,n_layers,hidden_size,"), "{csv}");
    assert_eq!(csv.matches(",1280,1.9954156875610352").count(), 2, "{csv}");
    assert!(
        csv.contains("small,2,32,3,1,16,1,28832,28832,24736,1280,"),
        "{csv}"
    );
    assert!(remarks.contains("1 event file below small left out"), "{remarks}");
    // The folder of the run itself, and a file in it.
    assert!(both(here, "runs import out/small").0.contains(" small,2,32"));
    let file = "runs import out/small/checkpoint-20/trainer_state.json --no-config";
    assert!(both(here, file).0.starts_with("group,tokens,loss small,320,"));
    let published = "runs import out --config qwen2.5-0.5b";
    assert!(both(here, published).0.contains("small,24,896,"));
}

#[test]
fn tensorboards_files_and_exports_become_tables() {
    let folder = folder_of(&[
        (EVENTS, "logs/a/events.out.tfevents.1"),
        ("new_style/events.out.tfevents.1", "more/b/events.out.tfevents.1"),
        ("cut/events.out.tfevents.1", "more/c/events.out.tfevents.1"),
        ("wandb/runs_table.csv", "table.csv"),
        ("wandb/chart.csv", "chart.csv"),
    ]);
    let here = folder.path();
    let (csv, remarks) = both(here, "runs import logs");
    assert!(
        csv.starts_with("group,tokens,loss a,320,3.3380093574523926"),
        "{csv}"
    );
    assert!(
        remarks.starts_with("loss: `eval/loss`; tokens: `train/num_input_tokens_seen`"),
        "{remarks}"
    );
    let (csv, remarks) = both(here, "runs import more --last");
    assert!(csv.contains("b,4000000,2.25 c,4000000,2.25"), "{csv}");
    assert!(
        remarks.contains("run `c`: the last record, at byte 406, is cut short"),
        "{remarks}"
    );
    let summary = parsed(here, "runs import more --loss val/loss --out runs.jsonl");
    assert_eq!(summary["rows"], 8);
    assert_eq!(summary["warnings"][0]["name"], "truncated");
    assert_eq!(parsed(here, "runs runs.jsonl")["digest"], summary["digest"]);
    let (csv, remarks) = both(here, "runs import table.csv --loss train/loss");
    assert!(csv.contains("large,12,768,123000000,13107200,9.1"), "{csv}");
    assert!(remarks.starts_with("loss: `train/loss`; tokens: "), "{remarks}");
    let (csv, _) = both(here, "runs import chart.csv --tokens-per-step 0.5M");
    assert!(csv.contains("small,50000000,4.5"), "{csv}");
}

#[test]
fn a_table_replaces_a_file_wholly() {
    let folder = folder_of(&[(STATE, "run/trainer_state.json")]);
    fs::write(folder.path().join("runs.csv"), "old").unwrap();
    answer_in(folder.path(), "runs import run --out runs.csv");
    let names: Vec<String> = contents(folder.path()).into_keys().collect();
    assert_eq!(names, ["run", "run/trainer_state.json", "runs.csv"]);
    let written = fs::read_to_string(folder.path().join("runs.csv")).unwrap();
    assert!(written.starts_with("group,tokens,loss\nrun,320,"), "{written}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| {
            let path: PathBuf = folder.path().join(name);
            fs::metadata(path).unwrap().permissions().mode()
        };
        assert_eq!(mode("runs.csv"), mode("run/trainer_state.json"));
    }
}
