//! A statement run in the database of a connection, and tables of databases as datasets.
//!
//! The database answers row by row; rows are decoded against the declared type like any JSON from outside.

use crate::{
    api::{Cancel, DatasetRef, Outcome, StepCall},
    blocking::blocking,
    borders::{Places, RowErrors, context},
    database::{Column, Database, Statement},
    datasets::{Datasets, dataset, record_of, schema_of},
    expectations::Expectations,
    tables::{ContentHash, Intake, array_of},
};
use datafusion::arrow::record_batch::RecordBatch;
use flow_diag::codes;
use flow_expr::{Name, Type, Value};
use flow_plan::{ConnectionKind, ErrorClass, Failure, Fingerprint, Program, RuleVerdict};
use flow_sql::{Dialect, Verb, check_foreign};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};

/// A table of a database is read within this time.
const READ_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Rows that are turned into columns at a time.
const CHUNK_ROWS: usize = 16 * 1024;

/// One attempt of `sql on CONNECTION`.
pub(crate) async fn run_on(
    call: &StepCall,
    text: &str,
    connection: &Name,
    database: &Database,
    datasets: &Datasets,
    cancel: &Cancel,
) -> Result<Outcome, Failure> {
    let program = &call.program;
    let dialect = match program.connections.get(connection).map(|connection| &connection.kind) {
        Some(ConnectionKind::Sqlite { .. }) => Dialect::Sqlite,
        _ => Dialect::Postgres,
    };
    let names: Vec<&str> = call.args.iter().map(|(name, _)| &**name).collect();
    let query = check_foreign(text, dialect, &names).map_err(|problems| {
        let problem = problems.into_iter().next().map(|problem| problem.into_problem(|_| flow_diag::Span::default()));
        let why = problem.map_or(String::new(), |problem| problem.title);
        Failure::new(ErrorClass::ClientError, codes::R0307.as_str(), format!("the statement cannot be sent: {why}"))
    })?;
    let value = |name: &Arc<str>| call.args.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let columns = columns_of(&call.step.returns, program);
    let statement = Statement {
        text: query.text,
        params: query.params.iter().filter_map(value).collect(),
        columns: columns.clone(),
        writes: query.verb != Verb::Query,
    };
    let answer = database.run(statement, &program.types, call.timeout, cancel).await?;
    if columns.is_none() {
        return Ok(Outcome { value: Value::Unit, rows: answer.changed, bytes: None });
    }
    let (returns, program, now) = (call.step.returns.clone(), program.clone(), call.now);
    let datasets = datasets.clone();
    blocking(cancel, move |stop| match &returns {
        Type::Table(record) => {
            let intake =
                Intake::scan(&program, record, schema_of(record, &program)?, now).store(&datasets.artifacts)?;
            let intake = take_rows(&answer.rows, record, &program, now, intake, "result", &mut |_| stop.check())?;
            let stored = intake.finish()?.stored;
            let (rows, bytes) = (stored.rows, stored.bytes);
            Ok(Outcome { value: stored.into_value(record), rows: Some(rows), bytes: Some(bytes) })
        }
        returns => single(answer.rows, returns, &program, now).map(Outcome::new),
    })
    .await
}

/// The columns that a result must have; none if it has no rows that are used.
fn columns_of(returns: &Type, program: &Program) -> Option<Vec<Column>> {
    let item = match returns {
        Type::Unit => return None,
        Type::Table(item) | Type::List(item) => item,
        other => other.required(),
    };
    Some(match program.types.record(item) {
        Some(fields) => fields.iter().map(|field| Column { name: field.name.clone(), ty: field.ty.clone() }).collect(),
        None => vec![Column { name: "value".into(), ty: item.clone() }],
    })
}

/// Rows as a value that is no table.
fn single(
    mut rows: Vec<serde_json::Value>,
    returns: &Type,
    program: &Program,
    now: Timestamp,
) -> Result<Value, Failure> {
    let item = match returns {
        Type::List(item) => item,
        other => other.required(),
    };
    if program.types.record(item).is_none() {
        for row in &mut rows {
            *row = row.get("value").cloned().unwrap_or(serde_json::Value::Null);
        }
    }
    let json = match (returns, rows.len()) {
        (Type::List(_), _) => serde_json::Value::Array(rows),
        (_, 1) => rows.remove(0),
        (Type::Optional(_), 0) => return Ok(Value::Absent),
        (_, count) => {
            let message = format!("the statement gave {count} rows, but a {returns} is one");
            return Err(Failure::new(ErrorClass::Malformed, codes::R0310.as_str(), message));
        }
    };
    flow_expr::codec::decode(&json, returns, "result", &context(program, now)).map_err(|errors| {
        let mut failure =
            Failure::new(ErrorClass::Malformed, codes::R0304.as_str(), format!("the result is not a {returns}"));
        failure.details = errors.to_string().lines().map(str::to_owned).collect();
        failure
    })
}

/// Rows of a database into an intake, checked.
fn take_rows<'a>(
    rows: &[serde_json::Value],
    record: &Type,
    program: &Program,
    now: Timestamp,
    mut intake: Intake<'a>,
    what: &str,
    look: &mut dyn FnMut(&RecordBatch) -> Result<(), Failure>,
) -> Result<Intake<'a>, Failure> {
    let fields = program.types.record(record).unwrap_or_default();
    let schema = schema_of(record, program)?;
    let context = context(program, now);
    let mut errors = RowErrors::new(Places::Rows(what.into()));
    for (chunk, rows) in rows.chunks(CHUNK_ROWS).enumerate() {
        let mut values = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let path = format!("{what}[{}]", chunk * CHUNK_ROWS + index);
            match flow_expr::codec::decode(row, record, &path, &context) {
                Ok(Value::Record(found)) => values.push(found),
                Ok(_) => {}
                Err(found) => found.errors.iter().for_each(|error| errors.add(|_| error.to_string())),
            }
        }
        if errors.total() > 0 {
            continue;
        }
        let columns = fields.iter().enumerate().map(|(column, field)| {
            let cells: Vec<Value> = values.iter().map(|row| row.fields[column].1.clone()).collect();
            array_of(&cells, &field.ty, &program.types).map_err(|why| {
                Failure::new(ErrorClass::Malformed, codes::R0304.as_str(), format!("{what}.{}: {why}", field.name))
            })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new(schema.clone(), columns)
            .map_err(|error| crate::blocking::broken(&error.to_string()))?;
        look(&batch)?;
        intake.take(&batch, &mut errors)?;
    }
    errors.verdict(&format!("`{what}`"), &format!("a Table<{record}>"))?;
    Ok(intake)
}

/// What was read from a table of a database.
pub(crate) struct TableRead {
    pub(crate) value: Option<Value>,
    pub(crate) rows: u64,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) expectations: Vec<RuleVerdict>,
}

/// Reads a table of a database; `keep` stores it and asks the dataset's rules.
pub(crate) async fn read_table(
    data: &DatasetRef,
    table: &str,
    database: &Database,
    datasets: &Datasets,
    keep: bool,
    cancel: &Cancel,
) -> Result<TableRead, Failure> {
    let record = record_of(&dataset(data)?.ty, &data.program).ok_or_else(|| no_rows(data))?;
    let columns = columns_of(&Type::Table(record.clone().into()), &data.program).unwrap_or_default();
    let answer = database.read_table(table, columns, &data.program.types, READ_TIMEOUT, cancel).await?;
    let (data, datasets) = (data.clone(), datasets.clone());
    blocking(cancel, move |stop| {
        let declared = dataset(&data)?;
        let newest = crate::datasets::newest_column(declared);
        let schema = schema_of(&record, &data.program)?;
        let mut intake = Intake::scan(&data.program, &record, schema.clone(), data.now).newest(newest);
        if keep {
            intake = intake.store(&datasets.artifacts)?;
        }
        if keep && declared.writer.is_none() {
            intake = intake.rules(Expectations::new(&data.program, declared, &record, data.now));
        }
        let mut hash = ContentHash::new(schema);
        let name = data.dataset.short().to_owned();
        let mut intake = take_rows(&answer.rows, &record, &data.program, data.now, intake, &name, &mut |batch| {
            hash.update(batch);
            stop.check()
        })?;
        let data_time = intake.take_newest();
        let fingerprint = Fingerprint { hash: hash.finish().into(), modified: None, data_time };
        let rows = intake.rows();
        if !keep {
            return Ok(TableRead { value: None, rows, fingerprint, expectations: vec![] });
        }
        let taken = intake.finish()?;
        let value = taken.stored.into_value(&record);
        let expectations = match taken.rules {
            Some(rules) if rules.need_whole() => rules.finish(Some(&datasets.loaded(&value, &data.program)?))?,
            Some(rules) => rules.finish(None)?,
            None => vec![],
        };
        Ok(TableRead { value: Some(value), rows, fingerprint, expectations })
    })
    .await
}

fn no_rows(data: &DatasetRef) -> Failure {
    let message = format!("`{}` is a table of a database, so its type must be a Table", data.dataset.short());
    Failure::new(ErrorClass::ClientError, codes::R0313.as_str(), message)
}

/// Replaces the rows of a table of a database.
pub(crate) async fn write_table(
    data: &DatasetRef,
    table: &str,
    value: Value,
    database: &Database,
    datasets: &Datasets,
    cancel: &Cancel,
) -> Result<(u64, Vec<RuleVerdict>), Failure> {
    let record = record_of(&dataset(data)?.ty, &data.program).ok_or_else(|| no_rows(data))?;
    let columns = columns_of(&Type::Table(record.into()), &data.program).unwrap_or_default();
    let (checked, owner) = (data.clone(), datasets.clone());
    let (verdicts, rows) = blocking(cancel, move |stop| {
        let (_, verdicts) = owner.accepted(&checked, dataset(&checked)?, &value, stop)?;
        let Value::Table(table) = &value else { return Err(no_rows(&checked)) };
        let rows = owner.artifacts.load(table, &checked.program)?;
        let width = rows.columns().len();
        let cells = (0..rows.rows()).map(|row| (0..width).map(|column| rows.cell(row, column)).collect());
        Ok((verdicts, cells.collect::<Vec<Vec<Value>>>()))
    })
    .await?;
    let count = database.replace_table(table, &columns, rows, &data.program.types, cancel).await?;
    Ok((count, verdicts))
}
