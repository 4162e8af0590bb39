//! Lists the files of `data/` that the crate embeds, so that adding a device, model, law or space is adding a file.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

/// Folder under `data/`, extension, name of the generated table.
const TABLES: [(&str, &str, &str); 7] = [
    ("calibrations", "toml", "CALIBRATIONS"),
    ("calibrations/devices", "toml", "DEVICE_CALIBRATIONS"),
    ("devices", "toml", "DEVICES"),
    ("models", "json", "MODELS"),
    ("laws", "toml", "LAWS"),
    ("quantisation", "toml", "QUANTISATION"),
    ("spaces", "toml", "SPACES"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let data = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("../../data")
        .canonicalize()?;
    let mut code = String::new();
    for (folder, extension, table) in TABLES {
        let folder = data.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files: Vec<_> = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(fs::DirEntry::file_name);
        writeln!(code, "pub(crate) static {table}: &[(&str, &str)] = &[")?;
        for path in files.iter().map(fs::DirEntry::path) {
            if path.extension().is_some_and(|found| found == extension)
                && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            {
                println!("cargo::rerun-if-changed={}", path.display());
                writeln!(code, "    ({stem:?}, include_str!({path:?})),")?;
            }
        }
        writeln!(code, "];")?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}
