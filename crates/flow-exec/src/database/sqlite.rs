//! SQLite files, through rusqlite on a blocking thread.
//!
//! SQLite has five storage classes and no exact decimals: a Decimal is bound as an integer where it is
//! whole and as a real number otherwise, and read back from whatever is stored, as the text it prints. One that would
//! not come back as it is (of more than 15 digits, mostly) is refused.

use super::{
    Answer, Statement, cancelled, failure, missing_column, quote, quote_path,
    text::{Column, Shape, shape, to_json, to_text},
    timed_out, too_many_rows,
};
use crate::api::Cancel;
use flow_expr::{Name, TypeTable, Value};
use flow_plan::{ErrorClass, Failure};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, ToSql, params_from_iter,
    types::{ToSqlOutput, Value as Stored, ValueRef},
};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};
use serde_json::{Map, Number, Value as Json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long to wait for another writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A file.
#[derive(Clone)]
pub(crate) struct Sqlite {
    name: Name,
    path: PathBuf,
}

impl Sqlite {
    pub(super) fn new(name: &Name, root: &Path, path: &str) -> Self {
        Self { name: name.clone(), path: root.join(path) }
    }

    pub(super) async fn run(
        &self,
        statement: Statement,
        types: TypeTable,
        timeout: Duration,
        cancel: &Cancel,
    ) -> Result<Answer, Failure> {
        let this = self.clone();
        let writes = statement.writes;
        self.guarded(writes, timeout, cancel, move |connection| this.query(connection, &statement, &types)).await
    }

    pub(super) async fn replace(
        &self,
        table: String,
        columns: Vec<Column>,
        rows: Vec<Vec<Value>>,
        types: TypeTable,
        cancel: &Cancel,
    ) -> Result<u64, Failure> {
        let this = self.clone();
        let day = Duration::from_secs(24 * 60 * 60);
        self.guarded(true, day, cancel, move |connection| {
            this.swap(connection, &table, &columns, &rows, &types).map_err(|error| this.failed(&error))
        })
        .await
    }

    /// Does the work on a blocking thread; at the timeout or a cancel SQLite is interrupted.
    async fn guarded<T: Send + 'static>(
        &self,
        create: bool,
        timeout: Duration,
        cancel: &Cancel,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let mut connection = self.open(create)?;
        let stop = connection.get_interrupt_handle();
        let mut task = tokio::task::spawn_blocking(move || work(&mut connection));
        let early = tokio::select! {
            done = &mut task => {
                return done.unwrap_or_else(|error| Err(failure(ErrorClass::Internal, &self.name, error)));
            }
            () = cancel.cancelled() => cancelled(&self.name),
            () = tokio::time::sleep(timeout) => timed_out(&self.name, timeout),
        };
        stop.interrupt();
        // The transaction is rolled back before this says that it is over.
        let _ = task.await;
        Err(early)
    }

    fn open(&self, create: bool) -> Result<Connection, Failure> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection = Connection::open_with_flags(&self.path, flags).map_err(|error| {
            let why = if self.path.exists() { error.to_string() } else { "there is no such file".to_owned() };
            failure(ErrorClass::Connection, &self.name, format_args!("{}: {why}", self.path.display()))
        })?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| self.failed(&error))?;
        Ok(connection)
    }

    fn query(&self, connection: &Connection, statement: &Statement, types: &TypeTable) -> Result<Answer, Failure> {
        let mut prepared = connection.prepare(&statement.text).map_err(|error| self.failed(&error))?;
        let params = params_from_iter(statement.params.iter().map(Bound));
        let Some(columns) = &statement.columns else {
            let changed = prepared.execute(params).map_err(|error| self.failed(&error))?;
            return Ok(Answer { rows: vec![], changed: Some(changed as u64) });
        };
        let names: Vec<Arc<str>> = prepared.column_names().map(Arc::from).collect();
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            match names.iter().position(|name| *name == column.name) {
                Some(place) => places.push((place, column, shape(&column.ty, types))),
                None => return Err(missing_column(&self.name, &column.name, &names)),
            }
        }
        let mut rows = prepared.query(params).map_err(|error| self.failed(&error))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            if found.len() == super::MOST_ROWS {
                return Err(too_many_rows(&self.name));
            }
            let mut object = Map::with_capacity(places.len());
            for (place, column, shape) in &places {
                let cell = row.get_ref(*place).map_err(|error| self.failed(&error))?;
                object.insert(column.name.to_string(), to_cell(cell, *shape));
            }
            found.push(Json::Object(object));
        }
        Ok(Answer { rows: found, changed: None })
    }

    fn swap(
        &self,
        connection: &mut Connection,
        table: &str,
        columns: &[Column],
        rows: &[Vec<Value>],
        types: &TypeTable,
    ) -> rusqlite::Result<u64> {
        let table = quote_path(table);
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let typed: Vec<String> = columns
            .iter()
            .zip(&names)
            .map(|(column, name)| format!("{name} {}", column_type(shape(&column.ty, types))))
            .collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute(&format!("create table if not exists {table} ({})", typed.join(", ")), [])?;
        transaction.execute(&format!("delete from {table}"), [])?;
        {
            let mut insert =
                transaction.prepare(&format!("insert into {table} ({}) values ({marks})", names.join(", ")))?;
            for row in rows {
                insert.execute(params_from_iter(row.iter().map(Bound)))?;
            }
        }
        transaction.commit()?;
        Ok(rows.len() as u64)
    }

    fn failed(&self, error: &rusqlite::Error) -> Failure {
        let class = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorClass::ServerError,
            Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                ErrorClass::Connection
            }
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::AuthorizationForStatementDenied) => {
                ErrorClass::Auth
            }
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory) => ErrorClass::Internal,
            _ => ErrorClass::ClientError,
        };
        failure(class, &self.name, error)
    }
}

/// A value as it is bound: each kind has its storage class.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        stored(self.0).map(ToSqlOutput::Owned)
    }
}

fn stored(value: &Value) -> rusqlite::Result<Stored> {
    Ok(match value {
        Value::Bool(flag) => Stored::Integer(i64::from(*flag)),
        Value::Int(number) => Stored::Integer(*number),
        Value::Float(number) => Stored::Real(*number),
        Value::Decimal(number) => decimal(*number)?,
        Value::Bytes(bytes) => Stored::Blob(bytes.to_vec()),
        other => to_text(other).map_or(Stored::Null, Stored::Text),
    })
}

fn decimal(number: Decimal) -> rusqlite::Result<Stored> {
    if let Some(whole) = number.to_i64().filter(|_| number.is_integer()) {
        return Ok(Stored::Integer(whole));
    }
    let real = number.to_f64().unwrap_or(f64::NAN);
    match real.to_string().parse::<Decimal>() {
        Ok(back) if back == number => Ok(Stored::Real(real)),
        _ => {
            let why = format!("SQLite holds no exact decimals: {number} would be {real}");
            Err(rusqlite::Error::ToSqlConversionFailure(why.into()))
        }
    }
}

fn to_cell(cell: ValueRef<'_>, shape: Shape) -> Json {
    match (cell, shape) {
        (ValueRef::Null, _) => Json::Null,
        (ValueRef::Integer(flag @ 0..=1), Shape::Bool) => Json::Bool(flag == 1),
        (ValueRef::Integer(number), Shape::Float) => Json::from(number as f64),
        (ValueRef::Integer(number), Shape::Decimal) => Json::String(number.to_string()),
        (ValueRef::Integer(number), _) => Json::from(number),
        // Its shortest text, so that 10.1 is 10.1 again.
        (ValueRef::Real(number), Shape::Decimal) => Json::String(number.to_string()),
        (ValueRef::Real(number), _) => Number::from_f64(number).map_or(Json::Null, Json::Number),
        (ValueRef::Blob(bytes), _) => Json::String(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        (ValueRef::Text(text), Shape::Timestamp) => Json::String(with_zone(&String::from_utf8_lossy(text))),
        (ValueRef::Text(text), _) => to_json(String::from_utf8_lossy(text).into_owned(), shape),
    }
}

/// SQLite's `datetime()` prints no zone; its times are UTC.
fn with_zone(text: &str) -> String {
    let zoned = text.ends_with(['Z', 'z']) || text.get(10..).is_some_and(|time| time.contains(['+', '-']));
    if zoned || text.len() < 19 { text.to_owned() } else { format!("{text}Z") }
}

/// Declared types of columns that are made, for their affinity and for readers.
fn column_type(shape: Shape) -> &'static str {
    match shape {
        Shape::Bool | Shape::Int => "integer",
        Shape::Float => "real",
        Shape::Decimal => "numeric",
        Shape::Bytes => "blob",
        Shape::String | Shape::Date | Shape::Time | Shape::Timestamp | Shape::Duration | Shape::Json => "text",
    }
}
