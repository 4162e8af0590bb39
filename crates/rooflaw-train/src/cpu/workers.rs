//! The threads of an engine, and what each writes to in passing.

use super::heads;
use crate::engine::EngineError;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Mutex, PoisonError};

/// Threads with room of their own.
#[derive(Debug)]
pub(super) struct Workers {
    pool: ThreadPool,
    rooms: Vec<Mutex<Scratch>>,
}

/// A thread's room; what is in it is of no use after a task.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Rows as wide as the residual stream.
    pub(super) stream: Vec<f32>,
    /// Rows as wide as an FFN, or as all heads.
    pub(super) hidden: Vec<f32>,
    pub(super) heads: heads::Scratch,
}

/// The first elements of a buffer, which grows if it has to.
pub(super) fn room(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

impl Workers {
    /// As many threads as given, or as the machine runs at once.
    pub(super) fn new(threads: Option<usize>) -> Result<Workers, EngineError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .thread_name(|index| format!("train-{index}"))
            .build()
            .map_err(|error| EngineError::Device(error.to_string()))?;
        let rooms = (0..pool.current_num_threads())
            .map(|_| Mutex::default())
            .collect();
        Ok(Workers { pool, rooms })
    }

    pub(super) fn threads(&self) -> usize {
        self.rooms.len()
    }

    /// Runs something whose parallel parts use these threads.
    pub(super) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }

    /// Runs a task in the room of the thread that it is on.
    pub(super) fn scratch<R>(&self, task: impl FnOnce(&mut Scratch) -> R) -> R {
        let thread = self.pool.current_thread_index().unwrap_or(0);
        // A panic of another task leaves nothing here that is relied on.
        let mut room = self.rooms[thread].lock().unwrap_or_else(PoisonError::into_inner);
        task(&mut room)
    }
}
