//! Small multiples: where the cells of a grid of panels lie.

use crate::draw::canvas::{Align, Canvas};
use crate::draw::header::MARGIN;
use crate::draw::labels::Rect;
use crate::draw::panel::AXIS_LABEL;
use crate::draw::text::Font;
use crate::error::Result;

/// Font of the name above a panel.
pub(crate) const PANEL_TITLE: Font = Font::bold(12.5);
const GAP_PX: f64 = 18.0;
const ROW_GAP_PX: f64 = 14.0;

/// How a grid is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// Width of the figure, in px.
    pub width: f64,
    /// Top of the first row, in px.
    pub top: f64,
    pub columns: usize,
    /// Height of a cell over its width; the height is held between `least_px` and `most_px`.
    pub aspect: f64,
    pub least_px: f64,
    pub most_px: f64,
    /// Room below the cells that have no other cell below them, in px.
    pub foot: f64,
}

/// The place of one panel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// Where the panel goes, with its name; without the foot.
    pub rect: Rect,
    /// Whether no other cell lies below.
    pub is_lowest: bool,
}

impl Grid {
    /// Places `count` cells row by row; returns them and the lower end of the grid in px.
    pub(crate) fn cells(&self, count: usize) -> (Vec<Cell>, f64) {
        let columns = self.columns.max(1).min(count.max(1));
        let gaps = GAP_PX * (columns as f64 - 1.0);
        let cell_width = (self.width - 2.0 * MARGIN - gaps) / columns as f64;
        let cell_height = (cell_width * self.aspect).clamp(self.least_px, self.most_px);
        let mut cells = Vec::with_capacity(count);
        let mut bottom = self.top;
        for index in 0..count {
            let (row, column) = (index / columns, index % columns);
            let last_of_row = (row * columns + columns).min(count) - 1;
            if column == 0 {
                let top = if row == 0 { bottom } else { bottom + ROW_GAP_PX };
                bottom = top + cell_height;
            }
            let left = MARGIN + column as f64 * (cell_width + GAP_PX);
            cells.push(Cell {
                rect: Rect {
                    left,
                    top: bottom - cell_height,
                    right: left + cell_width,
                    bottom,
                },
                is_lowest: index + columns >= count,
            });
            // A row of which any cell has nothing below makes room for its foot.
            if index == last_of_row && index + columns >= count {
                bottom += self.foot;
            }
        }
        (cells, bottom)
    }
}

/// Writes the label that the vertical axes of all panels share above the first row, where it reads
/// without turning the head and however small the panels are.
pub(crate) fn draw_shared_y_label(canvas: &Canvas<'_>, label: &str, (width, top): (f64, f64)) -> Result<()> {
    let label = AXIS_LABEL.truncate(label, width - 2.0 * MARGIN);
    let baseline = (MARGIN, top + AXIS_LABEL.size);
    canvas.text(&label, baseline, Align::Start, AXIS_LABEL, canvas.theme.ink())
}

/// Room for the label of [`draw_shared_y_label`], in px.
pub(crate) const SHARED_Y_LABEL_PX: f64 = 24.0;

impl Cell {
    /// What the name above leaves for the axes.
    pub(crate) fn below_title(&self) -> Rect {
        Rect {
            top: self.rect.top + PANEL_TITLE.line_height() + 4.0,
            ..self.rect
        }
    }

    /// Writes the name above the panel.
    pub(crate) fn draw_title(&self, canvas: &Canvas<'_>, title: &str) -> Result<()> {
        let title = PANEL_TITLE.truncate(title, self.rect.width());
        let baseline = (self.rect.left, self.rect.top + PANEL_TITLE.size);
        canvas.text(&title, baseline, Align::Start, PANEL_TITLE, canvas.theme.ink())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(count: usize, columns: usize) -> (Vec<Cell>, f64) {
        let grid = Grid {
            width: 760.0,
            top: 50.0,
            columns,
            aspect: 0.76,
            least_px: 140.0,
            most_px: 240.0,
            foot: 20.0,
        };
        grid.cells(count)
    }

    #[test]
    fn cells_lie_inside_and_apart() {
        for count in 0..12 {
            let (cells, bottom) = grid(count, 3);
            assert_eq!(cells.len(), count);
            for (index, one) in cells.iter().enumerate() {
                assert!(one.rect.left >= MARGIN && one.rect.right <= 760.0 - MARGIN + 1e-9);
                assert!(one.rect.top >= 50.0 && one.rect.bottom <= bottom);
                for other in &cells[index + 1..] {
                    assert!(other.rect.left > one.rect.right || other.rect.top > one.rect.bottom);
                }
            }
        }
    }

    #[test]
    fn the_last_cell_of_each_column_is_the_lowest() {
        let lowest: Vec<bool> = grid(5, 3).0.iter().map(|cell| cell.is_lowest).collect();
        assert_eq!(lowest, [false, false, true, true, true]);
        assert!(grid(2, 3).0.iter().all(|cell| cell.is_lowest));
    }
}
