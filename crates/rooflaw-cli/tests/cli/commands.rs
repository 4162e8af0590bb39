//! Every command as it is meant to be used.

use crate::tool::{answer, answer_in, data, folder_with, rooflaw};

/// Wherever lines were broken.
fn contains(text: &str, parts: &[&str]) {
    let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(spaced(text).contains(&spaced(part)), "no `{part}` in: {text}");
    }
}

#[test]
fn design_names_what_to_build_and_how_it_compares() {
    let text = answer("design --space paper");
    contains(
        &text,
        &[
            "What to build for Jetson AGX Orin 64GB",
            "9,000 combinations",
            "(Qwen2.5-0.5B's)",
            "(the device's)",
            "Build: ",
            "layers, hidden size",
            "loss (nats/token, of the law)",
            "exp(ΔL) =",
            "Frontier with bf16 weights",
            "×÷",
            "The chosen architecture's total latency is at most Qwen2.5-0.5B's with a probability of",
            "With a probability of 9",
            "Latencies are what published measurements of other devices make of Jetson AGX Orin 64GB with \
             tensorrt-llm/cuda.",
            "Of devices left out, decode was predicted within",
        ],
    );
    let bare = answer("design --space paper --calibration bare");
    contains(
        &bare,
        &[
            "Latencies are an uncalibrated roofline's",
            "In published measurements, prefill takes",
            "×÷: measured over predicted latency",
        ],
    );
    assert!(!bare.contains("probability"), "{bare}");
}

#[test]
fn design_takes_budgets_formats_and_applications() {
    let text = answer("design --space paper --weights bf16,w8a8 --max-memory 2GB --max-tpot 9ms");
    contains(
        &text,
        &[
            "memory ≤ 2.00 GB",
            "TPOT ≤ 9.00 ms,",
            "Frontier with bf16 weights",
            "Frontier with w8a8 weights",
        ],
    );
    let driving = answer("design --space paper --application driving");
    contains(
        &driving,
        &[
            "total latency ≤ 100.0 ms,",
            "The chosen architecture meets total latency ≤ 100.0 ms with a probability of",
        ],
    );
    let prefill = answer("design --space paper --objective prefill --minimize-memory");
    contains(&prefill, &["TTFT ms", "TTFT ≤"]);
}

#[test]
fn predict_shows_where_the_time_goes() {
    let text = answer("predict qwen2.5-0.5b");
    contains(
        &text,
        &[
            "Qwen2.5-0.5B on Jetson AGX Orin 64GB",
            "TTFT",
            "TPOT",
            "KV cache",
            "ffn down",
            "lm head",
            "Bound",
            "494M",
        ],
    );
    let own = answer("predict --n-layers 12 --hidden-size 1536 --n-heads 24 --n-kv-heads 4 --untied");
    contains(&own, &["this architecture on", "qk norm", "lm head"]);
    let experts = answer("predict --n-layers 12 --hidden-size 1536 --n-experts 16 --expert-size 1536");
    contains(&experts, &["router", "expert down"]);
}

#[test]
fn compare_puts_models_and_formats_side_by_side() {
    let text = answer("compare qwen2.5-0.5b qwen3-0.6b --weights bf16,Q4_K_M --device raspberry-pi-5");
    let rows = text.lines().filter(|line| line.starts_with("Qwen")).count();
    assert_eq!(rows, 4, "{text}");
    contains(&text, &["Raspberry Pi 5", "Q4_K_M", "nats/token"]);
}

#[test]
fn catalogues_list_and_detail() {
    let devices = answer("devices");
    contains(
        &devices,
        &["jetson:", "  jetson-agx-orin-64gb ", "datacenter-gpu:"],
    );
    let jetsons = answer("devices --class jetson");
    contains(&jetsons, &["jetson-orin-nano-8gb"]);
    assert!(!jetsons.contains("raspberry-pi-5"));
    contains(
        &answer("devices jetson-agx-orin-64gb"),
        &["204.8 GB/s", "Bandwidth:"],
    );
    contains(&answer("models"), &["qwen2.5-0.5b", "8/256×2048", "671B"]);
    contains(
        &answer("models qwen2.5-0.5b"),
        &["494,032,768", "model type qwen2", "licence"],
    );
    contains(&answer("laws"), &["co-design"]);
    contains(
        &answer("laws co-design"),
        &["9.96", "n_layers^-1.63", "fitted range"],
    );
    contains(&answer("spaces"), &["default", "paper", "9,000"]);
    contains(
        &answer("spaces paper"),
        &["hidden_size (9 values)", "768, 1024", "n_heads"],
    );
}

#[test]
fn files_serve_where_names_do() {
    let folder = folder_with("board.toml", data("devices/raspberry-pi-5.toml"));
    for (name, text) in [
        ("law.toml", data("laws/co-design.toml")),
        ("space.toml", data("spaces/paper.toml")),
        ("config.json", data("models/qwen2.5-0.5b.json")),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let here = |line: &str| answer_in(folder.path(), line);
    contains(&here("devices ./board.toml"), &["Raspberry Pi 5 (board)"]);
    contains(&here("laws law.toml"), &["(law)"]);
    contains(&here("spaces space.toml"), &["(space)"]);
    contains(&here("models config.json"), &["494,032,768"]);
    contains(
        &here("design --device board.toml --law law.toml --space space.toml --reference config.json"),
        &["What to build for Raspberry Pi 5", "law law; space space"],
    );
    let shown = folder.path().file_name().unwrap().to_string_lossy().into_owned();
    contains(&here("predict ."), &[&format!("{shown} on Jetson")]);
}

/// Several formats may lack the same rate: it is said once.
#[test]
fn a_remark_is_made_once() {
    let output = rooflaw()
        .args(
            "design --space paper --device rk3588 --weights bf16,w8a16,fp16,w4a16 --activations bf16 --calibration bare"
                .split(' '),
        )
        .output()
        .unwrap();
    let remarks = String::from_utf8(output.stderr).unwrap();
    let bf16 = remarks.matches("no bf16 rate is known for RK3588").count();
    assert_eq!(bf16, 1, "{remarks}");
}

/// A folder that happens to have a device's name must not hide the device.
#[test]
fn a_name_means_the_same_in_every_folder() {
    let folder = folder_with("t4/readme", "");
    std::fs::create_dir(folder.path().join("qwen3-0.6b")).unwrap();
    let text = answer_in(folder.path(), "predict qwen3-0.6b --device t4");
    assert!(text.starts_with("Qwen3-0.6B on T4"), "{text}");
}

/// A folder's name is kept whole, with the dots that model names have.
#[test]
fn a_model_is_called_as_its_folder() {
    let folder = folder_with("my-0.5b/config.json", data("models/qwen2.5-0.5b.json"));
    assert!(answer_in(folder.path(), "predict ./my-0.5b/").starts_with("my-0.5b on "));
    assert!(answer_in(folder.path(), "predict my-0.5b/config.json").starts_with("my-0.5b on "));
    assert!(answer_in(folder.path(), "predict my-0.5b").starts_with("my-0.5b on "));
}

#[test]
fn help_has_examples_and_versions_are_told() {
    for command in [
        "",
        "design",
        "predict",
        "compare",
        "calibrate",
        "runs",
        "runs check",
        "runs import",
        "measure",
        "measure device",
        "measure models",
        "measure plan",
        "devices",
        "models",
        "laws",
        "spaces",
    ] {
        let help = answer(&format!("{command} --help"));
        contains(&help, &["Usage: rooflaw", "Examples:\n  rooflaw "]);
        let version = answer(&format!("{command} --version"));
        assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
    }
    rooflaw().assert().code(2);
}
