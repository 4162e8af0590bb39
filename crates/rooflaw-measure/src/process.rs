//! A program run to its end, within limits: of time, of what it may print, and of the user's patience.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes of an output that are kept; a program that prints more is cut off.
const MOST_OUTPUT: u64 = 4 << 20;
/// How often it is looked whether the program has ended: rarely, since it is being timed.
const INTERVAL: Duration = Duration::from_millis(50);
/// How long outputs are waited for after the program has ended, if something it has started holds them open.
const GRACE: Duration = Duration::from_secs(2);

/// A program that has ended by itself.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) elapsed: Duration,
}

/// Why a program did not end by itself.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It could not be started.
    NotStarted(io::Error),
    /// It took longer than allowed, and was killed.
    TimedOut,
    /// The user wants to stop; it was killed.
    Interrupted,
}

/// Runs a program, which is killed with all that it started when it takes longer than `limit` or when `interrupted`
/// becomes true.
pub(crate) fn run(
    command: &mut Command,
    limit: Duration,
    interrupted: &AtomicBool,
) -> Result<Finished, Stopped> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // So that it can be killed with its children; and so that Ctrl-C at a terminal reaches us alone.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let started = Instant::now();
    let mut child = command.spawn().map_err(Stopped::NotStarted)?;
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => {
                kill(&mut child);
                return Err(Stopped::NotStarted(error));
            }
        }
        let reason = if interrupted.load(Ordering::Relaxed) {
            Stopped::Interrupted
        } else if started.elapsed() >= limit {
            Stopped::TimedOut
        } else {
            thread::sleep(INTERVAL);
            continue;
        };
        kill(&mut child);
        return Err(reason);
    };
    let elapsed = started.elapsed();
    let output = |receiver: &mpsc::Receiver<Vec<u8>>| receiver.recv_timeout(GRACE).unwrap_or_default();
    Ok(Finished {
        status,
        stdout: output(&stdout),
        stderr: output(&stderr),
        elapsed,
    })
}

/// Reads an output in a thread, so that the program never waits for us.
fn reader(output: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = output {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is what there is. Dropping the rest ends a program that prints on.
            let _ = output.take(MOST_OUTPUT).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        });
    }
    receiver
}

/// Kills a program with its process group, and waits for it. Either fails only for one that has ended.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id()) {
        use nix::sys::signal::{Signal, killpg};
        let _ = killpg(nix::unistd::Pid::from_raw(id), Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration, interrupted: bool) -> Result<Finished, Stopped> {
        run(
            Command::new("sh").args(["-c", script]),
            limit,
            &AtomicBool::new(interrupted),
        )
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn outputs_and_status_are_kept() {
        let finished = shell("echo out; echo err >&2; exit 3", LONG, false).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!(finished.stdout, b"out\n");
        assert_eq!(finished.stderr, b"err\n");
    }

    #[test]
    fn what_hangs_is_killed_with_its_children() {
        let started = Instant::now();
        let hung = shell("sleep 1000 & sleep 1000", Duration::from_millis(100), false);
        assert!(matches!(hung, Err(Stopped::TimedOut)), "{hung:?}");
        let stopped = shell("sleep 1000", LONG, true);
        assert!(matches!(stopped, Err(Stopped::Interrupted)), "{stopped:?}");
        assert!(started.elapsed() < LONG);
    }

    #[test]
    fn a_flood_is_cut_off() {
        let finished = shell("yes", LONG, false).unwrap();
        assert_eq!(finished.stdout.len() as u64, MOST_OUTPUT);
        assert!(!finished.status.success());
    }

    #[test]
    fn what_is_not_there_does_not_start() {
        let nothing = run(
            &mut Command::new("./no-such-program"),
            LONG,
            &AtomicBool::new(false),
        );
        assert!(matches!(nothing, Err(Stopped::NotStarted(_))), "{nothing:?}");
    }
}
