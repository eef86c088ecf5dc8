//! Rows in columns, each as wide as its widest cell. Knows nothing of what the cells say.

use crate::ui::{Style, paint};

/// A cell with its style.
pub(crate) struct Cell {
    text: String,
    style: Option<Style>,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: None }
    }

    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style: Some(style) }
    }
}

/// The rows as lines; two blanks between columns, none after the last.
pub(crate) fn columns(rows: &[Vec<Cell>], color: bool) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        let mut owed = 0;
        for (cell, width) in row.iter().zip(&widths) {
            if !cell.text.is_empty() {
                line.push_str(&" ".repeat(owed));
                owed = 0;
                line.push_str(&cell.style.map_or_else(|| cell.text.clone(), |style| paint(color, style, &cell.text)));
            }
            owed += width - cell.text.chars().count() + 2;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Cell, columns};

    #[test]
    fn aligns_and_leaves_no_trailing_blanks() {
        let row = |cells: &[&str]| cells.iter().map(|cell| Cell::new(*cell)).collect::<Vec<_>>();
        let shown = columns(&[row(&["a", "bb", ""]), row(&["aaa", "", "c"])], false);
        assert_eq!(shown, "a    bb\naaa      c\n");
    }
}
