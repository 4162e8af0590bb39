//! The embedded devices, and how a name finds one.

use super::Device;
use crate::{embedded, near_miss::near_miss};
use std::sync::LazyLock;

/// A device name that is in no file and no alias.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown device `{name}`{}: `rooflaw devices` lists them; a TOML file of your own works too",
    .near_miss.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
pub struct UnknownDevice {
    /// What was asked for.
    pub name: String,
    /// The most similar name there is.
    pub near_miss: Option<String>,
}

/// Every embedded device, sorted by id.
#[must_use]
pub fn catalogue() -> &'static [Device] {
    static CATALOGUE: LazyLock<Vec<Device>> = LazyLock::new(|| {
        // A file that does not parse cannot be released: the test below reads each of them.
        embedded::DEVICES
            .iter()
            .filter_map(|(id, text)| Device::from_toml(id, text).ok())
            .collect()
    });
    &CATALOGUE
}

/// Finds an embedded device by id, name or alias, whatever the case.
///
/// # Errors
/// [`UnknownDevice`] with the nearest name.
pub fn find(name: &str) -> Result<&'static Device, UnknownDevice> {
    let names = |device: &'static Device| {
        [&device.id, &device.name]
            .into_iter()
            .chain(&device.aliases)
            .map(String::as_str)
    };
    let wanted = name.trim();
    catalogue()
        .iter()
        .find(|device| names(device).any(|known| known.eq_ignore_ascii_case(wanted)))
        .ok_or_else(|| UnknownDevice {
            name: name.to_owned(),
            near_miss: near_miss(wanted, catalogue().iter().flat_map(names)).map(str::to_owned),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn every_file_is_read_and_no_name_is_shared() {
        let mut owners: HashMap<String, String> = HashMap::new();
        for (id, text) in embedded::DEVICES {
            let device = Device::from_toml(id, text).unwrap_or_else(|error| panic!("{id}: {error}"));
            for name in [&device.id, &device.name].into_iter().chain(&device.aliases) {
                if let Some(other) = owners.insert(name.to_lowercase(), device.id.clone()) {
                    assert_eq!(other, device.id, "{name} names two devices");
                }
            }
        }
    }

    #[test]
    fn every_figure_has_a_source() {
        for device in catalogue() {
            assert!(
                !device.sources.peak_tflops.is_empty(),
                "{}: peak_tflops",
                device.id
            );
            assert!(
                !device.sources.memory_bandwidth.is_empty(),
                "{}: memory_bandwidth",
                device.id
            );
            assert!(
                !device.sources.memory_capacity.is_empty(),
                "{}: memory_capacity",
                device.id
            );
        }
    }

    #[test]
    fn a_near_miss_is_offered() {
        assert_eq!(find("JETSON AGX ORIN 64GB").unwrap().id, "jetson-agx-orin-64gb");
        let error = find("jetson-agx-orin-64g").unwrap_err();
        assert_eq!(error.near_miss.as_deref(), Some("jetson-agx-orin-64gb"));
        assert_eq!(find("zzz").unwrap_err().near_miss, None);
    }
}
