//! The batch script of a job array.

use crate::error::SweepError;
use crate::resources::Request;
use std::path::PathBuf;

/// Seconds before the end of its time, or before it is preempted, at which a task is told.
pub const WARNING_SECONDS: u32 = 120;

/// A job array.
#[derive(Clone, Debug)]
pub struct Array {
    /// The job's name, by which it is found again.
    pub name: String,
    /// How many tasks.
    pub tasks: usize,
    /// Most that run at once; `None` for as many as there is room for.
    pub at_once: Option<u32>,
    /// What each asks for.
    pub request: Request,
    /// Options for sbatch as the user gave them.
    pub extra: Vec<String>,
    /// Where tasks log to.
    pub folder: PathBuf,
    /// What each task runs; the number of the task is added to it.
    pub command: Vec<String>,
}

/// The script that `sbatch` is given.
///
/// # Errors
/// Options with a line break in them.
pub fn script(array: &Array) -> Result<String, SweepError> {
    let Request {
        cpus,
        memory_mib,
        gpus,
        minutes,
    } = array.request;
    let at_once = array.at_once.map_or_else(String::new, |most| format!("%{most}"));
    let mut options = vec![
        format!("--job-name={}", array.name),
        format!("--array=0-{}{at_once}", array.tasks.saturating_sub(1)),
        "--ntasks=1".to_owned(),
        format!("--cpus-per-task={cpus}"),
        format!("--mem={memory_mib}M"),
        format!("--time={minutes}"),
    ];
    if gpus > 0 {
        options.push(format!("--gres=gpu:{gpus}"));
    }
    options.extend([
        "--requeue".to_owned(),
        "--open-mode=append".to_owned(),
        format!("--signal=B:USR1@{WARNING_SECONDS}"),
        format!(
            "--output={}",
            quoted(&format!("{}/%a.log", array.folder.display()))
        ),
    ]);
    // sbatch takes the last of what is given twice: the user's.
    options.extend(array.extra.iter().cloned());
    if let Some(option) = options.iter().find(|option| option.contains(['\n', '\r'])) {
        return Err(SweepError::Plan(format!(
            "--sbatch-option {option:?}: expected one line"
        )));
    }
    let mut text = "#!/bin/bash\n".to_owned();
    for option in &options {
        text += &format!("#SBATCH {option}\n");
    }
    let command: Vec<String> = array.command.iter().map(|word| shell_word(word)).collect();
    text += "# exec: the signal goes to the batch shell alone, whose place the worker takes.\n";
    text += &format!("exec {} --task \"$SLURM_ARRAY_TASK_ID\"\n", command.join(" "));
    Ok(text)
}

/// In double quotes, where sbatch needs them.
fn quoted(value: &str) -> String {
    if value.contains(char::is_whitespace) {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    }
}

/// As a shell wants it.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=:+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array() -> Array {
        Array {
            name: "rooflaw-abc-1".to_owned(),
            tasks: 12,
            at_once: Some(4),
            request: Request {
                cpus: 2,
                memory_mib: 768,
                gpus: 1,
                minutes: 30,
            },
            extra: vec!["--partition=long".to_owned()],
            folder: PathBuf::from("/shared/my sweep/slurm/1"),
            command: [
                "rooflaw-train",
                "sweep",
                "run-one",
                "--plan",
                "/a b/it's/plan.json",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }

    #[test]
    fn a_script_asks_for_what_it_must() {
        let expected = r#"#!/bin/bash
#SBATCH --job-name=rooflaw-abc-1
#SBATCH --array=0-11%4
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --mem=768M
#SBATCH --time=30
#SBATCH --gres=gpu:1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
#SBATCH --output="/shared/my sweep/slurm/1/%a.log"
#SBATCH --partition=long
# exec: the signal goes to the batch shell alone, whose place the worker takes.
exec rooflaw-train sweep run-one --plan '/a b/it'\''s/plan.json' --task "$SLURM_ARRAY_TASK_ID"
"#;
        assert_eq!(script(&array()).unwrap(), expected);
    }

    #[test]
    fn an_option_is_one_line() {
        let mut array = array();
        array.extra.push("--comment=a\nrm -rf /".to_owned());
        assert!(script(&array).is_err());
    }
}
