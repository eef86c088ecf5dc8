//! Reading Parquet: columns by name, types as declared.

use super::{
    Piece,
    rows::{Given, Sink},
};
use crate::{
    borders::Places,
    tables::{Converter, open_parquet},
};
use datafusion::arrow::{
    array::RecordBatchReader as _,
    datatypes::{Field as ArrowField, Schema},
    record_batch::RecordBatch,
};
use flow_expr::{Field, Type};
use flow_plan::Failure;
use std::sync::Arc;

/// Reads a file.
pub(crate) fn read(piece: &Piece, record: &Type, fields: &[Field], sink: &mut Sink<'_, '_>) -> Result<(), Failure> {
    let reader = open_parquet(&piece.path)?;
    let mut given = Vec::new();
    let mut columns: Vec<_> = reader.schema().fields().iter().cloned().collect();
    for field in fields.iter().filter(|field| reader.schema().index_of(&field.name).is_err()) {
        if let Some(found) = Given::new(piece, field, sink.program) {
            let found = found?;
            columns.push(Arc::new(ArrowField::new(&*field.name, found.cells(0)?.data_type().clone(), true)));
            given.push(found);
        }
    }
    let schema = Arc::new(Schema::new(columns));
    let mut converter = Converter::new(&schema, record, &sink.program.types, &piece.name, false)?;
    let first = sink.intake.rows();
    for batch in reader {
        sink.stop.check()?;
        let batch = batch.map_err(|error| super::rows::malformed(&format!("{} is damaged: {error}", piece.name)))?;
        let mut columns = batch.columns().to_vec();
        for found in &given {
            columns.push(found.cells(batch.num_rows())?);
        }
        let batch = RecordBatch::try_new(schema.clone(), columns)
            .map_err(|error| crate::blocking::broken(&error.to_string()))?;
        sink.errors.at(Places::Rows(piece.name.as_str().into()));
        if let Some(batch) = converter.convert(&batch, sink.errors) {
            sink.intake.take_at(&batch, first, sink.errors)?;
        }
    }
    Ok(())
}
