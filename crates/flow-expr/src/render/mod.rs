//! Values as text: what holes print, what messages quote, tables as CSV and Markdown.
//!
//! Knows no expressions. Callers count the output: see `Meter::weigh`. Tests are tables of cases and,
//! for CSV, reading back.

mod short;
mod table;
mod text;

pub(crate) use short::{json_kind, kind, short, short_into, short_json};
pub use table::{ROW_LIMIT, RenderedTable, csv, markdown};
pub use text::duration_text;
pub(crate) use text::text_into;

use crate::{TypeTable, Value, codec, eval::Fault};

/// Prints a value as a hole with a format asks: `{revenue as csv}`.
pub(crate) fn formatted_into(value: &Value, format: &str, types: &TypeTable, out: &mut String) -> Result<(), Fault> {
    let rendered = match format {
        "text" => return text_into(value, out),
        "json" => {
            out.push_str(&codec::encode(value).to_string());
            return Ok(());
        }
        "csv" => csv(value, types, ROW_LIMIT),
        "markdown" => markdown(value, types, ROW_LIMIT),
        other => return Err(Fault::argument(format!("no format `{other}`: there are csv, json, markdown and text"))),
    };
    if matches!(value, Value::Table(table) if table.data.is_none()) {
        return Err(Fault::kind("the rows of this table are not loaded here"));
    }
    let rendered = rendered.ok_or_else(|| {
        Fault::argument(format!("{} cannot be shown as {format}: that takes a table or a list of records", kind(value)))
    })?;
    out.push_str(&rendered.text);
    if rendered.omitted > 0 {
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&format!("({} more rows not shown)\n", rendered.omitted));
    }
    Ok(())
}
