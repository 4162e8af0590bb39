//! Tables as text.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A table before it is drawn: the same rows serve terminal and page.
#[derive(Clone, Debug, Default)]
pub struct MeasuredTable {
    /// Names of the columns.
    pub headers: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
    /// Columns of words, aligned left; the others hold numbers.
    pub left: Vec<usize>,
}

impl MeasuredTable {
    /// A table with these columns; `left` are the columns of words.
    pub fn new(headers: &[&str], left: &[usize]) -> MeasuredTable {
        MeasuredTable {
            headers: headers.iter().map(|&name| name.to_owned()).collect(),
            rows: Vec::new(),
            left: left.to_vec(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }
}

/// The table as text: no borders, a rule below the header.
pub fn table_text(measured: &MeasuredTable) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(&measured.headers);
    table.add_rows(&measured.rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { 0 } else { 2 }, 0));
        let alignment = if measured.left.contains(&index) {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        };
        column.set_cell_alignment(alignment);
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
