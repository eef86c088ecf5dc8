//! Where the rows of a reader go, and what every reader does alike.

use super::Piece;
use crate::{
    blocking::Stop,
    borders::{Places, RowErrors},
    tables::{Intake, array_of},
};
use datafusion::arrow::{
    array::{ArrayRef, UInt32Array},
    compute::take,
    datatypes::SchemaRef,
    record_batch::RecordBatch,
};
use flow_diag::codes;
use flow_expr::{Field, Value};
use flow_plan::{ErrorClass, Failure, Program};

/// Rows in a batch.
pub(crate) const BATCH_ROWS: usize = 16 * 1024;

/// Where rows go.
pub(crate) struct Sink<'a, 'p> {
    pub(crate) program: &'a Program,
    pub(crate) intake: &'a mut Intake<'p>,
    pub(crate) errors: &'a mut RowErrors,
    pub(crate) stop: &'a Stop,
    pub(crate) schema: SchemaRef,
}

impl Sink<'_, '_> {
    /// Rows in declared columns, each from a line of a file.
    pub(crate) fn lines(&mut self, file: &str, columns: Vec<ArrayRef>, lines: Vec<u64>) -> Result<(), Failure> {
        self.stop.check()?;
        let places = Places::Lines(file.into(), lines, self.intake.rows());
        self.errors.at(places);
        self.columns(columns)
    }

    /// Rows in declared columns.
    pub(crate) fn columns(&mut self, columns: Vec<ArrayRef>) -> Result<(), Failure> {
        self.stop.check()?;
        let batch = RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|error| crate::blocking::broken(&error.to_string()))?;
        self.intake.take(&batch, self.errors)
    }

    /// Rows as values.
    pub(crate) fn values(
        &mut self,
        file: &str,
        rows: &[Vec<Value>],
        fields: &[Field],
        lines: Vec<u64>,
    ) -> Result<(), Failure> {
        let mut columns = Vec::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            let cells: Vec<Value> = rows.iter().map(|row| row[index].clone()).collect();
            let array = array_of(&cells, &field.ty, &self.program.types);
            columns.push(array.map_err(|why| malformed(&format!("{file}: {}: {why}", field.name)))?);
        }
        self.lines(file, columns, lines)
    }
}

/// A file that is not what it is declared to be.
pub(crate) fn malformed(message: &str) -> Failure {
    Failure::new(ErrorClass::Malformed, codes::R0303.as_str(), message)
}

/// The cells of a column that the folders of a file give: `day=2026-01-01/`.
pub(crate) struct Given {
    one: ArrayRef,
}

impl Given {
    /// The value of a field from the folders, if they have it.
    pub(crate) fn new(piece: &Piece, field: &Field, program: &Program) -> Option<Result<Self, Failure>> {
        let text = piece.folders.get(&*field.name)?;
        Some(Self::parse(piece, field, text, program))
    }

    fn parse(piece: &Piece, field: &Field, text: &str, program: &Program) -> Result<Self, Failure> {
        let context = crate::borders::context(program, jiff::Timestamp::UNIX_EPOCH);
        let value = flow_expr::codec::decode_text(text, &field.ty, &field.name, &context)
            .map_err(|errors| malformed(&format!("the folder of {}: {errors}", piece.name)))?;
        let one = array_of(&[value], &field.ty, &program.types).map_err(|why| malformed(&why))?;
        Ok(Self { one })
    }

    /// So many of it.
    pub(crate) fn cells(&self, rows: usize) -> Result<ArrayRef, Failure> {
        let indices = UInt32Array::from(vec![0_u32; rows]);
        take(&self.one, &indices, None).map_err(|error| crate::blocking::broken(&error.to_string()))
    }
}

/// Names of fields, for messages.
pub(crate) fn names(fields: &[Field]) -> String {
    fields.iter().map(|field| format!("`{}`", field.name)).collect::<Vec<_>>().join(", ")
}
