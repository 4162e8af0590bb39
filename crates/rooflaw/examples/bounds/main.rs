//! Search by bounds where tests have no time for it: large random spaces against enumeration, and spaces too large to
//! enumerate against random architectures.
//!
//! `bounds random [COUNT [COMBINATIONS]]` draws searches until COUNT have spaces of between a tenth of and all of
//! COMBINATIONS, and compares both methods to the last bit. `bounds space [NAME|FILE [POINTS [DEVICE [LAW [OBJECTIVE [WEIGHTS]]]]]]`
//! finds a space's frontier, and looks for one of POINTS random architectures that dominates any of it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a check that cannot go on should stop"
)]

#[path = "../../tests/search/problem.rs"]
mod problem;
mod random;
mod vast;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: u64| -> Result<u64, std::num::ParseIntError> {
        arguments.get(place).map_or(Ok(default), |text| text.parse())
    };
    match arguments.first().map(String::as_str) {
        Some("random") => {
            random::compare(number(1, 20)?, number(2, 10_000_000)?);
            Ok(())
        }
        Some("space") => vast::check(&arguments[1..], number(2, 10_000_000)?),
        _ => Err("expected `random` or `space`".into()),
    }
}
