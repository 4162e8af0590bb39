//! Writes sample figures and a sample page into a directory (default `target/gallery`).
//!
//! The numbers are invented: they only have the shape of real ones. Residuals are those of a rough
//! fit to published runs in `data/runs`.

mod fit;

use std::path::{Path, PathBuf};

use rooflaw_report::figure::frontier::{FrontierFigure, FrontierPoint, FrontierSeries, LatencyBand};
use rooflaw_report::figure::parameters::{ParameterPanel, ParameterSeries, ParametersFigure};
use rooflaw_report::figure::roofline::{Ceiling, RooflineFigure, RooflinePoint};
use rooflaw_report::figure::{Figure, NARROW_PX, NamedPoint, Scale, WIDE_PX};
use rooflaw_report::html::{Align, Block, Card, FigureBlock, Note, NoteKind, Page, Table};
use rooflaw_report::{Theme, png};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("target/gallery"), PathBuf::from);
    std::fs::create_dir_all(&directory)?;
    let (frontier, roofline, parameters) = (frontier(), roofline(), parameters());
    let mut figures: Vec<(&str, &dyn Figure)> = vec![
        ("frontier", &frontier),
        ("roofline", &roofline),
        ("parameters", &parameters),
    ];
    let fits = fit::figures()?;
    figures.extend(fits.iter().map(|(name, figure)| (*name, figure.as_ref())));
    for (name, figure) in figures {
        write(&directory, name, figure)?;
    }
    write(
        &directory,
        "frontier-empty",
        &FrontierFigure {
            title: "No design fits".into(),
            ..Default::default()
        },
    )?;
    std::fs::write(
        directory.join("page.html"),
        page(&frontier, &roofline, &parameters)?.to_html(),
    )?;
    Ok(())
}

fn write(directory: &Path, name: &str, figure: &dyn Figure) -> Result<(), Box<dyn std::error::Error>> {
    for (theme, theme_name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for (width, width_name) in [(WIDE_PX, "wide"), (NARROW_PX, "narrow")] {
            let svg = figure.svg_of_width(theme, width)?;
            let file = directory.join(format!("{name}-{width_name}-{theme_name}"));
            std::fs::write(file.with_extension("svg"), &svg)?;
            std::fs::write(file.with_extension("png"), png(&svg, 2.0)?)?;
        }
    }
    Ok(())
}

/// A repeatable stream of numbers between 0 and 1.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    }
}

fn loss(latency_ms: f64, penalty: f64) -> f64 {
    1.72 + 1.35 * latency_ms.powf(-0.31) + penalty
}

fn frontier() -> FrontierFigure {
    let series = [("bf16", 0.10, 1.5), ("int8", 0.045, 0.9), ("int4", 0.0, 0.6)];
    let series = series.map(|(label, penalty, first)| FrontierSeries {
        label: label.into(),
        points: (0..16)
            .map(|index| {
                let latency_ms = first * 1.31f64.powi(index);
                FrontierPoint {
                    latency_ms,
                    loss: loss(latency_ms, penalty),
                    label: if label == "int4" && index % 5 == 2 {
                        format!("d={} L={}", 512 + 128 * index, 12 + index)
                    } else {
                        String::new()
                    },
                    is_moe: index % 3 == 0 || index > 9,
                }
            })
            .collect(),
    });
    let mut next = noise(37);
    let cloud = (0..4000)
        .map(|_| {
            let latency_ms = 0.6 * 100f64.powf(next());
            (latency_ms, loss(latency_ms, 0.02 + 0.9 * next() * next()))
        })
        .collect();
    let known = [
        ("Qwen3-0.6B", 3.9, 2.86),
        ("Llama-3.2-1B", 7.4, 2.66),
        ("SmolLM2-1.7B", 11.2, 2.52),
        ("Gemma-3-1B", 7.0, 2.63),
        ("Qwen3-1.7B", 11.8, 2.49),
        ("OLMoE-1B-7B (mixture of experts)", 6.3, 2.60),
        ("Phi-4-mini", 23.0, 2.33),
    ];
    FrontierFigure {
        title: "Best predicted loss at each latency".into(),
        subtitle: "Jetson AGX Orin 64 GB · prefill 1,024 + decode 16 tokens · batch 1 · memory ≤ 12 GB · 48,392 designs".into(),
        series: series.to_vec(),
        cloud,
        budget_ms: Some(10.0),
        known_models: known.map(|(name, x, y)| NamedPoint { name: name.into(), x, y }).to_vec(),
        chosen: Some(NamedPoint { name: "MoE, 24 layers, d=1,792".into(), x: 0.6 * 1.31f64.powi(10), y: loss(0.6 * 1.31f64.powi(10), 0.0) }),
        loss_interval: Some(
            (0..16).map(|index| 0.6 * 1.31f64.powi(index)).map(|x| (x, loss(x, -0.06), loss(x, 0.07))).collect(),
        ),
        latency_band: Some(LatencyBand {
            label: "90 % of latencies".into(),
            points: (0..16).map(|index| 0.6 * 1.31f64.powi(index)).map(|x| (loss(x, 0.0), x / 1.2, x * 1.2)).collect(),
        }),
        ..Default::default()
    }
}

fn roofline() -> RooflineFigure {
    let bandwidth = 204.8e9;
    let operator = |label: &str, phase: &str, intensity: f64, efficiency: f64, share_of_time| RooflinePoint {
        label: label.into(),
        phase: phase.into(),
        intensity_flop_per_byte: intensity,
        achieved_flops_per_s: efficiency * (intensity * bandwidth).min(42.5e12),
        share_of_time,
    };
    RooflineFigure {
        title: "Decode is bound by memory, prefill by compute".into(),
        device: "Jetson AGX Orin 64 GB · chosen design, bf16 weights".into(),
        ceilings: vec![
            Ceiling {
                label: "int8".into(),
                peak_flops_per_s: 85e12,
            },
            Ceiling {
                label: "bf16".into(),
                peak_flops_per_s: 42.5e12,
            },
        ],
        bandwidth_bytes_per_s: bandwidth,
        operators: vec![
            operator("QKV projection", "prefill", 410.0, 0.71, 0.06),
            operator("attention", "prefill", 96.0, 0.52, 0.05),
            operator("output projection", "prefill", 380.0, 0.70, 0.03),
            operator("expert FFN", "prefill", 230.0, 0.62, 0.17),
            operator("router", "prefill", 31.0, 0.30, 0.004),
            operator("QKV projection", "decode", 1.0, 0.86, 0.11),
            operator("attention", "decode", 2.1, 0.61, 0.08),
            operator("output projection", "decode", 1.0, 0.84, 0.06),
            operator("expert FFN", "decode", 1.05, 0.80, 0.36),
            operator("router", "decode", 0.9, 0.22, 0.01),
            operator("LM head", "decode", 1.0, 0.88, 0.09),
        ],
    }
}

fn parameters() -> ParametersFigure {
    let panel = |label: &str, scale, value: fn(f64) -> f64| ParameterPanel {
        label: label.into(),
        scale,
        series: [("bf16", 1.5, 0.8), ("int8", 0.9, 1.0), ("int4", 0.6, 1.25)]
            .map(|(name, first, gain)| ParameterSeries {
                label: name.into(),
                points: (0..16)
                    .map(|index| first * 1.31f64.powi(index))
                    .map(|latency_ms| (latency_ms, value(latency_ms * gain)))
                    .collect(),
            })
            .to_vec(),
    };
    ParametersFigure {
        title: "How the best design changes with the budget".into(),
        subtitle: "Parameters along the frontier of each weight format".into(),
        panels: vec![
            panel("layers", Scale::Linear, |t| (9.0 + 8.5 * t.ln().max(0.0)).round()),
            panel("hidden size", Scale::Log2, |t| {
                (720.0 * t.powf(0.36) / 128.0).round() * 128.0
            }),
            panel("active FFN ratio r", Scale::Linear, |t| {
                (2.0 + 0.5 * t.sqrt()).min(4.5)
            }),
            panel("activation rate ρ", Scale::Log2, |t| {
                0.5f64.powi(((t + 1.0).ln() * 1.4) as i32)
            }),
            panel("experts", Scale::Log2, |t| {
                2f64.powi(((t + 1.0).ln() * 1.7) as i32)
            }),
            panel("experts per token (top-k)", Scale::Linear, |t| {
                if t > 6.0 { 2.0 } else { 1.0 }
            }),
            panel("query heads per KV head", Scale::Log2, |t| {
                if t > 20.0 { 8.0 } else { 4.0 }
            }),
        ],
        budget_ms: Some(10.0),
        chosen_ms: Some(0.6 * 1.31f64.powi(10)),
        ..Default::default()
    }
}

fn page(
    frontier: &FrontierFigure,
    roofline: &RooflineFigure,
    parameters: &ParametersFigure,
) -> rooflaw_report::Result<Page> {
    let card = |label: &str, value: &str, detail: &str| Card {
        label: label.into(),
        value: value.into(),
        detail: detail.into(),
    };
    let note = |kind, text: &str| Note {
        kind,
        text: text.into(),
    };
    let row = |cells: [&str; 6]| cells.map(str::to_owned).to_vec();
    Ok(Page {
        title: "rooflaw report · Jetson AGX Orin 64 GB".into(),
        headline: "Build a 24-layer mixture of experts, 1,792 wide, with 4-bit weights: 8.9 ms, predicted loss 2.40.".into(),
        summary: "It is the lowest predicted loss of 48,392 evaluated designs within 10 ms and 12 GB.".into(),
        cards: vec![
            card("Predicted latency", "8.9 ms", "89 % of the budget"),
            card("Predicted loss", "2.40", "2.34 to 2.47 nats/token"),
            card("Memory", "3.6 GB", "30 % of the budget"),
            card("Parameters", "5.1 B", "0.9 B active per token"),
        ],
        blocks: vec![
            Block::Figure(Box::new(FigureBlock::draw(
                frontier,
                "The frontier for each weight format. Everything left of the dashed line meets the latency budget; the step lines show the best loss available at each latency.",
            )?)),
            Block::Table(Table {
                caption: "Best designs within the budgets".into(),
                headers: ["Design", "Weights", "Latency (ms)", "Loss (nats/token)", "Memory (GB)", "Experts"].map(str::to_owned).to_vec(),
                rows: vec![
                    row(["24 layers × 1,792, MoE", "int4", "8.9", "2.40", "3.6", "8, top-2"]),
                    row(["22 layers × 1,664, MoE", "int4", "6.8", "2.47", "2.9", "8, top-2"]),
                    row(["20 layers × 1,536, dense", "int8", "7.6", "2.49", "1.2", "–"]),
                ],
                align: vec![Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Center],
                highlight: Some(0),
            }),
            Block::Heading("Where the time goes".into()),
            Block::Figure(Box::new(FigureBlock::draw(roofline, "Each marker is an operator; its area is its share of the total time.")?)),
            Block::Heading("How the design changes".into()),
            Block::Figure(Box::new(FigureBlock::draw(parameters, "Values along the frontier; the ring marks the chosen design.")?)),
        ],
        notes: vec![
            note(NoteKind::Assumption, "Latency is a roofline prediction: kernels reach the efficiencies given in the device file."),
            note(NoteKind::Warning, "The loss law was fitted up to 1.1 ms of active compute; the chosen design lies 8 times beyond."),
            note(NoteKind::Note, "Known models were not trained on the same data: compare their losses with care."),
        ],
        command: "rooflaw search --device jetson-agx-orin --latency-ms 10 --memory-gb 12 --prefill 1024 --decode 16 --formats bf16,int8,int4 --html report.html".into(),
        version: "rooflaw 0.1.0".into(),
    })
}
