//! Which runtime is usual where, and which weight formats it runs.

use super::groups::{Runtime, Scope};
use super::hierarchy::Hierarchy;
use super::population::Population;
use crate::device::{Device, DeviceClass, Phase};
use crate::format::WeightFormat;
use std::collections::BTreeSet;

/// What llama.cpp's llama-quantize writes, of the formats there are.
const GGUF: [WeightFormat; 9] = [
    WeightFormat::Fp32,
    WeightFormat::Bf16,
    WeightFormat::GgufF16,
    WeightFormat::Q8_0,
    WeightFormat::Q6K,
    WeightFormat::Q5KM,
    WeightFormat::Q4KM,
    WeightFormat::Q4_0,
    WeightFormat::Mxfp4,
];

/// What vLLM, TensorRT-LLM and SGLang serve, GGUF files left aside.
const SERVED: [WeightFormat; 8] = [
    WeightFormat::Fp32,
    WeightFormat::Fp16,
    WeightFormat::Bf16,
    WeightFormat::Fp8,
    WeightFormat::W8A16,
    WeightFormat::W8A8,
    WeightFormat::W4A16 { group_size: 128 },
    WeightFormat::Mxfp4,
];

/// What mlx-lm's converter writes; its 4 bits are counted as `Q4_0`, which has as many bits.
const MLX: [WeightFormat; 7] = [
    WeightFormat::Fp32,
    WeightFormat::Fp16,
    WeightFormat::Bf16,
    WeightFormat::W8A16,
    WeightFormat::W4A16 { group_size: 128 },
    WeightFormat::Q4_0,
    WeightFormat::Mxfp4,
];

/// Whether a format is one of GGUF's own.
const fn is_gguf(weights: WeightFormat) -> bool {
    matches!(
        weights,
        WeightFormat::GgufF16
            | WeightFormat::Q8_0
            | WeightFormat::Q6K
            | WeightFormat::Q5KM
            | WeightFormat::Q4KM
            | WeightFormat::Q4_0
    )
}

impl Runtime {
    /// The formats that a program runs, as far as is known; all of them for a program that is not.
    #[must_use]
    pub fn formats(program: &str) -> Vec<WeightFormat> {
        match program {
            "llama.cpp" => GGUF.to_vec(),
            "vllm" | "tensorrt-llm" | "sglang" => SERVED.to_vec(),
            "mlx" => MLX.to_vec(),
            _ => WeightFormat::ALL.to_vec(),
        }
    }

    /// The backend that is natural to a device: CUDA for NVIDIA's, Metal for Apple's, the CPU's own for CPUs and
    /// boards, Vulkan else.
    #[must_use]
    pub fn backend_of(device: &Device) -> &'static str {
        match device.class {
            DeviceClass::Jetson => "cuda",
            DeviceClass::Apple => "metal",
            _ if device.vendor == "NVIDIA" => "cuda",
            _ if device.vendor == "Apple" => "metal",
            DeviceClass::Cpu | DeviceClass::Sbc => "cpu",
            DeviceClass::Npu => "npu",
            _ => "vulkan",
        }
    }

    /// The runtime that is taken for a device and a format where none is named.
    ///
    /// GGUF's formats: llama.cpp. The others: TensorRT-LLM on NVIDIA's devices, which of the runtimes that serve them
    /// the published measurements predict best (`studies/latency-validation`); MLX on Apple's; llama.cpp, which has
    /// 16 bits too, elsewhere. NPUs have their vendors' own.
    #[must_use]
    pub fn usual(device: &Device, weights: WeightFormat) -> Runtime {
        let backend = Runtime::backend_of(device);
        let program = match backend {
            "npu" => match device.vendor.as_str() {
                "Rockchip" => "rkllm",
                "Qualcomm" => "qnn",
                _ => "vendor",
            },
            _ if is_gguf(weights) => "llama.cpp",
            "cuda" => "tensorrt-llm",
            "metal" => "mlx",
            _ => "llama.cpp",
        };
        Runtime {
            program: program.to_owned(),
            backend: backend.to_owned(),
            version: String::new(),
        }
    }
}

impl Population {
    /// The runtimes that measurements were made with, each as [`Runtime::name`] has it, sorted.
    #[must_use]
    pub fn runtimes(&self) -> Vec<String> {
        let mut names = BTreeSet::new();
        for phase in Phase::ALL {
            let of_runtimes: Vec<String> = Hierarchy::of(phase)
                .levels
                .iter()
                .filter(|level| level.scope == Scope::Runtime)
                .map(super::hierarchy::Level::name)
                .collect();
            for (level, group) in self.effects(phase).values.keys() {
                if of_runtimes.contains(level) {
                    names.insert(group.clone());
                }
            }
        }
        names.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device;

    #[test]
    fn every_device_and_format_has_a_usual_runtime_that_runs_it() {
        for device in device::catalogue() {
            for weights in WeightFormat::ALL {
                let runtime = Runtime::usual(device, weights);
                assert!(!runtime.program.is_empty() && !runtime.backend.is_empty());
            }
        }
        let usual = |id: &str, weights| Runtime::usual(device::find(id).unwrap(), weights).name();
        assert_eq!(
            usual("jetson-agx-orin-64gb", WeightFormat::Bf16),
            "tensorrt-llm/cuda"
        );
        assert_eq!(usual("geforce-rtx-4090", WeightFormat::Q4KM), "llama.cpp/cuda");
        assert_eq!(usual("apple-m4", WeightFormat::Q8_0), "llama.cpp/metal");
        assert_eq!(usual("apple-m4", WeightFormat::Bf16), "mlx/metal");
        assert_eq!(usual("raspberry-pi-5", WeightFormat::Bf16), "llama.cpp/cpu");
        assert_eq!(
            usual("ryzen-ai-max-plus-395", WeightFormat::Q4_0),
            "llama.cpp/vulkan"
        );
        assert_eq!(usual("rk3588", WeightFormat::W8A8), "rkllm/npu");
    }

    /// Else the defaults would rest on nothing.
    #[test]
    fn the_usual_runtimes_were_measured() {
        let known = Population::embedded().runtimes();
        for (id, weights) in [
            ("jetson-agx-orin-64gb", WeightFormat::Bf16),
            ("geforce-rtx-4090", WeightFormat::Q4KM),
            ("apple-m4", WeightFormat::Bf16),
            ("apple-m4", WeightFormat::Q8_0),
            ("raspberry-pi-5", WeightFormat::Q4KM),
            ("ryzen-ai-max-plus-395", WeightFormat::Q4_0),
            ("rk3588", WeightFormat::W8A8),
        ] {
            let usual = Runtime::usual(device::find(id).unwrap(), weights).name();
            assert!(known.contains(&usual), "{usual} is none of {known:?}");
        }
    }
}
