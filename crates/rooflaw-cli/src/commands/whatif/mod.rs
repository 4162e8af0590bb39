//! `rooflaw whatif`: what another device would buy.

mod args;
mod cheapest;
mod found;
mod prices;
pub mod print;
mod setup;
mod words;

pub use args::{Args, Rank};
pub use cheapest::{Cheapest, headline, ranking, reached_table};
pub use found::{Found, Scenario, WhatIf};
use words::value;
pub use words::{OF_EACH, family_name, figure_label, hypothetical};

use crate::output::{self, Folder};
use crate::report;
use anyhow::{Result, bail};
use rooflaw::whatif::{Changes, Figure, MapAxis, map};
use setup::Setup;
use std::convert::Infallible;

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if args.target_loss.is_some() {
        return cheapest::run(args);
    }
    let setup = Setup::new(args)?;
    let changes = args.changes(&setup);
    if changes.factors().is_empty() && args.map.is_none() {
        bail!(
            "nothing to change: expected --bandwidth, --compute, --memory or --overhead, such as --bandwidth x1.5; or --map, \
             or --target-loss"
        );
    }
    // Changes that a device file could not have either.
    let (device, _) = setup.changed(&changes);
    for &(figure, factor) in changes.factors() {
        if !(1e-4..=1e4).contains(&factor) {
            bail!(
                "--{} {}: expected a value from a ten-thousandth to ten thousand times that of {}, {}",
                figure.name(),
                value(figure, figure.value(&device)),
                setup.device.name,
                value(figure, figure.value(&setup.device)),
            );
        }
    }
    let singles = if changes.factors().len() > 1 {
        changes.factors()
    } else {
        &[]
    };
    let cells = args.map.map_or(0, |_| (2 * u64::from(args.map_steps) + 1).pow(2));
    let searches = 1 + singles.len() as u64 + u64::from(!changes.factors().is_empty()) + cells;
    setup.check_size(searches)?;
    let progress = setup.progress(searches);
    let (before, optimum) = setup.scenario("as it is".to_owned(), &Changes::default(), None, &progress);
    let mut scenarios = vec![before];
    for &change in singles {
        let alone = Changes::new([change]);
        let name = words::change(&setup.device, change);
        scenarios.push(setup.scenario(name, &alone, optimum.as_ref(), &progress).0);
    }
    if let Some(&last) = changes.factors().last() {
        let name = if singles.is_empty() {
            words::change(&setup.device, last)
        } else {
            "all of them".to_owned()
        };
        let after = setup.scenario(name, &changes, optimum.as_ref(), &progress).0;
        scenarios.push(after);
    }
    let map = args.map.map(|axes| {
        let axes = axes.map(|figure| MapAxis::about(figure, args.map_span, args.map_steps));
        // The map is about the device with the changes, if there are any.
        let search = |cell: &Changes| {
            let both = [&changes, cell].into_iter().flat_map(Changes::factors);
            let combined = Figure::ALL.into_iter().filter_map(|figure| {
                let of = both.clone().filter(|(known, _)| *known == figure);
                let factor: f64 = of.map(|(_, factor)| factor).product();
                (factor != 1.0).then_some((figure, factor))
            });
            let (device, latencies) = setup.changed(&Changes::new(combined));
            Ok::<_, Infallible>(setup.search(&device, &latencies, &progress))
        };
        let Ok(found) = map(axes, search);
        found
    });
    progress.finish();
    let found = WhatIf {
        device: &setup.device,
        law: &setup.law.id,
        loss_unit: setup.law.unit(),
        space: &setup.space.id,
        workload: setup.workload,
        objective: setup.objective,
        budgets: setup.budgets,
        is_reference_budget: setup.asked.latency(setup.objective).is_none(),
        reference: &setup.reference.name,
        latencies: &setup.latencies,
        quantisation: setup.quantisation.sentence(&setup.formats),
        scenarios,
        map,
    };
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        report::whatif::write(&found, &setup.law, &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        output::json(&found)
    } else {
        print::print(args, &found, &setup.law)
    }
}

impl Args {
    fn changes(&self, setup: &Setup) -> Changes {
        let given = [
            (Figure::Bandwidth, self.bandwidth),
            (Figure::Compute, self.compute),
            (Figure::Memory, self.memory),
            (Figure::Overhead, self.overhead),
        ];
        let factors = given
            .into_iter()
            .filter_map(|(figure, change)| Some((figure, change?.factor(figure, &setup.device))));
        Changes::new(factors)
    }
}
