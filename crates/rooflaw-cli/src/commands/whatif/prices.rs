//! Prices of devices, from a table of the user's.

use crate::input;
use anyhow::{Context as _, Result, bail};
use rooflaw::device::{self, Device};
use std::collections::BTreeMap;
use std::path::Path;

/// Prices by the device's id.
#[derive(Default)]
pub struct Prices(BTreeMap<String, f64>);

#[derive(serde::Deserialize)]
struct Row {
    device: String,
    price: String,
}

impl Prices {
    /// Reads a table with the columns `device` (an id, a name or an alias) and `price`; others are left alone.
    pub fn read(path: &Path) -> Result<Prices> {
        let of_file = || format!("--prices {}", path.display());
        let bytes = input::table_bytes(path).with_context(of_file)?;
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(bytes.as_slice());
        let headers = reader.headers().with_context(of_file)?.clone();
        for column in ["device", "price"] {
            if !headers.iter().any(|name| name == column) {
                bail!("{}: no column `{column}`: expected device and price", of_file());
            }
        }
        let mut prices = BTreeMap::new();
        for (row, line) in reader.deserialize::<Row>().zip(2..) {
            let Row { device: name, price } = row.with_context(of_file)?;
            let device = device::find(&name).with_context(|| format!("{}, line {line}", of_file()))?;
            let value = match price.parse::<f64>() {
                Ok(value) if value.is_finite() && value > 0.0 => value,
                _ => bail!(
                    "{}, line {line}: price `{price}`: expected a positive number without a currency",
                    of_file()
                ),
            };
            if prices.insert(device.id.clone(), value).is_some() {
                bail!("{}, line {line}: a second price of {}", of_file(), device.id);
            }
        }
        if prices.is_empty() {
            bail!("{}: no prices in it", of_file());
        }
        Ok(Prices(prices))
    }

    /// The price of a device; of a power mode or bin without one, that of the device it is a mode of.
    pub fn of(&self, device: &Device) -> Option<f64> {
        self.0
            .get(&device.id)
            .or_else(|| self.0.get(device.family()))
            .copied()
    }
}
