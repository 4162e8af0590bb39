//! The worlds as tables and text.

use crate::truth::{Bin, Judged};
use crate::{Worlds, truth};
use std::fmt::Write as _;

type Pair = fn(&Judged) -> (f64, bool);

const QUESTIONS: [(&str, Pair); 2] = [
    ("on the frontier", |of| (of.on_frontier, of.is_on_frontier)),
    ("within the budget", |of| {
        (of.within_budgets, of.is_within_budgets)
    }),
];

fn of(worlds: &Worlds, pair: Pair) -> [Bin; 10] {
    truth::bins(
        worlds
            .repetitions
            .iter()
            .flat_map(|world| world.judged.iter().map(pair)),
    )
}

/// A setup's cells in tables.
fn names(worlds: &Worlds) -> String {
    let setup = worlds.setup;
    format!(
        "{},{},{},{},{}",
        setup.case.device, setup.case.weights, setup.runs, setup.space, setup.tolerance
    )
}

/// Every bin of every case.
pub fn bins(all: &[Worlds]) -> String {
    let mut text =
        "device,weights,runs,space,tolerance,question,low,high,candidates,stated,found\n".to_owned();
    for worlds in all {
        for (question, pair) in QUESTIONS {
            for (place, bin) in of(worlds, pair).iter().enumerate() {
                let _ = writeln!(
                    text,
                    "{},{question},{},{},{},{:.4},{:.4}",
                    names(worlds),
                    place as f64 / 10.0,
                    (place + 1) as f64 / 10.0,
                    bin.n,
                    bin.stated,
                    bin.found
                );
            }
        }
    }
    text
}

/// Stated and true regrets of every world.
pub fn regrets(all: &[Worlds]) -> String {
    let mut text =
        "device,weights,runs,space,tolerance,seed,stated_robust,true_robust,true_nominal,law_known,device_known,latencies_known\n"
            .to_owned();
    for worlds in all {
        for (seed, world) in worlds.repetitions.iter().enumerate() {
            let information = &world.decision.information;
            let _ = writeln!(
                text,
                "{},{seed},{:.5},{:.5},{:.5},{:.5},{:.5},{:.5}",
                names(worlds),
                information.regret,
                world.regrets[0],
                world.regrets[1],
                information.regret_law_known,
                information.regret_device_known,
                information.regret_latencies_known,
            );
        }
    }
    text
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

/// The findings in tables.
pub fn summary(all: &[Worlds]) -> String {
    let mut text = "# Stated probabilities and what is true\n\n".to_owned();
    for (question, pair) in QUESTIONS {
        let _ = writeln!(
            text,
            "## Share of the candidates that are {question}, by what is stated\n\n| device | runs | space | tolerance | 10–20 % | 30–40 % | 50–60 % | 70–80 % | 80–90 % | 90–100 % | candidates at 80–90 % |\n|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"
        );
        for worlds in all {
            let bins = of(worlds, pair);
            let share = |place: usize| {
                let bin = bins[place];
                if bin.n < 20 {
                    "–".to_owned()
                } else {
                    format!("{:.0} %", 100.0 * bin.found)
                }
            };
            let cells: Vec<String> = [1, 3, 5, 7, 8, 9].map(share).into();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                worlds.setup.case.device,
                worlds.setup.runs,
                worlds.setup.space,
                worlds.setup.tolerance,
                cells.join(" | "),
                bins[8].n
            );
        }
        text.push('\n');
        if question == QUESTIONS[0].0 {
            let mut pooled = Bin::default();
            for bin in all.iter().map(|worlds| of(worlds, pair)[8]) {
                pooled.found += bin.n as f64 * bin.found;
                pooled.stated += bin.n as f64 * bin.stated;
                pooled.n += bin.n;
            }
            let n = pooled.n.max(1) as f64;
            let _ = writeln!(
                text,
                "All together: of {} candidates stated to be on the frontier with 80 to 90 %, {:.1} % are.\n",
                pooled.n,
                100.0 * pooled.found / n
            );
        }
    }
    text += "## Regret, 10⁻³ nats/token, means over the worlds\n\n| device | runs | space | tolerance | worlds | candidates | robust, stated | robust, true | nominal, true | were the law known | were the device known | were all latencies known |\n|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for worlds in all {
        let of = |value: fn(&truth::Repetition) -> f64| 1e3 * mean(worlds.repetitions.iter().map(value));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            worlds.setup.case.device,
            worlds.setup.runs,
            worlds.setup.space,
            worlds.setup.tolerance,
            worlds.setup.worlds,
            1e-3 * of(|world| world.judged.len() as f64),
            of(|world| world.decision.information.regret),
            of(|world| world.regrets[0]),
            of(|world| world.regrets[1]),
            of(|world| world.decision.information.regret_law_known),
            of(|world| world.decision.information.regret_device_known),
            of(|world| world.decision.information.regret_latencies_known),
        );
    }
    text
}
