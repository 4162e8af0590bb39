//! All of the GPU engine, its calls of CUDA's libraries too, with libraries of the same interface that run on the host
//! (`interface/libraries.cpp`). They are loaded before cudarc looks for NVIDIA's by the same names, so this is a process of its own.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "it loads libraries")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod check;

use check::{Sizes, check, check_bits};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use rooflaw_train::engine::LoadBalancing;
use rooflaw_train::model::{Details, Model};
use rooflaw_train_cuda::{CudaEngine, EngineOptions, Precision};
use std::path::Path;
use std::process::Command;

const SIZES: Sizes = Sizes {
    sequences: 2,
    length: 6,
    hidden: 16,
    vocabulary: 50,
};

/// Compiles the libraries and loads them by the names that cudarc asks for.
fn load() {
    let folder = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: &str| std::fs::read_to_string(here.join(path)).unwrap();
    let mut source = text("src/emulation/host.h") + &text("kernels/prelude.cuh");
    let mut launchers = String::new();
    for entry in here.join("kernels").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cu") {
            let kernels = std::fs::read_to_string(path).unwrap();
            for kernel in kernels.lines().filter_map(|line| line.strip_prefix("KERNEL ")) {
                let name = kernel.split('(').next().unwrap();
                launchers.push_str(&format!("LAUNCHER({})\n", name.trim_start_matches("void ")));
            }
            source.push_str(&kernels);
        }
    }
    // Operands are bfloat16, as on a GPU by default.
    source.push_str(
        "template <> struct host::KindOf<operand *> { static const int value = host::OPERAND_ARRAY; };\n",
    );
    source.push_str("static const char CODE[] = \"machine code\";\n");
    let source = source + &launchers + &text("tests/interface/libraries.cpp");
    let from = folder.path().join("libraries.cpp");
    std::fs::write(&from, source).unwrap();
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    for name in ["libcuda.so", "libnvrtc.so", "libcublas.so"] {
        // One library under three names: the first that is loaded has all symbols and all state, the others ask it.
        let to = folder.path().join(name);
        let mut command = Command::new(&compiler);
        let flags = [
            "-std=c++17",
            "-O2",
            "-ffp-contract=off",
            "-U_FORTIFY_SOURCE",
            "-shared",
            "-fPIC",
        ];
        command
            .args(flags)
            .arg(format!("-Wl,-soname,{name}"))
            .arg("-o")
            .arg(&to);
        if name == "libcuda.so" {
            command.arg(&from).arg("-ldl");
        } else {
            command
                .arg("-Wl,--no-as-needed")
                .arg(folder.path().join("libcuda.so"));
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        // SAFETY: the library has no initialisers but those of its own variables.
        let library = unsafe { Library::open(Some(&to), RTLD_NOW | RTLD_GLOBAL) }.unwrap();
        std::mem::forget(library);
    }
}

#[test]
fn the_engine_computes_by_cuda_what_the_cpu_engine_computes() {
    load();
    check(SIZES, Precision::Bf16, 0.1);
    check_bits(SIZES);
    let architecture = rooflaw::models::find("qwen3-0.6b").unwrap().architecture;
    let model = Model {
        details: Details::of(&architecture),
        architecture,
    };
    let options = EngineOptions {
        sequences: 2,
        sequence_length: 8,
        load_balancing: LoadBalancing::None,
    };
    let refusal = |number| {
        let engine = CudaEngine::new(model.clone(), options, Precision::Bf16, number);
        engine.err().unwrap().to_string()
    };
    // 1 GiB for 0.6 billion parameters.
    let message = refusal(0);
    assert!(
        message.contains("for the weights, where 1073741824 are free"),
        "{message}"
    );
    assert!(refusal(1).contains("GPU 1 of 1"));
}
