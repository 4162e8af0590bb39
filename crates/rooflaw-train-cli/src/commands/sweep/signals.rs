//! Being asked to stop.

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was asked.
pub struct Asked {
    /// To stop: Ctrl-C, an end of the session, or one of the others.
    pub stop: Arc<AtomicBool>,
    /// By `SIGUSR1`, which a cluster sends before it takes the machine away: to go on later.
    later: Arc<AtomicBool>,
}

impl Asked {
    /// Listens from now on.
    pub fn listen() -> Result<Asked> {
        let asked = Asked {
            stop: Arc::default(),
            later: Arc::default(),
        };
        let listen = |signal, flag: &Arc<AtomicBool>| {
            signal_hook::flag::register(signal, Arc::clone(flag)).context("cannot listen to signals")
        };
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            listen(signal, &asked.stop)?;
        }
        listen(SIGUSR1, &asked.later)?;
        Ok(asked)
    }

    /// Whether it was asked to go on later.
    pub fn to_go_on_later(&self) -> bool {
        self.later.load(Ordering::Relaxed)
    }
}
