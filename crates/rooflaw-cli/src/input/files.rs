//! Names or files: an argument that looks like a path is read as one, anything else is looked up.

use anyhow::{Context as _, Result, bail};
use rooflaw::architecture::{Architecture, hf};
use rooflaw::calibration::Calibration;
use rooflaw::device::{self, Device};
use rooflaw::law::{self, LawFile, LossLaw};
use rooflaw::models;
use rooflaw::space::{self, DesignSpace};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Largest file read, bytes: far above any configuration, far below what hurts.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// An architecture and what to call it.
pub struct NamedArchitecture {
    /// Its name.
    pub name: String,
    /// The architecture.
    pub architecture: Architecture,
}

/// Whether an argument means a file rather than an embedded name. Only its spelling decides: a folder that happens to be
/// called `h100` must not hide the device.
pub(super) fn is_path(argument: &str) -> bool {
    let extension = Path::new(argument)
        .extension()
        .and_then(|extension| extension.to_str());
    argument.contains(['/', '\\'])
        || matches!(extension, Some("toml" | "json"))
        || matches!(argument, "." | "..")
}

/// An argument as a shell wants it: quoted where it must be.
pub fn shell_word(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,=:+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, MAX_FILE_BYTES, "a configuration of a few kB")
}

/// The bytes of a file, of which there may be a number of MiB.
pub(super) fn read_at_most(path: &Path, limit: u64, expected: &str) -> Result<Vec<u8>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        bail!("{shown} is a folder: expected a file");
    }
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {shown}"))?;
    if bytes.len() as u64 > limit {
        bail!("{shown} is larger than {} MiB: expected {expected}", limit >> 20);
    }
    Ok(bytes)
}

/// The bytes of a small table.
pub fn table_bytes(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, MAX_FILE_BYTES, "a table of a few kB")
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).with_context(|| format!("{} is not UTF-8 text", path.display()))
}

pub(super) fn stem(path: &Path) -> String {
    path.file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// A device by name, or from a TOML file.
pub fn device(argument: &str) -> Result<Device> {
    if !is_path(argument) {
        return Ok(device::find(argument)?.clone());
    }
    let path = Path::new(argument);
    Device::from_toml(&stem(path), &read_text(path)?).with_context(|| path.display().to_string())
}

/// A law by name, or from a TOML file.
pub fn law(argument: &str) -> Result<LossLaw> {
    if !is_path(argument) {
        return Ok(law::find(argument)?);
    }
    let path = Path::new(argument);
    LossLaw::from_toml(&stem(path), &read_text(path)?).with_context(|| path.display().to_string())
}

/// What a law's file says, numbers or not: by name, or from a TOML file.
pub fn law_file(argument: &str) -> Result<LawFile> {
    if !is_path(argument) {
        return Ok(law::find_file(argument)?);
    }
    let path = Path::new(argument);
    LawFile::from_toml(&stem(path), &read_text(path)?).with_context(|| path.display().to_string())
}

/// A calibration from a TOML file.
pub fn calibration(argument: &str) -> Result<Calibration> {
    let path = Path::new(argument);
    Calibration::from_toml(&read_text(path)?).with_context(|| path.display().to_string())
}

/// A space by name, or from a TOML file.
pub fn space(argument: &str) -> Result<DesignSpace> {
    if !is_path(argument) {
        return Ok(space::find(argument)?);
    }
    let path = Path::new(argument);
    DesignSpace::from_toml(&stem(path), &read_text(path)?).with_context(|| path.display().to_string())
}

/// A model by name, from a config.json, or from a directory that holds one.
pub fn model(argument: &str) -> Result<NamedArchitecture> {
    if !is_path(argument) {
        match models::find(argument) {
            Ok(known) => {
                return Ok(NamedArchitecture {
                    name: known.entry.name.clone(),
                    architecture: known.architecture,
                });
            }
            Err(unknown) if !Path::new(argument).join("config.json").exists() => return Err(unknown.into()),
            Err(_) => {}
        }
    }
    let mut path = Path::new(argument).to_path_buf();
    if path.is_dir() {
        path.push("config.json");
        if !path.exists() {
            bail!("the folder {argument} holds no config.json");
        }
    }
    let architecture = hf::read(&read(&path)?)
        .with_context(|| path.display().to_string())?
        .architecture;
    Ok(NamedArchitecture {
        name: model_name(&path),
        architecture,
    })
}

/// Every model's file is a config.json: its folder is the better name, even where it is given as `.`.
pub(super) fn model_name(path: &Path) -> String {
    let folder = path
        .parent()
        .and_then(|folder| Path::new(".").join(folder).canonicalize().ok())
        .and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    match folder {
        Some(folder) if path.file_name().is_some_and(|name| name == "config.json") => folder,
        _ => stem(path),
    }
}
