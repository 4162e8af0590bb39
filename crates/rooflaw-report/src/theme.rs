//! Light and dark colours, from the colour-blind-safe palette of Okabe and Ito.

use plotters::style::RGBColor;
use serde::{Deserialize, Serialize};

/// The background a figure is drawn for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// White background: print and light pages.
    #[default]
    Light,
    /// Near-black background: dark pages.
    Dark,
}

const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const VERMILLION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);
const PURPLE: RGBColor = RGBColor(0xCC, 0x79, 0xA7);
const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
const SKY: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
const YELLOW: RGBColor = RGBColor(0xF0, 0xE4, 0x42);

/// Series colours on white: without yellow, which is too faint there.
const ON_LIGHT: [RGBColor; 6] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY];
/// Series colours on near-black: without the deep blue, which is too dim there.
const ON_DARK: [RGBColor; 6] = [SKY, ORANGE, GREEN, PURPLE, YELLOW, VERMILLION];

impl Theme {
    /// Colour of the `index`-th series; repeats after six (marker shapes tell them apart too).
    pub(crate) fn series(self, index: usize) -> RGBColor {
        let palette = match self {
            Theme::Light => ON_LIGHT,
            Theme::Dark => ON_DARK,
        };
        palette[index % palette.len()]
    }

    fn pick(self, light: (u8, u8, u8), dark: (u8, u8, u8)) -> RGBColor {
        let (red, green, blue) = match self {
            Theme::Light => light,
            Theme::Dark => dark,
        };
        RGBColor(red, green, blue)
    }

    /// The sheet the figure is drawn on; the HTML page uses the same colour.
    pub(crate) fn background(self) -> RGBColor {
        self.pick((255, 255, 255), (0x16, 0x1A, 0x20))
    }

    /// Titles, tick labels, names.
    pub(crate) fn ink(self) -> RGBColor {
        self.pick((0x1A, 0x1F, 0x26), (0xE8, 0xEB, 0xEF))
    }

    /// Subtitles, notes, leader lines.
    pub(crate) fn muted(self) -> RGBColor {
        self.pick((0x55, 0x5E, 0x6A), (0xA3, 0xAD, 0xB9))
    }

    /// Axis lines and ticks.
    pub(crate) fn axis(self) -> RGBColor {
        self.pick((0x6B, 0x74, 0x80), (0x7C, 0x86, 0x93))
    }

    /// Grid lines.
    pub(crate) fn grid(self) -> RGBColor {
        self.pick((0xE4, 0xE7, 0xEB), (0x2B, 0x31, 0x3A))
    }

    /// Dots of the evaluated space.
    pub(crate) fn cloud(self) -> RGBColor {
        self.pick((0xA9, 0xB1, 0xBB), (0x5C, 0x66, 0x73))
    }

    /// The chosen design: not a series colour, so it stands out from all of them.
    pub(crate) fn accent(self) -> RGBColor {
        self.pick((0x00, 0x00, 0x00), (0xFF, 0xFF, 0xFF))
    }
}
