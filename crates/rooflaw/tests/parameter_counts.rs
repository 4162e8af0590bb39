//! Every configuration in data/models against the parameter counts published for it.

use rooflaw::architecture::hf;
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

#[derive(Deserialize)]
struct Index {
    model: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    model_type: String,
    total_parameters: u64,
    active_parameters: Option<u64>,
    total_note: Option<String>,
}

/// A published count that is not of the architecture's parameters.
struct Explained {
    id: &'static str,
    /// How much more than the architecture's total is published.
    total_surplus: i64,
    /// How much more than what a token uses is published.
    active_surplus: i64,
    why: &'static str,
}

const EXPLAINED: [Explained; 2] = [
    Explained {
        id: "moonlight-16b-a3b",
        total_surplus: 27 * 64,
        active_surplus: 0,
        why: "27 layers × 64 elements in the files that neither the architecture nor a re-saved derivative has",
    },
    Explained {
        id: "deepseek-v3",
        total_surplus: 0,
        active_surplus: -58 * 256,
        why: "the published active count leaves out the load-balancing biases, which every token's routing reads",
    },
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/models")
}

#[test]
fn every_published_count_is_met() {
    let index = fs::read_to_string(folder().join("index.toml")).expect("data/models/index.toml");
    // An entry without a total fails to parse: nothing is passed over.
    let index: Index = toml::from_str(&index).expect("index.toml");
    let mut wrong = Vec::new();
    for entry in &index.model {
        let json = fs::read(folder().join(format!("{}.json", entry.id))).expect(&entry.id);
        let model = match hf::read(&json) {
            Ok(model) => model,
            Err(error) => {
                wrong.push(format!("{}: {error}", entry.id));
                continue;
            }
        };
        assert_eq!(model.model_type, entry.model_type, "{}", entry.id);
        let parameters = model.architecture.parameters();
        let explained = EXPLAINED.iter().find(|explained| explained.id == entry.id);
        let (total_surplus, active_surplus) = explained.map_or((0, 0), |explained| {
            (explained.total_surplus, explained.active_surplus)
        });
        let note = entry.total_note.as_deref().unwrap_or_default();
        let mut compare = |what, counted: u64, published: u64, surplus| {
            if counted.checked_add_signed(surplus) != Some(published) {
                wrong.push(format!(
                    "{}: {counted} {what} counted, {published} published ({note})",
                    entry.id
                ));
            }
        };
        compare("total", parameters.total, entry.total_parameters, total_surplus);
        if let Some(active) = entry.active_parameters {
            compare("active", parameters.active, active, active_surplus);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for Explained { id, why, .. } in EXPLAINED {
        assert!(index.model.iter().any(|entry| entry.id == id), "{id} ({why})");
    }
}

#[test]
fn the_index_names_every_configuration() {
    let index = fs::read_to_string(folder().join("index.toml")).expect("data/models/index.toml");
    let index: Index = toml::from_str(&index).expect("index.toml");
    let listed: BTreeSet<_> = index.model.iter().map(|entry| entry.id.clone()).collect();
    let present: BTreeSet<_> = fs::read_dir(folder())
        .expect("data/models")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(listed, present);
}
