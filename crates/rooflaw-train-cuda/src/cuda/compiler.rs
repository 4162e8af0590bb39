//! The kernels' compiler, NVRTC; it needs no GPU.

use super::libraries::{Library, require};
use crate::array::Precision;
use crate::kernels::source;
use cudarc::nvrtc::{result, sys};
use rooflaw_train::engine::EngineError;
use std::ffi::{CString, c_char};

/// Machine code of all kernels.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) code: Vec<u8>,
    /// What the compiler had to say: warnings, none when all is well.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests see to it that there are none"))]
    pub(super) log: String,
}

/// Compiles the kernels for a compute capability, as in 90 for 9.0.
pub(super) fn compile(precision: Precision, capability: u32) -> Result<Compiled, EngineError> {
    require(Library::Nvrtc)?;
    compile_source(&source(precision), capability)
}

#[expect(unsafe_code, reason = "NVRTC is a foreign library")]
fn compile_source(source: &str, capability: u32) -> Result<Compiled, EngineError> {
    let failed =
        |what: &str, error: result::NvrtcError| EngineError::Device(format!("NVRTC {what}: {error}"));
    let text = CString::new(source).map_err(|error| EngineError::Device(error.to_string()))?;
    let program = result::create_program(&text, Some(c"rooflaw.cu"))
        .map_err(|error| failed("has no program", error))?;
    // Machine code, not PTX, which an older driver than the compiler could not read. Divisions and roots are exact by default.
    let options = [
        format!("--gpu-architecture=sm_{capability}"),
        "--std=c++17".to_owned(),
    ];
    // SAFETY: the program is alive until it is destroyed below, and its source until the end of the function.
    let (compiled, log) = unsafe {
        (
            result::compile_program(program, &options),
            result::get_program_log(program),
        )
    };
    let log = log.map(text_of).unwrap_or_default();
    let code = match compiled {
        Ok(()) => machine_code(program).map_err(|error| failed("gave no machine code", error)),
        Err(error) => Err(EngineError::Device(format!(
            "kernels for sm_{capability}: {error}\n{log}"
        ))),
    };
    // SAFETY: the program is not used after this.
    unsafe { result::destroy_program(program) }.map_err(|error| failed("kept a program", error))?;
    Ok(Compiled { code: code?, log })
}

#[expect(unsafe_code, reason = "NVRTC is a foreign library")]
fn machine_code(program: sys::nvrtcProgram) -> Result<Vec<u8>, result::NvrtcError> {
    let mut size = 0;
    // SAFETY: the program is compiled and alive; NVRTC writes as many bytes as it said before.
    unsafe {
        sys::nvrtcGetCUBINSize(program, &raw mut size).result()?;
        let mut code = vec![0_u8; size];
        sys::nvrtcGetCUBIN(program, code.as_mut_ptr().cast()).result()?;
        Ok(code)
    }
}

/// Up to the final zero.
fn text_of(bytes: Vec<c_char>) -> String {
    let bytes: Vec<u8> = bytes
        .into_iter()
        .map(|byte| byte as u8)
        .take_while(|byte| *byte != 0)
        .collect();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Kernel;

    /// Whether NVRTC is there; says so if it is not, unless the environment demands it (`ROOFLAW_REQUIRE_NVRTC`, as CI does).
    fn has_nvrtc() -> bool {
        let result = require(Library::Nvrtc);
        if let Err(error) = &result {
            assert!(std::env::var_os("ROOFLAW_REQUIRE_NVRTC").is_none(), "{error}");
            eprintln!("skipped: {error}");
        }
        result.is_ok()
    }

    #[test]
    fn all_kernels_compile_without_warnings() {
        if !has_nvrtc() {
            return;
        }
        for capability in [80, 90] {
            for precision in [Precision::Bf16, Precision::F32] {
                let compiled = compile(precision, capability).unwrap();
                assert_eq!(compiled.log, "", "sm_{capability}");
                for kernel in Kernel::ALL {
                    let symbol = format!(".text.{}\0", kernel.name()).into_bytes();
                    let is_there = compiled.code.windows(symbol.len()).any(|window| window == symbol);
                    assert!(is_there, "{kernel:?} in the code for sm_{capability}");
                }
            }
        }
    }

    #[test]
    fn errors_come_with_the_compilers_log() {
        if !has_nvrtc() {
            return;
        }
        let message = compile_source("KERNEL nonsense() {}", 90)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("sm_90") && message.contains("rooflaw.cu(1): error"),
            "{message}"
        );
    }
}
