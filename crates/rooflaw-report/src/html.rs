//! One self-contained HTML page: no network, no script, readable on a phone, light and dark.

mod style;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::figure::{Figure, NARROW_PX, WIDE_PX};
use crate::theme::Theme;

/// A number worth a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// What the number is.
    pub label: String,
    /// The number with its unit, ready to print.
    pub value: String,
    /// A remark below it: an interval, a share of a budget; empty for none.
    pub detail: String,
}

/// A drawn figure in the four variants between which the page switches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureBlock {
    /// Sentence below the figure; empty for none.
    pub caption: String,
    /// SVG for wide light pages and for print.
    pub wide_light: String,
    /// SVG for wide dark pages.
    pub wide_dark: String,
    /// SVG for light phones.
    pub narrow_light: String,
    /// SVG for dark phones.
    pub narrow_dark: String,
}

impl FigureBlock {
    /// Draws `figure` for wide and narrow, light and dark pages.
    ///
    /// # Errors
    ///
    /// As [`Figure::svg_of_width`].
    pub fn draw(figure: &dyn Figure, caption: impl Into<String>) -> Result<Self> {
        Ok(FigureBlock {
            caption: caption.into(),
            wide_light: figure.svg_of_width(Theme::Light, WIDE_PX)?,
            wide_dark: figure.svg_of_width(Theme::Dark, WIDE_PX)?,
            narrow_light: figure.svg_of_width(Theme::Light, NARROW_PX)?,
            narrow_dark: figure.svg_of_width(Theme::Dark, NARROW_PX)?,
        })
    }
}

/// How the cells of a column are aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
    /// Short marks.
    Center,
}

/// A table of ready-to-print cells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Sentence above the table; empty for none.
    pub caption: String,
    /// Names of the columns.
    pub headers: Vec<String>,
    /// Rows of cells; short rows are filled with empty cells.
    pub rows: Vec<Vec<String>>,
    /// Alignment of each column; missing ones are [`Align::Left`].
    pub align: Vec<Align>,
    /// Index of the row to emphasise.
    pub highlight: Option<usize>,
}

/// Something in the body of the page, top to bottom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Block {
    /// Heading of a section.
    Heading(String),
    /// Running text.
    Paragraph(String),
    /// A figure with its caption.
    Figure(Box<FigureBlock>),
    /// A table.
    Table(Table),
}

/// How serious a note is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoteKind {
    /// The answer may be wrong because of this.
    Warning,
    /// The answer rests on this.
    Assumption,
    /// Good to know.
    #[default]
    Note,
}

impl NoteKind {
    fn name(self) -> &'static str {
        match self {
            NoteKind::Warning => "Warning",
            NoteKind::Assumption => "Assumption",
            NoteKind::Note => "Note",
        }
    }

    fn class(self) -> &'static str {
        match self {
            NoteKind::Warning => "warning",
            NoteKind::Assumption => "assumption",
            NoteKind::Note => "remark",
        }
    }
}

/// A line of the list of notes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// How serious it is.
    pub kind: NoteKind,
    /// What it says.
    pub text: String,
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Title of the browser tab, and the small line above the headline.
    pub title: String,
    /// The answer in a sentence.
    pub headline: String,
    /// A sentence or two below it; empty for none.
    pub summary: String,
    /// Key figures.
    pub cards: Vec<Card>,
    /// Figures, tables and text.
    pub blocks: Vec<Block>,
    /// Warnings, assumptions and notes, in this order of appearance whatever the order here.
    pub notes: Vec<Note>,
    /// The exact command line that made the page.
    pub command: String,
    /// Name and version of the program.
    pub version: String,
}

impl Page {
    /// The page as one HTML document; every text in it is escaped.
    pub fn to_html(&self) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content=(self.version);
                    title { (self.title) }
                    style { (PreEscaped(style::sheet())) }
                }
                body {
                    main {
                        header {
                            p.kicker { (self.title) }
                            h1 { (self.headline) }
                            @if !self.summary.is_empty() { p.summary { (self.summary) } }
                        }
                        @if !self.cards.is_empty() {
                            dl.cards { @for card in &self.cards { (card_markup(card)) } }
                        }
                        @for block in &self.blocks { (block_markup(block)) }
                        (self.notes_markup())
                        @if !self.command.is_empty() {
                            h2 { "Reproduce" }
                            div.scroll { pre { code { (self.command) } } }
                        }
                    }
                    @if !self.version.is_empty() { footer { (self.version) } }
                }
            }
        }
        .into_string()
    }

    fn notes_markup(&self) -> Markup {
        let of_kind = |kind| self.notes.iter().filter(move |note| note.kind == kind);
        let ordered: Vec<&Note> = [NoteKind::Warning, NoteKind::Assumption, NoteKind::Note]
            .into_iter()
            .flat_map(of_kind)
            .collect();
        html! {
            @if !ordered.is_empty() {
                h2 { "Notes and assumptions" }
                ul.notes {
                    @for note in ordered {
                        li class=(note.kind.class()) { strong { (note.kind.name()) } " " span { (note.text) } }
                    }
                }
            }
        }
    }
}

fn card_markup(card: &Card) -> Markup {
    html! {
        div.card {
            dt { (card.label) }
            dd.value { (card.value) }
            @if !card.detail.is_empty() { dd.detail { (card.detail) } }
        }
    }
}

fn block_markup(block: &Block) -> Markup {
    match block {
        Block::Heading(text) => html! { h2 { (text) } },
        Block::Paragraph(text) => html! { p { (text) } },
        Block::Figure(figure) => figure_markup(figure),
        Block::Table(table) => table_markup(table),
    }
}

/// All variants are in the page; its style shows the one that suits the screen. The SVG comes from
/// this crate, which escapes the names in it.
fn figure_markup(figure: &FigureBlock) -> Markup {
    html! {
        figure {
            div.variant.wide.light { (PreEscaped(&figure.wide_light)) }
            div.variant.wide.dark { (PreEscaped(&figure.wide_dark)) }
            div.variant.narrow.light { (PreEscaped(&figure.narrow_light)) }
            div.variant.narrow.dark { (PreEscaped(&figure.narrow_dark)) }
            @if !figure.caption.is_empty() { figcaption { (figure.caption) } }
        }
    }
}

fn table_markup(table: &Table) -> Markup {
    let columns = table
        .rows
        .iter()
        .map(Vec::len)
        .chain([table.headers.len()])
        .max()
        .unwrap_or(0);
    let class = |column: usize| match table.align.get(column) {
        Some(Align::Right) => "right",
        Some(Align::Center) => "center",
        Some(Align::Left) | None => "left",
    };
    let cell = |cells: &[String], column: usize| cells.get(column).cloned().unwrap_or_default();
    html! {
        @if columns > 0 {
            // Focusable, so that a keyboard can scroll it too.
            div.scroll tabindex="0" role="region" aria-label=(table.caption) {
                table {
                    @if !table.caption.is_empty() { caption { (table.caption) } }
                    @if !table.headers.is_empty() {
                        thead { tr { @for column in 0..columns {
                            th scope="col" class=(class(column)) { (cell(&table.headers, column)) }
                        } } }
                    }
                    tbody { @for (index, row) in table.rows.iter().enumerate() {
                        tr.chosen[table.highlight == Some(index)] { @for column in 0..columns {
                            td class=(class(column)) { (cell(row, column)) }
                        } }
                    } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
