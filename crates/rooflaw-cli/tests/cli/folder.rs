//! `--out`: every file is there, whole, and can be read again.

use crate::tool::{answer, answer_in, contents};
use std::fs;
use std::path::Path;

fn names(folder: &Path) -> Vec<String> {
    let files = contents(folder).into_iter().filter(|(_, bytes)| bytes.is_some());
    files.map(|(name, _)| name).collect()
}

fn is_svg(path: &Path) {
    let svg = fs::read_to_string(path).unwrap();
    assert!(
        svg.starts_with("<svg") || svg.starts_with("<?xml"),
        "{}",
        path.display()
    );
    assert!(svg.trim_end().ends_with("</svg>"), "{}", path.display());
    assert!(!svg.contains("NaN"), "{}", path.display());
}

fn is_png(path: &Path) {
    let png = fs::read(path).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert!(side(16) >= 800 && side(20) >= 400, "{} × {}", side(16), side(20));
    assert_eq!(&png[png.len() - 8..png.len() - 4], b"IEND");
}

/// A page that opens without a network: the only addresses are names of XML namespaces and links to click.
fn is_self_contained(path: &Path) {
    let html = fs::read_to_string(path).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>"));
    assert!(html.trim_end().ends_with("</html>"));
    for fetch in [
        "src=\"http",
        "src='http",
        "url(http",
        "url('http",
        "url(\"http",
        "@import",
        "<link",
        "<iframe",
    ] {
        assert!(!html.contains(fetch), "{fetch} in {}", path.display());
    }
    let addresses = html.match_indices("http").filter(|(at, _)| {
        let rest = &html[*at..];
        rest.starts_with("http://") || rest.starts_with("https://")
    });
    for (at, _) in addresses {
        assert!(
            html[at..].starts_with("http://www.w3.org/"),
            "{}",
            &html[at..at + 60]
        );
    }
}

fn records(path: &Path) -> (Vec<String>, usize) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (header, reader.records().map(Result::unwrap).count())
}

#[test]
fn design_writes_a_report_and_a_configuration_to_train() {
    let place = tempfile::tempdir().unwrap();
    let line = "design --space paper --weights bf16,w8a8";
    let text = answer_in(place.path(), &format!("{line} --out new/results"));
    assert!(text.contains("Written to new/results: open new/results/report.html"));
    let out = place.path().join("new/results");
    assert_eq!(
        names(&out),
        [
            "best/config.json",
            "design.json",
            "figures/frontier.png",
            "figures/frontier.svg",
            "figures/parameters.png",
            "figures/parameters.svg",
            "figures/roofline.png",
            "figures/roofline.svg",
            "frontier.csv",
            "report.html",
        ]
    );
    assert_eq!(contents(place.path()).len(), 12 + 2, "nothing beside it");
    for figure in ["frontier", "parameters", "roofline"] {
        is_svg(&out.join(format!("figures/{figure}.svg")));
        is_png(&out.join(format!("figures/{figure}.png")));
    }
    is_self_contained(&out.join("report.html"));

    let design: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("design.json")).unwrap()).unwrap();
    let points: usize = design["outcome"]["by_format"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["frontier"].as_array().unwrap().len())
        .sum();
    let (header, rows) = records(&out.join("frontier.csv"));
    assert_eq!(rows, points);
    assert!(header.iter().any(|name| name == "loss_nats_per_token"));
    let printed: serde_json::Value = serde_json::from_str(&answer(&format!("{line} --json"))).unwrap();
    assert_eq!(printed, design);

    // What was chosen is read back as what was chosen.
    let again = answer_in(&out, "predict best --json");
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["model"], "best");
    assert_eq!(again["architecture"], design["chosen"]["architecture"]);
    assert_eq!(
        again["evaluation"]["parameters"],
        design["chosen"]["evaluation"]["parameters"]
    );
}

#[test]
fn predict_writes_its_operators() {
    let place = tempfile::tempdir().unwrap();
    answer_in(place.path(), "predict qwen3-0.6b --out results/");
    let out = place.path().join("results");
    assert_eq!(
        names(&out),
        [
            "operators.csv",
            "prediction.json",
            "report.html",
            "roofline.png",
            "roofline.svg"
        ]
    );
    is_svg(&out.join("roofline.svg"));
    is_png(&out.join("roofline.png"));
    is_self_contained(&out.join("report.html"));
    let prediction: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("prediction.json")).unwrap()).unwrap();
    let operators = ["prefill", "decode"].map(|step| prediction[step]["rows"].as_array().unwrap().len());
    let (_, rows) = records(&out.join("operators.csv"));
    assert_eq!(rows, operators.iter().sum::<usize>());
}

/// A folder that is there keeps what is not ours; our files are replaced. It can be read by whoever may read others.
#[test]
fn an_existing_folder_is_filled() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("results");
    answer_in(place.path(), "predict qwen3-0.6b --out results");
    fs::write(out.join("notes.txt"), "mine").unwrap();
    fs::write(out.join("operators.csv"), "old").unwrap();
    answer_in(place.path(), "predict qwen3-0.6b --json --out results");
    assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
    assert!(records(&out.join("operators.csv")).1 > 20);
    assert_eq!(names(&out).len(), 6);
    assert_eq!(contents(place.path()).len(), 7);
    let ordinary = place.path().join("ordinary");
    fs::create_dir(&ordinary).unwrap();
    assert_eq!(
        fs::metadata(&ordinary).unwrap().permissions(),
        fs::metadata(&out).unwrap().permissions()
    );
}
