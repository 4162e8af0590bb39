//! The routed models of Clark et al. 2022 (2202.01169).

use super::{data, huber, print};
use rooflaw::law::fit::routed::{self, RoutedLaw, RoutedRun, rmsle_10};
use rooflaw::law::fit::{Form, Observations, Starts, fit};

/// The rows of the authors' notebook: routing_frequency 0.5, k = 1, seed 42, one router and the dense models.
pub fn rows(router: &str) -> data::Table {
    let table = data::Table::read("clark_routed/final.csv");
    let frequency = table.numbers("routing_frequency");
    let (k, seed) = (table.numbers("k"), table.numbers("seed"));
    let kind: Vec<String> = table.text("router_type").into_iter().map(str::to_owned).collect();
    table.filter(|row| {
        frequency[row] == 0.5
            && k[row] == 1.0
            && seed[row] == 42.0
            && (kind[row] == router || kind[row] == "Dense")
    })
}

/// A table as routed runs.
pub fn runs(table: &data::Table) -> Vec<RoutedRun> {
    let columns = (
        table.numbers("dense_parameter_count"),
        table.numbers("num_experts"),
        table.numbers("loss_validation"),
    );
    let run = |row: usize| RoutedRun {
        dense_parameters: columns.0[row],
        experts: columns.1[row],
        loss: columns.2[row],
    };
    (0..columns.0.len()).map(run).collect()
}

/// Table 3 of the paper: a, b, c, d, E_start, E_max.
pub const PUBLISHED: [(&str, [f64; 6]); 3] = [
    ("S-Base", [-0.082, -0.108, 0.009, 1.104, 1.847, 314.478]),
    ("RL-R", [-0.083, -0.126, 0.012, 1.111, 1.880, 469.982]),
    ("Hash", [-0.087, -0.136, 0.012, 1.157, 4.175, 477.741]),
];

#[test]
fn routed_law() {
    for (router, [a, b, c, d, expert_start, expert_max]) in PUBLISHED {
        let runs = runs(&rows(router));
        let theirs = RoutedLaw {
            a,
            b,
            c,
            d,
            expert_start,
            expert_max,
        };
        let found = routed::fit(&runs, 50, 1).unwrap();
        let (ours, published) = (rmsle_10(&found.law, &runs), rmsle_10(&theirs, &runs));
        println!("{router}: {found:?}\n  RMSLE {ours:.5}, published coefficients {published:.5}");
        assert!(ours <= published);
        assert!(found.convergence.best_converged && found.convergence.share_at_optimum() > 0.5);
        if router == "S-Base" {
            let law = found.law;
            for (ours, scipy) in [
                (law.a, -0.0830),
                (law.b, -0.1180),
                (law.c, 0.0099),
                (law.d, 1.1136),
            ] {
                assert!((ours - scipy).abs() < 1e-4, "{ours} is not {scipy}");
            }
        }
    }
}

/// `E + A N_active^−a + B N_total^−b` fits S-Base and RL-R better than the routed law does.
#[test]
fn additive_law() {
    for router in ["S-Base", "RL-R"] {
        let table = rows(router);
        let observations = Observations::new(table.numbers("loss_validation"))
            .and_then(|o| o.with_variable("active", &table.numbers("dense_parameter_count")))
            .and_then(|o| o.with_variable("total", &table.numbers("total_parameter_count")))
            .unwrap();
        let form = Form::additive(&["active", "total"]);
        let starts = Starts::Random { count: 32, seed: 1 };
        let found = fit(&form, &observations, huber(1e-3), &starts).unwrap();
        print(router, &found);
        assert!(found.quality.r_squared >= 0.998, "{router}");
    }
}
