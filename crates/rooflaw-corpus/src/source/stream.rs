//! Lines of a file that may be compressed, hashed as it is read.

use super::{MAX_DOCUMENT_BYTES, SourceDigest, SourceFile};
use crate::CorpusError;
use crate::digest::hex;
use sha2::{Digest as _, Sha256};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// The largest window that is decompressed, 2^27 bytes as `zstd -d` allows: a frame may ask for any amount of memory.
const MAX_WINDOW_LOG: u32 = 27;

/// Room for the JSON around a document, whose characters it may escape as up to six bytes each.
const MAX_LINE_BYTES: u64 = 6 * MAX_DOCUMENT_BYTES;

/// What was read of a file.
struct Seen {
    hasher: Sha256,
    bytes: u64,
}

/// A file that is hashed as it is read.
struct Hashed {
    file: File,
    seen: Rc<RefCell<Seen>>,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let mut seen = self.seen.borrow_mut();
        seen.hasher.update(&buffer[..read]);
        seen.bytes += read as u64;
        Ok(read)
    }
}

/// Lines.
pub(super) struct Stream<'a> {
    source: &'a SourceFile,
    reader: Box<dyn BufRead>,
    seen: Rc<RefCell<Seen>>,
    /// Lines read.
    pub(super) line: u64,
}

impl<'a> Stream<'a> {
    pub(super) fn open(source: &'a SourceFile) -> Result<Stream<'a>, CorpusError> {
        let cannot = CorpusError::io(&source.path, "read");
        let seen = Rc::new(RefCell::new(Seen {
            hasher: Sha256::new(),
            bytes: 0,
        }));
        let file = Hashed {
            file: File::open(&source.path).map_err(&cannot)?,
            seen: Rc::clone(&seen),
        };
        let file = BufReader::with_capacity(BUFFER, file);
        let reader: Box<dyn BufRead> = if source.is_compressed {
            let mut decoder = zstd::Decoder::with_buffer(file).map_err(&cannot)?;
            decoder.window_log_max(MAX_WINDOW_LOG).map_err(&cannot)?;
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        } else {
            Box::new(file)
        };
        Ok(Stream {
            source,
            reader,
            seen,
            line: 0,
        })
    }

    /// Bytes of the file read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.seen.borrow().bytes
    }

    /// Appends the next line with its end; whether there was one.
    pub(super) fn push_line(&mut self, line: &mut Vec<u8>) -> Result<bool, CorpusError> {
        self.line += 1;
        let before = line.len();
        let mut limited = self.reader.by_ref().take(MAX_LINE_BYTES);
        limited
            .read_until(b'\n', line)
            .map_err(|cause| match cause.kind() {
                // What zstd says of bytes that are not of its making.
                io::ErrorKind::Other | io::ErrorKind::UnexpectedEof if self.source.is_compressed => {
                    self.source.wrong(format!(
                        "{cause}: expected a whole zstd file with a window of 128 MiB at most"
                    ))
                }
                _ => CorpusError::io(&self.source.path, "read")(cause),
            })?;
        let read = (line.len() - before) as u64;
        if read >= MAX_LINE_BYTES {
            return Err(self.source.too_long(self.line));
        }
        Ok(read > 0)
    }

    /// Appends everything that is left.
    pub(super) fn push_rest(&mut self, text: &mut Vec<u8>) -> Result<(), CorpusError> {
        while self.push_line(text)? {
            if text.len() as u64 > MAX_DOCUMENT_BYTES {
                return Err(self.source.too_long(1));
            }
        }
        Ok(())
    }

    /// The file's digest, once every line was read.
    pub(super) fn finish(mut self) -> Result<SourceDigest, CorpusError> {
        let cannot = CorpusError::io(&self.source.path, "read");
        io::copy(&mut self.reader, &mut io::sink()).map_err(cannot)?;
        drop(self.reader);
        let seen = self.seen.borrow();
        Ok(SourceDigest {
            sha256: hex(&seen.hasher.clone().finalize()),
            bytes: seen.bytes,
        })
    }
}
