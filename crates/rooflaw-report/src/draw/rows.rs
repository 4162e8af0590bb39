//! Rows of a figure that reads like a table: a name, a strip to draw on, a value in words.

use crate::draw::canvas::{Align, Canvas, Point};
use crate::draw::header::MARGIN;
use crate::draw::labels::Rect;
use crate::draw::text::Font;
use crate::error::Result;

/// Font of names and values.
const TEXT: Font = Font::regular(12.5);
const EMPHASISED: Font = Font::bold(12.5);
/// Font of remarks.
const NOTE: Font = Font::regular(11.0);
const COLUMN_GAP_PX: f64 = 16.0;
/// Between rows of which each has several lines.
const STACK_GAP_PX: f64 = 12.0;
/// The strip between name and value is at least this share of the figure; otherwise they are stacked.
const LEAST_STRIP: f64 = 0.3;
/// A column of names or values wider than this share of the figure is cut.
const MOST_COLUMN: f64 = 0.34;

/// What a row says.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowText {
    pub name: String,
    pub value: String,
    /// Below the value, or behind it; empty for none.
    pub note: String,
    pub is_emphasised: bool,
    pub is_muted: bool,
}

/// A laid out row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The whole row, in px.
    pub rect: Rect,
    /// Where data is drawn, in px.
    pub strip: Rect,
    /// Whether the words lie above the strip.
    is_stacked: bool,
    words: Vec<Words>,
}

/// A text of a row.
#[derive(Clone, Debug)]
struct Words {
    text: String,
    at: Point,
    align: Align,
    font: Font,
    is_muted: bool,
}

/// The rows of a figure of `width` px from `top` down, with strips of `strip_height` px: in three
/// columns, or where that is too narrow with the words above the strip. Rows are at least `strip_height`
/// high, all strips equally long.
pub(crate) fn layout(width: f64, top: f64, strip_height: f64, texts: &[RowText]) -> Vec<Row> {
    let inner = width - 2.0 * MARGIN;
    let widest = |font: Font, part: fn(&RowText) -> &str| {
        let widths = texts.iter().map(|text| font.width(part(text)));
        widths.fold(0.0, f64::max).min(inner * MOST_COLUMN).ceil()
    };
    let names = widest(EMPHASISED, |text| &text.name);
    let values = widest(EMPHASISED, |text| &text.value).max(widest(NOTE, |text| &text.note));
    let gap = |column: f64| if column > 0.0 { COLUMN_GAP_PX } else { 0.0 };
    let strip = inner - names - values - gap(names) - gap(values);
    let mut rows = Vec::with_capacity(texts.len());
    let mut top = top;
    for text in texts {
        let row = if strip >= LEAST_STRIP * width && width >= 560.0 {
            let (left, right) = (MARGIN + names + gap(names), MARGIN + inner - values - gap(values));
            beside(text, width, top, strip_height, (left, right), (names, values))
        } else {
            stacked(text, width, top, strip_height)
        };
        top = row.rect.bottom;
        rows.push(row);
    }
    rows
}

fn beside(
    text: &RowText,
    width: f64,
    top: f64,
    strip_height: f64,
    (left, right): (f64, f64),
    (names, values): (f64, f64),
) -> Row {
    let font = if text.is_emphasised { EMPHASISED } else { TEXT };
    let noted = !text.note.is_empty();
    let height = strip_height.max(if noted {
        TEXT.line_height() + NOTE.line_height() + 2.0
    } else {
        0.0
    });
    let middle = top + height / 2.0;
    let baseline = middle + 0.36 * TEXT.size;
    let start = width - MARGIN - values;
    let words = |text: String, at: Point, font: Font, is_muted: bool| Words {
        text,
        at,
        align: Align::Start,
        font,
        is_muted,
    };
    let name = font.truncate(&text.name, names);
    let value = font.truncate(&text.value, values);
    let value_at = (start, if noted { middle - 2.0 } else { baseline });
    let mut lines = vec![
        words(name, (MARGIN, baseline), font, text.is_muted),
        words(value, value_at, font, text.is_muted),
    ];
    if noted {
        let note = NOTE.truncate(&text.note, values);
        lines.push(words(note, (start, middle + NOTE.size + 1.0), NOTE, true));
    }
    Row {
        rect: row_rect(width, top, height),
        strip: Rect {
            left,
            top: middle - strip_height / 2.0,
            right,
            bottom: middle + strip_height / 2.0,
        },
        is_stacked: false,
        words: lines,
    }
}

fn stacked(text: &RowText, width: f64, top: f64, strip_height: f64) -> Row {
    let inner = width - 2.0 * MARGIN;
    let font = if text.is_emphasised { EMPHASISED } else { TEXT };
    let mut lines = Vec::new();
    let mut bottom = top + STACK_GAP_PX / 2.0;
    // The value shares the line of the name if both fit.
    let joined =
        !text.name.is_empty() && font.width(&text.name) + COLUMN_GAP_PX + font.width(&text.value) <= inner;
    if joined && !text.value.is_empty() {
        lines.push(Words {
            text: text.value.clone(),
            at: (width - MARGIN, bottom + font.size),
            align: Align::End,
            font,
            is_muted: text.is_muted,
        });
    }
    let value = if joined { "" } else { &text.value };
    let below = [
        (text.name.as_str(), font, text.is_muted),
        (value, font, text.is_muted),
        (&text.note, NOTE, true),
    ];
    for (words, font, is_muted) in below.into_iter().filter(|(words, ..)| !words.is_empty()) {
        lines.push(Words {
            text: font.truncate(words, inner),
            at: (MARGIN, bottom + font.size),
            align: Align::Start,
            font,
            is_muted,
        });
        bottom += font.line_height();
    }
    let strip = Rect {
        left: MARGIN + 4.0,
        top: bottom,
        right: width - MARGIN - 4.0,
        bottom: bottom + strip_height,
    };
    Row {
        rect: row_rect(width, top, strip.bottom + STACK_GAP_PX / 2.0 - top),
        strip,
        is_stacked: true,
        words: lines,
    }
}

fn row_rect(width: f64, top: f64, height: f64) -> Rect {
    Rect {
        left: MARGIN - 6.0,
        top,
        right: width - MARGIN + 6.0,
        bottom: top + height,
    }
}

impl Row {
    /// Paints over what lies behind words above the strip.
    pub(crate) fn clear_words(&self, canvas: &Canvas<'_>) -> Result<()> {
        if !self.is_stacked {
            return Ok(());
        }
        let (from, to) = ((self.rect.left, self.rect.top), (self.rect.right, self.strip.top));
        canvas.rect(from, to, canvas.theme.background(), 1.0)
    }

    /// Writes name, value and note.
    pub(crate) fn draw_text(&self, canvas: &Canvas<'_>) -> Result<()> {
        let theme = canvas.theme;
        self.words.iter().try_for_each(|words| {
            let color = if words.is_muted {
                theme.muted()
            } else {
                theme.ink()
            };
            canvas.text(&words.text, words.at, words.align, words.font, color)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_are_equally_long_and_rows_follow_each_other() {
        let long = "a name that does not end ".repeat(20);
        let text = |name: &str, note: &str| RowText {
            name: name.into(),
            value: "0.348 (0.312 to 0.391)".into(),
            note: note.into(),
            ..Default::default()
        };
        let texts = [text("α", ""), text(&long, "not identifiable"), text("", "")];
        for width in [320.0, 380.0, 760.0, 2000.0] {
            let rows = layout(width, 40.0, 20.0, &texts);
            assert_eq!(rows[0].rect.top, 40.0);
            for pair in rows.windows(2) {
                assert_eq!(pair[0].rect.bottom, pair[1].rect.top);
                assert_eq!(pair[0].strip.left, pair[1].strip.left);
                assert_eq!(pair[0].strip.right, pair[1].strip.right);
            }
            for row in &rows {
                assert!(row.strip.width() > 0.25 * width && row.strip.height() == 20.0);
                assert!(row.strip.top >= row.rect.top && row.strip.bottom <= row.rect.bottom);
            }
        }
    }
}
