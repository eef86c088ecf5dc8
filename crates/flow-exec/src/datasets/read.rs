//! Reading a version of a dataset of files.

use super::{
    Datasets, Piece, csv, dataset,
    fingerprint::{newest_column, purpose, stamp},
    json, parquet, pieces,
    rows::{Sink, malformed},
};
use crate::{
    api::{DatasetRef, VersionRead},
    blocking::Stop,
    borders::{Places, RowErrors},
    expectations::{self, Expectations},
    tables::{Intake, batches_of, read_failure},
};
use datafusion::arrow::datatypes::SchemaRef;
use flow_expr::{Record, Type, Value};
use flow_plan::{CsvOptions, Dataset, Failure, Format, Location, Program, RuleVerdict};
use flow_sql::record_schema;
use jiff::Timestamp;
use std::sync::Arc;

/// The record type of a type whose values are rows.
pub(crate) fn record_of(ty: &Type, program: &Program) -> Option<Type> {
    match ty {
        Type::Table(record) => Some((**record).clone()),
        Type::List(record) => program.types.record(record).map(|_| (**record).clone()),
        _ => None,
    }
}

impl Datasets {
    /// Reads the version that is there now.
    pub(crate) fn read(&self, data: &DatasetRef, stop: &Stop) -> Result<VersionRead, Failure> {
        let Location::File { format, path, .. } = &dataset(data)?.location else {
            return Err(crate::blocking::broken("a table of a database was read as files"));
        };
        let found = pieces(&self.root, data, path, *format)?;
        self.read_found(data, &found, stop)
    }

    /// Reads the version that these files are.
    pub(crate) fn read_found(&self, data: &DatasetRef, found: &[Piece], stop: &Stop) -> Result<VersionRead, Failure> {
        let declared = dataset(data)?;
        let Location::File { format, csv, .. } = &declared.location else {
            return Err(crate::blocking::broken("a table of a database was read as files"));
        };
        let stamps = found.iter().map(stamp).collect::<Result<Vec<_>, _>>()?;
        let record = record_of(&declared.ty, &data.program);
        let (value, expectations) = match record {
            Some(record) if !matches!(format, Format::Text) => {
                self.read_rows(data, declared, &record, found, (*format, csv), stop)?
            }
            _ => self.read_value(data, declared, found, *format)?,
        };
        let fingerprint = self.fingerprint_of(data, found, stop)?;
        if found.iter().map(stamp).collect::<Result<Vec<_>, _>>()? != stamps {
            return Err(malformed(&format!("`{}` changed while it was being read", data.dataset.short())));
        }
        let rows = match &value {
            Value::Table(table) => Some(table.rows),
            _ => None,
        };
        Ok(VersionRead { value, fingerprint, rows, expectations })
    }

    fn read_rows(
        &self,
        data: &DatasetRef,
        declared: &Dataset,
        record: &Type,
        found: &[Piece],
        format: (Format, &CsvOptions),
        stop: &Stop,
    ) -> Result<(Value, Vec<RuleVerdict>), Failure> {
        let program = &*data.program;
        let schema = schema_of(record, program)?;
        let mut intake = Intake::scan(program, record, schema.clone(), data.now)
            .store(&self.artifacts)?
            .newest(newest_column(declared));
        if declared.writer.is_none() {
            intake = intake.rules(Expectations::new(program, declared, record, data.now));
        }
        let mut errors = RowErrors::new(Places::Rows(data.dataset.short().into()));
        for piece in found {
            let mut sink = Sink { program, intake: &mut intake, errors: &mut errors, stop, schema: schema.clone() };
            read_piece(piece, record, format, data.now, &mut sink)?;
            if let Some(column) = newest_column(declared).filter(|_| errors.total() == 0) {
                let newest = intake.take_newest().map_or(String::new(), |at| at.to_string());
                self.remember(&stamp(piece)?, &purpose(column), &newest);
            }
        }
        errors.verdict(&describe(data, found), &format!("a {}", declared.ty))?;
        let taken = intake.finish()?;
        let table = taken.stored.into_value(record);
        let verdicts = match taken.rules {
            Some(rules) if rules.need_whole() => rules.finish(Some(&self.loaded(&table, &data.program)?))?,
            Some(rules) => rules.finish(None)?,
            None => vec![],
        };
        let value = if matches!(declared.ty, Type::List(_)) { self.as_list(&table, &data.program)? } else { table };
        Ok((value, verdicts))
    }

    /// The table with its rows at hand.
    pub(crate) fn loaded(&self, value: &Value, program: &Arc<Program>) -> Result<Value, Failure> {
        let Value::Table(table) = value else { return Ok(value.clone()) };
        let mut table = table.clone();
        table.data = Some(self.artifacts.load(&table, program)?);
        Ok(Value::Table(table))
    }

    fn as_list(&self, value: &Value, program: &Arc<Program>) -> Result<Value, Failure> {
        let Value::Table(table) = value else { return Ok(value.clone()) };
        let Type::Named(name) = &table.ty else { return Ok(value.clone()) };
        let data = self.artifacts.load(table, program)?;
        let columns = data.columns();
        let row = |row: usize| {
            let fields = columns.iter().enumerate().map(|(column, name)| (name.clone(), data.cell(row, column)));
            Value::Record(Arc::new(Record { ty: name.clone(), fields: fields.collect() }))
        };
        Ok(Value::List((0..data.rows()).map(row).collect()))
    }

    fn read_value(
        &self,
        data: &DatasetRef,
        declared: &Dataset,
        found: &[Piece],
        format: Format,
    ) -> Result<(Value, Vec<RuleVerdict>), Failure> {
        let [piece] = found else {
            return Err(malformed(&format!(
                "`{}` is one value, but {} files are there",
                data.dataset.short(),
                found.len()
            )));
        };
        let value = match (format, &declared.ty) {
            (_, Type::File) => {
                let name = piece.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                Value::File(self.artifacts.put_file(&piece.path, &name)?)
            }
            (Format::Text, ty) => text(piece, ty)?,
            (Format::Json, ty) => json::read_document(piece, ty, &data.program, data.now)?,
            (format, ty) => return Err(malformed(&format!("a {ty} cannot be read from {format:?}"))),
        };
        let verdicts = match declared.writer {
            Some(_) => vec![],
            None => expectations::of_value(&data.program, declared, &value, data.now)?,
        };
        Ok((value, verdicts))
    }
}

/// The columns of a record type.
pub(crate) fn schema_of(record: &Type, program: &Program) -> Result<SchemaRef, Failure> {
    record_schema(record, &program.types).map_err(|field| malformed(&format!("{record}.{field} cannot be a column")))
}

fn text(piece: &Piece, ty: &Type) -> Result<Value, Failure> {
    let bytes = std::fs::read(&piece.path).map_err(|error| read_failure(&piece.path, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        malformed(&format!("{}:{line} is not UTF-8 text", piece.name))
    })?;
    match ty {
        Type::String => Ok(Value::String(text.into())),
        other => Err(malformed(&format!("a text file is a String or a File, not a {other}"))),
    }
}

fn describe(data: &DatasetRef, found: &[Piece]) -> String {
    match found {
        [piece] => format!("`{}` ({})", data.dataset.short(), piece.name),
        many => format!("`{}` ({} files)", data.dataset.short(), many.len()),
    }
}

/// Feeds one file into a sink.
fn read_piece(
    piece: &Piece,
    record: &Type,
    (format, options): (Format, &CsvOptions),
    now: Timestamp,
    sink: &mut Sink<'_, '_>,
) -> Result<(), Failure> {
    let program = sink.program;
    let fields = program.types.record(record).unwrap_or_default();
    match format {
        Format::Csv => csv::read(piece, fields, options, sink),
        Format::Parquet => parquet::read(piece, record, fields, sink),
        Format::Jsonl => json::read_lines(piece, record, fields, now, sink),
        Format::Json => {
            let table = Type::Table(record.clone().into());
            let Value::Table(table) = json::read_document(piece, &table, program, now)? else { return Ok(()) };
            let Some(data) = table.data else { return Ok(()) };
            let batches = batches_of(&*data, record, &sink.schema, &program.types).map_err(|why| malformed(&why))?;
            batches.into_iter().try_for_each(|batch| sink.columns(batch.columns().to_vec()))
        }
        Format::Text => Err(malformed("text has no rows")),
    }
}

/// The newest value of a column of a file that is not taken in.
pub(crate) fn scan(
    datasets: &Datasets,
    data: &DatasetRef,
    piece: &Piece,
    column: &str,
    stop: &Stop,
) -> Result<Option<Timestamp>, Failure> {
    let declared = dataset(data)?;
    let Location::File { format, csv, .. } = &declared.location else { return Ok(None) };
    let Some(record) = record_of(&declared.ty, &data.program) else {
        let (value, _) = datasets.read_value(data, declared, std::slice::from_ref(piece), *format)?;
        return Ok(field_time(&value, column));
    };
    let program = &*data.program;
    let schema = schema_of(&record, program)?;
    let mut intake = Intake::scan(program, &record, schema.clone(), data.now).newest(Some(column));
    let mut errors = RowErrors::new(Places::Rows(data.dataset.short().into()));
    let mut sink = Sink { program, intake: &mut intake, errors: &mut errors, stop, schema };
    read_piece(piece, &record, (*format, csv), data.now, &mut sink)?;
    errors.verdict(&describe(data, std::slice::from_ref(piece)), &format!("a {}", declared.ty))?;
    Ok(intake.take_newest())
}

fn field_time(value: &Value, field: &str) -> Option<Timestamp> {
    let Value::Record(record) = value else { return None };
    match record.get(field)? {
        Value::Timestamp(at) => Some(*at),
        Value::Date(date) => date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp()),
        _ => None,
    }
}

/// Reads a file that a program wrote, as a stored table.
pub(crate) fn read_table_file(
    datasets: &Datasets,
    piece: &Piece,
    record: &Type,
    format: Format,
    program: &Arc<Program>,
    now: Timestamp,
    stop: &Stop,
) -> Result<Value, Failure> {
    let schema = schema_of(record, program)?;
    let mut intake = Intake::scan(program, record, schema.clone(), now).store(&datasets.artifacts)?;
    let mut errors = RowErrors::new(Places::Rows(piece.name.as_str().into()));
    let mut sink = Sink { program, intake: &mut intake, errors: &mut errors, stop, schema };
    read_piece(piece, record, (format, &CsvOptions::default()), now, &mut sink)?;
    errors.verdict(&piece.name, &format!("a Table<{record}>"))?;
    Ok(intake.finish()?.stored.into_value(record))
}
