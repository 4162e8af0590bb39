//! The files of `data/` compiled into the crate: `(file stem, text)`, sorted by stem. Written by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Names, sources and published totals of the models.
pub(crate) static MODEL_INDEX: &str = include_str!("../../../data/models/index.toml");
