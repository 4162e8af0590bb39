//! The files of the study: written atomically, or compared with what is there.

use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files by path relative to the repository's root.
#[derive(Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The comments between which a document is generated.
const MARKERS: [&str; 2] = ["<!-- generated: begin -->\n", "<!-- generated: end -->"];

impl Files {
    /// Adds a file.
    pub fn add(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.0.insert(path.to_owned(), content.into());
    }

    /// Adds a file that is there already with the text between its markers replaced.
    ///
    /// # Errors
    /// A file that cannot be read or has no markers.
    pub fn add_between_markers(&mut self, path: &str, generated: &str) -> Result<()> {
        let text = fs::read_to_string(root().join(path)).with_context(|| format!("reading {path}"))?;
        let spliced = splice(&text, generated).with_context(|| format!("{path} has no {MARKERS:?}"))?;
        self.add(path, spliced);
        Ok(())
    }

    /// Writes every file: to a neighbour first, which then takes its name.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn write(&self) -> Result<()> {
        for (path, content) in &self.0 {
            let target = root().join(path);
            let parent = target.parent().context("a file without a folder")?;
            fs::create_dir_all(parent).with_context(|| format!("making the folder of {path}"))?;
            let mut neighbour = target.clone().into_os_string();
            neighbour.push(".tmp");
            fs::write(&neighbour, content).with_context(|| format!("writing {path}"))?;
            fs::rename(&neighbour, &target).with_context(|| format!("replacing {path}"))?;
        }
        Ok(())
    }

    /// Compares with the files that are there.
    ///
    /// # Errors
    /// Names the files that differ or are missing.
    pub fn check(&self) -> Result<()> {
        let stale: Vec<&str> = self
            .0
            .iter()
            .filter(|(path, content)| fs::read(root().join(path)).ok().as_ref() != Some(content))
            .map(|(path, _)| path.as_str())
            .collect();
        if !stale.is_empty() {
            bail!(
                "stale: {}; run `cargo run --release -p rooflaw-study-run-planning`",
                stale.join(", ")
            );
        }
        Ok(())
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// The text with what is between the markers replaced.
fn splice(text: &str, generated: &str) -> Option<String> {
    let [begin, end] = MARKERS;
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}{generated}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_markers_changes() {
        let [begin, end] = MARKERS;
        let text = format!("a\n{begin}old\n{end}\nb\n");
        assert_eq!(splice(&text, "new\n"), Some(format!("a\n{begin}new\n{end}\nb\n")));
        assert_eq!(splice("a", "new"), None);
    }
}
