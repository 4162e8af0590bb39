//! Numbers with units: `20ms`, `8GB`, `1.5B`.

fn split(text: &str) -> Result<(f64, &str), String> {
    let text = text.trim();
    let unit_at = text
        .find(|c: char| c.is_ascii_alphabetic() && c != 'e' || c == 'µ')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    match number.trim().replace('_', "").parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok((value, unit.trim())),
        _ => Err(format!("`{text}` does not begin with a positive number")),
    }
}

fn scaled(text: &str, units: &[(&str, f64)]) -> Result<f64, String> {
    let (value, unit) = split(text)?;
    let scale = units
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .map(|(_, scale)| scale);
    scale.map(|scale| value * scale).ok_or_else(|| {
        let known: Vec<_> = units
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !name.is_empty())
            .collect();
        format!("`{text}`: expected a number with a unit: {}", known.join(", "))
    })
}

/// A duration in seconds: `500us`, `20ms`, `1.5s`.
pub fn seconds(text: &str) -> Result<f64, String> {
    scaled(text, &[("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)])
}

/// A size in bytes: `800MB`, `8GB` (1e9), `8GiB` (2^30).
pub fn bytes(text: &str) -> Result<f64, String> {
    scaled(
        text,
        &[
            ("MB", 1e6),
            ("GB", 1e9),
            ("TB", 1e12),
            ("MiB", 1_048_576.0),
            ("GiB", 1_073_741_824.0),
        ],
    )
}

/// A bandwidth in bytes/s: `300GB/s`, `1.2TB/s`.
pub fn bandwidth(text: &str) -> Result<f64, String> {
    scaled(text, &[("MB/s", 1e6), ("GB/s", 1e9), ("TB/s", 1e12)])
}

/// A rate of arithmetic in FLOP/s: `80TFLOP/s`.
pub fn rate(text: &str) -> Result<f64, String> {
    scaled(text, &[("GFLOP/s", 1e9), ("TFLOP/s", 1e12), ("PFLOP/s", 1e15)])
}

/// A factor: `x1.5`, `×1.5`; `None` for text that begins with neither.
pub fn factor(text: &str) -> Option<Result<f64, String>> {
    let number = text.trim().strip_prefix(['x', 'X', '×'])?;
    Some(match number.trim().parse::<f64>() {
        Ok(value) if (1e-4..=1e4).contains(&value) => Ok(value),
        _ => Err(format!(
            "`{text}`: expected a factor from x0.0001 to x10000, such as x1.5"
        )),
    })
}

/// A count: `494032768`, `500M`, `1.5B`.
pub fn count(text: &str) -> Result<f64, String> {
    scaled(
        text,
        &[("", 1.0), ("K", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)],
    )
}

/// A number of at least 0.
pub fn not_negative(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value >= 0.0 && value.is_finite() => Ok(value),
        _ => Err(format!("`{text}`: expected a number of at least 0")),
    }
}

/// A share: `2%`, `0.02`.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&(value * scale)) => Ok(value * scale),
        _ => Err(format!(
            "`{text}`: expected a share from 0 to 1, such as 0.02 or 2%"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read() {
        assert_eq!(seconds("20ms"), Ok(0.02));
        assert_eq!(seconds("1.5 s"), Ok(1.5));
        assert_eq!(seconds("250us"), Ok(250e-6));
        assert_eq!(bytes("8GB"), Ok(8e9));
        assert_eq!(bytes("0.5gib"), Ok(536_870_912.0));
        assert_eq!(count("1.5B"), Ok(1.5e9));
        assert_eq!(count("494_032_768"), Ok(494_032_768.0));
        assert_eq!(bandwidth("300GB/s"), Ok(3e11));
        assert_eq!(rate("80 tflop/s"), Ok(8e13));
        assert_eq!(factor("x1.5"), Some(Ok(1.5)));
        assert_eq!(factor("1.5"), None);
        for wrong in ["x", "x0", "x-1", "xnan", "x1e9", "×"] {
            assert!(factor(wrong).unwrap().is_err(), "{wrong}");
        }
        assert_eq!(share("2%"), Ok(0.02));
        assert_eq!(share("0.5"), Ok(0.5));
        assert_eq!(not_negative("0.5"), Ok(0.5));
        for wrong in ["", "-1", "nan", "inf", "1ms"] {
            assert!(not_negative(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "%", "2", "-1%", "nan", "101 %"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "ms", "-3ms", "3", "nanms", "3 parsecs", "infs"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
