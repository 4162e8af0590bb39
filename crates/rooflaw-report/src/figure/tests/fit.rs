//! Figures of fitted laws and of planned runs.

use super::super::agreement::{AgreementFigure, AgreementPoint, AgreementSeries};
use super::super::comparison::{ComparisonFigure, ComparisonRow};
use super::super::convergence::{ConvergenceFigure, ConvergencePoint, ConvergenceSeries};
use super::super::intervals::{Interval, IntervalRow, IntervalsFigure};
use super::super::plan::{PlanFigure, PlanPanel};
use super::super::profiles::{ProfilePanel, ProfilesFigure};
use super::super::residuals::{ResidualPanel, ResidualSeries, ResidualsFigure};
use super::{Figure, ODD, Scale, Theme, draw, named};

const SCALES: [Scale; 3] = [Scale::Linear, Scale::Log10, Scale::Log2];

fn agreement(points: &[(f64, f64)]) -> AgreementFigure {
    let point = |(actual, predicted): &(f64, f64)| AgreementPoint {
        actual: *actual,
        predicted: *predicted,
        ..Default::default()
    };
    AgreementFigure {
        series: vec![AgreementSeries {
            label: "fitted".into(),
            points: points.iter().map(point).collect(),
        }],
        ..Default::default()
    }
}

fn residuals(points: &[(f64, f64)], panels: usize) -> ResidualsFigure {
    let panel = |index: usize| ResidualPanel {
        label: format!("variable {index}"),
        scale: SCALES[index % 3],
        series: vec![ResidualSeries {
            label: "fitted".into(),
            points: points.to_vec(),
        }],
    };
    ResidualsFigure {
        band: Some(0.5),
        band_label: "band".into(),
        panels: (0..panels).map(panel).collect(),
        ..Default::default()
    }
}

fn row(estimate: f64, low: Option<f64>, high: Option<f64>) -> IntervalRow {
    IntervalRow {
        name: "alpha".into(),
        estimate,
        interval: Some(Interval { low, high }),
        ..Default::default()
    }
}

fn intervals(rows: Vec<IntervalRow>) -> IntervalsFigure {
    IntervalsFigure {
        rows,
        ..Default::default()
    }
}

fn law(cross_validated: f64, standard_error: f64) -> ComparisonRow {
    ComparisonRow {
        name: "law".into(),
        cross_validated: Some(cross_validated),
        standard_error: Some(standard_error),
        in_sample: Some(cross_validated),
        extrapolation: Some(cross_validated),
        ..Default::default()
    }
}

fn comparison(rows: Vec<ComparisonRow>) -> ComparisonFigure {
    ComparisonFigure {
        rows,
        best: Some(0),
        ..Default::default()
    }
}

fn profiles(points: &[(f64, f64)], optimum: f64, threshold: f64) -> ProfilesFigure {
    let panel = |scale| ProfilePanel {
        label: "alpha".into(),
        scale,
        points: points.to_vec(),
        optimum: Some(optimum),
        note: "note".into(),
    };
    ProfilesFigure {
        threshold: Some(threshold),
        panels: SCALES.map(panel).to_vec(),
        ..Default::default()
    }
}

fn plan(points: &[(f64, f64)], panels: usize) -> PlanFigure {
    let panel = |index: usize| PlanPanel {
        x_label: "parameters".into(),
        x_scale: SCALES[index % 3],
        y_label: "tokens".into(),
        existing: points.to_vec(),
        candidates: points.to_vec(),
        chosen: points.iter().map(|(x, y)| named("7", *x, *y)).collect(),
        ..Default::default()
    };
    PlanFigure {
        panels: (0..panels).map(panel).collect(),
        ..Default::default()
    }
}

/// How many circles of the colour of the first series the figure has.
fn dots(svg: &str) -> usize {
    svg.matches("<circle").count()
}

#[test]
fn nothing_to_draw_is_no_error() {
    let figures: [&dyn Figure; 12] = [
        &AgreementFigure::default(),
        &ResidualsFigure::default(),
        &IntervalsFigure::default(),
        &ComparisonFigure::default(),
        &ProfilesFigure::default(),
        &PlanFigure::default(),
        &agreement(&[]),
        &residuals(&[], 9),
        &intervals(vec![IntervalRow::default()]),
        &comparison(vec![ComparisonRow::default()]),
        &profiles(&[], f64::NAN, f64::NAN),
        &plan(&[], 4),
    ];
    for figure in figures {
        draw(figure);
    }
}

#[test]
fn one_point_is_enough() {
    let one = [(3.0, 3.1)];
    let figures: [&dyn Figure; 6] = [
        &agreement(&one),
        &residuals(&one, 1),
        &intervals(vec![row(0.3, None, None)]),
        &comparison(vec![law(0.02, 0.0)]),
        &profiles(&one, 3.0, 3.84),
        &plan(&one, 1),
    ];
    for figure in figures {
        assert!(draw(figure).contains("<circle"));
    }
}

#[test]
fn every_point_is_drawn() {
    let points: Vec<(f64, f64)> = (1..=40)
        .map(|index| (f64::from(index), f64::from(index * 7 % 40 + 1)))
        .collect();
    let count = |figure: &dyn Figure| dots(&draw(figure));
    assert_eq!(count(&agreement(&points)) - count(&agreement(&[])), 40);
    assert_eq!(count(&residuals(&points, 3)) - count(&residuals(&[], 3)), 120);
    // Existing runs are round; candidates too, but not where a label stands.
    let mut figure = plan(&points, 1);
    figure.panels[0].candidates.clear();
    figure.panels[0].chosen.clear();
    // One more stands in the legend.
    assert_eq!(count(&figure), 41);
}

#[test]
fn odd_numbers_are_left_out() {
    let pairs: Vec<(f64, f64)> = ODD.iter().flat_map(|x| ODD.map(|y| (*x, y))).collect();
    for scale in SCALES {
        let mut figure = agreement(&pairs);
        figure.scale = scale;
        for (point, (low, high)) in figure.series[0].points.iter_mut().zip(&pairs) {
            point.interval = Some((*low, *high));
            point.label = "odd".into();
        }
        draw(&figure);
        let rows = pairs.iter().map(|(x, y)| IntervalRow {
            second: Some(Interval {
                low: Some(*y),
                high: Some(*x),
            }),
            published: Some(*y),
            scale,
            ..row(*x, Some(*x), Some(*y))
        });
        draw(&intervals(rows.collect()));
        let mut figure = comparison(pairs.iter().map(|(x, y)| law(*x, *y)).collect());
        (figure.scale, figure.best) = (scale, Some(usize::MAX));
        draw(&figure);
    }
    draw(&plan(&pairs, 3));
    for value in ODD {
        let mut figure = residuals(&pairs, 3);
        figure.band = Some(value);
        draw(&figure);
        draw(&profiles(&pairs, value, value));
    }
}

#[test]
fn good_points_survive_among_odd_ones() {
    let clean = [(1.0, 3.0), (10.0, 2.0)];
    let mixed = [(1.0, 3.0), (f64::NAN, 2.0), (10.0, 2.0), (5.0, f64::INFINITY)];
    assert_eq!(draw(&agreement(&clean)), draw(&agreement(&mixed)));
    assert_eq!(draw(&residuals(&clean, 2)), draw(&residuals(&mixed, 2)));
    assert_eq!(
        draw(&profiles(&clean, 1.0, 3.0)),
        draw(&profiles(&mixed, 1.0, 3.0))
    );
    assert_eq!(draw(&plan(&clean, 2)), draw(&plan(&mixed, 2)));
}

#[test]
fn many_points_are_thinned() {
    let points: Vec<(f64, f64)> = (0..10_000u32)
        .map(|index| {
            (
                2.0 + f64::from(index % 997) / 500.0,
                2.0 + f64::from(index % 1009) / 500.0,
            )
        })
        .collect();
    let mut figure = agreement(&points);
    for point in &mut figure.series[0].points {
        point.label = "run".into();
        point.interval = Some((point.predicted - 0.1, point.predicted + 0.1));
    }
    let size = |figure: &dyn Figure| figure.svg(Theme::Light).unwrap().len();
    assert!(size(&figure) < 1_500_000, "{}", size(&figure));
    assert!(size(&agreement(&points)) < 300_000);
    assert!(size(&residuals(&points, 4)) < 1_200_000);
    let mut figure = plan(&points, 2);
    figure
        .panels
        .iter_mut()
        .for_each(|panel| panel.chosen.truncate(20));
    assert!(size(&figure) < 700_000);
}

#[test]
fn intervals_are_written_in_words() {
    let rows = vec![
        row(0.3481, Some(0.3124), Some(0.391)),
        row(2300.0, Some(310.0), None),
        row(2300.0, None, Some(1e5)),
        row(1.0, None, None),
        IntervalRow {
            text: "as the caller says".into(),
            flag: "not identifiable".into(),
            ..row(1.0, None, None)
        },
    ];
    let svg = draw(&intervals(rows));
    for text in [
        "0.348 (0.312 to 0.391)",
        "2,300 (above 310)",
        "2,300 (below 100k)",
        "1 (no bounds)",
        "as the caller says",
        "not identifiable",
    ] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn runs_in_one_place_share_a_tag() {
    let mut figure = plan(&[], 1);
    figure.panels[0].chosen = vec![named("1", 2.0, 2.0), named("2", 5.0, 3.0), named("3", 2.0, 2.0)];
    assert!(draw(&figure).contains("1, 3"));
}

#[test]
fn only_what_is_there_is_in_the_legend() {
    let mut figure = comparison(vec![law(0.02, 0.001)]);
    figure.rows[0].extrapolation = None;
    let svg = draw(&figure);
    assert!(svg.contains("in sample") && !svg.contains("extrapolated"));
    let svg = draw(&agreement(&[(1.0, 2.0)]));
    assert!(svg.contains("predicted = actual") && !svg.contains("prediction interval"));
}

#[test]
fn very_long_and_strange_names_fit() {
    let long = "a variable whose name has no end ".repeat(100);
    for name in [
        long.as_str(),
        "<script>alert(1)</script>",
        "模型\u{0}\u{1b}[31m\u{FFFF}",
        " ",
    ] {
        let text = || name.to_owned();
        let points = [(1.0, 3.0), (9.0, 2.0)];
        let mut one = agreement(&points);
        (one.title, one.subtitle, one.x_label, one.y_label) = (text(), text(), text(), text());
        one.series[0].label = text();
        one.series[0].points[0].label = text();
        let mut two = residuals(&points, 4);
        (two.y_label, two.band_label, two.panels[1].label) = (text(), text(), text());
        let mut three = intervals(vec![row(1.0, None, None), row(2.0, Some(1.0), Some(3.0))]);
        (three.interval_label, three.rows[0].name, three.rows[0].flag) = (text(), text(), text());
        three.rows[1].text = text();
        let mut four = comparison(vec![law(0.02, 0.001), law(0.03, 0.002)]);
        (four.x_label, four.rows[0].name, four.rows[1].note) = (text(), text(), text());
        let mut five = profiles(&points, 1.0, 3.0);
        (five.y_label, five.panels[0].label, five.panels[1].note) = (text(), text(), text());
        let mut six = plan(&points, 2);
        (six.chosen_label, six.panels[0].x_label, six.panels[0].y_label) = (text(), text(), text());
        six.panels[0].chosen[0].name = text();
        let figures: [&dyn Figure; 6] = [&one, &two, &three, &four, &five, &six];
        for figure in figures {
            assert!(!draw(figure).contains("<script"));
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let points: Vec<(f64, f64)> = (1..500u32)
        .map(|index| (f64::from(index), f64::from(index % 37)))
        .collect();
    let figures: [&dyn Figure; 4] = [
        &agreement(&points),
        &residuals(&points, 3),
        &plan(&points[..30], 2),
        &profiles(&points, 40.0, 3.84),
    ];
    for figure in figures {
        assert_eq!(figure.svg(Theme::Dark).unwrap(), figure.svg(Theme::Dark).unwrap());
    }
}

#[test]
fn inputs_survive_serialisation() {
    fn check<T: PartialEq + serde::Serialize + serde::de::DeserializeOwned>(figure: &T) {
        let text = serde_json::to_string(figure).unwrap();
        assert!(serde_json::from_str::<T>(&text).unwrap() == *figure);
    }
    check(&agreement(&[(1.0, 2.0)]));
    check(&residuals(&[(1.0, 2.0)], 2));
    check(&intervals(vec![row(1.0, Some(0.5), None)]));
    check(&comparison(vec![law(0.1, 0.01)]));
    check(&profiles(&[(1.0, 2.0)], 1.0, 3.84));
    check(&plan(&[(1.0, 2.0)], 1));
}

fn convergence(points: &[(f64, f64)]) -> ConvergenceFigure {
    let point = |(spent, mean): &(f64, f64)| ConvergencePoint {
        spent: *spent,
        mean: *mean,
        low: mean / 2.0,
        high: mean * 2.0,
    };
    ConvergenceFigure {
        series: vec![ConvergenceSeries {
            label: "a search".into(),
            points: points.iter().map(point).collect(),
        }],
        complete: Some(named("exact", 500.0, 0.0)),
        ..Default::default()
    }
}

#[test]
fn convergence_ends_where_nothing_is_missing() {
    let count = |figure: &ConvergenceFigure| draw(figure).matches("<circle").count();
    let mut figure = convergence(&[(10.0, 0.1), (100.0, 0.01), (1000.0, 0.0)]);
    assert!(draw(&figure).contains("exact"));
    let all = count(&figure);
    figure.floor = Some(0.05);
    assert_eq!(count(&figure) + 1, all);
    for odd in ODD {
        draw(&convergence(&[(odd, 1.0), (1.0, odd)]));
    }
    draw(&ConvergenceFigure::default());
}
