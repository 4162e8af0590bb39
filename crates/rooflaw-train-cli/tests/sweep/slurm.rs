//! A real Slurm: slurmctld and two slurmd on this machine run a sweep of 12 runs, a node is lost in the middle with all that runs
//! on it, and each run ends once, with the loss of the same sweep without Slurm, bit for bit.
//!
//! Runs where `ROOFLAW_SLURM` is set (`.ci/run` does), since it takes most of a minute; `--nocapture` shows what happened.

use crate::small::{Sweep, train};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const CLUSTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sweep/cluster");

/// Daemons that end with the test.
struct Cluster {
    folder: PathBuf,
}

impl Cluster {
    fn up(folder: PathBuf) -> Cluster {
        let listeners: Vec<TcpListener> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
        let ports: Vec<String> = listeners.iter().map(port).collect();
        drop(listeners);
        // Whatever comes now, the daemons are ended.
        let cluster = Cluster { folder };
        let status = Command::new(CLUSTER)
            .arg("up")
            .arg(&cluster.folder)
            .args(ports)
            .status();
        assert!(status.unwrap().success(), "the cluster does not come up");
        cluster
    }

    fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.folder.join("etc/slurm.conf"));
        command
    }

    /// The power of a node fails: its daemon, and on it supervisors, workers and trainers, all at once.
    fn lose(&self, node: &str) -> Vec<String> {
        let daemon = fs::read_to_string(self.folder.join(format!("run/slurmd-{node}.pid"))).unwrap();
        let jobs = self.ask("squeue", &["-h", "-r", "-w", node, "-t", "R", "-o", "%i"]);
        let jobs: Vec<String> = jobs.lines().map(|job| job.trim().to_owned()).collect();
        let mut lost = vec![daemon.trim().parse().unwrap()];
        for (pid, environment) in processes() {
            let of_node = environment
                .get("SLURMD_NODENAME")
                .is_some_and(|name| name == node);
            let of_cluster = environment
                .get("SLURM_CONF")
                .is_some_and(|conf| Path::new(conf).starts_with(&self.folder));
            if of_node && of_cluster {
                lost.push(pid);
                lost.extend(parent(pid));
            }
        }
        lost.retain(|&pid| pid > 1 && pid != std::process::id());
        lost.sort_unstable();
        lost.dedup();
        for signal in ["-STOP", "-KILL"] {
            let pids = lost.iter().map(u32::to_string);
            let _ = Command::new("kill")
                .arg(signal)
                .args(pids)
                .stderr(Stdio::null())
                .status();
        }
        self.ask(
            "scontrol",
            &["update", &format!("NodeName={node}"), "State=DOWN", "Reason=test"],
        );
        jobs
    }
}

impl Cluster {
    /// Waits until these jobs are in the queue again, and has them start: Slurm lets two minutes pass, this test does not.
    fn start_now(&self, jobs: &[String]) {
        wait(Duration::from_secs(30), || {
            let queue = self.ask("squeue", &["-h", "-r", "-t", "PD", "-o", "%i|%r"]);
            let requeued = |job: &String| queue.lines().any(|line| line.starts_with(&format!("{job}|")));
            jobs.iter().all(requeued).then_some(())
        });
        for job in jobs {
            self.ask("scontrol", &["update", &format!("JobId={job}"), "StartTime=now"]);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(CLUSTER).arg("down").arg(&self.folder).status();
    }
}

/// Processes with their environments.
fn processes() -> Vec<(u32, BTreeMap<String, String>)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let environment = |pid: u32| {
        let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
        Some((
            pid,
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ))
    };
    pids.filter_map(environment).collect()
}

/// A slurmstepd has no environment of the job's, but it is the parent of what does.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let parent: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
    let name = fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    name.starts_with("slurmstepd").then_some(parent)
}

fn skipped() -> Option<&'static str> {
    if std::env::var_os("ROOFLAW_SLURM").is_none() {
        return Some("ROOFLAW_SLURM is not set");
    }
    let found = |program| {
        let mut command = Command::new(program);
        command.arg("-V").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok()
    };
    let all = ["slurmctld", "slurmd", "munged", "sbatch"].into_iter().all(found);
    (!all).then_some("no Slurm here: apt-get install slurmctld slurmd slurm-client munge")
}

#[test]
fn a_sweep_survives_the_loss_of_a_node() {
    if let Some(why) = skipped() {
        return eprintln!("skipped: {why}");
    }
    let start = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let local = Sweep::planned(&root, "local", &["1", "2", "3", "4"], &[]);
    let status = local.run(&["--workers", "2", "--threads", "1"]).status().unwrap();
    assert!(status.success());
    println!(
        "12 runs on this machine, 2 workers: {:.1} s",
        start.elapsed().as_secs_f64()
    );

    let cluster = Cluster::up(root.join("cluster"));
    let version = cluster.ask("sinfo", &["-V"]);
    let sweep = Sweep::planned(&root, "cluster-sweep", &["1", "2", "3", "4"], &[]);
    assert_eq!(sweep.ids(), local.ids());
    let submit = || {
        let mut command = train(&["sweep", "submit"]);
        command.env("SLURM_CONF", cluster.folder.join("etc/slurm.conf"));
        command.arg(&sweep.folder);
        // A task for each run; checkpoints often, since these runs take seconds.
        command.args([
            "--slurm",
            "--cpus",
            "1",
            "--minutes",
            "10",
            "--task-minutes",
            "10",
        ]);
        command.args(["--train-option=--checkpoint-interval-steps=20"]);
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let submitted = Instant::now();
    let seconds = || submitted.elapsed().as_secs_f64();
    print!("{}: two nodes of two processors\n{}", version.trim(), submit());
    // At once again: nothing twice.
    assert!(submit().starts_with("Nothing to submit"));

    // One task is told that its time is nearly over: it puts itself back into the queue, with a checkpoint.
    let (told, told_id) = wait(Duration::from_secs(60), || {
        let jobs = cluster.ask("squeue", &["-h", "-r", "-w", "n1", "-t", "R", "-o", "%i"]);
        let running = sweep.running();
        let mut ready = jobs
            .lines()
            .filter_map(|job| Some((job.trim().to_owned(), running.get(job.trim())?.clone())));
        ready.find(|(_, id)| sweep.has_checkpoint(id))
    });
    // As slurmstepd does 120 seconds before the end; this test's jobs end sooner.
    let worker = sweep.worker(&told_id).to_string();
    let status = Command::new("kill").args(["-USR1", &worker]).status();
    assert!(status.unwrap().success());
    cluster.start_now(std::slice::from_ref(&told));
    println!(
        "{:.1} s: job {told} was sent SIGUSR1 ({told_id}) and is back in the queue",
        seconds()
    );

    // In the middle: some are done, and on the node to be lost every run has a checkpoint.
    let victims = wait(Duration::from_secs(60), || {
        let jobs = cluster.ask("squeue", &["-h", "-r", "-w", "n2", "-t", "R", "-o", "%i"]);
        let running = sweep.running();
        let on_node: Vec<String> = jobs
            .lines()
            .filter_map(|job| running.get(job.trim()).cloned())
            .collect();
        let ready =
            on_node.len() == 2 && sweep.done() >= 3 && on_node.iter().all(|id| sweep.has_checkpoint(id));
        ready.then_some(on_node)
    });
    let jobs = cluster.lose("n2");
    let reached: Vec<String> = victims
        .iter()
        .map(|id| format!("{id} at step {}", sweep.last_step(id)))
        .collect();
    println!(
        "{:.1} s: {} of 12 done; node n2 is lost, with jobs {} on it ({})",
        seconds(),
        sweep.done(),
        jobs.join(", "),
        reached.join(", ")
    );
    cluster.start_now(&jobs);
    wait(Duration::from_secs(90), || (sweep.done() == 12).then_some(()));
    println!("{:.1} s: 12 of 12 done, the rest on node n1", seconds());
    wait(Duration::from_secs(20), || {
        let queue = cluster.ask("squeue", &["-h", "-r", "-t", "PD,R,CG", "-o", "%i"]);
        queue.trim().is_empty().then_some(())
    });
    assert!(submit().starts_with("Nothing to submit"));
    for job in &jobs {
        let shown = cluster.ask("scontrol", &["show", "job", job]);
        assert!(
            (shown.contains("Restarts=1") || *job == told) && shown.contains("JobState=COMPLETED"),
            "{shown}"
        );
    }

    println!("run            id            attempts  loss");
    for (id, name) in sweep.runs() {
        let outcomes = sweep.outcomes(&id);
        let done = outcomes.iter().filter(|outcome| *outcome == "done").count();
        assert_eq!(done, 1, "{id}: {outcomes:?}");
        let expected: &[&str] = if id == told_id && victims.contains(&id) {
            &["interrupted", "", "done"]
        } else if id == told_id {
            &["interrupted", "done"]
        } else if victims.contains(&id) {
            &["", "done"]
        } else {
            &["done"]
        };
        assert_eq!(outcomes, expected, "{id}");
        sweep.assert_steps_are_whole(&id);
        let (here, there) = (local.result(&id), sweep.result(&id));
        println!("{name:13}  {id}  {:8}  {}", outcomes.len(), there.0);
        assert_eq!(here.0.to_bits(), there.0.to_bits(), "{id}");
        assert_eq!(here.1.to_bits(), there.1.to_bits(), "{id}");
        assert!(local.model(&id) == sweep.model(&id), "{id}: another model");
    }
    for id in victims.iter().chain([&told_id]) {
        assert!(sweep.resumed(id), "{id} began again from nothing");
    }
    println!(
        "each run ended once; losses and weights equal the local sweep's bit for bit; runs of the lost node went on from \
         their checkpoints; {:.0} s in all",
        start.elapsed().as_secs_f64()
    );
}

fn wait<T>(most: Duration, mut ready: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + most;
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(Instant::now() < until, "not within {most:?}");
        thread::sleep(Duration::from_millis(50));
    }
}
