//! Values, tables, types and datasets as text. What types say is labelled is shown as its label.

use flow_compiler::spell;
use flow_diag::{Sources, Span};
use flow_expr::{Name, Table, Type, TypeDef, TypeTable, Value, redact::redact};
use flow_plan::{Dataset, Location, Node, NodeKind, Program, words};
use jiff::Timestamp;
use std::fmt::Write as _;

/// Rows of a table that are shown.
pub(crate) const MOST_ROWS: usize = 10;
/// Items of a list that are shown, each on a line of its own.
const MOST_ITEMS: usize = 20;
/// The widest that a column is shown, in characters.
const WIDEST: usize = 40;

/// A value with its type, as lines.
pub(crate) fn value(value: &Value, ty: &Type, labels: &[Name], types: &TypeTable) -> String {
    let seen = redact(value, Some(ty), labels, types);
    match &seen {
        Value::Table(found) => table(found, types),
        Value::Record(record) => {
            let width = record.fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            let mut out = format!("{}\n", record.ty.short());
            for (name, field) in &record.fields {
                let _ = writeln!(out, "  {name:width$}  {}", text(field));
            }
            out
        }
        Value::List(items) => {
            let mut out = format!("{} of {} item{}\n", short(ty), items.len(), plural(items.len()));
            for item in items.iter().take(MOST_ITEMS) {
                let _ = writeln!(out, "  {}", text(item));
            }
            if items.len() > MOST_ITEMS {
                let _ = writeln!(out, "  … and {} more", items.len() - MOST_ITEMS);
            }
            out
        }
        Value::Unit => String::new(),
        other => format!("{}: {}\n", text(other), short(ty)),
    }
}

fn text(value: &Value) -> String {
    words::value(value)
}

/// A type without the modules of its names.
pub(crate) fn short(ty: &Type) -> String {
    let whole = ty.to_string();
    let mut out = String::new();
    let mut word = String::new();
    for c in whole.chars() {
        if c.is_alphanumeric() || c == '_' || c == '.' {
            word.push(c);
        } else {
            out.push_str(word.rsplit('.').next().unwrap_or_default());
            word.clear();
            out.push(c);
        }
    }
    out.push_str(word.rsplit('.').next().unwrap_or_default());
    out
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The first rows of a table in columns, numbers to the right.
fn table(table: &Table, types: &TypeTable) -> String {
    let Some(data) = &table.data else { return format!("table of {} rows\n", table.rows) };
    let shown = data.rows().min(MOST_ROWS);
    let columns = data.columns();
    let numbers: Vec<bool> = columns.iter().map(|name| is_number(&table.ty, name, types)).collect();
    let mut rows: Vec<Vec<String>> = vec![columns.iter().map(|name| name.to_string()).collect()];
    rows.extend((0..shown).map(|row| (0..columns.len()).map(|column| cell(&data.cell(row, column))).collect()));
    let widths: Vec<usize> = (0..columns.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).min(WIDEST))
        .collect();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .zip(&numbers)
            .map(|((cell, width), is_number)| {
                let cell = cut(cell, *width);
                if *is_number { format!("{cell:>width$}") } else { format!("{cell:width$}") }
            })
            .collect();
        let _ = writeln!(out, "  {}", cells.join("  ").trim_end());
        if index == 0 {
            let lines: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            let _ = writeln!(out, "  {}", lines.join("  "));
        }
    }
    let all = usize::try_from(table.rows).unwrap_or(usize::MAX).max(shown);
    let of = if all > shown { format!(", the first {shown} shown") } else { String::new() };
    let _ = writeln!(out, "{all} row{}{of}", plural(all));
    out
}

fn is_number(row: &Type, column: &str, types: &TypeTable) -> bool {
    let field = types.record(row).unwrap_or_default().iter().find(|field| *field.name == *column);
    field.is_some_and(|field| matches!(base(field.ty.required(), types), Type::Int | Type::Float | Type::Decimal))
}

fn base<'t>(ty: &'t Type, types: &'t TypeTable) -> &'t Type {
    match ty {
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Refined { base: inner, .. }) => base(inner.required(), types),
            _ => ty,
        },
        other => other,
    }
}

/// A cell: a text without quotes, on one line.
fn cell(value: &Value) -> String {
    match value {
        Value::Absent => String::new(),
        Value::String(text) => text.chars().map(|c| if c.is_control() { '·' } else { c }).collect(),
        other => text(other),
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// What a dataset is: where, of what, by whom, and what it promises.
pub(crate) fn dataset(dataset: &Dataset, program: &Program) -> String {
    let mut out = format!("dataset {}: {}\n", dataset.name.short(), short(&dataset.ty));
    let row = match &dataset.ty {
        Type::Table(row) => row,
        other => other,
    };
    if let Some(fields) = program.types.record(row) {
        let columns: Vec<String> = fields
            .iter()
            .map(|field| {
                let labels: String = field.labels.iter().map(|label| format!(" @{}", label.short())).collect();
                format!("{}: {}{labels}", field.name, short(&field.ty))
            })
            .collect();
        let _ = writeln!(out, "  columns   {}", columns.join(", "));
    }
    let place = match &dataset.location {
        Location::File { format, .. } => {
            format!("{format:?}").split(['(', ' ', '{']).next().unwrap_or_default().to_lowercase()
        }
        Location::Table { connection, table } => format!("table {table} of {}", connection.short()),
    };
    let _ = writeln!(out, "  kept as   {place}");
    match &dataset.writer {
        Some(writer) => {
            let _ = writeln!(out, "  written   by `{}`", writer.short());
        }
        None => {
            let _ = writeln!(out, "  written   outside");
        }
    }
    let readers: Vec<String> = readers(program, &dataset.name).map(|flow| format!("`{}`", flow.short())).collect();
    let readers = if readers.is_empty() { "by nobody".to_owned() } else { format!("by {}", readers.join(", ")) };
    let _ = writeln!(out, "  read      {readers}");
    if let Some(fresh) = &dataset.fresh {
        let _ = writeln!(out, "  promises  to be at most {} old", spell::length(fresh.within_ms));
    }
    if !dataset.expect.is_empty() {
        let _ = writeln!(out, "  expects   {} rule{}", dataset.expect.len(), plural(dataset.expect.len()));
    }
    if let Some(owner) = &dataset.owner {
        let _ = writeln!(out, "  owner     {owner}");
    }
    out
}

/// The flows that read a dataset.
fn readers<'p>(program: &'p Program, dataset: &'p Name) -> impl Iterator<Item = &'p Name> {
    let reads = move |node: &Node| matches!(&node.kind, NodeKind::Read { dataset: read, .. } if read == dataset);
    program.flows.values().filter(move |flow| flow.nodes().any(reads)).map(|flow| &flow.name)
}

/// How old data is that is of a moment.
pub(crate) fn age(time: Timestamp, now: Timestamp) -> String {
    let ms = u64::try_from(now.duration_since(time).as_millis()).unwrap_or(0);
    format!("  age       {}, of {}\n", spell::length(ms), words::value(&Value::Timestamp(time)))
}

/// The line of a text that something happened in, with what it is underlined.
pub(crate) fn excerpt(sources: &Sources, at: Span) -> String {
    let Some(source) = sources.get(at.file) else { return String::new() };
    let (start, end) = (at.start as usize, at.end as usize);
    let text: &str = &source.text;
    if text.get(start..end).is_none() {
        return String::new();
    }
    let begin = text[..start].rfind('\n').map_or(0, |found| found + 1);
    let line = text[begin..].lines().next().unwrap_or_default();
    let before = text[begin..start].chars().count();
    let width = text[start..end].lines().next().unwrap_or_default().chars().count().max(1);
    format!("  {line}\n  {}{}\n", " ".repeat(before), "^".repeat(width))
}
