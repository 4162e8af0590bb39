//! Finding what is loaded at run time: the driver, NVRTC and cuBLAS.

use rooflaw_train::engine::EngineError;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The environment variable that names folders of libraries, separated as in `PATH`.
pub(super) const FOLDERS: &str = "ROOFLAW_CUDA_LIBRARIES";

/// A library, or that it was not found, and what to do.
pub(super) fn require(library: Library) -> Result<(), EngineError> {
    static PRELOADED: OnceLock<()> = OnceLock::new();
    PRELOADED.get_or_init(|| {
        for folder in std::env::var_os(FOLDERS).iter().flat_map(std::env::split_paths) {
            preload(&folder);
        }
    });
    if is_present(library) {
        return Ok(());
    }
    let message = match library {
        Library::Driver => {
            "no NVIDIA driver: libcuda.so.1 was not found; a GPU and its driver (CUDA 12 or 13) are needed"
                .to_owned()
        }
        Library::Nvrtc => missing("NVRTC", "libnvrtc.so.13 or .12", "nvidia-cuda-nvrtc"),
        Library::CuBlas => missing("cuBLAS", "libcublas.so.13 or .12", "nvidia-cublas"),
    };
    Err(EngineError::Device(message))
}

/// A library that is loaded at run time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Library {
    Driver,
    Nvrtc,
    CuBlas,
}

fn missing(name: &str, files: &str, package: &str) -> String {
    format!(
        "no {name}: {files} was not found by the dynamic linker, nor in the folders that {FOLDERS} names. It is part of the CUDA toolkit, \
         and of the Python package {package} (in its lib folder)"
    )
}

#[expect(unsafe_code, reason = "cudarc loads the library to see whether it is there")]
fn is_present(library: Library) -> bool {
    // SAFETY: loading NVIDIA's libraries runs their initialisers, which have no preconditions.
    unsafe {
        match library {
            Library::Driver => cudarc::driver::sys::is_culib_present(),
            Library::Nvrtc => cudarc::nvrtc::sys::is_culib_present(),
            Library::CuBlas => cudarc::cublas::sys::is_culib_present(),
        }
    }
}

/// Loads NVRTC and cuBLAS from a folder, so that the dynamic linker has them when cudarc asks for them by name. What cannot be loaded is left
/// to fail there.
fn preload(folder: &Path) {
    for file in files(folder) {
        load_for_good(file.as_os_str());
    }
}

/// The libraries of a folder in the order in which they need each other.
fn files(folder: &Path) -> Vec<PathBuf> {
    let names = [
        "libnvrtc-builtins.so",
        "libnvrtc.so",
        "libcublasLt.so",
        "libcublas.so",
    ];
    let entries = || folder.read_dir().into_iter().flatten().flatten();
    let named = |name: &'static str| {
        let mut found: Vec<PathBuf> = entries()
            .map(|entry| entry.path())
            .filter(|path| {
                path.file_name()
                    .and_then(OsStr::to_str)
                    .is_some_and(|file| file.starts_with(name))
            })
            .collect();
        found.sort();
        found
    };
    names.into_iter().flat_map(named).collect()
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "a library that the user named is loaded")]
fn load_for_good(path: &OsStr) {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: as in `is_present`; the files are named as NVIDIA's are, in a folder that the user named for this.
    if let Ok(library) = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) } {
        // It stays loaded as long as the process runs.
        std::mem::forget(library);
    }
}

#[cfg(not(unix))]
fn load_for_good(_: &OsStr) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_loaded_after_what_they_need() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "libcublas.so.12",
            "libnvrtc.so.12",
            "libcublasLt.so.12",
            "libnvrtc-builtins.so.12.8",
            "libcudart.so.12",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let files = files(folder.path());
        let names: Vec<_> = files
            .iter()
            .filter_map(|file| file.file_name()?.to_str())
            .collect();
        assert_eq!(
            names,
            [
                "libnvrtc-builtins.so.12.8",
                "libnvrtc.so.12",
                "libcublasLt.so.12",
                "libcublas.so.12"
            ]
        );
        assert!(super::files(Path::new("/nowhere")).is_empty());
    }

    #[test]
    fn what_is_missing_is_named_with_where_to_get_it() {
        // On a machine with a driver there is nothing to see here.
        if !is_present(Library::Driver) {
            let message = require(Library::Driver).unwrap_err().to_string();
            assert!(message.contains("libcuda.so.1"), "{message}");
        }
        let message = missing("cuBLAS", "libcublas.so.13", "nvidia-cublas");
        assert!(
            message.contains(FOLDERS) && message.contains("nvidia-cublas"),
            "{message}"
        );
    }
}
