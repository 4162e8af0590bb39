//! Signs of life.

use super::{Held, Lease};
use crate::error::SweepError;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};

/// A thread that writes signs of life for a claim until this is dropped, and notices when the run is lost.
pub struct Heart {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    lost: Arc<AtomicBool>,
}

impl Heart {
    /// Starts to beat.
    ///
    /// # Errors
    /// A first sign of life that cannot be written, or no thread to be had.
    pub fn start(held: &Held, lease: &Lease) -> Result<Heart, SweepError> {
        let (path, claims, number) = (held.beat_path(), held.claims.clone(), held.number);
        beat(&path, 0).map_err(SweepError::io("write", &path))?;
        let lost = Arc::new(AtomicBool::new(false));
        let (told, interval) = (Arc::clone(&lost), lease.beat);
        let (stop, stopped) = mpsc::channel();
        let run = move || {
            let mut count = 0_u64;
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                count += 1;
                // What cannot be written or read now may be again at the next beat; if not, others see silence.
                let _ = beat(&path, count);
                if claims.highest().is_ok_and(|highest| highest > number) {
                    told.store(true, Ordering::Relaxed);
                }
            }
        };
        let thread = thread::Builder::new()
            .name("heart".to_owned())
            .spawn(run)
            .map_err(SweepError::io("start a thread for", &held.beat_path()))?;
        Ok(Heart {
            stop: Some(stop),
            thread: Some(thread),
            lost,
        })
    }

    /// Whether another worker has taken the run over.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

/// Opening, writing and closing sends it to an NFS server.
fn beat(path: &PathBuf, count: u64) -> std::io::Result<()> {
    fs::write(path, count.to_string())
}

impl Drop for Heart {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
