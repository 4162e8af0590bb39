//! Numbers with the unit and the digits that people want.

/// Seconds as milliseconds, three significant digits or one decimal: `0.892`, `4.89`, `18.3`, `1234.5`.
pub fn milliseconds(seconds: f64) -> String {
    let ms = seconds * 1e3;
    match ms {
        ms if ms < 1.0 => format!("{ms:.3}"),
        ms if ms < 10.0 => format!("{ms:.2}"),
        ms => format!("{ms:.1}"),
    }
}

/// A duration with its unit: `892 µs`, `18.3 ms`, `2.00 s`.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{} ms", milliseconds(s)),
        s => format!("{s:.2} s"),
    }
}

/// Bytes in GB (1e9): `0.99 GB`.
pub fn gigabytes(bytes: f64) -> String {
    let gb = bytes / 1e9;
    if gb < 10.0 {
        format!("{gb:.2} GB")
    } else {
        format!("{gb:.1} GB")
    }
}

/// A number in millions, without a unit: `988.1`.
pub fn millions(value: f64) -> String {
    let millions = value / 1e6;
    match millions {
        m if m >= 100.0 => format!("{m:.0}"),
        m if m >= 1.0 => format!("{m:.1}"),
        m => format!("{m:.3}"),
    }
}

/// A parameter count: `494M`, `1.24B`.
pub fn parameters(count: u64) -> String {
    let count = count as f64;
    match count {
        c if c < 1e6 => format!("{:.0}K", c / 1e3),
        c if c < 1e9 => format!("{:.0}M", c / 1e6),
        c if c < 1e11 => format!("{:.2}B", c / 1e9),
        c => format!("{:.0}B", c / 1e9),
    }
}

/// A loss in nats per token.
pub fn loss(nats: f64) -> String {
    format!("{nats:.4}")
}

/// An integer with separators: `1,942`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(milliseconds(0.00489), "4.89");
        assert_eq!(seconds(0.0183), "18.3 ms");
        assert_eq!(gigabytes(988.07e6), "0.99 GB");
        assert_eq!(parameters(494_032_768), "494M");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(12), "12");
    }
}
