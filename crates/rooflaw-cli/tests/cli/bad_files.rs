//! Files that are missing, too large, not what they should be, or wrong in one field.

use crate::tool::{data, folder_with, refusal_in};
use serde_json::{Value, json};
use std::fs::File;
use std::time::{Duration, Instant};

/// Qwen2.5-0.5B's configuration with one field changed.
fn config_with(field: &str, value: Value) -> Vec<u8> {
    let mut config: Value = serde_json::from_str(&data("models/qwen2.5-0.5b.json")).unwrap();
    config[field] = value;
    serde_json::to_vec(&config).unwrap()
}

/// `predict` on a configuration that cannot be used, with results asked for.
fn refused_config(contents: &[u8], parts: &[&str]) {
    let folder = folder_with("m/config.json", contents);
    refusal_in(folder.path(), &["predict", "m", "--out", "results"], parts);
    refusal_in(folder.path(), &["models", "m/config.json"], parts);
    refusal_in(folder.path(), &["compare", "qwen3-0.6b", "./m"], parts);
    let design = [
        "design",
        "--space",
        "paper",
        "--reference",
        "m/config.json",
        "--out",
        "new/results",
    ];
    refusal_in(folder.path(), &design, parts);
}

#[test]
fn a_field_that_cannot_be() {
    for (field, value, accepted) in [
        ("num_hidden_layers", json!(-24), "-24"),
        (
            "num_hidden_layers",
            json!(0),
            "n_layers = 0: expected an integer between 1 and 4096",
        ),
        ("num_hidden_layers", json!("many"), "many"),
        ("hidden_size", json!(897), "hidden_size = 897"),
        ("hidden_size", json!(1e300), "hidden_size = 1e+300"),
        ("num_key_value_heads", json!(3), "3"),
        ("model_type", json!("qwen4"), "qwen4"),
    ] {
        refused_config(
            &config_with(field, value),
            &["m/config.json", "expected", accepted],
        );
    }
}

#[test]
fn no_configuration_at_all() {
    let lacking = config_with("vocab_size", json!(null));
    refused_config(&lacking, &["m/config.json", "`vocab_size` is missing"]);
    refused_config(b"", &["m/config.json", "not JSON at line 1"]);
    refused_config(
        b"\x7fELF\x02\x01\x01\0\0\0\xff\xfe",
        &["m/config.json", "not JSON"],
    );
    refused_config(&[0xff; 5000], &["m/config.json", "not JSON"]);
    refused_config(b"{\"model_type\": \"qwen2\"", &["m/config.json", "not JSON"]);
    refused_config(b"[1, 2]", &["m/config.json", "expected a JSON object"]);
    refused_config(b"{}", &["m/config.json", "`model_type` is missing"]);
    refused_config("[".repeat(100_000).as_bytes(), &["m/config.json"]);
}

#[test]
fn missing_files_and_folders_without_one() {
    let folder = folder_with("empty/readme", "");
    let refused = |line: &[&str], parts: &[&str]| refusal_in(folder.path(), line, parts);
    for line in [
        ["predict", "absent/config.json"],
        ["models", "absent/config.json"],
        ["compare", "absent/config.json"],
    ] {
        refused(&line, &["absent/config.json", "No such file"]);
    }
    refused(&["predict", "./empty"], &["./empty", "no config.json"]);
    refused(&["predict", "empty/"], &["empty/", "no config.json"]);
    refused(&["predict", "empty"], &["unknown model `empty`"]);
    refused(&["devices", "absent.toml"], &["absent.toml", "No such file"]);
    refused(&["devices", "./empty"], &["./empty is a folder: expected a file"]);
    refused(&["laws", "absent.toml"], &["absent.toml", "No such file"]);
    refused(&["spaces", "absent.toml"], &["absent.toml", "No such file"]);
}

/// Nobody's configuration has 10 GB: it is refused without being read.
#[test]
fn a_huge_file_is_refused_at_once() {
    let folder = folder_with("m/config.json", "{");
    std::fs::write(folder.path().join("huge.toml"), "x").unwrap();
    for name in ["m/config.json", "huge.toml"] {
        let file = File::options()
            .write(true)
            .open(folder.path().join(name))
            .unwrap();
        file.set_len(10_000_000_000).unwrap();
    }
    let started = Instant::now();
    for line in [
        ["predict", "m"],
        ["devices", "huge.toml"],
        ["laws", "huge.toml"],
        ["spaces", "huge.toml"],
    ] {
        refusal_in(folder.path(), &line, &["larger than 1 MiB"]);
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// Each command that reads a TOML file of a kind refuses it alike.
fn refused_toml(kind: &str, flag: &str, contents: &str, parts: &[&str]) {
    let folder = folder_with("mine.toml", contents);
    let parts: Vec<&str> = parts.iter().copied().chain(["mine.toml"]).collect();
    refusal_in(folder.path(), &[kind, "mine.toml"], &parts);
    let design = [
        "design",
        "--space",
        "paper",
        flag,
        "mine.toml",
        "--out",
        "results",
    ];
    let design = if kind == "spaces" {
        &design[..1]
    } else {
        &design[..3]
    }
    .iter()
    .chain(&design[3..])
    .copied()
    .collect::<Vec<_>>();
    refusal_in(folder.path(), &design, &parts);
}

#[test]
fn devices_with_bad_figures() {
    let device = data("devices/raspberry-pi-5.toml");
    let line = |key: &str| {
        device
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap()
            .to_owned()
    };
    let bandwidth = line("memory_bandwidth_gb_per_s");
    for (value, message) in [
        (
            "-17",
            "memory_bandwidth_gb_per_s = -17: expected a number from 1e-6 to 1e7",
        ),
        ("0", "memory_bandwidth_gb_per_s = 0: expected a number"),
        ("nan", "memory_bandwidth_gb_per_s = NaN: expected a number"),
        ("17e9", "expected a number from 1e-6 to 1e7"),
        ("\"fast\"", "invalid type: string \"fast\", expected f64"),
        ("1.2.3", "line "),
    ] {
        let wrong = device.replace(&bandwidth, &format!("memory_bandwidth_gb_per_s = {value}"));
        refused_toml("devices", "--device", &wrong, &[message]);
    }
    refused_toml("devices", "--device", "", &["missing field `name`"]);
    refused_toml(
        "devices",
        "--device",
        &device.replace("class = \"sbc\"", "class = \"toaster\""),
        &["unknown variant `toaster`", "`jetson`"],
    );
    refused_toml(
        "devices",
        "--device",
        &device.replace("memory_capacity_gb", "memory_gb"),
        &["unknown field `memory_gb`", "`memory_capacity_gb`"],
    );
}

#[test]
fn laws_with_unknown_features_and_bad_numbers() {
    let law = data("laws/co-design.toml");
    for (from, to, message) in [
        (
            "powers = { n_layers",
            "powers = { depth",
            "powers of term `depth` = `depth`: expected n_layers, hidden_size",
        ),
        (
            "= 9.96",
            "= nan",
            "coefficient of term `depth` = NaN: expected a finite number",
        ),
        (
            "= 2.53",
            "= inf",
            "irreducible_loss = inf: expected a finite number",
        ),
        (
            "[4.0, 32.0]",
            "[32.0, 4.0]",
            "fitted_range.n_layers = [32, 4]: expected two positive numbers",
        ),
        (
            "additive_power",
            "magic",
            "unknown variant `magic`, expected `additive_power`",
        ),
    ] {
        assert!(law.contains(from));
        refused_toml("laws", "--law", &law.replace(from, to), &[message]);
    }
}

#[test]
fn spaces_with_bad_ties_axes_and_sizes() {
    let space = data("spaces/paper.toml");
    for (from, to, parts) in [
        (
            "n_heads = \"hidden_size / head_dim\"",
            "n_heads = \"expert_size / head_dim\"",
            &["ties.n_heads", "`expert_size` is not set before it is read"][..],
        ),
        // A cycle is a tie that is read before it is set, wherever it begins.
        (
            "n_heads = \"hidden_size / head_dim\"",
            "n_heads = \"n_local_layers * 2\"\nn_local_layers = \"n_heads / 2\"",
            &["ties.n_heads", "`n_local_layers` is not set before it is read"],
        ),
        (
            "n_heads = \"hidden_size / head_dim\"",
            "n_heads = \"width / head_dim\"",
            &["ties.n_heads", "`width` is no variable: expected one of n_layers"],
        ),
        ("n_heads = \"hidden_size / head_dim\"", "", &["n_heads"]),
        (
            "head_dim = 64",
            "head_dim = -64",
            &["fixed.head_dim", "-64 is not a number from 0"],
        ),
        (
            "step = 4",
            "step = 0",
            &[
                "axes[4] (n_layers)",
                "range gives inf values: expected 1 to 65536",
            ],
        ),
        (
            "max = 32, step = 4",
            "max = 32, step = 1e-9",
            &["axes[4] (n_layers)", "expected 1 to 65536"],
        ),
        (
            "[0.5, 1, 2, 4, 8]",
            "[]",
            &["axes[2] (ffn_ratio)", "0 values: expected 1 to 65536"],
        ),
        ("[8, 1],", "[8],", &["axes[0]", "expected 2 values"]),
    ] {
        assert!(space.contains(from), "{from}");
        refused_toml("spaces", "--space", &space.replace(from, to), parts);
    }
}

/// More combinations than anybody can wait for are refused before the search, not met with silence.
#[test]
fn spaces_beyond_any_patience() {
    let fixed = "name = \"x\"\nfixed = { n_kv_heads = 1, head_dim = 64, intermediate_size = 64 }\n";
    let axes = |sizes: [u32; 4]| {
        let axis = |(name, size)| {
            format!("[[axes]]\nvariable = \"{name}\"\nrange = {{ min = 1, max = {size}, step = 1 }}\n")
        };
        let names = ["n_layers", "hidden_size", "vocab_size", "n_heads"];
        fixed.to_owned() + &names.into_iter().zip(sizes).map(axis).collect::<String>()
    };
    refused_toml(
        "spaces",
        "--space",
        &axes([65536; 4]),
        &["axes: more than 2^64 combinations"],
    );
    let folder = folder_with("mine.toml", axes([65536, 65536, 65536, 32768]));
    let line = "design --space mine.toml --search enumerate --out results";
    refusal_in(
        folder.path(),
        &line.split(' ').collect::<Vec<_>>(),
        &[
            "`mine` has 9,223,372,036,854,775,808 combinations",
            "expected at most 100,000,000,000",
        ],
    );
}

/// A file that is quoted in a message is quoted briefly.
#[test]
fn long_values_make_short_messages() {
    let name = "z".repeat(900_000);
    let space =
        format!("name = \"x\"\n[[axes]]\nvariables = [\"n_layers\", \"n_heads\"]\nvalues = [\"{name}\"]\n");
    refused_toml(
        "spaces",
        "--space",
        &space,
        &["axes[0] (n_layers, n_heads)", "zzz…"],
    );
    refused_toml("laws", "--law", &format!("{name} = 1"), &["zzz"]);
}
