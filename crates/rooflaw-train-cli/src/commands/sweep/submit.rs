//! `rooflaw-train sweep submit`: the open runs of a plan to a cluster.

use super::worker::WorkerArgs;
use anyhow::{Context as _, Result, anyhow};
use rooflaw_sweep::folder::SweepFolder;
use rooflaw_sweep::plan::Plan;
use rooflaw_sweep::resources::{Packing, Request};
use rooflaw_sweep::status::{self, RunStatus};
use rooflaw_sweep::{kubernetes, slurm, tasks};
use rooflaw_terminal as output;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Hand the open runs of a plan to Slurm or Kubernetes.
#[derive(clap::Args)]
#[command(
    after_help = "Memory is asked for as predicted, times 1.25, and 512 MB; time as predicted, times 1.5, and 5 minutes for each \
task. Runs that are done, failed for good, running or in the queue are left out, so submitting again is safe.

Examples:
  rooflaw-train sweep submit sweep --slurm --dry-run
  rooflaw-train sweep submit sweep --slurm --cpus 8 --sbatch-option=--partition=long
  rooflaw-train sweep submit sweep --kubernetes --image IMAGE --volume-claim NAME > job.yaml"
)]
pub struct Args {
    /// The plan, or its folder
    plan: PathBuf,
    /// To Slurm: job arrays
    #[arg(long, required_unless_present = "kubernetes", conflicts_with = "kubernetes")]
    slurm: bool,
    /// To Kubernetes: print Indexed Jobs, to be given to `kubectl create -f -`
    #[arg(long, requires_all = ["image", "volume_claim"])]
    kubernetes: bool,
    /// Print what would be submitted
    #[arg(long)]
    dry_run: bool,
    /// Processors of a task
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=4096))]
    cpus: u32,
    /// Tasks that run at once [default: as many as there is room for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    at_once: Option<u32>,
    /// Short runs share a task of up to so many minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=525_600))]
    task_minutes: u32,
    /// Ask for no more time; longer runs are checkpointed and go on in the next turn
    #[arg(long, value_name = "MINUTES", default_value_t = 1440, value_parser = clap::value_parser!(u32).range(5..=525_600))]
    longest: u32,
    /// Minutes of a run, in place of predictions
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=525_600))]
    minutes: Option<u32>,
    /// MiB of a task, in place of predictions
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(16..))]
    memory: Option<u64>,
    /// An option for sbatch, such as --partition=long; may be given several times
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    sbatch_option: Vec<String>,
    /// The container image, with rooflaw-train in its path
    #[arg(long, value_name = "IMAGE", help_heading = "Kubernetes")]
    image: Option<String>,
    /// The PersistentVolumeClaim that holds sweep and data
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    volume_claim: Option<String>,
    /// Where it is mounted, here as there [default: the deepest folder that sweep and data are in]
    #[arg(long, value_name = "PATH", help_heading = "Kubernetes")]
    mount: Option<PathBuf>,
    /// The namespace
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    namespace: Option<String>,
    #[command(flatten)]
    worker: WorkerArgs,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let (sweep, plan) = super::open(&args.plan)?;
    let status = status::of(&sweep, &plan, args.worker.retries)?;
    if args.kubernetes {
        to_kubernetes(args, &sweep, &plan, &status)?;
    } else {
        to_slurm(args, &sweep, &plan, &status)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn packing(&self) -> Packing {
        Packing {
            cpus: self.cpus,
            task_minutes: self.task_minutes,
            longest_minutes: self.longest,
            minutes: self.minutes,
            memory_mib: self.memory,
            ..Packing::default()
        }
    }

    /// What a task runs; it uses the processors that it asked for.
    fn command(&self, program: String, sweep: &SweepFolder) -> Vec<String> {
        let plan = sweep
            .root()
            .join(super::plan_path(&self.plan).file_name().unwrap_or_default());
        let mut worker = self.worker.clone();
        worker.threads = worker.threads.or_else(|| u16::try_from(self.cpus).ok());
        let mut command = vec![program];
        command.extend(["sweep", "run-one", "--plan"].map(str::to_owned));
        command.push(plan.display().to_string());
        command.extend(worker.words());
        command
    }
}

fn to_slurm(args: &Args, sweep: &SweepFolder, plan: &Plan, status: &[RunStatus]) -> Result<()> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let options = slurm::Options {
        packing: args.packing(),
        at_once: args.at_once,
        sbatch: args.sbatch_option.clone(),
        command: args.command(program.display().to_string(), sweep),
        retry_failed: args.worker.retry_failed,
        patience: Duration::from_secs(args.worker.lease),
        dry_run: args.dry_run,
    };
    let submitted = slurm::submit(sweep, plan, status, &options)?;
    if args.json {
        return output::json(&submitted);
    }
    if submitted.is_empty() {
        return output::line("Nothing to submit: every run is done, failed, running or in the queue.");
    }
    for submission in &submitted {
        let runs: usize = submission.tasks.iter().map(Vec::len).sum();
        let Request {
            cpus,
            memory_mib,
            gpus,
            minutes,
        } = submission.request;
        let gpus = if gpus > 0 {
            format!(", {gpus} GPU")
        } else {
            String::new()
        };
        let job = submission
            .job
            .as_ref()
            .map_or_else(|| "would be".to_owned(), |job| format!("job {job}"));
        let shape = format!("{cpus} processors, {memory_mib} MiB{gpus}, {minutes} min each");
        let tasks = submission.tasks.len();
        output::line(&format!(
            "{}: {job}: {runs} runs in {tasks} tasks of {shape}",
            submission.name
        ))?;
        if args.dry_run {
            output::raw(&format!("\n{}\n", submission.script))?;
        }
    }
    Ok(())
}

fn to_kubernetes(args: &Args, sweep: &SweepFolder, plan: &Plan, status: &[RunStatus]) -> Result<()> {
    let missing = || anyhow!("--kubernetes needs --image and --volume-claim");
    let options = kubernetes::Options {
        packing: args.packing(),
        image: args.image.clone().ok_or_else(missing)?,
        volume_claim: args.volume_claim.clone().ok_or_else(missing)?,
        mount: args
            .mount
            .clone()
            .unwrap_or_else(|| kubernetes::common_folder(sweep.root(), &plan.data.path)),
        at_once: args.at_once,
        namespace: args.namespace.clone(),
        command: args.command("rooflaw-train".to_owned(), sweep),
        retries: args.worker.retries,
    };
    let manifest = kubernetes::manifest(sweep, plan, status, &options)?;
    if !args.dry_run {
        for (file, ids) in &manifest.tasks {
            tasks::write(file, ids)?;
        }
    }
    if args.json {
        return output::json(&manifest.jobs);
    }
    if manifest.jobs.is_empty() {
        return output::note("nothing to submit: every run is done or failed");
    }
    output::raw(&manifest.to_yaml())
}
