//! Any text as a design space: no panic and no unbounded memory, neither when it is read nor when it is walked.
//!
//! `mkdir -p fuzz/corpus/space_toml; RUSTC_BOOTSTRAP=1 cargo fuzz run space_toml fuzz/corpus/space_toml \
//! fuzz/seeds/space_toml -- -dict=fuzz/space_toml.dict`

#![no_main]

use libfuzzer_sys::fuzz_target;
use rooflaw::device;
use rooflaw::format::Formats;
use rooflaw::law;
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Roofline, Workload};
use rooflaw::space::{Cursor, DesignSpace};
use std::sync::LazyLock;

/// Positions visited of each space, its first and last among them.
const POSITIONS: u64 = 100;

static EVALUATOR: LazyLock<Evaluator> = LazyLock::new(|| {
    let device = device::find("jetson-agx-orin-64gb").expect("embedded");
    let roofline = Roofline::new(device, &Formats::default(), &Assumptions::default());
    let workload = Workload {
        batch: 1,
        prompt_tokens: 1024,
        generated_tokens: 16,
    };
    Evaluator::new(law::find("co-design").expect("embedded"), roofline, workload)
});

fuzz_target!(|text: &str| {
    let Ok(space) = DesignSpace::from_toml("fuzz", text) else {
        return;
    };
    let last = space.len() - 1;
    let mut evaluated = false;
    for position in 0..POSITIONS {
        let index = (u128::from(last) * u128::from(position) / u128::from(POSITIONS - 1)) as u64;
        let mut cursor = Cursor::new(&space, index);
        assert_eq!(cursor.index(), index);
        let here = cursor.architecture();
        if let Some(architecture) = here
            && !evaluated
        {
            evaluated = true;
            let evaluation = EVALUATOR.evaluate(&architecture);
            assert!(evaluation.ttft_s > 0.0 && evaluation.ttft_s.is_finite());
            assert!(evaluation.tpot_s > 0.0 && evaluation.tpot_s.is_finite());
            assert!(evaluation.parameters.active <= evaluation.parameters.total);
        }
        // Stepping and jumping agree.
        if index < last {
            cursor.advance();
            assert_eq!(
                cursor.architecture(),
                Cursor::new(&space, index + 1).architecture()
            );
        }
    }
    if last < 100_000 {
        assert!(!space.axes().is_empty());
    }
});
