//! Submission: what is open and not in the queue yet.

use super::Job;
use super::queue::{ask, jobs, max_array_size};
use super::script::{Array, script};
use crate::error::SweepError;
use crate::files;
use crate::folder::SweepFolder;
use crate::plan::Plan;
use crate::resources::{Packing, Request, shapes};
use crate::status::{RunStatus, State};
use crate::tasks;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to submit.
#[derive(Clone, Debug)]
pub struct Options {
    /// How runs become tasks.
    pub packing: Packing,
    /// Most tasks of an array that run at once.
    pub at_once: Option<u32>,
    /// Options for sbatch.
    pub sbatch: Vec<String>,
    /// The program and arguments of a worker, before `--tasks FILE --task N`.
    pub command: Vec<String>,
    /// Runs that failed for good too.
    pub retry_failed: bool,
    /// A worker on another machine that gave no sign of life for so long counts as gone.
    pub patience: Duration,
    /// Submit nothing.
    pub dry_run: bool,
}

/// An array that was, or would be, submitted.
#[derive(Clone, Debug, Serialize)]
pub struct Submission {
    /// The job's name.
    pub name: String,
    /// What each task asks for.
    pub request: Request,
    /// The ids of each task's runs.
    pub tasks: Vec<Vec<String>>,
    /// The script.
    pub script: String,
    /// The job's number; `None` in a dry run.
    pub job: Option<String>,
}

/// Submits all runs that are neither done nor failed for good, nor running, nor in the queue.
///
/// # Errors
/// A time that is not known, Slurm's commands missing or refusing, a folder that cannot be written.
pub fn submit(
    sweep: &SweepFolder,
    plan: &Plan,
    status: &[RunStatus],
    options: &Options,
) -> Result<Vec<Submission>, SweepError> {
    let root = sweep.root().join("slurm");
    // A dry run leaves no trace, and works where Slurm is not.
    let _lock = if options.dry_run { None } else { Some(lock(&root)?) };
    let queued = match hints(sweep, plan) {
        Ok(queued) => queued,
        Err(_) if options.dry_run => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let is_open = |status: &RunStatus| match &status.state {
        State::Done { .. } => false,
        State::Failed { .. } => options.retry_failed,
        State::Running { silent_for, .. } => {
            silent_for.is_some_and(|silent| silent > options.patience.as_secs_f64())
        }
        State::Waiting { .. } => true,
    };
    let open: Vec<usize> = status
        .iter()
        .enumerate()
        .filter(|(_, status)| is_open(status) && !queued.contains_key(&status.id))
        .map(|(index, _)| index)
        .collect();
    let shapes = shapes(plan, &open, &options.packing).ok_or_else(|| {
        SweepError::Plan(
            "the plan predicts no times: expected --minutes for a run, or a plan with --device or --measured"
                .to_owned(),
        )
    })?;
    let most = match max_array_size() {
        Ok(most) => most,
        Err(_) if options.dry_run => usize::MAX,
        Err(error) => return Err(error),
    };
    let mut submitted = Vec::new();
    let mut number = last_number(&root)?;
    for shape in &shapes {
        for tasks in shape.tasks.chunks(most) {
            number += 1;
            let folder = root.join(number.to_string());
            let ids = tasks::ids(plan, tasks);
            let file = folder.join("tasks.txt");
            let mut command = options.command.clone();
            command.extend(["--tasks".to_owned(), file.display().to_string()]);
            let array = Array {
                name: format!("{}-{number}", name(plan)),
                tasks: tasks.len(),
                at_once: options.at_once,
                request: shape.request,
                extra: options.sbatch.clone(),
                folder: folder.clone(),
                command,
            };
            let mut submission = Submission {
                name: array.name.clone(),
                request: shape.request,
                script: script(&array)?,
                tasks: ids,
                job: None,
            };
            if !options.dry_run {
                // Before sbatch: were it the other way round, a crash between could submit the runs twice.
                tasks::write(&file, &submission.tasks)?;
                let job_file = folder.join("job.sh");
                files::write(&job_file, submission.script.as_bytes())?;
                let answer = ask("sbatch", &[OsStr::new("--parsable"), job_file.as_os_str()])?;
                let job = answer.trim().split(';').next().unwrap_or_default().to_owned();
                files::write(&folder.join("job"), format!("{job}\n").as_bytes())?;
                submission.job = Some(job);
            }
            submitted.push(submission);
        }
    }
    Ok(submitted)
}

fn name(plan: &Plan) -> String {
    format!("rooflaw-{}", plan.id())
}

fn lock(root: &Path) -> Result<File, SweepError> {
    fs::create_dir_all(root).map_err(SweepError::io("create", root))?;
    let path = root.join("lock");
    let file = File::create(&path).map_err(SweepError::io("create", &path))?;
    fs4::FileExt::lock(&file).map_err(SweepError::io("lock", &path))?;
    Ok(file)
}

/// Submissions so far, each in a folder that is called by its number.
fn submissions(root: &Path) -> Result<Vec<(u32, PathBuf)>, SweepError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(SweepError::io("read", root)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(SweepError::io("read", root))?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort();
    Ok(found)
}

fn last_number(root: &Path) -> Result<u32, SweepError> {
    Ok(submissions(root)?.last().map_or(0, |(number, _)| *number))
}

/// What Slurm says of runs, by id: their job, where it may still run.
///
/// # Errors
/// `squeue` that is missing or fails, a folder that cannot be read.
pub fn hints(sweep: &SweepFolder, plan: &Plan) -> Result<BTreeMap<String, Job>, SweepError> {
    let mut by_name = BTreeMap::new();
    for (number, folder) in submissions(&sweep.root().join("slurm"))? {
        let tasks = tasks::read(&folder.join("tasks.txt"))?;
        by_name.insert(format!("{}-{number}", name(plan)), tasks);
    }
    let names: Vec<String> = by_name.keys().cloned().collect();
    let mut found = BTreeMap::new();
    // Command lines have an end.
    for names in names.chunks(100) {
        for job in jobs(names)?.into_iter().filter(Job::is_active) {
            let task = by_name.get(&job.name).and_then(|tasks| tasks.get(job.task()?));
            for id in task.into_iter().flatten() {
                found.insert(id.clone(), job.clone());
            }
        }
    }
    Ok(found)
}
