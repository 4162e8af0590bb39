//! Micro-benchmarks of this machine.

mod bandwidth;
mod cache;
mod product;
mod rounds;

pub use bandwidth::Bandwidth;
pub use product::{PRODUCT_PRECISIONS, ProductRate};

use crate::load::{Load, Watch};
use rooflaw::device::{Device, DeviceClass, Sources};
use serde::Serialize;
use std::thread;
use std::time::SystemTime;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// What was measured of this machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MachineReport {
    /// The processor, as it calls itself.
    pub processor: String,
    /// Cores that may be used; threads that share one count once.
    pub cores: usize,
    /// Threads that run at once.
    pub threads: usize,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// All caches of the last level together, bytes, where the system says.
    pub cache_bytes: Option<u64>,
    /// Size of each array for the bandwidths, bytes.
    pub array_bytes: u64,
    /// Bandwidths by threads.
    pub bandwidths: Vec<Bandwidth>,
    /// Rates of matrix products, by threads and precision.
    pub product_rates: Vec<ProductRate>,
    /// When, as a date (UTC).
    pub date: String,
    /// How far others used the processors meanwhile, where the system says.
    pub load: Option<Load>,
}

/// Arrays are at least this many times the caches (STREAM's rule).
const TIMES_CACHE: u64 = 4;
/// Smallest array, where caches are small or not known, bytes.
const SMALLEST_ARRAY: u64 = 128 << 20;
/// Caches where the system does not say, bytes.
const ASSUMED_CACHE: u64 = 64 << 20;
/// Arrays take at most this part of the memory that is free, each.
const SHARE_OF_MEMORY: u64 = 8;

/// What to call a device, and what kind it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceName {
    /// Identifier, the stem of its file.
    pub id: String,
    /// Its name; that of the processor if `None`.
    pub name: Option<String>,
    /// Its class.
    pub class: DeviceClass,
}

/// Numbers of threads to try: powers of two, the cores, and all.
fn thread_counts(cores: usize, threads: usize) -> Vec<usize> {
    let mut counts: Vec<usize> = (0..usize::BITS)
        .map(|power| 1 << power)
        .take_while(|&count| count < threads)
        .chain([cores, threads])
        .collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// The size of an array: far beyond the caches, and small against the memory.
fn array_bytes(cache: Option<u64>, available: u64) -> u64 {
    let wanted = (TIMES_CACHE * cache.unwrap_or(ASSUMED_CACHE)).max(SMALLEST_ARRAY);
    // Some systems do not say what is free.
    if available == 0 {
        return SMALLEST_ARRAY;
    }
    wanted.min(available / SHARE_OF_MEMORY)
}

impl MachineReport {
    /// Measures; some seconds. `progress` is told of steps done and of steps in all.
    #[must_use]
    pub fn measure(progress: &mut dyn FnMut(u64, u64)) -> MachineReport {
        let kinds = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(kinds);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let cores = System::physical_core_count().unwrap_or(threads).clamp(1, threads);
        let cache_bytes = cache::last_level_bytes();
        let array_bytes = array_bytes(cache_bytes, system.available_memory());
        let counts = thread_counts(cores, threads);
        let watch = Watch::start();
        let steps = ((1 + PRODUCT_PRECISIONS.len()) * counts.len()) as u64;
        let mut done = 0;
        let mut step = || {
            done += 1;
            progress(done, steps);
        };
        let bandwidths = counts
            .iter()
            .map(|&threads| {
                let found = bandwidth::bandwidth(threads, array_bytes);
                step();
                found
            })
            .collect();
        let product_rates = counts
            .iter()
            .flat_map(|&threads| PRODUCT_PRECISIONS.map(|precision| (threads, precision)))
            .filter_map(|(threads, precision)| {
                let found = product::product_rate(threads, precision);
                step();
                found
            })
            .collect();
        let processor = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        MachineReport {
            processor: processor
                .filter(|name| !name.is_empty())
                .unwrap_or("this machine".to_owned()),
            cores,
            threads,
            memory_bytes: system.total_memory(),
            cache_bytes,
            array_bytes,
            bandwidths,
            product_rates,
            date: date(SystemTime::now()),
            load: watch.load(),
        }
    }

    /// The machine as a device: the largest of the rates that were measured.
    #[must_use]
    pub fn device(&self, name: &DeviceName) -> Device {
        let fastest = self
            .bandwidths
            .iter()
            .max_by(|a, b| a.read_bytes_per_s.total_cmp(&b.read_bytes_per_s));
        let measured = format!("measured here by rooflaw measure device on {}", self.date);
        let threads = |count: usize| match count {
            1 => "1 thread".to_owned(),
            count => format!("{count} threads"),
        };
        let bandwidth_threads = threads(fastest.map_or(0, |found| found.threads));
        let most_threads = self.product_rates.iter().map(|found| found.threads).max();
        let triad = self
            .bandwidths
            .iter()
            .map(|found| found.triad_bytes_per_s)
            .fold(0.0, f64::max);
        Device {
            id: name.id.clone(),
            name: name.name.clone().unwrap_or_else(|| self.processor.clone()),
            aliases: Vec::new(),
            vendor: String::new(),
            class: name.class,
            variant: Some(format!("{} of {}", bandwidth_threads, self.processor)),
            mode_of: None,
            last_level_cache_bytes: self.cache_bytes.map(|bytes| bytes as f64),
            memory_bandwidth_bytes_per_s: fastest.map_or(0.0, |found| rounded(found.read_bytes_per_s)),
            memory_capacity_bytes: self.memory_bytes as f64,
            power_w: None,
            peaks: product::peaks(&self.product_rates, rounded),
            launch_overhead_s: name.class.default_launch_overhead_s(),
            note: Some(format!(
                "Rates that were reached, not the peaks of a data sheet. STREAM's triad reached {:.1} GB/s.",
                triad / 1e9
            )),
            sources: Sources {
                peak_tflops: format!(
                    "{measured}: the best of products of {side} x {side} matrices (gemmkit), one on each of up to {}",
                    threads(most_threads.unwrap_or(0)),
                    side = product::SIDE
                ),
                memory_bandwidth: format!(
                    "{measured}: the best of reading {} MiB with {bandwidth_threads}",
                    self.array_bytes >> 20
                ),
                memory_capacity: "as the system reports it".to_owned(),
                power_w: String::new(),
                unread: Vec::new(),
            },
        }
    }
}

/// To four digits: more are not known.
fn rounded(value: f64) -> f64 {
    let unit = 10_f64.powf(value.log10().floor() - 3.0);
    (value / unit).round() * unit
}

/// The date in UTC.
fn date(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time)
        .to_string()
        .chars()
        .take(10)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rooflaw::format::Precision;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn threads_to_try() {
        assert_eq!(thread_counts(1, 1), [1]);
        assert_eq!(thread_counts(2, 2), [1, 2]);
        assert_eq!(thread_counts(6, 12), [1, 2, 4, 6, 8, 12]);
        assert_eq!(thread_counts(4, 8), [1, 2, 4, 8]);
    }

    #[test]
    fn arrays_leave_the_caches_and_fit_the_memory() {
        let gib = 1 << 30;
        assert_eq!(array_bytes(Some(32 << 20), 16 * gib), 128 << 20);
        assert_eq!(array_bytes(Some(512 << 20), 64 * gib), 2 * gib);
        assert_eq!(array_bytes(None, 16 * gib), 256 << 20);
        assert_eq!(array_bytes(Some(32 << 20), gib / 2), 64 << 20);
        assert_eq!(array_bytes(Some(32 << 20), 0), SMALLEST_ARRAY);
    }

    #[test]
    fn the_device_has_the_largest_rates_and_says_where_they_are_from() {
        let bandwidth = |threads, read| Bandwidth {
            threads,
            read_bytes_per_s: read,
            triad_bytes_per_s: 0.7 * read,
        };
        let rate = |threads, op_per_s| ProductRate {
            threads,
            precision: Precision::Fp32,
            op_per_s,
        };
        let report = MachineReport {
            processor: "Some CPU".to_owned(),
            cores: 4,
            threads: 8,
            memory_bytes: 16_000_000_000,
            cache_bytes: Some(32 << 20),
            array_bytes: 128 << 20,
            bandwidths: vec![bandwidth(1, 20e9), bandwidth(4, 50.004e9), bandwidth(8, 45e9)],
            product_rates: vec![rate(1, 1e11), rate(4, 3e11), rate(8, 4e11)],
            date: date(UNIX_EPOCH + Duration::from_secs(1_795_490_111)),
            load: None,
        };
        let name = DeviceName {
            id: "mine".to_owned(),
            name: None,
            class: DeviceClass::Cpu,
        };
        let device = report.device(&name);
        assert_eq!((device.id.as_str(), device.name.as_str()), ("mine", "Some CPU"));
        assert_eq!(device.memory_bandwidth_bytes_per_s, 50e9);
        assert_eq!(device.peaks.fp32, Some(4e11));
        assert!(
            device.sources.memory_bandwidth.contains("2026-11-24"),
            "{:?}",
            device.sources
        );
        assert!(
            device.sources.memory_bandwidth.contains("with 4 threads"),
            "{:?}",
            device.sources
        );
        assert!(
            device.sources.peak_tflops.contains("each of up to 8 threads"),
            "{:?}",
            device.sources
        );
        // What is written is read as the same.
        let read = Device::from_toml("mine", &device.to_toml()).unwrap();
        assert_eq!(read, device);
    }
}
