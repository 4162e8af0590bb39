//! The files of `data/` compiled into the crate: `(file stem, text)`, sorted by stem. Written by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
