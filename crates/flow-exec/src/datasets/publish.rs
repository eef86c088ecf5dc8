//! Publishing a version as a file: staged beside its place, checked, renamed.

use super::{
    Datasets, Piece, dataset,
    json::write_json_array,
    read::{record_of, schema_of},
    rows::malformed,
    target, write_csv, write_json_lines,
};
use crate::{
    api::{DatasetRef, VersionWritten},
    blocking::Stop,
    borders::{BorderCheck, Places, RowErrors},
    expectations::{self, Expectations},
    tables::{StagedFile, batches_of, copy_into, parquet_properties, parquet_write_failure, write_failure},
};
use datafusion::parquet::arrow::ArrowWriter;
use flow_expr::{Record, Table, TableData, Type, Value};
use flow_plan::{CsvOptions, Dataset, Failure, Format, Location, RuleVerdict};
use std::{
    io::{BufWriter, Write},
    sync::Arc,
};

impl Datasets {
    /// Publishes a version.
    pub(crate) fn publish(&self, data: &DatasetRef, value: &Value, stop: &Stop) -> Result<VersionWritten, Failure> {
        let declared = dataset(data)?;
        let Location::File { format, path, csv } = &declared.location else {
            return Err(crate::blocking::broken("a table of a database was written as a file"));
        };
        let place = target(&self.root, data, path)?;
        let (rows, verdicts) = self.accepted(data, declared, value, stop)?;
        let mut staged = StagedFile::new(&place.path)?;
        self.stage(data, value, (*format, csv), &place, &mut staged)?;
        stop.check()?;
        staged.publish()?;
        let found = [place];
        let mut fingerprint = self.fingerprint_of(data, &found, stop)?;
        if super::fingerprint::newest_column(declared).is_none() {
            // What a flow makes is as old as what it was made from, which the catalogue knows.
            fingerprint.data_time = None;
        }
        let bytes = std::fs::metadata(&found[0].path).map(|found| found.len()).ok();
        Ok(VersionWritten { fingerprint, rows, bytes, expectations: verdicts })
    }

    /// Checks a value at the border and against the dataset's rules.
    pub(crate) fn accepted(
        &self,
        data: &DatasetRef,
        declared: &Dataset,
        value: &Value,
        stop: &Stop,
    ) -> Result<(Option<u64>, Vec<RuleVerdict>), Failure> {
        let (Value::Table(table), Some(record)) = (value, record_of(&declared.ty, &data.program)) else {
            return Ok((None, expectations::of_value(&data.program, declared, value, data.now)?));
        };
        let program = &*data.program;
        let mut border = BorderCheck::new(program, &record, data.now);
        let mut rules = Expectations::new(program, declared, &record, data.now);
        let mut errors = RowErrors::new(Places::Rows(data.dataset.short().into()));
        let mut rows = 0;
        self.each_batch(table, &record, data, &mut |batch| {
            stop.check()?;
            border.check(batch, rows, &mut errors);
            rules.look(batch)?;
            rows += batch.num_rows() as u64;
            Ok(())
        })?;
        errors.verdict(&format!("`{}`", data.dataset.short()), &format!("a {}", declared.ty))?;
        let whole = rules.need_whole().then(|| self.loaded(value, &data.program)).transpose()?;
        Ok((Some(rows), rules.finish(whole.as_ref())?))
    }

    /// The batches of a table, stored or in memory.
    pub(crate) fn each_batch(
        &self,
        table: &Table,
        record: &Type,
        data: &DatasetRef,
        take: &mut dyn FnMut(&datafusion::arrow::record_batch::RecordBatch) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some(rows) = &table.data {
            let schema = schema_of(record, &data.program)?;
            let batches = batches_of(&**rows, record, &schema, &data.program.types).map_err(|why| malformed(&why))?;
            return batches.iter().try_for_each(take);
        }
        for batch in self.artifacts.batches(&table.hash)? {
            take(&batch.map_err(|error| malformed(&format!("the stored table {} is damaged: {error}", table.hash)))?)?;
        }
        Ok(())
    }

    fn stage(
        &self,
        data: &DatasetRef,
        value: &Value,
        (format, csv): (Format, &CsvOptions),
        place: &Piece,
        staged: &mut StagedFile,
    ) -> Result<(), Failure> {
        let path = &place.path;
        match (format, value) {
            (_, Value::File(file)) => return copy_into(&self.artifacts.file_path(&file.hash), staged).map(drop),
            (Format::Parquet, Value::Table(table)) => return self.stage_parquet(data, table, place, staged),
            _ => {}
        }
        let mut out = BufWriter::with_capacity(1 << 20, staged.file());
        match (format, value) {
            (Format::Csv, value) => write_csv(&*self.rows(data, value)?, csv, &mut out, path)?,
            (Format::Jsonl, value) => write_json_lines(&*self.rows(data, value)?, &mut out, path)?,
            (Format::Json, Value::Table(table)) => {
                write_json_array(&*self.artifacts.load(table, &data.program)?, &mut out, path)?;
            }
            (Format::Json, value) => {
                serde_json::to_writer_pretty(&mut out, &flow_expr::codec::encode(value))
                    .map_err(|error| write_failure(path, &error.into()))?;
                out.write_all(b"\n").map_err(|error| write_failure(path, &error))?;
            }
            (Format::Text, Value::String(text)) => {
                out.write_all(text.as_bytes()).map_err(|error| write_failure(path, &error))?;
            }
            (format, value) => {
                return Err(malformed(&format!("{} cannot be written as {format:?}", crate::tables::shown(value))));
            }
        }
        out.flush().map_err(|error| write_failure(path, &error))
    }

    fn stage_parquet(
        &self,
        data: &DatasetRef,
        table: &Table,
        place: &Piece,
        staged: &StagedFile,
    ) -> Result<(), Failure> {
        let schema = schema_of(&table.ty, &data.program)?;
        let handle = BufWriter::with_capacity(1 << 20, staged.handle()?);
        let failed = |error| parquet_write_failure(&place.path, error);
        let mut writer = ArrowWriter::try_new(handle, schema, Some(parquet_properties())).map_err(failed)?;
        self.each_batch(table, &table.ty, data, &mut |batch| writer.write(batch).map_err(failed))?;
        writer.finish().map(drop).map_err(failed)
    }

    /// The rows of a table or list of records.
    fn rows(&self, data: &DatasetRef, value: &Value) -> Result<Arc<dyn TableData>, Failure> {
        match value {
            Value::Table(table) => self.artifacts.load(table, &data.program),
            Value::List(items) => {
                let fields = match &dataset(data)?.ty {
                    Type::List(record) => data.program.types.record(record).unwrap_or_default(),
                    _ => &[],
                };
                let columns = fields.iter().map(|field| field.name.clone()).collect();
                let cells = |record: &Record| record.fields.iter().map(|(_, value)| value.clone()).collect();
                let rows = items.iter().map(|item| match item {
                    Value::Record(record) => cells(record),
                    other => vec![other.clone()],
                });
                Ok(Arc::new(flow_expr::MemoryTable::new(columns, rows.collect())))
            }
            other => Err(malformed(&format!("{} has no rows", crate::tables::shown(other)))),
        }
    }
}
