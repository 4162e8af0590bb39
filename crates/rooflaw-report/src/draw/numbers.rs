//! Numbers written for people.

/// `value` with an SI prefix and up to three significant digits: `1.5 T`, `200 G`, `7`.
pub(crate) fn si(value: f64) -> String {
    const PREFIXES: [(f64, &str); 7] = [
        (1e18, " E"),
        (1e15, " P"),
        (1e12, " T"),
        (1e9, " G"),
        (1e6, " M"),
        (1e3, " k"),
        (1.0, ""),
    ];
    let rounded = significant(value, 3);
    let (unit, prefix) = PREFIXES
        .into_iter()
        .find(|(unit, _)| rounded.abs() >= *unit * (1.0 - 1e-9))
        .unwrap_or((1.0, ""));
    let scaled = significant(rounded / unit, 3);
    format!("{}{prefix}", grouped(scaled, decimals_of(scaled).min(3)))
}

/// `value` rounded to `digits` significant digits.
pub(crate) fn significant(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let exponent = digits - 1 - value.abs().log10().floor() as i32;
    // Beyond these, a power of ten itself overflows.
    if exponent.abs() > 300 {
        return value;
    }
    // Dividing by a power of ten is exact where multiplying by its inverse is not.
    if exponent >= 0 {
        let unit = 10f64.powi(exponent);
        (value * unit).round() / unit
    } else {
        let unit = 10f64.powi(-exponent);
        (value / unit).round() * unit
    }
}

/// Decimal digits, with a comma between thousands and a true minus sign.
pub(crate) fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut out = String::new();
    if value < 0.0 && text.chars().any(|digit| digit.is_ascii_digit() && digit != '0') {
        out.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `value` to three significant digits, as ticks are written: for labels inside the figures.
pub(crate) fn plain(value: f64) -> String {
    let rounded = significant(value, 3);
    grouped(rounded, decimals_of(rounded))
}

/// Decimals that write `value` exactly, as far as a reader cares.
pub(crate) fn decimals_of(value: f64) -> usize {
    (0..=9)
        .find(|&decimals| {
            let unit = 10f64.powi(decimals as i32);
            ((value * unit).round() / unit - value).abs() <= 1e-9 * value.abs().max(1e-6)
        })
        .unwrap_or(9)
}

/// `value` with a letter for thousands, millions, billions and trillions, as sizes of models and
/// data sets are written: `70M`, `1.5B`.
pub(crate) fn short(value: f64) -> String {
    const LETTERS: [(f64, &str); 5] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, "")];
    let rounded = significant(value, 6);
    let (unit, letter) = LETTERS
        .into_iter()
        .find(|(unit, _)| rounded.abs() >= *unit * (1.0 - 1e-9))
        .unwrap_or((1.0, ""));
    let scaled = significant(rounded / unit, 6);
    format!("{}{letter}", grouped(scaled, decimals_of(scaled)))
}

/// `value` as up to three digits times a power of ten: `10⁻⁹`, `2.5×10²¹`.
pub(crate) fn power(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return plain(value);
    }
    // Rounded before the power is chosen, so that 9.999 becomes the next power.
    let scientific = format!("{:.2e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let sign = if value < 0.0 { "−" } else { "" };
    let raised: String = exponent.chars().map(superscript).collect();
    match mantissa {
        "1" => format!("{sign}10{raised}"),
        _ => format!("{sign}{mantissa}×10{raised}"),
    }
}

fn superscript(symbol: char) -> char {
    match symbol {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁻',
    }
}

/// The notation that suits a set of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brief {
    /// [`grouped`]: neither long nor full of zeros.
    Plain,
    /// [`short`].
    Short,
    /// [`power`].
    Power,
}

impl Brief {
    /// One notation for all of `values`.
    pub(crate) fn of(values: &[f64]) -> Self {
        let sizes = values.iter().map(|value| value.abs());
        let (least, most) = sizes
            .filter(|size| *size > 0.0 && size.is_finite())
            .fold((f64::INFINITY, 0.0f64), |(least, most), size| {
                (least.min(size), most.max(size))
            });
        match most {
            0.0 => Brief::Plain,
            _ if least < 1e-4 || !(1e-3..1e15).contains(&most) => Brief::Power,
            _ if most >= 2e4 => Brief::Short,
            _ => Brief::Plain,
        }
    }
}

/// `value` to three significant digits in the notation that suits it: `0.348`, `412`, `2.5×10⁻⁷`.
pub(crate) fn brief(value: f64) -> String {
    match Brief::of(&[value]) {
        Brief::Power => power(value),
        Brief::Short => short(significant(value, 3)),
        Brief::Plain => plain(value),
    }
}

/// `value ± spread`, both as far as the second significant digit of the spread.
pub(crate) fn with_spread(value: f64, spread: f64) -> String {
    let is_plain = Brief::of(&[value]) == Brief::Plain;
    if !is_plain || spread <= 0.0 || !(1e-6..1e4).contains(&spread) {
        return format!("{} ± {}", brief(value), brief(significant(spread, 2)));
    }
    let decimals = (1.0 - significant(spread, 2).log10().floor()).max(0.0) as usize;
    format!("{} ± {}", grouped(value, decimals), grouped(spread, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(si(1.5e12), "1.5 T");
        assert_eq!(si(2e11), "200 G");
        assert_eq!(si(999.9e9), "1 T");
        assert_eq!(si(1.0), "1");
        assert_eq!(plain(153.27), "153");
        assert_eq!(plain(0.012345), "0.0123");
        assert_eq!(plain(-12345.0), "−12,300");
        assert_eq!(plain(0.0), "0");
    }

    #[test]
    fn sizes_and_tiny_numbers_are_brief() {
        let written = [0.34812, 412.3, 7e7, 1.54e9, 2.5e21, 1e-9, -3.2e-5, 0.0, 9.9996e-8].map(brief);
        let expected = [
            "0.348",
            "412",
            "70M",
            "1.54B",
            "2.5×10²¹",
            "10⁻⁹",
            "−3.2×10⁻⁵",
            "0",
            "10⁻⁷",
        ];
        assert_eq!(written, expected);
        assert_eq!(Brief::of(&[1e3, 1e4, 1e5]), Brief::Short);
        assert_eq!(Brief::of(&[]), Brief::Plain);
        assert_eq!(with_spread(0.01, 0.003), "0.0100 ± 0.0030");
        assert_eq!(with_spread(12.34567, 0.0996), "12.35 ± 0.10");
        assert_eq!(with_spread(412.3, 25.0), "412 ± 25");
        assert_eq!(with_spread(0.5, 0.0), "0.5 ± 0");
        assert_eq!(with_spread(2e-7, 1e-8), "2×10⁻⁷ ± 10⁻⁸");
        for extreme in [f64::MAX, f64::MIN_POSITIVE, 5e-324] {
            assert!(brief(extreme).contains("×10"), "{extreme}");
        }
    }
}
