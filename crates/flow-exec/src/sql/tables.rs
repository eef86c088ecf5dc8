//! The parameters of a query as its planner wants them: tables as sources, scalars as typed values.

use super::outcome::failed;
use crate::{
    datasets::schema_of,
    tables::{Artifacts, array_of, batches_of},
};
use datafusion::{
    arrow::datatypes::{Field, FieldRef},
    catalog::TableProvider,
    common::ScalarValue,
    datasource::{
        MemTable,
        file_format::parquet::ParquetFormat,
        listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl},
        provider_as_source,
    },
};
use flow_expr::{Table, Type, Value};
use flow_plan::{ErrorClass, Failure, Program, Step};
use flow_sql::{Source, arrow_type};
use std::sync::Arc;

/// Parameters of a query.
pub(crate) struct Bound {
    pub(crate) sources: Vec<Source>,
    pub(crate) fields: Vec<FieldRef>,
    pub(crate) values: Vec<ScalarValue>,
}

/// Binds the arguments of a step.
pub(crate) fn bind(
    step: &Step,
    args: &[(Arc<str>, Value)],
    program: &Program,
    artifacts: &Artifacts,
) -> Result<Bound, Failure> {
    let mut bound = Bound { sources: vec![], fields: vec![], values: vec![] };
    for (name, value) in args {
        let declared = step.params.iter().find(|param| param.name == *name).map(|param| &param.ty);
        match (value, declared) {
            (Value::Table(table), _) => {
                let provider = provider(table, program, artifacts)?;
                bound.sources.push((name.clone(), provider_as_source(provider)));
            }
            (value, Some(ty)) => {
                let data = arrow_type(ty, &program.types).ok_or_else(|| unbound(name, ty, "a query cannot hold it"))?;
                let array = array_of(std::slice::from_ref(value), ty, &program.types);
                let array = array.map_err(|why| unbound(name, ty, &why))?;
                bound.values.push(ScalarValue::try_from_array(&array, 0).map_err(|error| failed(&error))?);
                bound.fields.push(Arc::new(Field::new(&**name, data, matches!(ty, Type::Optional(_)))));
            }
            (_, None) => {}
        }
    }
    Ok(bound)
}

fn unbound(name: &str, ty: &Type, why: &str) -> Failure {
    let message = format!("the parameter `{name}: {ty}` cannot be bound: {why}");
    Failure::new(ErrorClass::ClientError, flow_diag::codes::R0307.as_str(), message)
}

/// A stored table is read from its file, so it need not fit into memory; one in memory is taken as it is.
fn provider(table: &Table, program: &Program, artifacts: &Artifacts) -> Result<Arc<dyn TableProvider>, Failure> {
    let schema = schema_of(&table.ty, program)?;
    if let Some(data) = &table.data {
        let batches =
            batches_of(&**data, &table.ty, &schema, &program.types).map_err(|why| crate::blocking::broken(&why))?;
        return Ok(Arc::new(MemTable::try_new(schema, vec![batches]).map_err(|error| failed(&error))?));
    }
    // Asked for here, so that a table that is gone is named as such.
    drop(artifacts.batches(&table.hash)?);
    let path = artifacts.table_path(&table.hash);
    let path = std::path::absolute(&path).map_err(|error| crate::tables::read_failure(&path, &error))?;
    let url = ListingTableUrl::parse(path.to_string_lossy()).map_err(|error| failed(&error))?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default().with_force_view_types(false)));
    let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config).map_err(|error| failed(&error))?))
}
