//! Databases behind connections: statements of `sql on CONN`, and whole tables as datasets.
//!
//! Rows cross the border as JSON arrays of objects in the form that `flow_expr::codec::decode` reads, so one
//! checker serves files, processes, HTTP and databases. Knows no dataset rules and publishes nothing by
//! itself. One file per kind of database; tested against real ones.

mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;
mod text;

use crate::{Secrets, api::Cancel};
use flow_diag::codes;
use flow_expr::{Name, TypeTable, Value};
use flow_plan::{ConnectionKind, ErrorClass, Failure, Program};
use std::{path::Path, sync::Arc, time::Duration};

pub(crate) use text::Column;

/// More rows than this do not fit the row-wise border of a database.
const MOST_ROWS: usize = 5_000_000;

/// What a statement gave.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// One object per row; empty for a statement without rows.
    pub(crate) rows: Vec<serde_json::Value>,
    /// Rows that it changed, where the database says so.
    pub(crate) changed: Option<u64>,
}

/// A statement whose parameters are `$1`, `$2`, … (see `flow_sql::check_foreign`).
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// The text.
    pub(crate) text: String,
    /// Values in the order of their numbers.
    pub(crate) params: Vec<Value>,
    /// The columns that the result must have; none if its rows are not used.
    pub(crate) columns: Option<Vec<Column>>,
    /// Whether it may change something: an SQLite file is made only then.
    pub(crate) writes: bool,
}

/// A database of the program, not yet connected.
pub(crate) enum Database {
    /// PostgreSQL.
    Postgres(Box<postgres::Postgres>),
    /// An SQLite file.
    Sqlite(sqlite::Sqlite),
}

impl Database {
    /// The database that a connection names, its secrets read.
    pub(crate) async fn open(
        program: &Program,
        connection: &Name,
        root: &Path,
        secrets: &Secrets,
    ) -> Result<Self, Failure> {
        let declared = program.connections.get(connection).map(|connection| &connection.kind);
        match declared {
            Some(ConnectionKind::Postgres { url, password }) => {
                let postgres = postgres::Postgres::new(program, connection, url, password.as_ref(), secrets).await?;
                Ok(Self::Postgres(Box::new(postgres)))
            }
            Some(ConnectionKind::Sqlite { path }) => Ok(Self::Sqlite(sqlite::Sqlite::new(connection, root, path))),
            Some(ConnectionKind::Http { .. }) | None => {
                let message = format!("`{}` is no database of this program", connection.short());
                Err(Failure::new(ErrorClass::ClientError, codes::R0201.as_str(), message))
            }
        }
    }

    /// Runs one statement. Ends within `timeout` or soon after a cancel, the statement stopped in the database.
    pub(crate) async fn run(
        &self,
        statement: Statement,
        types: &TypeTable,
        timeout: Duration,
        cancel: &Cancel,
    ) -> Result<Answer, Failure> {
        match self {
            Self::Postgres(postgres) => postgres.run(&statement, types, timeout, cancel).await,
            Self::Sqlite(sqlite) => sqlite.run(statement, types.clone(), timeout, cancel).await,
        }
    }

    /// All rows of a table.
    pub(crate) async fn read_table(
        &self,
        table: &str,
        columns: Vec<Column>,
        types: &TypeTable,
        timeout: Duration,
        cancel: &Cancel,
    ) -> Result<Answer, Failure> {
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let text = format!("select {} from {}", names.join(", "), quote_path(table));
        let statement = Statement { text, params: vec![], columns: Some(columns), writes: false };
        self.run(statement, types, timeout, cancel).await
    }

    /// Replaces all rows of a table in one transaction, making the table if it is not there.
    pub(crate) async fn replace_table(
        &self,
        table: &str,
        columns: &[Column],
        rows: Vec<Vec<Value>>,
        types: &TypeTable,
        cancel: &Cancel,
    ) -> Result<u64, Failure> {
        match self {
            Self::Postgres(postgres) => postgres.replace(table, columns, &rows, types, cancel).await,
            Self::Sqlite(sqlite) => {
                sqlite.replace(table.to_owned(), columns.to_vec(), rows, types.clone(), cancel).await
            }
        }
    }
}

/// An identifier as both databases quote it.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `schema.table` with each part quoted.
fn quote_path(path: &str) -> String {
    path.split('.').map(quote).collect::<Vec<_>>().join(".")
}

fn failure(class: ErrorClass, connection: &Name, what: impl std::fmt::Display) -> Failure {
    let code = if class == ErrorClass::Connection || class == ErrorClass::Auth { codes::R0201 } else { codes::R0202 };
    Failure::new(class, code.as_str(), format!("`{}`: {what}", connection.short()))
}

fn timed_out(connection: &Name, timeout: Duration) -> Failure {
    failure(ErrorClass::Timeout, connection, format_args!("the statement did not end within {timeout:?}"))
}

fn cancelled(connection: &Name) -> Failure {
    failure(ErrorClass::Internal, connection, "the statement was stopped because the run was cancelled")
}

fn too_many_rows(connection: &Name) -> Failure {
    let what = format!("the result has more than {MOST_ROWS} rows; aggregate in the database, or add a `limit`");
    failure(ErrorClass::Malformed, connection, what)
}

fn missing_column(connection: &Name, name: &str, found: &[Arc<str>]) -> Failure {
    let found = found.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    failure(ErrorClass::Malformed, connection, format_args!("the result has no column `{name}`; it has {found}"))
}
