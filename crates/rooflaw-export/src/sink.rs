//! Where bytes go, and who is told of them.

use crate::ExportError;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;

/// Told how many bytes more have been written; a break stops the writing.
pub type Progress<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// A writer that reports.
pub(crate) struct Sink<'a, W: Write> {
    out: BufWriter<&'a mut W>,
    progress: Progress<'a>,
}

/// Small tensors and headers go out together.
const BUFFER: usize = 1 << 20;

impl<'a, W: Write> Sink<'a, W> {
    pub(crate) fn new(out: &'a mut W, progress: Progress<'a>) -> Sink<'a, W> {
        Sink {
            out: BufWriter::with_capacity(BUFFER, out),
            progress,
        }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.out.write_all(bytes).map_err(ExportError::Write)?;
        match (self.progress)(bytes.len() as u64) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ExportError::Interrupted),
        }
    }

    pub(crate) fn finish(mut self) -> Result<(), ExportError> {
        self.out.flush().map_err(ExportError::Write)
    }
}
