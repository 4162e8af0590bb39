//! The files of the study: written whole, or compared with what is there.

use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results").join(name)
}

/// A file that is there.
///
/// # Errors
/// A file that cannot be read.
pub fn read(name: &str) -> Result<String> {
    fs::read_to_string(path(name)).with_context(|| format!("reading results/{name}"))
}

/// Writes a file: to a neighbour first, which then takes its name.
///
/// # Errors
/// What cannot be written.
pub fn write(name: &str, content: &[u8]) -> Result<()> {
    let target = path(name);
    let neighbour = target.with_extension("tmp");
    fs::create_dir_all(path("")).context("making results/")?;
    fs::write(&neighbour, content).with_context(|| format!("writing results/{name}"))?;
    fs::rename(&neighbour, &target).with_context(|| format!("replacing results/{name}"))
}

/// Compares a file with what is there.
///
/// # Errors
/// A file that differs or is missing.
pub fn check(name: &str, content: &str) -> Result<()> {
    if read(name)? != content {
        bail!("results/{name} is stale: run `cargo run --release -p rooflaw-study-search-baselines`");
    }
    Ok(())
}
