//! `rooflaw data`, `train`, `eval`, `sweep`: executed by `rooflaw-train`, which has the dependencies of training.

use anyhow::{Context as _, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Whatever `rooflaw-train` takes.
#[derive(clap::Args)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct Args {
    /// Arguments of `rooflaw-train`; with --help it tells them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    rest: Vec<OsString>,
}

/// The program's name.
const PROGRAM: &str = if cfg!(windows) {
    "rooflaw-train.exe"
} else {
    "rooflaw-train"
};

/// Runs `rooflaw-train COMMAND ARGS…`; where the system can, in place of this process.
///
/// # Errors
/// A program that is not there, or cannot be started.
pub fn run(command: &str, args: &Args) -> Result<ExitCode> {
    let Some(program) = find() else {
        bail!(
            "`rooflaw {command}` needs the program rooflaw-train, which is neither beside rooflaw nor on PATH; \
             build it with `cargo build --release -p rooflaw-train-cli` in rooflaw's folder, or install it with \
             `cargo install --path crates/rooflaw-train-cli`"
        );
    };
    let mut process = Command::new(&program);
    process.arg(command).args(&args.rest);
    execute(&mut process).with_context(|| format!("cannot start {}", program.display()))
}

/// Beside this program, else on PATH.
fn find() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|own| {
        let folder = own.parent()?;
        Some(folder.join(PROGRAM))
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(PROGRAM));
    beside.into_iter().chain(on_path).find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(unix)]
fn execute(process: &mut Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    // Signals, terminal and exit code are then the program's own.
    Err(process.exec())
}

#[cfg(not(unix))]
fn execute(process: &mut Command) -> std::io::Result<ExitCode> {
    let code = process.status()?.code();
    Ok(ExitCode::from(
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
    ))
}
