//! Numbers with the unit and the digits that people want.

/// Seconds as milliseconds, at least three significant digits in at most seven characters: `0.892`, `18.3`, `1234.5`.
pub fn milliseconds(seconds: f64) -> String {
    let ms = seconds * 1e3;
    match ms {
        ms if ms < 1.0 => format!("{ms:.3}"),
        ms if ms < 10.0 => format!("{ms:.2}"),
        ms => short(ms, 1),
    }
}

/// A number with as many of `decimals` as fit into seven characters: `1234.5`, `123457`, `1.23e8`.
pub fn short(value: f64, decimals: usize) -> String {
    (0..=decimals)
        .rev()
        .map(|decimals| format!("{value:.decimals$}"))
        .find(|text| text.len() <= 7)
        .unwrap_or_else(|| format!("{value:.2e}"))
}

/// A column of numbers, all with the decimals that the largest has room for.
pub fn column(values: &[f64], decimals: usize) -> Vec<String> {
    let largest = values.iter().copied().fold(0.0, f64::max);
    let shown = short(largest, decimals);
    let fitting = shown.split_once('.').map_or(0, |(_, digits)| digits.len());
    let fitting = if shown.contains('e') { 0 } else { fitting };
    values.iter().map(|&value| short(value, fitting)).collect()
}

/// A name cut to a width.
pub fn elided(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.to_owned();
    }
    name.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A duration with its unit: `892 µs`, `18.3 ms`, `2.00 s`.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{} ms", milliseconds(s)),
        s => format!("{} s", short(s, 2)),
    }
}

/// Bytes in GB (1e9): `0.99 GB`.
pub fn gigabytes(bytes: f64) -> String {
    match bytes / 1e9 {
        gb if gb < 0.01 => format!("{} MB", short(1e3 * gb, 2)),
        gb if gb < 10.0 => format!("{gb:.2} GB"),
        gb => format!("{} GB", short(gb, 1)),
    }
}

/// Operations per second in T/s, without the unit: `0.31`, `42.5`.
pub fn tera(rate: f64) -> String {
    let tera = rate / 1e12;
    if tera < 10.0 {
        format!("{tera:.2}")
    } else {
        short(tera, 1)
    }
}

/// A parameter count: `494M`, `1.24B`.
pub fn parameters(count: u64) -> String {
    let count = count as f64;
    match count {
        c if c < 1e6 => format!("{:.0}K", c / 1e3),
        c if c < 1e9 => format!("{:.0}M", c / 1e6),
        c if c < 1e11 => format!("{:.2}B", c / 1e9),
        c => format!("{}B", short(c / 1e9, 0)),
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
        assert_eq!(milliseconds(1.234567e9), "1.23e12");
        assert_eq!(gigabytes(988.07e6), "0.99 GB");
        assert_eq!(gigabytes(2e6), "2.00 MB");
        assert_eq!(column(&[0.5, 123_456.7], 2), ["0", "123457"]);
        assert_eq!(column(&[0.5, 39.48], 2), ["0.50", "39.48"]);
        assert_eq!(elided("abcdef", 4), "abc…");
        assert_eq!(parameters(494_032_768), "494M");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(12), "12");
    }
}
