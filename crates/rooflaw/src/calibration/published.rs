//! The calibrations that come with the crate: of the devices in `data/measurements/published.csv`.

use super::calibrated::Calibration;
use crate::device::{self, Device};
use crate::embedded;

/// The device's id in a file's stem, `DEVICE.RUNTIME`: ids have no dots.
fn id(stem: &str) -> &str {
    stem.split_once('.').map_or(stem, |(id, _)| id)
}

impl Calibration {
    /// The calibrations that come with the crate and suit a device: its own, and those of the same device in another
    /// configuration (see [`Device::mode_of`]) with the same bandwidth and rate.
    ///
    /// Only the files of these are parsed.
    #[must_use]
    pub fn embedded(device: &Device) -> Vec<Calibration> {
        let is_family = |id: &str| {
            id == device.id || device::find(id).is_ok_and(|other| other.family() == device.family())
        };
        embedded::DEVICE_CALIBRATIONS
            .iter()
            .filter(|(stem, _)| is_family(id(stem)))
            // A file that does not parse cannot be released: a test reads each of them.
            .filter_map(|(_, text)| Calibration::from_toml(text).ok())
            .filter(|calibration| calibration.check_figures(device).is_ok())
            .collect()
    }

    /// Whether [`Calibration::embedded`] has files of a device, whatever its figures are.
    #[must_use]
    pub fn is_embedded(device: &Device) -> bool {
        embedded::DEVICE_CALIBRATIONS
            .iter()
            .any(|(stem, _)| id(stem) == device.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_of_a_device_as_it_is_now() {
        for (stem, text) in embedded::DEVICE_CALIBRATIONS {
            let calibration = Calibration::from_toml(text).unwrap_or_else(|error| panic!("{stem}: {error}"));
            let device = device::find(&calibration.device.id).unwrap();
            assert_eq!(id(stem), device.id);
            assert_eq!(calibration.check(device), Ok(()), "{stem}");
            assert_eq!(&calibration.to_toml(), text, "{stem}");
            assert!(Calibration::is_embedded(device));
            assert!(Calibration::embedded(device).contains(&calibration), "{stem}");
        }
        assert!(!embedded::DEVICE_CALIBRATIONS.is_empty());
    }

    #[test]
    fn other_figures_are_another_device() {
        let (stem, _) = embedded::DEVICE_CALIBRATIONS[0];
        let mut device = device::find(id(stem)).unwrap().clone();
        device.memory_bandwidth_bytes_per_s *= 1.2;
        assert!(Calibration::embedded(&device).is_empty());
        device.id = "mine".to_owned();
        assert!(!Calibration::is_embedded(&device));
    }
}
