//! Ctrl-C, and being asked to end.

use anyhow::{Context as _, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that becomes true when the user wants to stop.
pub fn watched() -> Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&interrupted);
    ctrlc::set_handler(move || told.store(true, Ordering::Relaxed)).context("cannot watch for interrupts")?;
    Ok(interrupted)
}

/// A first interrupt, which ends a search early; a second one, or one after the search, ends the program.
pub struct Interrupt {
    told: Arc<AtomicBool>,
}

/// What shells report of a program that an interrupt ended.
const INTERRUPTED: i32 = 130;

impl Interrupt {
    /// Watches from now on.
    pub fn watched() -> Result<Interrupt> {
        let told = Arc::new(AtomicBool::new(false));
        let handler = Arc::clone(&told);
        ctrlc::set_handler(move || {
            if handler.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
        })
        .context("cannot watch for interrupts")?;
        Ok(Interrupt { told })
    }

    /// Whether there was one.
    pub fn is_told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    /// From now on an interrupt ends the program.
    pub fn over(&self) {
        self.told.store(true, Ordering::Relaxed);
    }
}
