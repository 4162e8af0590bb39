mod fit;

use super::frontier::{FrontierFigure, FrontierPoint, FrontierSeries, LatencyBand};
use super::map::{MapCell, MapFigure};
use super::parameters::{ParameterPanel, ParameterSeries, ParametersFigure};
use super::roofline::{Ceiling, RooflineFigure, RooflinePoint};
use super::*;

/// Values no axis can show, and some that strain it.
const ODD: [f64; 9] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -1.0,
    1e-300,
    1e300,
    f64::MAX,
    f64::MIN_POSITIVE,
];

/// Draws in all variants; every document must be readable as SVG.
fn draw(figure: &dyn Figure) -> String {
    for theme in [Theme::Light, Theme::Dark] {
        for width in [NARROW_PX, 0.0, f64::NAN, 1e9] {
            let svg = figure.svg_of_width(theme, width).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{width}");
            resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).unwrap();
        }
    }
    figure.svg(Theme::Light).unwrap()
}

fn point(latency_ms: f64, loss: f64) -> FrontierPoint {
    FrontierPoint {
        latency_ms,
        loss,
        label: "design".into(),
        is_moe: latency_ms > 2.0,
    }
}

fn frontier(points: Vec<FrontierPoint>) -> FrontierFigure {
    let series = FrontierSeries {
        label: "bf16".into(),
        points,
    };
    FrontierFigure {
        title: "frontier".into(),
        series: vec![series],
        ..Default::default()
    }
}

fn named(name: &str, x: f64, y: f64) -> NamedPoint {
    NamedPoint {
        name: name.into(),
        x,
        y,
    }
}

#[test]
fn empty_figures_are_axes() {
    for figure in [
        &FrontierFigure::default() as &dyn Figure,
        &RooflineFigure::default(),
    ] {
        assert!(draw(figure).contains("<text"));
    }
    draw(&ParametersFigure::default());
    draw(&ParametersFigure {
        panels: vec![ParameterPanel::default()],
        ..Default::default()
    });
}

#[test]
fn one_point_is_enough() {
    assert!(draw(&frontier(vec![point(5.0, 2.5)])).contains("design"));
    let operator = RooflinePoint {
        label: "attention".into(),
        phase: "decode".into(),
        intensity_flop_per_byte: 1.0,
        achieved_flops_per_s: 1e11,
        share_of_time: 1.0,
    };
    let figure = RooflineFigure {
        operators: vec![operator],
        ..Default::default()
    };
    assert!(draw(&figure).contains("attention"));
    let series = vec![ParameterSeries {
        label: "bf16".into(),
        points: vec![(5.0, 24.0)],
    }];
    let panel = ParameterPanel {
        label: "layers".into(),
        scale: Scale::Linear,
        series,
    };
    assert!(
        draw(&ParametersFigure {
            panels: vec![panel],
            ..Default::default()
        })
        .contains("layers")
    );
}

#[test]
fn bands_are_drawn_and_named() {
    let mut figure = frontier(vec![point(10.0, 3.0), point(20.0, 2.8)]);
    let plain = draw(&figure);
    figure.latency_band = Some(LatencyBand {
        label: "90 % of latencies".into(),
        points: vec![(3.0, 8.0, 13.0), (2.8, 15.0, 26.0)],
    });
    let with = draw(&figure);
    assert!(!plain.contains("90 % of latencies") && with.contains("90 % of latencies"));
    assert_eq!(
        with.matches("<polygon").count(),
        plain.matches("<polygon").count() + 1
    );
}

fn map(xs: Vec<f64>, ys: Vec<f64>) -> MapFigure {
    let cell = |place: usize| MapCell {
        kind: (place > 0).then_some(place % 2),
        text: format!("cell{place}"),
        detail: format!("detail{place}"),
    };
    MapFigure {
        title: "map".into(),
        kinds: vec!["dense".into(), "experts".into(), "never".into()],
        empty_label: "nothing".into(),
        cells: (0..xs.len() * ys.len()).map(cell).collect(),
        here: Some((1, 0)),
        here_label: "as it is".into(),
        xs,
        ys,
        ..Default::default()
    }
}

#[test]
fn maps_have_their_cells() {
    let svg = draw(&map(vec![1.0, 2.0, 4.0], vec![10.0, 20.0]));
    for place in 0..6 {
        assert!(svg.contains(&format!("cell{place}")) && svg.contains(&format!("detail{place}")));
    }
    for name in ["dense", "experts", "nothing", "as it is"] {
        assert!(svg.contains(name), "{name}");
    }
    assert!(!svg.contains("never"));
    // Of many cells the words go, the cells stay.
    let many: Vec<f64> = (0..60).map(|step| 1.1f64.powi(step)).collect();
    assert!(!draw(&map(many.clone(), many)).contains("cell7<"));
    for odd in ODD {
        draw(&map(vec![odd], vec![1.0, odd]));
    }
    draw(&MapFigure::default());
}

#[test]
fn odd_numbers_are_left_out() {
    let pairs: Vec<(f64, f64)> = ODD.iter().flat_map(|x| ODD.map(|y| (*x, y))).collect();
    let mut figure = frontier(pairs.iter().map(|(x, y)| point(*x, *y)).collect());
    figure.cloud.clone_from(&pairs);
    figure.known_models = pairs.iter().map(|(x, y)| named("known", *x, *y)).collect();
    figure.loss_interval = Some(pairs.iter().map(|(x, y)| (*x, *y, *x)).collect());
    figure.latency_band = Some(LatencyBand {
        label: "latencies".into(),
        points: pairs.iter().map(|(x, y)| (*x, *y, *x)).collect(),
    });
    for value in ODD {
        figure.budget_ms = Some(value);
        figure.chosen = Some(named("chosen", value, value));
        draw(&figure);
    }
    for value in ODD {
        draw(&RooflineFigure {
            ceilings: ODD
                .map(|peak| Ceiling {
                    label: "peak".into(),
                    peak_flops_per_s: peak,
                })
                .to_vec(),
            bandwidth_bytes_per_s: value,
            operators: pairs
                .iter()
                .map(|(x, y)| RooflinePoint {
                    intensity_flop_per_byte: *x,
                    achieved_flops_per_s: *y,
                    share_of_time: *x,
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        });
        let panel = |scale| ParameterPanel {
            scale,
            series: vec![ParameterSeries {
                label: String::new(),
                points: pairs.clone(),
            }],
            ..Default::default()
        };
        draw(&ParametersFigure {
            panels: [Scale::Linear, Scale::Log10, Scale::Log2].map(panel).to_vec(),
            budget_ms: Some(value),
            chosen_ms: Some(value),
            ..Default::default()
        });
    }
}

#[test]
fn good_points_survive_among_odd_ones() {
    let clean = draw(&frontier(vec![point(1.0, 3.0), point(10.0, 2.0)]));
    let mixed = frontier(vec![
        point(1.0, 3.0),
        point(f64::NAN, 2.0),
        point(10.0, 2.0),
        point(-3.0, 1.0),
    ]);
    assert_eq!(clean, draw(&mixed));
}

#[test]
fn very_long_and_strange_names_fit() {
    let long = "a model whose name has no end ".repeat(100);
    for name in [
        long.as_str(),
        &"x".repeat(3000),
        "<script>alert(1)</script>",
        "模型\u{0}\u{1b}[31m\u{FFFF}",
        " ",
    ] {
        let mut figure = frontier(vec![point(1.0, 3.0), point(9.0, 2.2)]);
        figure.title = name.into();
        figure.subtitle = name.into();
        figure.x_label = name.into();
        figure.y_label = name.into();
        figure.series[0].label = name.into();
        figure.series[0].points[0].label = name.into();
        figure.known_models = vec![named(name, 4.0, 2.5), named(name, 4.0, 2.5)];
        figure.chosen = Some(named(name, 4.0, 2.6));
        assert!(!draw(&figure).contains("<script"));
        draw(&RooflineFigure {
            title: name.into(),
            device: name.into(),
            ceilings: vec![Ceiling {
                label: name.into(),
                peak_flops_per_s: 1e12,
            }],
            bandwidth_bytes_per_s: 1e11,
            operators: vec![RooflinePoint {
                label: name.into(),
                phase: name.into(),
                intensity_flop_per_byte: 3.0,
                achieved_flops_per_s: 2e11,
                share_of_time: 0.4,
            }],
        });
    }
}

#[test]
fn ticks_on_the_latency_axis_are_round() {
    let svg = draw(&frontier(vec![point(0.9, 3.0), point(55.0, 2.0)]));
    for tick in ["\n1\n", "\n2\n", "\n5\n", "\n10\n", "\n20\n", "\n50\n"] {
        assert!(svg.contains(tick), "{tick}");
    }
}

#[test]
fn a_large_cloud_is_thinned() {
    let mut figure = frontier(vec![point(1.0, 3.0), point(100.0, 2.0)]);
    figure.cloud = (0..200_000)
        .map(|i| {
            (
                1.0 + f64::from(i % 997) / 10.0,
                2.0 + f64::from(i % 1009) / 1009.0,
            )
        })
        .collect();
    assert!(draw(&figure).len() < 150_000);
}

#[test]
fn inputs_survive_serialisation() {
    let figure = frontier(vec![point(1.0, 3.0)]);
    let text = serde_json::to_string(&figure).unwrap();
    assert_eq!(figure, serde_json::from_str(&text).unwrap());
}
