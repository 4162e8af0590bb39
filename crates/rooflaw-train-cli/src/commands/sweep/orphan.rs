//! Trainers without a worker: they are asked to stop, so that whoever takes the run over meets none.

use anyhow::{Context as _, Result, bail};
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// A command of this program, and the process that it must not outlive.
#[derive(clap::Args)]
pub struct Args {
    /// The process that starts it
    #[arg(long)]
    parent: u32,
    /// The program [default: this one]
    #[arg(long)]
    program: Option<PathBuf>,
    /// The command
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Becomes the command, with the wish to be asked to stop once the process that started it is gone.
pub fn run(args: &Args) -> Result<ExitCode> {
    let program = match &args.program {
        Some(program) => program.clone(),
        None => env::current_exe().context("cannot find this program")?,
    };
    let mut command = Command::new(program);
    command.args(&args.command);
    become_it(&mut command, args.parent)
}

#[cfg(target_os = "linux")]
fn become_it(command: &mut Command, parent: u32) -> Result<ExitCode> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    use std::os::unix::process::CommandExt as _;

    // It stays through exec (prctl(2), PR_SET_PDEATHSIG).
    set_parent_process_death_signal(Some(Signal::TERM))
        .context("cannot watch the process that started it")?;
    let now = getppid().map(|pid| pid.as_raw_nonzero().get());
    if now.and_then(|pid| u32::try_from(pid).ok()) != Some(parent) {
        bail!("the process {parent} that started this trainer is gone");
    }
    Err(command.exec()).context("cannot start the trainer")
}

#[cfg(not(target_os = "linux"))]
fn become_it(command: &mut Command, _parent: u32) -> Result<ExitCode> {
    let status = command.status().context("cannot start the trainer")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    match code {
        Some(code) => Ok(ExitCode::from(code)),
        None => bail!("the trainer was ended by a signal"),
    }
}
