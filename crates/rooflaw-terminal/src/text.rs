//! Tables as text.

use super::units::elided;
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
        // A line break or an escape sequence in a name from a file would tear the table.
        let printable = |cell: String| cell.replace(char::is_control, " ");
        self.rows.push(row.into_iter().map(printable).collect());
    }
}

impl MeasuredTable {
    /// Rows and headers alike.
    fn lines_mut(&mut self) -> impl Iterator<Item = &mut Vec<String>> {
        std::iter::once(&mut self.headers).chain(&mut self.rows)
    }

    /// The width of each column.
    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.headers.len()];
        for line in std::iter::once(&self.headers).chain(&self.rows) {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }

    /// Cuts the cells of the widest column where the table is wider than `width`; a name may be of any length.
    fn fit(&mut self, width: usize) {
        let widths = self.widths();
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let widest = (0..widths.len()).max_by_key(|&column| widths[column]);
        let (Some(column), Some(excess)) = (widest, total.checked_sub(width)) else {
            return;
        };
        let room = widths[column].saturating_sub(excess).max(1);
        for cell in self.lines_mut().filter_map(|line| line.get_mut(column)) {
            *cell = elided(cell, room);
        }
    }
}

/// Columns between two columns.
const GAP: usize = 2;

/// The table as text of at most `width` columns: no borders.
pub fn table_text(measured: &MeasuredTable, width: usize) -> String {
    let mut measured = measured.clone();
    measured.fit(width);
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(&measured.headers);
    table.add_rows(&measured.rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { 0 } else { GAP as u16 }, 0));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_numbers_are_not() {
        let mut table = MeasuredTable::new(&["model", "ms"], &[0]);
        table.push(vec!["a\nvery long name indeed".to_owned(), "12345.6".to_owned()]);
        let text = table_text(&table, 20);
        assert_eq!(text, "model             ms\na very lon…  12345.6");
        assert!(table_text(&table, 80).contains("indeed"));
    }
}
