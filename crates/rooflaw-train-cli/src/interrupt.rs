//! Ctrl-C, and being asked to end.

use anyhow::{Context as _, Result};
use rooflaw_corpus::CorpusError;
use rooflaw_train::eval::EvalError;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What shells report of a program that an interrupt ended.
pub const INTERRUPTED: u8 = 130;

/// A flag that becomes true when the user, or the cluster (SIGTERM, SIGUSR1), wants to stop. A second Ctrl-C ends the
/// program at once.
pub fn watched() -> Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let told = || Arc::clone(&interrupted);
    let watch = || {
        flag::register_conditional_shutdown(SIGINT, i32::from(INTERRUPTED), told())?;
        for signal in [SIGINT, SIGTERM] {
            flag::register(signal, told())?;
        }
        #[cfg(unix)]
        for signal in [signal_hook::consts::SIGHUP, signal_hook::consts::SIGUSR1] {
            flag::register(signal, told())?;
        }
        Ok::<(), std::io::Error>(())
    };
    watch().context("cannot watch for interrupts")?;
    Ok(interrupted)
}

/// The exit code of an error: bad input, or an interrupt that ended work whose half is worth nothing.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let corpus = match error.downcast_ref::<EvalError>() {
        Some(EvalError::Corpus(error)) => Some(error),
        _ => error.downcast_ref::<CorpusError>(),
    };
    match corpus {
        Some(CorpusError::Interrupted) => INTERRUPTED,
        _ => 2,
    }
}
