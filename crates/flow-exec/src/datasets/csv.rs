//! Reading CSV: RFC 4180 with a header line, in UTF-8.
//!
//! One pass, cell by cell into columns, so that what does not fit is named by its line. Columns may stand in
//! any order; one that is missing or not declared is an error, since it is as likely a slip as a wish.

use super::{
    Piece,
    csv_cells::Cells,
    rows::{BATCH_ROWS, Given, Sink, malformed, names},
};
use crate::{
    borders::Places,
    tables::{cut, read_failure},
};
use csv::{ByteRecord, ReaderBuilder};
use flow_expr::Field;
use flow_plan::{CsvOptions, Failure};
use std::{
    collections::HashSet,
    fs::File,
    io::{BufRead, BufReader, Read},
};

/// Where the cells of a field come from.
enum Source {
    Column(usize, Box<Cells>),
    Folder(Given),
}

/// Reads a file.
pub(crate) fn read(
    piece: &Piece,
    fields: &[Field],
    options: &CsvOptions,
    sink: &mut Sink<'_, '_>,
) -> Result<(), Failure> {
    let file = File::open(&piece.path).map_err(|error| read_failure(&piece.path, &error))?;
    let mut text = BufReader::with_capacity(1 << 20, file);
    skip_mark(piece, &mut text)?;
    let delimiter =
        u8::try_from(options.delimiter).map_err(|_| malformed("the delimiter is not an ASCII character"))?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    let mut record = ByteRecord::new();
    let header = match next(piece, &mut reader, &mut record)? {
        true => header(piece, &record)?,
        false => {
            return Err(malformed(&format!(
                "{} is empty: a header line with the names of columns is expected",
                piece.name
            )));
        }
    };
    let mut sources = sources(piece, &header, fields, options, sink)?;
    let mut lines = Vec::with_capacity(BATCH_ROWS);
    while next(piece, &mut reader, &mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        if row(piece, &record, line, &header, &mut sources, fields, sink) {
            lines.push(line);
        }
        if lines.len() == BATCH_ROWS {
            batch(piece, &mut sources, &mut lines, sink)?;
        }
    }
    batch(piece, &mut sources, &mut lines, sink)
}

/// Drops the byte order mark of UTF-8; that of UTF-16 is an error that says so.
fn skip_mark(piece: &Piece, text: &mut BufReader<File>) -> Result<(), Failure> {
    let start = text.fill_buf().map_err(|error| read_failure(&piece.path, &error))?;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Err(malformed(&format!("{} is in UTF-16: UTF-8 is expected (`iconv -f utf-16 -t utf-8`)", piece.name)));
    }
    if start.starts_with(&[0xef, 0xbb, 0xbf]) {
        text.consume(3);
    }
    Ok(())
}

fn next(piece: &Piece, reader: &mut csv::Reader<impl Read>, record: &mut ByteRecord) -> Result<bool, Failure> {
    reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => read_failure(&piece.path, &error),
        other => malformed(&format!("{}: {other:?}", piece.name)),
    })
}

fn header(piece: &Piece, record: &ByteRecord) -> Result<Vec<String>, Failure> {
    let names = record.iter().enumerate().map(|(index, name)| {
        let name = std::str::from_utf8(name)
            .map_err(|_| malformed(&format!("{}:1: {}", piece.name, not_utf8(index, name))))?;
        Ok(name.trim().to_owned())
    });
    let names = names.collect::<Result<Vec<_>, Failure>>()?;
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(malformed(&format!("{}:1: two columns are called `{}`", piece.name, cut(twice)))),
        None => Ok(names),
    }
}

fn not_utf8(column: usize, bytes: &[u8]) -> String {
    let shown: Vec<_> = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!(
        "column {} is not UTF-8 (bytes {}): is it Latin-1? `iconv -f latin1 -t utf-8` converts it",
        column + 1,
        shown.join(" ")
    )
}

/// Where each field's cells come from; every column that is missing or not declared is told at once.
fn sources(
    piece: &Piece,
    header: &[String],
    fields: &[Field],
    options: &CsvOptions,
    sink: &Sink<'_, '_>,
) -> Result<Vec<Source>, Failure> {
    let mut wrong = Vec::new();
    let mut sources = Vec::with_capacity(fields.len());
    for field in fields {
        let found = header.iter().position(|name| **name == *field.name);
        match (found, Given::new(piece, field, sink.program)) {
            (Some(column), _) => {
                sources.push(Source::Column(column, Box::new(Cells::new(field, options, &sink.program.types))))
            }
            (None, Some(given)) => sources.push(Source::Folder(given?)),
            (None, None) => {
                let unknown = header.iter().filter(|name| !fields.iter().any(|field| *field.name == ***name));
                let near = crate::tables::nearest(&field.name, unknown.map(String::as_str));
                let near = near.map_or(String::new(), |near| format!("; `{near}` is like it"));
                wrong.push(format!("column `{}` ({}) is missing{near}", field.name, field.ty));
            }
        }
    }
    for name in header.iter().filter(|name| !fields.iter().any(|field| *field.name == ***name)) {
        wrong.push(format!("column `{}` is not declared: declare it, or leave it out of the file", cut(name)));
    }
    if wrong.is_empty() {
        return Ok(sources);
    }
    let mut failure = malformed(&format!("{} does not have the declared columns {}", piece.name, names(fields)));
    if header.len() == 1 && fields.len() > 1 {
        wrong.push(format!(
            "its header is one cell, `{}`: is `{}` the sign between cells?",
            cut(&header[0]),
            options.delimiter
        ));
    }
    failure.details = wrong;
    Err(failure)
}

/// Takes a row; false if it cannot be taken, and has been noted.
fn row(
    piece: &Piece,
    record: &ByteRecord,
    line: u64,
    header: &[String],
    sources: &mut [Source],
    fields: &[Field],
    sink: &mut Sink<'_, '_>,
) -> bool {
    if record.len() != header.len() {
        let open = record.iter().any(|cell| cell.contains(&b'\n'));
        let hint = if open { "; a cell holds a line end: is a quote not closed?" } else { "" };
        note(piece, sink, line, &format!("{} cells, but the header has {}{hint}", record.len(), header.len()));
        return false;
    }
    // Text is looked at once a row, not once a cell.
    if let Err(error) = std::str::from_utf8(record.as_slice()) {
        let at = error.valid_up_to();
        let column =
            (0..record.len()).find(|index| record.range(*index).is_some_and(|range| range.contains(&at))).unwrap_or(0);
        note(piece, sink, line, &not_utf8(column, record.get(column).unwrap_or_default()));
        return false;
    }
    let mut complete = true;
    for (source, field) in sources.iter_mut().zip(fields) {
        let Source::Column(index, cells) = source else { continue };
        let text = record.get(*index).and_then(|cell| std::str::from_utf8(cell).ok()).unwrap_or_default();
        if let Err(rule) = cells.push(text) {
            complete = false;
            sink.errors.at(Places::Lines(piece.name.as_str().into(), vec![line], 0));
            let found = if text.is_empty() { "an empty cell".to_owned() } else { cut(&format!("{text:?}")) };
            sink.errors.add(|place| place.cell(0, field, &rule, &found));
        }
    }
    complete || {
        sources.iter_mut().for_each(Source::drop_incomplete);
        false
    }
}

impl Source {
    /// After a row that could not be taken nothing is kept: the file is refused, the rest is only counted.
    fn drop_incomplete(&mut self) {
        if let Self::Column(_, cells) = self {
            cells.clear();
        }
    }
}

fn note(piece: &Piece, sink: &mut Sink<'_, '_>, line: u64, why: &str) {
    sink.errors.at(Places::Lines(piece.name.as_str().into(), vec![line], 0));
    sink.errors.add(|place| place.whole_row(0, why));
}

fn batch(piece: &Piece, sources: &mut [Source], lines: &mut Vec<u64>, sink: &mut Sink<'_, '_>) -> Result<(), Failure> {
    sink.stop.check()?;
    let rows = lines.len();
    let taken = std::mem::take(lines);
    if sink.errors.total() > 0 || rows == 0 {
        sources.iter_mut().for_each(Source::drop_incomplete);
        return Ok(());
    }
    let columns = sources.iter_mut().map(|source| match source {
        Source::Column(_, cells) => cells.finish(&sink.program.types).map_err(|why| malformed(&why)),
        Source::Folder(given) => given.cells(rows),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    sink.lines(&piece.name, columns, taken)
}
