//! Sweeps on Kubernetes: Indexed Jobs, one for each shape of resources.

use crate::error::SweepError;
use crate::folder::SweepFolder;
use crate::plan::Plan;
use crate::resources::{Packing, shapes};
use crate::status::{RunStatus, State};
use crate::tasks;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How to write the manifest.
#[derive(Clone, Debug)]
pub struct Options {
    /// How runs become tasks.
    pub packing: Packing,
    /// The container image, which has `rooflaw-train`.
    pub image: String,
    /// The PersistentVolumeClaim that sweep and data are on.
    pub volume_claim: String,
    /// Where it is mounted: as here, since plans name files by their whole path.
    pub mount: PathBuf,
    /// Most tasks at once; `None` for all.
    pub at_once: Option<u32>,
    /// The namespace; `None` for the one of whoever applies it.
    pub namespace: Option<String>,
    /// The program and arguments of a worker, before `--tasks FILE --task N`.
    pub command: Vec<String>,
    /// Times that a task may fail for reasons that are not its runs' (a lost machine).
    pub retries: u32,
}

/// A manifest and the files of tasks that it needs.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Indexed Jobs.
    pub jobs: Vec<Value>,
    /// Files of tasks, to be written to the sweep's folder.
    pub tasks: Vec<(PathBuf, Vec<Vec<String>>)>,
}

/// Seconds that a worker has to write checkpoints when its pod is evicted.
const GRACE_SECONDS: u32 = 120;
/// Most completions of an Indexed Job whose failed indices are counted one by one
/// (KEP-3850: `.spec.completions` ≤ 10⁵ and parallelism ≤ 10⁴).
const MAX_TASKS: usize = 10_000;

/// The deepest folder that both are in: what to mount.
#[must_use]
pub fn common_folder(a: &Path, b: &Path) -> PathBuf {
    let pairs = a.components().zip(b.components());
    pairs.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// Indexed Jobs for all runs that are neither done nor failed for good. Applying one twice makes no second Job, since its name
/// is the plan's; and workers claim runs, whoever starts them.
///
/// # Errors
/// A time that is not known, a folder that is not below the mount.
pub fn manifest(
    sweep: &SweepFolder,
    plan: &Plan,
    status: &[RunStatus],
    options: &Options,
) -> Result<Manifest, SweepError> {
    for path in [sweep.root(), &plan.data.path] {
        if !path.starts_with(&options.mount) {
            return Err(SweepError::Plan(format!(
                "--mount {}: {} is not below it, and a plan names files by their whole path",
                options.mount.display(),
                path.display()
            )));
        }
    }
    let is_open = |state: &State| !matches!(state, State::Done { .. } | State::Failed { .. });
    let open: Vec<usize> = status
        .iter()
        .enumerate()
        .filter(|(_, status)| is_open(&status.state))
        .map(|(index, _)| index)
        .collect();
    let shapes = shapes(plan, &open, &options.packing).ok_or_else(|| {
        SweepError::Plan(
            "the plan predicts no times: expected --minutes for a run, or a plan with --device or --measured"
                .to_owned(),
        )
    })?;
    let mut manifest = Manifest {
        jobs: Vec::new(),
        tasks: Vec::new(),
    };
    for shape in &shapes {
        for tasks in shape.tasks.chunks(MAX_TASKS) {
            let name = format!("rooflaw-{}-{}", plan.id(), manifest.jobs.len() + 1);
            let file = sweep.root().join("kubernetes").join(format!("{name}.txt"));
            let ids = tasks::ids(plan, tasks);
            manifest
                .jobs
                .push(job(&name, &ids, &file, &shape.request, options));
            manifest.tasks.push((file, ids));
        }
    }
    Ok(manifest)
}

fn job(
    name: &str,
    tasks: &[Vec<String>],
    file: &Path,
    request: &crate::resources::Request,
    options: &Options,
) -> Value {
    let memory = format!("{}Mi", request.memory_mib);
    let mut limits = json!({ "memory": memory });
    if request.gpus > 0 {
        limits["nvidia.com/gpu"] = request.gpus.into();
    }
    let file = file.display().to_string();
    let more = ["--tasks", &file, "--task", "$(ROOFLAW_TASK)"].map(str::to_owned);
    let command: Vec<String> = options.command.iter().cloned().chain(more).collect();
    let index = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
    let labels = json!({ "app.kubernetes.io/name": "rooflaw", "app.kubernetes.io/instance": name });
    let mut metadata = json!({ "name": name, "labels": labels });
    if let Some(namespace) = &options.namespace {
        metadata["namespace"] = namespace.as_str().into();
    }
    let at_once = options.at_once.map_or(tasks.len(), |most| most as usize);
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "completionMode": "Indexed",
            "completions": tasks.len(),
            "parallelism": at_once.clamp(1, tasks.len().max(1)),
            "backoffLimitPerIndex": options.retries,
            // One task that fails does not end the others.
            "maxFailedIndexes": tasks.len(),
            "podFailurePolicy": { "rules": [
                // Evicted, preempted, or on a machine that is lost: not the run's fault.
                { "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }] },
                // Failed or refused: recorded in the run's folder, after the retries that are its own.
                { "action": "FailIndex", "onExitCodes":
                    { "containerName": "train", "operator": "In", "values": [1, 2] } },
            ] },
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "restartPolicy": "Never",
                    "terminationGracePeriodSeconds": GRACE_SECONDS,
                    "containers": [{
                        "name": "train",
                        "image": options.image,
                        "command": command,
                        "env": [{ "name": "ROOFLAW_TASK", "valueFrom": { "fieldRef": { "fieldPath": index } } }],
                        "resources": {
                            "requests": { "cpu": request.cpus.to_string(), "memory": memory },
                            "limits": limits,
                        },
                        "volumeMounts": [{ "name": "shared", "mountPath": options.mount }],
                    }],
                    "volumes": [{
                        "name": "shared",
                        "persistentVolumeClaim": { "claimName": options.volume_claim },
                    }],
                },
            },
        },
    })
}

impl Manifest {
    /// As YAML, a document for each Job.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        for job in &self.jobs {
            text += "---\n";
            yaml(job, 0, &mut text);
        }
        text
    }
}

/// Block style; strings as in JSON, which YAML 1.2 takes (§1.3) in keys and values alike.
fn yaml(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = if key.chars().all(|c| c.is_ascii_alphanumeric()) {
                    key.clone()
                } else {
                    Value::from(key.as_str()).to_string()
                };
                *text += &format!("{indent}{key}:");
                nested(value, depth, text);
            }
        }
        Value::Array(values) => {
            for value in values {
                *text += &format!("{indent}-");
                nested(value, depth, text);
            }
        }
        scalar => *text += &format!("{indent}{scalar}\n"),
    }
}

fn nested(value: &Value, depth: usize, text: &mut String) {
    let is_empty = value.as_object().is_some_and(|map| map.is_empty()) || value == &Value::Array(Vec::new());
    if (value.is_object() || value.is_array()) && !is_empty {
        text.push('\n');
        yaml(value, depth + 1, text);
    } else {
        *text += &format!(" {value}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_block_style_and_strings_are_safe() {
        let value = json!({ "a": [{ "b": "no", "c": [] }, 2], "d.e/f": "x: #" });
        let mut text = String::new();
        yaml(&value, 0, &mut text);
        let expected = "a:\n  -\n    b: \"no\"\n    c: []\n  - 2\n\"d.e/f\": \"x: #\"\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_common_is_mounted() {
        let common = common_folder(Path::new("/nfs/me/sweep"), Path::new("/nfs/data/pile"));
        assert_eq!(common, Path::new("/nfs"));
    }
}
