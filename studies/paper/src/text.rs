//! Numbers and architectures as text.

use rooflaw::architecture::{Architecture, KvProjection};

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as whole per cent; 100 % and 0 % only where they are exact.
pub fn percent(share: f64) -> String {
    let text = format!("{:.0}", 100.0 * share);
    match text.as_str() {
        "100" if share < 1.0 => "> 99 %".to_owned(),
        "0" if share > 0.0 => "< 1 %".to_owned(),
        _ => format!("{text} %"),
    }
}

/// A number with up to three decimals, none of them a trailing zero; whole thousands are separated.
pub fn short(number: f64) -> String {
    if number >= 1000.0 && number.fract() == 0.0 {
        return thousands(number as u64);
    }
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A latency given in ms, with three significant digits.
pub fn ms(latency_ms: f64) -> String {
    let decimals = if latency_ms < 10.0 {
        2
    } else if latency_ms < 100.0 {
        1
    } else {
        0
    };
    if latency_ms >= 1000.0 {
        return format!("{} ms", thousands(latency_ms.round() as u64));
    }
    format!("{latency_ms:.decimals$} ms")
}

/// What the study looks at in an architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Layers.
    pub n_layers: u32,
    /// Width of the residual stream.
    pub hidden_size: u32,
    /// Active FFN ratio `r`.
    pub ffn_ratio: f64,
    /// Experts, 1 when dense.
    pub n_experts: u32,
    /// Experts per token, 1 when dense.
    pub experts_per_token: u32,
    /// Activation rate `ρ`.
    pub activation_rate: f64,
    /// Query heads.
    pub n_heads: u32,
    /// Key-value heads.
    pub n_kv_heads: u32,
    /// Width of a head.
    pub head_dim: u32,
}

impl Shape {
    /// The shape of an architecture; with latent attention, which no space here has, no KV heads.
    pub fn of(architecture: &Architecture) -> Shape {
        let (n_kv_heads, head_dim) = match architecture.attention.kv {
            KvProjection::Grouped { n_kv_heads, head_dim } => (n_kv_heads, head_dim),
            KvProjection::Latent { .. } => (0, 0),
        };
        let moe = architecture.ffn.moe;
        Shape {
            n_layers: architecture.n_layers,
            hidden_size: architecture.hidden_size,
            ffn_ratio: architecture.ffn_ratio(),
            n_experts: moe.map_or(1, |moe| moe.n_experts),
            experts_per_token: moe.map_or(1, |moe| moe.experts_per_token),
            activation_rate: architecture.activation_rate(),
            n_heads: architecture.attention.n_heads,
            n_kv_heads,
            head_dim,
        }
    }

    /// Whether there is more than one expert.
    pub const fn is_moe(&self) -> bool {
        self.n_experts > 1
    }

    /// Query heads per key-value head.
    pub fn gqa(&self) -> f64 {
        f64::from(self.n_heads) / f64::from(self.n_kv_heads)
    }
}

/// `12 layers × 2,048, r 0.5, 16 experts top-1, 4 KV heads of 64`.
pub fn describe(architecture: &Architecture) -> String {
    let shape = Shape::of(architecture);
    let ffn = if shape.is_moe() {
        format!("{} experts top-{}", shape.n_experts, shape.experts_per_token)
    } else {
        "dense".to_owned()
    };
    format!(
        "{} layers × {}, r {}, {ffn}, {} KV {} of {}",
        shape.n_layers,
        thousands(u64::from(shape.hidden_size)),
        short(shape.ffn_ratio),
        shape.n_kv_heads,
        if shape.n_kv_heads == 1 { "head" } else { "heads" },
        shape.head_dim
    )
}

/// A Markdown table; numbers are aligned by the reader's renderer, not here.
pub fn table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", headers.join(" | "), "---|".repeat(headers.len()));
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0.0, 0.001, 0.5, 0.999, 1.0].map(percent),
            ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]
        );
        assert_eq!(
            [0.5, 16.0, 0.0625, 1536.0].map(short),
            ["0.5", "16", "0.062", "1,536"]
        );
        assert_eq!(
            [1.234, 20.0, 512.4, 1293.2].map(ms),
            ["1.23 ms", "20.0 ms", "512 ms", "1,293 ms"]
        );
    }
}
