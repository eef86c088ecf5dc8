//! JSON: one document, or one object a line.

use super::{
    Piece,
    rows::{BATCH_ROWS, Sink, malformed},
};
use crate::{
    borders::{Places, context},
    tables::{read_failure, write_failure},
};
use flow_expr::{Field, TableData, Type, Value};
use flow_plan::Failure;
use jiff::Timestamp;
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
};

/// Reads a file of JSON lines. Empty lines are skipped.
pub(crate) fn read_lines(
    piece: &Piece,
    record: &Type,
    fields: &[Field],
    now: Timestamp,
    sink: &mut Sink<'_, '_>,
) -> Result<(), Failure> {
    let file = File::open(&piece.path).map_err(|error| read_failure(&piece.path, &error))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let (mut bytes, mut line) = (Vec::new(), 0);
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    loop {
        bytes.clear();
        let read = reader.read_until(b'\n', &mut bytes).map_err(|error| read_failure(&piece.path, &error))?;
        if read > 0 {
            line += 1;
            let text = if line == 1 { bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&bytes) } else { &bytes };
            if !text.trim_ascii().is_empty()
                && let Some(row) = one_line(piece, text, line, (record, fields), now, sink)
            {
                rows.push(row);
                lines.push(line);
            }
        }
        if rows.len() == BATCH_ROWS || read == 0 {
            let (full, places) = (std::mem::take(&mut rows), std::mem::take(&mut lines));
            sink.stop.check()?;
            if sink.errors.total() == 0 {
                sink.values(&piece.name, &full, fields, places)?;
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}

fn one_line(
    piece: &Piece,
    text: &[u8],
    line: u64,
    (record, fields): (&Type, &[Field]),
    now: Timestamp,
    sink: &mut Sink<'_, '_>,
) -> Option<Vec<Value>> {
    sink.errors.at(Places::Lines(piece.name.as_str().into(), vec![line], 0));
    // Bytes that are no UTF-8 are told of by the reader of JSON.
    let parsed = match std::str::from_utf8(text) {
        Ok(text) => flow_expr::codec::parse_json_as(text, record, &sink.program.types),
        Err(_) => serde_json::from_slice(text),
    };
    let mut json: serde_json::Value = match parsed {
        Ok(json) => json,
        Err(error) => {
            let why = format!("this is not JSON: {}", describe(&error));
            sink.errors.add(|place| place.whole_row(0, &why));
            return None;
        }
    };
    if let serde_json::Value::Object(object) = &mut json {
        for field in fields.iter().filter(|field| piece.folders.contains_key(&*field.name)) {
            object.entry(&*field.name).or_insert_with(|| piece.folders[&*field.name].as_str().into());
        }
    }
    match flow_expr::codec::decode(&json, record, "", &context(sink.program, now)) {
        Ok(Value::Record(found)) => Some(found.fields.iter().map(|(_, value)| value.clone()).collect()),
        Ok(_) => None,
        Err(errors) => {
            for error in errors.errors {
                sink.errors.add(|place| place.whole_row(0, &error.to_string()));
            }
            None
        }
    }
}

fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(why, _)| format!("{why}, at character {}", error.column()))
}

/// Reads a JSON document as a value of a type.
pub(crate) fn read_document(
    piece: &Piece,
    ty: &Type,
    program: &flow_plan::Program,
    now: Timestamp,
) -> Result<Value, Failure> {
    let bytes = std::fs::read(&piece.path).map_err(|error| read_failure(&piece.path, &error))?;
    let text = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&bytes);
    let parsed = match std::str::from_utf8(text) {
        Ok(text) => {
            if let Some(items) = flow_expr::codec::decode_items(text, ty, &context(program, now)) {
                return Ok(items);
            }
            flow_expr::codec::parse_json_as(text, ty, &program.types)
        }
        Err(_) => serde_json::from_slice(text),
    };
    let json = parsed.map_err(|error| malformed(&format!("{} is not JSON: {error}", piece.name)))?;
    flow_expr::codec::decode(&json, ty, "", &context(program, now)).map_err(|errors| {
        let mut failure = malformed(&format!("{} is not a {ty}", piece.name));
        failure.code = flow_diag::codes::R0304.as_str().into();
        failure.details = errors.to_string().lines().map(str::to_owned).collect();
        failure
    })
}

/// Writes rows, one object a line; absent values as null.
pub(crate) fn write_json_lines(data: &dyn TableData, out: &mut dyn Write, path: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| write_failure(path, &error);
    for row in 0..data.rows() {
        serde_json::to_writer(&mut *out, &row_json(data, row)).map_err(|error| failed(error.into()))?;
        out.write_all(b"\n").map_err(failed)?;
    }
    Ok(())
}

/// Writes rows as one array of objects.
pub(crate) fn write_json_array(data: &dyn TableData, out: &mut dyn Write, path: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| write_failure(path, &error);
    out.write_all(b"[").map_err(failed)?;
    for row in 0..data.rows() {
        out.write_all(if row == 0 { b"\n  " } else { b",\n  " }).map_err(failed)?;
        serde_json::to_writer(&mut *out, &row_json(data, row)).map_err(|error| failed(error.into()))?;
    }
    out.write_all(if data.rows() == 0 { b"]\n" } else { b"\n]\n" }).map_err(failed)
}

fn row_json(data: &dyn TableData, row: usize) -> serde_json::Value {
    let cells = data.columns().iter().enumerate();
    let cells = cells.map(|(column, name)| (name.to_string(), flow_expr::codec::encode(&data.cell(row, column))));
    serde_json::Value::Object(cells.collect())
}
