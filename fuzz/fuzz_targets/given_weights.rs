//! Any bytes as a directory of weights: a `config.json`, a zero byte, a safetensors file. No panic, and what is opened is
//! exported to the length that was planned.
//!
//! `mkdir -p fuzz/corpus/given_weights; RUSTC_BOOTSTRAP=1 cargo fuzz run given_weights fuzz/corpus/given_weights \
//! fuzz/seeds/given_weights`

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use rooflaw::format::WeightFormat;
use rooflaw_export::{GgufPlan, GivenWeights, Weights};
use std::cell::OnceCell;
use std::fs;
use std::ops::ControlFlow;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some(end) = bytes.iter().position(|&byte| byte == 0) else {
        return Corpus::Reject;
    };
    FOLDER.with(|folder| {
        let folder = folder
            .get_or_init(|| tempfile::tempdir().expect("a folder"))
            .path();
        fs::write(folder.join("config.json"), &bytes[..end]).expect("written");
        fs::write(folder.join("model.safetensors"), &bytes[end + 1..]).expect("written");
        match GivenWeights::open(folder) {
            Err(error) => drop(error.to_string()),
            Ok(mut given) => {
                for format in [WeightFormat::GgufF16, WeightFormat::Q4_0] {
                    let Ok(plan) = GgufPlan::of_given(&given, format) else {
                        continue;
                    };
                    let mut out = Vec::new();
                    // Values that the format cannot hold are refused.
                    if plan
                        .write(&mut out, &mut Weights::Given(&mut given), &mut |_| {
                            ControlFlow::Continue(())
                        })
                        .is_ok()
                    {
                        assert_eq!(out.len() as u64, plan.file_bytes());
                    }
                }
            }
        }
    });
    Corpus::Keep
});
