//! `rooflaw whatif`, beside `rooflaw design` on a device with the changed figures.

use crate::tool::{answer, answer_in, contents, data, folder_with, refusal, refusal_in, words};
use serde_json::Value;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The same search on a device file with the changed figures.
#[test]
fn a_changed_device_is_a_device_with_those_figures() {
    let changed = data("devices/jetson-agx-orin-64gb.toml")
        .replace(
            "memory_bandwidth_gb_per_s = 204.8",
            "memory_bandwidth_gb_per_s = 409.6",
        )
        .replace("memory_capacity_gb = 64.0", "memory_capacity_gb = 2.0")
        .replace("fp16 = 42.5", "fp16 = 85.0")
        .replace("bf16 = 42.5", "bf16 = 85.0")
        .replace("fp32 = 5.3", "fp32 = 10.6")
        .replace("aliases = [", "aliases = [] # [");
    let folder = folder_with(
        "board.toml",
        changed.replace("Jetson AGX Orin 64GB\"\n", "Board\"\n"),
    );
    let common = "--space paper --max-total 60ms --calibration bare --json";
    let whatif = parsed(&answer_in(
        folder.path(),
        &format!("whatif --bandwidth x2 --compute 85TFLOP/s --memory 2GB {common}"),
    ));
    let design = parsed(&answer_in(
        folder.path(),
        &format!("design --device board.toml {common}"),
    ));
    let scenarios = whatif["scenarios"].as_array().unwrap();
    let names: Vec<&str> = scenarios.iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "as it is",
            "bandwidth ×2.00",
            "compute ×2.00",
            "memory 2.00 GB",
            "all of them"
        ]
    );
    let after = &scenarios[4]["best"];
    let chosen = &design["chosen"];
    assert_eq!(after["index"], chosen["index"]);
    assert_eq!(after["evaluation"], chosen["evaluation"]);
    assert_eq!(after["latency_intervals"], chosen["latency_intervals"]);
    let plain = parsed(&answer(&format!("design {common}")));
    assert_eq!(scenarios[0]["best"]["evaluation"], plain["chosen"]["evaluation"]);
    // The same loss comes in the time of the fastest point of the frontier that has it.
    let loss = |of: &Value| of["evaluation"]["loss"].as_f64().unwrap();
    let frontier = design["outcome"]["by_format"][0]["frontier"].as_array().unwrap();
    let total = |of: &Value| of["evaluation"]["total_s"].as_f64().unwrap();
    let fastest = frontier
        .iter()
        .filter(|of| loss(of) <= loss(&scenarios[0]["best"]))
        .map(total)
        .fold(f64::INFINITY, f64::min);
    assert_eq!(total(&scenarios[4]["same_loss"]), fastest);
    assert!(loss(after) < loss(&scenarios[0]["best"]));
}

/// Calibrated latencies keep their shares of the figures: everything twice as fast takes half the time.
#[test]
fn all_twice_as_fast_is_half_the_time() {
    let found = parsed(&answer(
        "whatif --space paper --bandwidth x2 --compute x2 --overhead x0.5 --max-total 200ms --json",
    ));
    let scenarios = found["scenarios"].as_array().unwrap();
    let total = scenarios[0]["kept"]["evaluation"]["total_s"].as_f64().unwrap();
    let kept = scenarios[4]["kept"]["evaluation"]["total_s"].as_f64().unwrap();
    assert!((total / kept - 2.0).abs() < 1e-9, "{total} {kept}");
    assert_eq!(scenarios[4]["kept"]["is_within_budgets"], true);
}

#[test]
fn a_map_has_the_device_in_its_middle_and_comes_as_a_table_and_a_figure() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        "whatif --space paper --map memory,bandwidth --map-steps 2 --map-span 16 --max-total 60ms --out map";
    let text = answer_in(folder.path(), line);
    assert!(
        text.contains("What wins where: memory (GB) across, memory bandwidth (GB/s) upwards"),
        "{text}"
    );
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("Of 25 cells:"), "{text}");
    let files = contents(&folder.path().join("map"));
    let read = |name: &str| String::from_utf8(files[name].clone().unwrap()).unwrap();
    for name in [
        "report.html",
        "whatif.json",
        "scenarios.csv",
        "figures/map.png",
        "best/config.json",
    ] {
        assert!(files.contains_key(name), "{name}");
    }
    assert!(read("figures/map.svg").contains("the device"));
    let table = read("map.csv");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 26);
    assert_eq!(
        rows[0][..5],
        [
            "memory_factor",
            "memory",
            "bandwidth_factor",
            "bandwidth",
            "weights"
        ]
    );
    let json = parsed(&read("whatif.json"));
    let best = &json["scenarios"][0]["best"];
    let middle = &rows[13];
    assert_eq!((middle[0], middle[2]), ("1", "1"));
    assert_eq!(
        middle[5].parse::<f64>().unwrap(),
        best["evaluation"]["loss"].as_f64().unwrap()
    );
    assert_eq!(middle[17], best["index"].to_string());
    // Less memory and bandwidth than anything needs: nothing.
    let least = rows[1].clone();
    assert_eq!((least[0], least[4]), ("0.0625", ""));
}

/// Each row of the table is what `design` finds on that device.
#[test]
fn the_cheapest_device_is_ranked_by_power_or_by_given_prices() {
    let prices = "device,price,shop\nJetson AGX Orin 64GB,1800,a\njetson-orin-nano-super-8gb,249,b\nraspberry-pi-5,90,b\n";
    let folder = folder_with("prices.csv", prices);
    let asked = "whatif --space paper --target-loss 3.3 --max-total 300ms --json";
    let by_price = parsed(&answer_in(folder.path(), &format!("{asked} --prices prices.csv")));
    assert_eq!(by_price["ranked_by"], "price");
    let reached = by_price["reached"].as_array().unwrap();
    let names: Vec<&str> = reached.iter().map(|of| of["device"].as_str().unwrap()).collect();
    // The modes of a device have its price, the cheaper device comes first, the Pi is too slow.
    assert!(
        names.contains(&"jetson-agx-orin-64gb") && !names.contains(&"raspberry-pi-5"),
        "{names:?}"
    );
    let prices: Vec<f64> = reached.iter().map(|of| of["price"].as_f64().unwrap()).collect();
    assert!(prices.windows(2).all(|pair| pair[0] <= pair[1]));
    for of in reached {
        let device = of["device"].as_str().unwrap();
        let design = parsed(&answer(&format!(
            "design --space paper --device {device} --max-total 300ms --json"
        )));
        assert_eq!(
            of["best"]["evaluation"], design["chosen"]["evaluation"],
            "{device}"
        );
        assert!(of["best"]["evaluation"]["loss"].as_f64().unwrap() <= 3.3);
    }
    let by_power = parsed(&answer(&format!("{asked} --class jetson,sbc")));
    assert_eq!(by_power["ranked_by"], "power");
    let watts: Vec<f64> = by_power["reached"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["power_w"].as_f64().unwrap_or(f64::INFINITY))
        .collect();
    assert!(watts.len() > 2 && watts.windows(2).all(|pair| pair[0] <= pair[1]));
    let text = answer("whatif --space paper --target-loss 1 --class sbc --max-total 1s");
    assert!(text.contains("None of"), "{text}");
}

#[test]
fn mistakes_are_told() {
    refusal("whatif", &["nothing to change", "--bandwidth x1.5"]);
    refusal(
        "whatif --bandwidth 1.5",
        &["--bandwidth", "a number with a unit: MB/s, GB/s, TB/s", "x1.5"],
    );
    refusal("whatif --compute x-2", &["--compute", "expected a factor"]);
    refusal(
        "whatif --memory 9999999TB",
        &["--memory", "ten thousand times that of Jetson AGX Orin 64GB"],
    );
    refusal("whatif --overhead 5us", &["--overhead", "x0.5"]);
    refusal("whatif --map compute", &["--map", "compute,bandwidth"]);
    refusal("whatif --map compute,compute", &["--map"]);
    refusal(
        "whatif --target-loss 3 --rank-by price",
        &["the catalogue has no prices"],
    );
    refusal("whatif --target-loss 3 --class tv", &["--class", "jetson"]);
    refusal(
        "whatif --device a100-pcie-40gb,raspberry-pi-5 --memory x2",
        &["names 2 devices"],
    );
    for (table, part) in [
        ("device,cost\nraspberry-pi-5,9\n", "no column `price`"),
        (
            "device,price\nraspberry-pi-9,9\n",
            "line 2: unknown device `raspberry-pi-9`",
        ),
        (
            "device,price\nraspberry-pi-5,$9\n",
            "line 2: price `$9`: expected a positive number",
        ),
        (
            "device,price\nraspberry-pi-5,9\nraspberry-pi-5,8\n",
            "line 3: a second price",
        ),
        ("device,price\n", "no prices in it"),
    ] {
        let folder = folder_with("prices.csv", table);
        refusal_in(
            folder.path(),
            &words("whatif --target-loss 3 --prices prices.csv --max-total 1s"),
            &["prices.csv", part],
        );
    }
}
