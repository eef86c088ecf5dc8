//! Writing CSV: the counterpart of reading it, with the same options.

use crate::tables::write_failure;
use flow_expr::{TableData, Value};
use flow_plan::{CsvOptions, Failure};
use jiff::tz::TimeZone;
use std::{io::Write, path::Path};

/// Writes a header line and the rows. Cells without a value are the first of the null texts, or empty.
pub(crate) fn write_csv(
    data: &dyn TableData,
    options: &CsvOptions,
    out: &mut dyn Write,
    path: &Path,
) -> Result<(), Failure> {
    let delimiter = u8::try_from(options.delimiter).unwrap_or(b',');
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(out);
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => write_failure(path, &error),
        other => write_failure(path, &std::io::Error::other(format!("{other:?}"))),
    };
    writer.write_record(data.columns().iter().map(|name| name.as_bytes())).map_err(failed)?;
    for row in 0..data.rows() {
        for column in 0..data.columns().len() {
            writer.write_field(cell(&data.cell(row, column), options)).map_err(failed)?;
        }
        writer.write_record(None::<&[u8]>).map_err(failed)?;
    }
    writer.flush().map_err(|error| write_failure(path, &error))
}

fn cell(value: &Value, options: &CsvOptions) -> String {
    match value {
        Value::Absent => options.null.first().map(ToString::to_string).unwrap_or_default(),
        Value::Date(date) => match &options.date_format {
            Some(format) => date.strftime(&**format).to_string(),
            None => date.to_string(),
        },
        Value::Timestamp(instant) => match &options.timestamp_format {
            Some(format) => instant.to_zoned(TimeZone::UTC).strftime(&**format).to_string(),
            None => instant.to_string(),
        },
        other => match flow_expr::codec::encode(other) {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        },
    }
}
