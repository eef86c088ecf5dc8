//! Tables and lists of records as CSV (RFC 4180) and Markdown, the first rows of them.
//!
//! Knows no files: readers and writers of data are in `flow-exec`; this is for people and prompts.

use super::text_into;
use crate::{TypeTable, Value, eval::sequence::Sequence};
use std::sync::Arc;

/// Rows that a hole shows at most.
pub const ROW_LIMIT: usize = 1_000;

/// A table as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedTable {
    /// The header and the shown rows.
    pub text: String,
    /// Rows that were left out.
    pub omitted: u64,
}

/// CSV with a header line; `None` if the value is neither table nor list of records.
#[must_use]
pub fn csv(value: &Value, types: &TypeTable, limit: usize) -> Option<RenderedTable> {
    render(value, types, limit, &mut |cells, _, out| {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            // A lone empty cell would be an empty line, which readers skip.
            let quote = cell.contains([',', '"', '\n', '\r']) || (cell.is_empty() && cells.len() == 1);
            if quote {
                out.push('"');
                out.push_str(&cell.replace('"', "\"\""));
                out.push('"');
            } else {
                out.push_str(cell);
            }
        }
        out.push('\n');
    })
}

/// A Markdown table; `None` if the value is neither table nor list of records.
#[must_use]
pub fn markdown(value: &Value, types: &TypeTable, limit: usize) -> Option<RenderedTable> {
    render(value, types, limit, &mut |cells, header, out| {
        for cell in cells {
            out.push_str("| ");
            out.push_str(&cell.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " "));
            out.push(' ');
        }
        out.push_str("|\n");
        if header {
            out.push_str(&"| --- ".repeat(cells.len()));
            out.push_str("|\n");
        }
    })
}

fn render(
    value: &Value,
    types: &TypeTable,
    limit: usize,
    line: &mut dyn FnMut(&[String], bool, &mut String),
) -> Option<RenderedTable> {
    let columns = columns(value, types)?;
    let rows = Sequence::of(value).ok()?;
    let mut text = String::new();
    let header: Vec<String> = columns.iter().map(|name| name.to_string()).collect();
    line(&header, true, &mut text);
    for index in 0..rows.len().min(limit) {
        let cells: Option<Vec<String>> = match &rows {
            Sequence::Table(data, _) => (0..columns.len()).map(|column| cell_text(&data.cell(index, column))).collect(),
            Sequence::List(items) => match &items[index] {
                Value::Record(record) => {
                    columns.iter().map(|name| cell_text(record.get(name).unwrap_or(&Value::Absent))).collect()
                }
                _ => None,
            },
        };
        line(&cells?, false, &mut text);
    }
    Some(RenderedTable { text, omitted: rows.len().saturating_sub(limit) as u64 })
}

fn columns(value: &Value, types: &TypeTable) -> Option<Vec<Arc<str>>> {
    match value {
        Value::Table(table) => match &table.data {
            Some(data) => Some(data.columns().to_vec()),
            None => Some(types.record(&table.ty)?.iter().map(|field| field.name.clone()).collect()),
        },
        Value::List(items) => match items.first() {
            Some(Value::Record(first)) => Some(first.fields.iter().map(|(name, _)| name.clone()).collect()),
            Some(_) => None,
            None => Some(vec![]),
        },
        _ => None,
    }
}

/// A cell: empty for an absent value.
fn cell_text(value: &Value) -> Option<String> {
    let mut text = String::new();
    match value {
        Value::Absent => {}
        other => text_into(other, &mut text).ok()?,
    }
    Some(text)
}
