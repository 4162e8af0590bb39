//! `docs/laws.md` says what fits give: published answers beside ours.
//!
//! `ROOFLAW_UPDATE_DOCS=1 cargo test -p rooflaw --test fit page` writes the page anew.

use super::{chinchilla, clark, data, gemstones, huber, published};
use rooflaw::law::fit::routed::{self, RoutedLaw, rmsle_10};
use rooflaw::law::fit::{
    Folds, Form, LawFit, Objective, Observations, Quality, Starts, cross_validate, fit, objective_value,
};
use std::fmt::Write as _;
use std::path::PathBuf;

const BEGIN: &str = "<!-- generated from here by tests/fit/page.rs -->\n";

const fn random(count: usize) -> Starts {
    Starts::Random { count, seed: 1 }
}

/// A table of a quantity, its published value and ours.
fn table(page: &mut String, rows: &[(&str, String, String)]) {
    page.push_str("| | published | ours |\n|---|--:|--:|\n");
    for (what, published, ours) in rows {
        writeln!(page, "| {what} | {published} | {ours} |").unwrap();
    }
    page.push('\n');
}

fn besiroglu(page: &mut String) {
    let observations = data::chinchilla().observations(&["parameters", "tokens"], "loss");
    let form = Form::additive(&["parameters", "tokens"]);
    let found = fit(&form, &observations, huber(1e-3), &random(32)).unwrap();
    page.push_str(
        "## Chinchilla, 240 points: Huber's loss of ln loss, δ = 1e-3\n\nPublished: Besiroglu et al. 2024 (arXiv 2404.10102), the \
         grid search of their notebook.\n\n",
    );
    table(
        page,
        &[
            (
                "objective (sum)",
                "0.00101827407".to_owned(),
                format!("{:.11}", found.value),
            ),
            ("E", "1.8172".to_owned(), format!("{:.4}", found.irreducible_loss)),
            ("α", "0.3473".to_owned(), format!("{:.4}", found.exponents[0])),
            ("β", "0.3672".to_owned(), format!("{:.4}", found.exponents[1])),
        ],
    );
}

fn scalefit(page: &mut String) {
    let observations = chinchilla::below_1e21();
    let form = Form::additive(&["parameters", "tokens"]);
    let found = fit(&form, &observations, Objective::LeastSquares, &random(32)).unwrap();
    page.push_str(
        "## Chinchilla, 217 points: least squares on the loss\n\nPublished: apple/ml-scalefit, compute below 1e21 FLOP; N in \
         millions, D in billions.\n\n",
    );
    let Quality {
        r_squared, mre, mae, ..
    } = found.quality;
    table(
        page,
        &[
            (
                "residual sum of squares",
                "0.062414".to_owned(),
                format!("{:.6}", found.value),
            ),
            ("E", "1.9051".to_owned(), format!("{:.4}", found.irreducible_loss)),
            ("A", "4.0001".to_owned(), format!("{:.4}", found.coefficients[0])),
            ("B", "1.0509".to_owned(), format!("{:.4}", found.coefficients[1])),
            ("α", "0.3510".to_owned(), format!("{:.4}", found.exponents[0])),
            ("β", "0.4588".to_owned(), format!("{:.4}", found.exponents[1])),
            ("R²", "0.99604".to_owned(), format!("{r_squared:.5}")),
            ("MRE", "0.4536 %".to_owned(), format!("{:.4} %", 100.0 * mre)),
            ("MAE", "0.012207".to_owned(), format!("{mae:.6}")),
        ],
    );
}

fn width_depth_tokens(page: &mut String) {
    let observations = chinchilla::width_depth_tokens_rows();
    let form = Form::additive(&["width", "depth", "tokens"]);
    page.push_str(
        "## Chinchilla, 203 points: width, depth and tokens\n\nPublished: Liu et al. 2026 (arXiv 2602.05970), the 40 largest \
         losses dropped, mean |residual| 0.0101.\n\n| minimised | mean abs. residual |\n|---|--:|\n",
    );
    for (name, objective) in [
        ("Huber's loss of ln loss, δ = 1e-3", huber(1e-3)),
        ("squares of ln loss", Objective::LogLeastSquares),
        ("squares of the loss", Objective::LeastSquares),
    ] {
        let found = fit(&form, &observations, objective, &random(32)).unwrap();
        writeln!(page, "| {name} | {:.6} |", found.quality.mae).unwrap();
    }
    page.push('\n');
}

fn published_gemstones(page: &mut String) {
    page.push_str(
        "## Gemstones: every published fit whose rows are published\n\nPublished: McLeish et al. 2025 (arXiv 2502.06857), Huber's loss \
         of ln loss, a sum over rows. The objective at the published numbers is the published one to four digits; ours \
         is never larger.\n\n| law | rows | δ | published | ours | ours/published |\n|---|---|--:|--:|--:|--:|\n",
    );
    for case in gemstones::published_cases() {
        let found = fit(&case.form, &case.observations, huber(case.delta), &random(32)).unwrap();
        let ratio = found.value / case.value;
        assert!(ratio <= 1.0);
        writeln!(
            page,
            "| {} | {} | {:e} | {:.6e} | {:.6e} | {ratio:.4} |",
            case.law, case.rows, case.delta, case.value, found.value
        )
        .unwrap();
    }
    page.push('\n');
}

fn fixed_tokens(page: &mut String) {
    let observations = gemstones::at_100b_tokens();
    let form = Form::additive(&["n_layers", "hidden_size"]);
    let found = fit(&form, &observations, Objective::LogLeastSquares, &random(32)).unwrap();
    let folds = Folds::leave_one_group_out(&observations);
    let base = LawFit::Power(found.clone());
    let left_out = cross_validate(&base, &observations, &folds, &random(8))
        .unwrap()
        .quality;
    writeln!(
        page,
        "## Gemstones, 22 shapes at 100B tokens: depth and width\n\nSquares of ln loss, the setting of arXiv 2602.10377. R² {:.4}, MAE {:.4}; \
         each shape left out in turn: R² {:.4}, MAE {:.4}.\n",
        found.quality.r_squared, found.quality.mae, left_out.r_squared, left_out.mae
    )
    .unwrap();
}

fn routed_models(page: &mut String) {
    page.push_str(
        "## Routed models\n\nPublished: Clark et al. 2022 (arXiv 2202.01169), Table 3, to three digits; RMSLE of log₁₀ loss at the \
         printed numbers and at ours.\n\n| router | | a | b | c | d | E_start | E_max | RMSLE |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (router, numbers) in clark::PUBLISHED {
        let runs = clark::runs(&clark::rows(router));
        let [a, b, c, d, expert_start, expert_max] = numbers;
        let theirs = RoutedLaw {
            a,
            b,
            c,
            d,
            expert_start,
            expert_max,
        };
        let found = routed::fit(&runs, 50, 1).unwrap();
        for (who, law) in [("published", theirs), ("ours", found.law)] {
            writeln!(
                page,
                "| {router} | {who} | {:.4} | {:.4} | {:.4} | {:.4} | {:.2} | {:.0} | {:.5} |",
                law.a,
                law.b,
                law.c,
                law.d,
                law.expert_start,
                law.expert_max,
                rmsle_10(&law, &runs)
            )
            .unwrap();
        }
    }
    page.push_str(
        "\nThe additive law `E + A/N_active^α + B/N_total^β` on the same rows (Huber's loss, δ = 1e-3):\n\n",
    );
    page.push_str("| router | R² | MAE |\n|---|--:|--:|\n");
    for router in ["S-Base", "RL-R", "Hash"] {
        let table = clark::rows(router);
        let observations = Observations::new(table.numbers("loss_validation"))
            .and_then(|o| o.with_variable("active", &table.numbers("dense_parameter_count")))
            .and_then(|o| o.with_variable("total", &table.numbers("total_parameter_count")))
            .unwrap();
        let found = fit(
            &Form::additive(&["active", "total"]),
            &observations,
            huber(1e-3),
            &random(32),
        )
        .unwrap();
        writeln!(
            page,
            "| {router} | {:.4} | {:.4} |",
            found.quality.r_squared, found.quality.mae
        )
        .unwrap();
    }
}

#[test]
fn the_page_says_what_fits_give() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/laws.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let (preface, _) = found.split_once(BEGIN).unwrap();
    let mut page = format!("{preface}{BEGIN}\n");
    besiroglu(&mut page);
    scalefit(&mut page);
    width_depth_tokens(&mut page);
    published_gemstones(&mut page);
    fixed_tokens(&mut page);
    routed_models(&mut page);
    if std::env::var_os("ROOFLAW_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page).unwrap();
    } else {
        assert!(
            found == page,
            "docs/laws.md is stale: run with ROOFLAW_UPDATE_DOCS=1"
        );
    }
}

/// Published numbers as an objective.
pub fn value_of(form: &Form, numbers: (f64, &[f64], &[f64]), observations: &Observations, delta: f64) -> f64 {
    objective_value(
        huber(delta),
        &published(form, numbers, observations),
        observations,
    )
}
