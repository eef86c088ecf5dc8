//! Rows in columns, each as wide as its widest cell, or cut so that a line fits. Knows nothing of what the cells say.

use crate::ui::{Style, paint};
use std::borrow::Cow;

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

/// No column is cut to less.
const NARROWEST: usize = 12;

/// The rows as lines; two blanks between columns, none after the last.
pub(crate) fn columns(rows: &[Vec<Cell>], color: bool) -> String {
    columns_within(rows, color, None)
}

/// As [`columns`], with what is too wide for a line of `limit` characters cut, and `…` where.
pub(crate) fn columns_within(rows: &[Vec<Cell>], color: bool, limit: Option<usize>) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count()).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..count).map(width).collect();
    if let Some(limit) = limit {
        fit(&mut widths, limit);
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        let mut owed = 0;
        for (cell, width) in row.iter().zip(&widths) {
            if !cell.text.is_empty() {
                line.push_str(&" ".repeat(owed));
                owed = 0;
                let text = cut(&cell.text, *width);
                line.push_str(&cell.style.map_or_else(|| text.to_string(), |style| paint(color, style, &text)));
            }
            owed += width.saturating_sub(cell.text.chars().count()) + 2;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Takes from the widest columns until a line fits, if it can.
fn fit(widths: &mut [usize], limit: usize) {
    let blanks = 2 * widths.len().saturating_sub(1);
    loop {
        let excess = (widths.iter().sum::<usize>() + blanks).saturating_sub(limit);
        let Some(widest) = widths.iter_mut().max().filter(|widest| excess > 0 && **widest > NARROWEST) else { return };
        // A few characters at a time, so that columns of about one width are cut alike.
        *widest -= excess.min(4).min(*widest - NARROWEST);
    }
}

fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return text.into();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end()).into()
}

#[cfg(test)]
mod tests {
    use super::{Cell, columns, columns_within};

    #[test]
    fn aligns_and_leaves_no_trailing_blanks() {
        let row = |cells: &[&str]| cells.iter().map(|cell| Cell::new(*cell)).collect::<Vec<_>>();
        let shown = columns(&[row(&["a", "bb", ""]), row(&["aaa", "", "c"])], false);
        assert_eq!(shown, "a    bb\naaa      c\n");
    }

    #[test]
    fn the_widest_column_is_cut_until_a_line_fits() {
        let row = |cells: &[&str]| cells.iter().map(|cell| Cell::new(*cell)).collect::<Vec<_>>();
        let rows = [row(&["run", "never ran; and a long story about why", "≤ 1m"]), row(&["reuse", "unchanged", ""])];
        let shown = columns_within(&rows, false, Some(30));
        assert_eq!(shown, "run    never ran; and a…  ≤ 1m\nreuse  unchanged\n");
        assert!(shown.lines().all(|line| line.chars().count() <= 30));
        assert_eq!(columns_within(&rows, false, Some(200)), columns(&rows, false));
        // What cannot fit is not cut to nothing.
        assert!(columns_within(&rows, false, Some(1)).starts_with("run    never ran;"));
    }
}
