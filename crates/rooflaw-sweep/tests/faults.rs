//! Runs that go wrong: each is recorded with why, tried again if that may help, and the sweep goes on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use rooflaw::models;
use rooflaw_sweep::attempt::{Policy, Worker};
use rooflaw_sweep::claim::{Lease, Outcome, Owner};
use rooflaw_sweep::folder::SweepFolder;
use rooflaw_sweep::local::{self, Order, Summary};
use rooflaw_sweep::one;
use rooflaw_sweep::plan::{Candidate, Data, Engine, Plan, Recipe, Training};
use rooflaw_sweep::status::{self, State};
use rooflaw_sweep::trainer::Trainer;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

fn worker(folder: &Path, seeds: &[u64]) -> Worker {
    let config = models::find("smollm2-135m-instruct").unwrap().config;
    let training = Training {
        candidate: Candidate::from_config("small", config.as_bytes()).unwrap(),
        recipe: Recipe {
            name: "r".to_owned(),
            text: String::new(),
            tokens: 1000,
            sequence_length: 10,
            sequences: 1,
        },
    };
    let data = Data {
        path: folder.to_path_buf(),
        hash: "hash".to_owned(),
    };
    let plan = Plan::of(&[training], seeds, data, Engine::Cpu, None).unwrap();
    let path = folder.join("plan.json");
    plan.write(&path).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults.sh");
    Worker {
        sweep: SweepFolder::of_plan(&path).unwrap(),
        plan,
        trainer: Trainer {
            command: vec!["sh".into(), script.into()],
            threads: None,
            options: Vec::new(),
            grace: Duration::from_secs(10),
        },
        policy: Policy {
            retries: 2,
            pause: Duration::from_millis(10),
            lease: Lease::of(Duration::from_secs(6)),
        },
        owner: Owner::this_process(),
    }
}

fn run(worker: &Worker, forgive: bool, stop: &AtomicBool) -> Summary {
    let two = NonZeroUsize::new(2).unwrap();
    local::run(worker, two, Order::default(), forgive, stop, &|_, _| {}).unwrap()
}

fn tries(worker: &Worker, index: usize) -> usize {
    let path = worker.sweep.run(&worker.plan.runs[index]).join("tries");
    fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn failures_are_recorded_and_the_sweep_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let worker = worker(folder.path(), &[1, 2, 3, 4, 5, 6, 7, 9]);
    let never = AtomicBool::new(false);
    let summary = run(&worker, false, &never);
    let failed: Vec<(usize, &str)> = summary
        .failed
        .iter()
        .map(|(index, why)| (*index, why.as_str()))
        .collect();
    let expected = [
        (1, "loss is NaN: not finite"),
        (4, "config.json: vocab_size = 1: expected at least 4096"),
        (6, "cannot write metrics.jsonl: No space left on device"),
        (
            7,
            "the trainer ended with code 0 and left neither result nor reason",
        ),
    ];
    // The log's last words are those of the trainer, which said nothing for seed 9.
    assert_eq!(failed, expected);
    assert_eq!((summary.done, summary.open), (4, 0));
    // NaN comes again and is not tried again; a full disk is, twice; so are a kill and a run that another has.
    let tried: Vec<usize> = (0..8).map(|index| tries(&worker, index)).collect();
    assert_eq!(tried, [1, 1, 3, 2, 1, 2, 3, 1]);
    // Started again, nothing is trained again, and what failed for good stays so.
    assert_eq!(run(&worker, false, &never), summary);
    assert_eq!(
        (0..8).map(|index| tries(&worker, index)).collect::<Vec<_>>(),
        tried
    );
    // Unless that is asked for.
    assert_eq!(run(&worker, true, &never).failed.len(), 4);
    let again: Vec<usize> = (0..8).map(|index| tries(&worker, index)).collect();
    assert_eq!(again, [1, 2, 3, 2, 2, 2, 6, 2]);
    // Status says the same from the folders alone.
    let status = status::of(&worker.sweep, &worker.plan, 2).unwrap();
    let outlook = status::outlook(&worker.plan, &status);
    assert_eq!(
        (outlook.done, outlook.failed, outlook.running, outlook.waiting),
        (4, 4, 0, 0)
    );
    let State::Failed { why } = &status[1].state else {
        panic!("{:?}", status[1]);
    };
    assert_eq!(why, "loss is NaN: not finite");
}

#[test]
fn a_sweep_that_is_stopped_leaves_checkpoints_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let worker = worker(folder.path(), &[8]);
    let stop = AtomicBool::new(false);
    let summary = thread::scope(|scope| {
        let sweep = scope.spawn(|| run(&worker, false, &stop));
        while !folder.path().join("started").exists() {
            thread::sleep(Duration::from_millis(10));
        }
        stop.store(true, Ordering::Relaxed);
        sweep.join().unwrap()
    });
    assert_eq!((summary.done, summary.open, summary.failed.len()), (0, 1, 0));
    let claims = worker.sweep.claims(&worker.plan.runs[0]);
    assert_eq!(claims.outcomes().unwrap(), [Some(Outcome::Interrupted)]);
    assert!(worker.sweep.run(&worker.plan.runs[0]).join("checkpoint").exists());
    let task = one::run(&worker, &[0], false, &AtomicBool::new(false), &|_, _| {}).unwrap();
    assert_eq!((task.done, task.stopped), (1, false));
    let error = one::run(&worker, &[1], false, &stop, &|_, _| {}).unwrap_err();
    assert_eq!(error.to_string(), "index 1: the plan has 1 runs, 0 to 0");
}

/// Two sweeps of one folder at the same time share its runs.
#[test]
fn two_sweeps_share_their_runs() {
    let folder = tempfile::tempdir().unwrap();
    let seeds: Vec<u64> = (0..24).map(|index| 10 * index + 1).collect();
    let mut worker = worker(folder.path(), &seeds);
    // Every seed ends in 1: as seed 1.
    let script = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults.sh")).unwrap();
    let slow = folder.path().join("slow.sh");
    fs::write(
        &slow,
        script.replace("  1) done_ ;;", "  *1) sleep 0.05; done_ ;;"),
    )
    .unwrap();
    worker.trainer.command = vec!["sh".into(), slow.into()];
    let never = AtomicBool::new(false);
    let summaries = thread::scope(|scope| {
        let sweeps: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| run(&worker, false, &never)))
            .collect();
        sweeps
            .into_iter()
            .map(|sweep| sweep.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(
        summaries.iter().all(|summary| summary.done == 24),
        "{summaries:?}"
    );
    assert!((0..24).all(|index| tries(&worker, index) == 1));
}
