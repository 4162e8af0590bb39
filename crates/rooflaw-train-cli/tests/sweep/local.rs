//! Sweeps on this machine with the real trainer: workers that are killed, Ctrl-C, losses that are not finite, prices.

use crate::small::{Sweep, train};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

fn start(sweep: &Sweep) -> Child {
    let mut command = sweep.run(&["--workers", "2", "--threads", "1", "--pause", "1"]);
    command.stderr(Stdio::null()).stdout(Stdio::null());
    command.spawn().unwrap()
}

fn until(ready: impl Fn() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < Duration::from_secs(120));
        thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Child, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// Killed at four moments and once asked to stop, a sweep ends as one that was left alone: each run once, the same losses bit
/// for bit.
#[test]
fn a_sweep_survives_kill_nine_of_its_workers() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let calm = Sweep::planned(&root, "calm", &["1"], &[]);
    assert!(start(&calm).wait().unwrap().success());
    let killed = Sweep::planned(&root, "killed", &["1"], &[]);
    for (round, how) in ["-KILL", "-KILL", "-INT", "-KILL", "-KILL"]
        .into_iter()
        .enumerate()
    {
        let before: u64 = killed.ids().iter().map(|id| killed.last_step(id)).sum();
        let mut worker = start(&killed);
        // Somewhat further each time, if there is anything left to do.
        let steps = 10 + 7 * round as u64;
        let done = || killed.done() == 3;
        until(|| done() || killed.ids().iter().map(|id| killed.last_step(id)).sum::<u64>() > before + steps);
        if done() {
            break;
        }
        signal(&worker, how);
        let status = worker.wait().unwrap();
        if how == "-INT" && !done() {
            assert_eq!(status.code(), Some(130));
        }
    }
    assert!(start(&killed).wait().unwrap().success());
    for (id, name) in killed.runs() {
        let outcomes = killed.outcomes(&id);
        let done = outcomes.iter().filter(|outcome| *outcome == "done").count();
        assert_eq!(
            (done, outcomes.last().unwrap().as_str()),
            (1, "done"),
            "{name}: {outcomes:?}"
        );
        killed.assert_steps_are_whole(&id);
        assert_eq!(killed.result(&id), calm.result(&id), "{name}");
        assert!(killed.model(&id) == calm.model(&id), "{name}");
    }
    let tries: usize = killed.ids().iter().map(|id| killed.outcomes(id).len()).sum();
    assert!(tries > 3, "nothing was interrupted");
}

/// One recipe's loss is not finite: its runs fail with the reason, once, and the others are done.
#[test]
fn a_loss_that_is_not_finite_ends_its_run_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let wild = Sweep::planned(
        &root,
        "wild",
        &["1"],
        &[
            "--set",
            "peak_learning_rate=10.0",
            "--set",
            "final_learning_rate=10.0",
            "--set",
            "weight_decay=99.0",
        ],
    );
    let output = wild
        .run(&["--workers", "2", "--threads", "1", "--json"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("not finite"), "{said}");
    for id in wild.ids() {
        let outcomes = wild.outcomes(&id);
        assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    }
    let status = train(&["sweep", "status"]).arg(&wild.folder).output().unwrap();
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(said.contains("failed") && said.contains("not finite"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

/// What people get to see of plans, and of mistakes in them.
#[test]
fn plans_are_priced_and_mistakes_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let sweep = Sweep::planned(&root, "sweep", &["1", "2"], &["--measured", "dense=50000"]);
    let dense: f64 = sweep.predicted_seconds("dense-seed1");
    assert!((dense - 80_384.0 / 50_000.0).abs() < 1e-9, "{dense}");
    let output = |arguments: &[&str]| {
        let output = train(arguments).current_dir(&root).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, said, _) = output(&["sweep", "status", "sweep"]);
    assert!(
        code == Some(0) && said.starts_with("0 done, 0 running, 0 failed, 6 waiting"),
        "{said}"
    );
    let mistakes = [
        (
            &["sweep", "plan", "models", "--data", "data", "--recipe", "papper"][..],
            "no recipe `papper`",
        ),
        (
            &["sweep", "plan", "modles", "--data", "data"],
            "unknown model `modles`",
        ),
        (
            &["sweep", "plan", "models", "--data", "nowhere"],
            "--data nowhere",
        ),
        (
            &["sweep", "plan", "models", "--engine", "gpu"],
            "expected cpu or cuda",
        ),
        (
            &["sweep", "plan", "models", "--measured", "other=5"],
            "expected a model of the plan",
        ),
        (
            &["sweep", "plan", "models", "--device", "h200", "--mfu", "2"],
            "expected a share above 0",
        ),
        (
            &["sweep", "plan", "models", "--vary", "peak_learning_rate"],
            "expected a key and values",
        ),
        (
            &["sweep", "plan", "models", "--vary", "peak_rate=1,2"],
            "peak_rate",
        ),
        (
            &["sweep", "run", "nowhere"],
            "expected what `sweep plan --out` wrote",
        ),
        (&["sweep", "collect", "sweep"], "none of the 6 runs is done"),
        (
            &["sweep", "run-one", "--plan", "sweep", "--index", "6"],
            "the plan has 6 runs, 0 to 5",
        ),
        (&["sweep", "submit", "sweep"], "--slurm"),
    ];
    for (arguments, expected) in mistakes {
        let (code, _, said) = output(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let rates = "peak_learning_rate=1e-3,3e-3";
    let (code, said, _) = output(&[
        "sweep", "plan", "models", "--recipe", "small", "--vary", rates, "--json",
    ]);
    assert!(code == Some(0) && said.contains("dense-small-3e-3"), "{said}");
    // For others to train: a folder each, and a table that `rooflaw runs` reads once its losses are filled in.
    let (code, _, said) = output(&[
        "sweep",
        "plan",
        "models",
        "--data",
        "data",
        "--recipe",
        "small",
        "--external",
        "others",
    ]);
    assert_eq!(code, Some(0), "{said}");
    for name in ["dense", "normed", "mixture"] {
        let of_run = root.join("others").join(name);
        rooflaw::architecture::hf::read(&fs::read(of_run.join("config.json")).unwrap()).unwrap();
        let recipe = fs::read_to_string(of_run.join("recipe.toml")).unwrap();
        rooflaw_train::recipe::Recipe::from_toml(&recipe).unwrap();
    }
    let table = fs::read_to_string(root.join("others/runs.csv")).unwrap();
    let filled: String = table
        .lines()
        .map(|line| format!("{line}{}\n", if line.ends_with(',') { "3.5" } else { "" }))
        .collect();
    let resolve = |name: &str| {
        let bytes = fs::read(root.join("others").join(name)).map_err(|error| error.to_string())?;
        let read = rooflaw::architecture::hf::read(&bytes).map_err(|error| error.to_string())?;
        Ok(read.architecture)
    };
    let read = rooflaw::runs::RunTable::from_csv_with(filled.as_bytes(), &resolve).unwrap();
    assert_eq!(read.loss, [3.5; 3]);
    // A plan reads such a table back.
    let (code, said, _) = output(&[
        "sweep", "plan", "others", "--data", "data", "--recipe", "small", "--json",
    ]);
    assert!(code == Some(0) && said.contains("\"n_runs\": 3"), "{said}");
}
