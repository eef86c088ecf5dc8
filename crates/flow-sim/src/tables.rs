//! Tables in memory: made from lists of rows, named by their content.

use flow_expr::{MemoryTable, Record, Table, Type, TypeTable, Value, digest};
use std::sync::Arc;

/// A value that a test gives, as one of the declared type: a list of rows becomes a table.
pub(crate) fn fitted(value: Value, ty: &Type, types: &TypeTable) -> Value {
    match (value, base(ty, types)) {
        (Value::List(rows), Type::Table(row)) => Value::Table(of_rows(&rows, row, types)),
        (value, _) => value,
    }
}

/// A type through refined aliases and options.
fn base<'t>(ty: &'t Type, types: &'t TypeTable) -> &'t Type {
    match ty.required() {
        Type::Named(name) => match types.get(name) {
            Some(flow_expr::TypeDef::Refined { base: inner, .. }) => base(inner, types),
            _ => ty.required(),
        },
        other => other,
    }
}

/// The table of these records.
#[must_use]
pub fn of_rows(rows: &[Value], row: &Type, types: &TypeTable) -> Table {
    let columns: Vec<Arc<str>> = types.record(row).unwrap_or_default().iter().map(|field| field.name.clone()).collect();
    let cells = rows.iter().map(|value| match value {
        Value::Record(record) => {
            columns.iter().map(|column| record.get(column).cloned().unwrap_or(Value::Absent)).collect()
        }
        _ => vec![],
    });
    let hash: Arc<str> = digest(&Value::List(rows.into())).into();
    Table { hash, ..MemoryTable::new(columns.clone(), cells.collect()).into_table(row.clone()) }
}

/// A table's rows as records, as far as they are at hand.
pub(crate) fn rows(table: &Table) -> Vec<Value> {
    let Some(data) = &table.data else { return vec![] };
    let Type::Named(name) = &table.ty else { return vec![] };
    let record = |row: usize| {
        let fields = data.columns().iter().enumerate().map(|(column, title)| (title.clone(), data.cell(row, column)));
        Value::Record(Arc::new(Record { ty: name.clone(), fields: fields.collect() }))
    };
    (0..data.rows()).map(record).collect()
}

/// A value whose tables are named by their content, however they came to be.
pub(crate) fn settled(value: Value, types: &TypeTable) -> Value {
    match value {
        Value::Table(table) if table.data.is_some() => Value::Table(of_rows(&rows(&table), &table.ty.clone(), types)),
        Value::List(items) => Value::List(items.iter().map(|item| settled(item.clone(), types)).collect()),
        Value::Record(record) => {
            let fields = record.fields.iter().map(|(name, field)| (name.clone(), settled(field.clone(), types)));
            Value::Record(Arc::new(Record { ty: record.ty.clone(), fields: fields.collect() }))
        }
        other => other,
    }
}
