//! Batches from elsewhere → batches of the declared columns: Parquet files, query results, databases.
//!
//! Names and types are compared once; then each batch is cast, and what a column type cannot say is
//! looked at: cells without a value, variants, JSON. Nothing is rounded that was read; a result that was
//! computed is rounded to the places of a column.

use super::cut;
use crate::borders::RowErrors;
use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, StructArray},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Schema, SchemaRef, TimeUnit},
    record_batch::RecordBatch,
};
use flow_diag::codes;
use flow_expr::{Field, Type, TypeTable};
use flow_plan::{ErrorClass, Failure};
use flow_sql::{Fit, Scalar, fields_schema, fits, scalar_kind, type_name};
use std::{collections::HashSet, sync::Arc};

/// Brings batches of one origin to the columns of one record type.
pub(crate) struct Converter {
    schema: SchemaRef,
    columns: Vec<Column>,
    /// Whether values were computed, so that rounding is no loss.
    computed: bool,
    rows: u64,
}

struct Column {
    source: usize,
    field: Field,
    kind: Scalar,
    variants: HashSet<String>,
}

impl Converter {
    /// A converter from columns of `found`; `what` names their origin in messages.
    ///
    /// # Errors
    /// A column that is missing, too much, or of a type that does not fit.
    pub(crate) fn new(
        found: &Schema,
        record: &Type,
        types: &TypeTable,
        what: &str,
        computed: bool,
    ) -> Result<Self, Failure> {
        Self::of_fields(found, types.record(record).unwrap_or_default(), what, types, computed)
    }

    /// As [`Self::new`], for fields that are no record of the program.
    pub(crate) fn of_fields(
        found: &Schema,
        fields: &[Field],
        what: &str,
        types: &TypeTable,
        computed: bool,
    ) -> Result<Self, Failure> {
        let schema = fields_schema(fields, types)
            .map_err(|field| malformed(what, vec![format!("{field}: a table cannot hold this type")]))?;
        let mut wrong = Vec::new();
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let Ok(source) = found.index_of(&field.name) else {
                wrong.push(format!(
                    "column `{}` ({}) is missing{}",
                    field.name,
                    field.ty,
                    near(&field.name, found, fields)
                ));
                continue;
            };
            let data = found.field(source).data_type();
            if fits(data, &field.ty, types) == Fit::Never && *data != DataType::Null {
                wrong.push(format!("column `{}` is {}, but {} is declared", field.name, type_name(data), field.ty));
            }
            let kind = scalar_kind(&field.ty, types).unwrap_or(Scalar::Nested);
            columns.push(Column { source, field: field.clone(), kind, variants: variants(&field.ty, types) });
        }
        for column in found.fields() {
            if !fields.iter().any(|field| *field.name == *column.name()) {
                wrong.push(format!("column `{}` is not declared", column.name()));
            }
        }
        if !wrong.is_empty() {
            return Err(malformed(what, wrong));
        }
        Ok(Self { schema, columns, computed, rows: 0 })
    }

    /// A batch in the declared columns; none if a row of it was wrong, which is in `errors` then.
    pub(crate) fn convert(&mut self, batch: &RecordBatch, errors: &mut RowErrors) -> Option<RecordBatch> {
        let before = errors.total();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (column, target) in self.columns.iter().zip(self.schema.fields()) {
            let array = batch.column(column.source);
            match column.cast(array, target.data_type(), self.computed) {
                Ok(array) => {
                    column.look(&array, self.rows, errors);
                    columns.push(array);
                }
                Err(why) => errors.add(|place| place.column(&column.field, &why)),
            }
        }
        self.rows += batch.num_rows() as u64;
        if errors.total() > before {
            return None;
        }
        match RecordBatch::try_new(self.schema.clone(), columns) {
            Ok(batch) => Some(batch),
            Err(error) => {
                errors.add(|place| place.whole(&error.to_string()));
                None
            }
        }
    }
}

fn malformed(what: &str, wrong: Vec<String>) -> Failure {
    let mut failure = Failure::new(
        ErrorClass::Malformed,
        codes::R0304.as_str(),
        format!("{what} does not have the declared columns"),
    );
    failure.details = wrong;
    failure
}

fn near(name: &str, found: &Schema, fields: &[Field]) -> String {
    let unknown = found.fields().iter().filter(|column| !fields.iter().any(|field| *field.name == *column.name()));
    nearest(name, unknown.map(|column| column.name().as_str()))
        .map_or(String::new(), |near| format!("; `{near}` is like it"))
}

/// A name that is like another one.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |other: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let best = names.map(|other| (distance(other), other)).min()?;
    (best.0 <= name.chars().count().max(3) / 3).then_some(best.1)
}

/// The names of an enum's variants.
pub(crate) fn variants(ty: &Type, types: &TypeTable) -> HashSet<String> {
    flow_sql::variants(ty, types).into_iter().flatten().map(str::to_owned).collect()
}

/// Casts that do not fit are errors, never nulls.
const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: datafusion::arrow::util::display::FormatOptions::new() };

impl Column {
    fn cast(&self, array: &ArrayRef, target: &DataType, computed: bool) -> Result<ArrayRef, String> {
        if array.data_type() == target {
            return Ok(array.clone());
        }
        // A local time without a zone is taken as UTC; the cast would do the same, but reject it for some units.
        let zoned = match (array.data_type(), target) {
            (DataType::Timestamp(unit, None), DataType::Timestamp(_, zone)) => {
                cast(array, &DataType::Timestamp(*unit, zone.clone()))?
            }
            (DataType::Interval(_), DataType::Duration(_)) => cast(array, &DataType::Duration(TimeUnit::Nanosecond))?,
            (DataType::Struct(_) | DataType::List(_), DataType::Utf8) if self.kind == Scalar::Json => {
                return Err("nested columns cannot become Json; give them as text".into());
            }
            _ => array.clone(),
        };
        let done = cast_nested(&zoned, target)?;
        if !computed && loses(zoned.data_type(), target) {
            let back = cast(&done, zoned.data_type())?;
            if back.to_data() != zoned.to_data() {
                return Err("a value has more digits than its type can hold".into());
            }
        }
        Ok(done)
    }

    fn look(&self, array: &ArrayRef, first: u64, errors: &mut RowErrors) {
        let required = !matches!(self.field.ty, Type::Optional(_));
        if required && array.null_count() > 0 {
            for row in (0..array.len()).filter(|row| array.is_null(*row)) {
                errors.add(|place| place.cell(first + row as u64, &self.field, &self.field.ty.to_string(), "no value"));
            }
        }
        let texts = matches!(self.kind, Scalar::Enum | Scalar::Json).then(|| array.as_string_opt::<i32>()).flatten();
        for (row, text) in texts.iter().flat_map(|texts| texts.iter().enumerate()) {
            let Some(text) = text else { continue };
            if self.kind == Scalar::Enum && !self.variants.contains(text) {
                errors.add(|place| {
                    place.cell(first + row as u64, &self.field, &one_of(&self.variants), &cut(&format!("{text:?}")))
                });
            }
            if self.kind == Scalar::Json && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
                errors.add(|place| place.cell(first + row as u64, &self.field, "JSON", &cut(&format!("{text:?}"))));
            }
        }
    }
}

/// `one of A, B`.
pub(crate) fn one_of(variants: &HashSet<String>) -> String {
    let mut names: Vec<_> = variants.iter().map(String::as_str).collect();
    names.sort_unstable();
    format!("one of {}", names.join(", "))
}

fn cast(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, String> {
    cast_with_options(array, target, &STRICT).map_err(|error| error.to_string())
}

/// Records are cast field by field, by name.
fn cast_nested(array: &ArrayRef, target: &DataType) -> Result<ArrayRef, String> {
    match (array.as_struct_opt(), target) {
        (Some(found), DataType::Struct(fields)) => {
            let columns = fields.iter().map(|field| match found.column_by_name(field.name()) {
                Some(column) => cast_nested(column, field.data_type()),
                None => Err(format!("its field `{}` is missing", field.name())),
            });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let array = StructArray::try_new(fields.clone(), columns, found.nulls().cloned());
            array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| error.to_string())
        }
        _ => cast(array, target),
    }
}

/// Whether a cast can drop digits.
fn loses(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale),
            DataType::Decimal128(_, target),
        ) => scale > target,
        (
            DataType::Timestamp(TimeUnit::Nanosecond, _)
            | DataType::Time64(TimeUnit::Nanosecond)
            | DataType::Duration(TimeUnit::Nanosecond),
            _,
        ) => true,
        _ => false,
    }
}
