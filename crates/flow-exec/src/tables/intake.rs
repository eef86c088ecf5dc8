//! Rows on their way in: checked against refinements and rules, hashed, stored, in one pass.

use super::{Artifacts, StoredTable, artifacts::TableWriter};
use crate::{
    borders::{BorderCheck, RowErrors},
    expectations::Expectations,
};
use datafusion::arrow::{
    array::AsArray,
    compute::max,
    datatypes::{Date32Type, SchemaRef, TimestampMicrosecondType},
    record_batch::RecordBatch,
};
use flow_expr::Type;
use flow_plan::{Failure, Program};
use jiff::Timestamp;

/// Takes in a table batch by batch.
pub(crate) struct Intake<'a> {
    border: BorderCheck<'a>,
    rules: Option<Expectations<'a>>,
    writer: Option<TableWriter<'a>>,
    newest: Option<Newest>,
    rows: u64,
    schema: SchemaRef,
}

/// A table that was taken in.
pub(crate) struct Taken<'a> {
    pub(crate) stored: StoredTable,
    pub(crate) rules: Option<Expectations<'a>>,
}

/// The newest value of a Timestamp or Date column; a day counts from its beginning.
struct Newest {
    column: usize,
    found: Option<i64>,
}

impl Newest {
    fn look(&mut self, batch: &RecordBatch) {
        let array = batch.column(self.column);
        let instant = array.as_primitive_opt::<TimestampMicrosecondType>().and_then(max);
        let day = array.as_primitive_opt::<Date32Type>().and_then(max);
        let found = instant.or_else(|| day.map(|day| i64::from(day) * 86_400_000_000));
        self.found = self.found.max(found);
    }
}

impl<'a> Intake<'a> {
    /// Takes nothing in: for a look at what is there.
    pub(crate) fn scan(program: &'a Program, record: &Type, schema: SchemaRef, now: Timestamp) -> Self {
        let border = BorderCheck::new(program, record, now);
        Self { border, rules: None, writer: None, newest: None, rows: 0, schema }
    }

    /// Takes rows into the artifacts.
    pub(crate) fn store(mut self, artifacts: &'a Artifacts) -> Result<Self, Failure> {
        self.writer = Some(artifacts.table_writer(self.schema.clone())?);
        Ok(self)
    }

    /// Rules that are asked of the rows on the way.
    pub(crate) fn rules(mut self, rules: Expectations<'a>) -> Self {
        self.rules = Some(rules);
        self
    }

    /// The column whose newest value is wanted.
    pub(crate) fn newest(mut self, column: Option<&str>) -> Self {
        self.newest = column.and_then(|name| Some(Newest { column: self.schema.index_of(name).ok()?, found: None }));
        self
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The newest value since it was last asked for.
    pub(crate) fn take_newest(&mut self) -> Option<Timestamp> {
        let found = self.newest.as_mut().and_then(|newest| newest.found.take());
        found.and_then(|at| Timestamp::from_microsecond(at).ok())
    }

    /// Takes rows in declared columns.
    pub(crate) fn take(&mut self, batch: &RecordBatch, errors: &mut RowErrors) -> Result<(), Failure> {
        self.take_at(batch, 0, errors)
    }

    /// Takes rows that are counted from `first` in messages.
    pub(crate) fn take_at(&mut self, batch: &RecordBatch, first: u64, errors: &mut RowErrors) -> Result<(), Failure> {
        self.border.check(batch, self.rows - first, errors);
        self.rows += batch.num_rows() as u64;
        if errors.total() > 0 {
            return Ok(());
        }
        if let Some(rules) = &mut self.rules {
            rules.look(batch)?;
        }
        if let Some(newest) = &mut self.newest {
            newest.look(batch);
        }
        match &mut self.writer {
            Some(writer) => writer.write(batch),
            None => Ok(()),
        }
    }

    /// Stores what was taken; call it only without errors, and only if it takes in.
    pub(crate) fn finish(self) -> Result<Taken<'a>, Failure> {
        let writer = self.writer.ok_or_else(|| crate::blocking::broken("a scan has no table"))?;
        Ok(Taken { stored: writer.finish()?, rules: self.rules })
    }
}
