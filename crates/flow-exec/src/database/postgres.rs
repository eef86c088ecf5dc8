//! PostgreSQL, over the extended protocol: parameters are values beside the text, never in it.
//!
//! Each call opens its own connection with ISO dates in UTC, and closes it. A result's columns are asked for by name and cast
//! to text in the server, so types that this side has never heard of arrive too, and the border checks
//! them against what was declared. Encryption is not offered: a connection that asks for it is refused, not
//! made in the clear.

use super::{
    Answer, Statement, cancelled, failure, missing_column, quote, quote_path,
    text::{Column, Shape, shape, to_json, to_text},
    timed_out, too_many_rows,
};
use crate::{Secrets, api::Cancel};
use flow_diag::codes;
use flow_expr::{Name, TypeTable, Value};
use flow_plan::{ErrorClass, Failure, Program, SecretOr};
use futures::{SinkExt as _, TryStreamExt as _, pin_mut};
use serde_json::{Map, Value as Json};
use std::{error::Error as _, sync::Arc, time::Duration};
use tokio_postgres::{
    Client, Config, NoTls,
    config::SslMode,
    error::SqlState,
    types::{Format, IsNull, ToSql, Type as SqlType, to_sql_checked},
};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of a table is sent at a time.
const COPY_CHUNK_BYTES: usize = 64 << 10;

/// A server and the database on it.
pub(crate) struct Postgres {
    name: Name,
    config: Config,
}

impl Postgres {
    pub(super) async fn new(
        program: &Program,
        name: &Name,
        url: &SecretOr<Arc<str>>,
        password: Option<&Name>,
        secrets: &Secrets,
    ) -> Result<Self, Failure> {
        let parse = |url: &str| {
            if asks_for_certificate(url) {
                return Err(no_encryption(name));
            }
            url.parse::<Config>().map_err(|_| {
                failure(
                    ErrorClass::ClientError,
                    name,
                    "its URL is not of the form `postgres://user@host:port/database`",
                )
            })
        };
        let mut config = match url {
            SecretOr::Plain(url) => parse(url)?,
            SecretOr::Secret(secret) => parse(secrets.get(program, secret).await?.reveal())?,
        };
        if let Some(secret) = password {
            config.password(secrets.get(program, secret).await?.reveal());
        }
        if config.get_ssl_mode() == SslMode::Require {
            return Err(no_encryption(name));
        }
        config.connect_timeout(CONNECT_TIMEOUT).application_name("flowc");
        Ok(Self { name: name.clone(), config })
    }

    async fn connect(&self) -> Result<Client, Failure> {
        let (client, connection) = self.config.connect(NoTls).await.map_err(|error| self.failed(&error))?;
        // Ends by itself when the client is dropped; its error reaches the client's pending call.
        tokio::spawn(connection);
        let settings =
            "set datestyle = 'ISO'; set intervalstyle = 'iso_8601'; set timezone = 'UTC'; set bytea_output = 'hex'";
        client.batch_execute(settings).await.map_err(|error| self.failed(&error))?;
        Ok(client)
    }

    pub(super) async fn run(
        &self,
        statement: &Statement,
        types: &TypeTable,
        timeout: Duration,
        cancel: &Cancel,
    ) -> Result<Answer, Failure> {
        self.guarded(timeout, cancel, |client| async move { self.query(&client, statement, types).await }).await
    }

    /// Does the work on a fresh connection; at the timeout or a cancel the server is told to stop.
    async fn guarded<T, W>(
        &self,
        timeout: Duration,
        cancel: &Cancel,
        work: impl FnOnce(Arc<Client>) -> W,
    ) -> Result<T, Failure>
    where
        W: Future<Output = Result<T, Failure>>,
    {
        let started = tokio::time::Instant::now();
        let client = tokio::select! {
            client = self.connect() => Arc::new(client?),
            () = cancel.cancelled() => return Err(cancelled(&self.name)),
            () = tokio::time::sleep(timeout) => return Err(timed_out(&self.name, timeout)),
        };
        let stop = client.cancel_token();
        let early = tokio::select! {
            done = work(client) => return done,
            () = cancel.cancelled() => cancelled(&self.name),
            () = tokio::time::sleep_until(started + timeout) => timed_out(&self.name, timeout),
        };
        // Best effort: dropping the connection ends the statement too, only later.
        let _ = tokio::time::timeout(CONNECT_TIMEOUT, stop.cancel_query(NoTls)).await;
        Err(early)
    }

    async fn query(&self, client: &Client, statement: &Statement, types: &TypeTable) -> Result<Answer, Failure> {
        let params: Vec<Parameter> = statement.params.iter().map(|value| Parameter(to_text(value))).collect();
        let param_types: Vec<SqlType> = statement.params.iter().map(sql_type).collect();
        let Some(columns) = &statement.columns else {
            let prepared = client.prepare_typed(&statement.text, &param_types).await.map_err(|e| self.failed(&e))?;
            let changed = client
                .execute(&prepared, &params.iter().map(|param| param as &(dyn ToSql + Sync)).collect::<Vec<_>>())
                .await
                .map_err(|error| self.failed(&error))?;
            return Ok(Answer { rows: vec![], changed: Some(changed) });
        };
        // Asked first for its own columns, so that a missing one is named in our words and not as `q.x`.
        let own = client.prepare_typed(&statement.text, &param_types).await.map_err(|error| self.failed(&error))?;
        let names: Vec<Arc<str>> = own.columns().iter().map(|column| column.name().into()).collect();
        if let Some(missing) = columns.iter().find(|column| !names.contains(&column.name)) {
            return Err(missing_column(&self.name, &missing.name, &names));
        }
        let shapes: Vec<Shape> = columns.iter().map(|column| shape(&column.ty, types)).collect();
        let wanted: Vec<String> =
            columns.iter().zip(&shapes).map(|(column, shape)| as_text(&column.name, *shape)).collect();
        let text = format!(
            "with flow_result as (\n{}\n) select {} from flow_result",
            trimmed(&statement.text),
            wanted.join(", ")
        );
        let prepared = client.prepare_typed(&text, &param_types).await.map_err(|error| self.failed(&error))?;
        let rows = client.query_raw(&prepared, &params).await.map_err(|error| self.failed(&error))?;
        pin_mut!(rows);
        let mut found = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(|error| self.failed(&error))? {
            if found.len() == super::MOST_ROWS {
                return Err(too_many_rows(&self.name));
            }
            let mut object = Map::with_capacity(columns.len());
            for (index, (column, shape)) in columns.iter().zip(&shapes).enumerate() {
                let cell: Option<String> = row.try_get(index).map_err(|error| self.failed(&error))?;
                object.insert(column.name.to_string(), cell.map_or(Json::Null, |text| to_json(text, *shape)));
            }
            found.push(Json::Object(object));
        }
        Ok(Answer { rows: found, changed: None })
    }

    pub(super) async fn replace(
        &self,
        table: &str,
        columns: &[Column],
        rows: &[Vec<Value>],
        types: &TypeTable,
        cancel: &Cancel,
    ) -> Result<u64, Failure> {
        // No timeout of its own: the write's step has one, and a cancel rolls back.
        let day = Duration::from_secs(24 * 60 * 60);
        self.guarded(day, cancel, |client| async move { self.swap(&client, table, columns, rows, types).await }).await
    }

    /// Deletes and loads in one transaction: readers see the old rows until the commit, then the new ones.
    async fn swap(
        &self,
        client: &Client,
        table: &str,
        columns: &[Column],
        rows: &[Vec<Value>],
        types: &TypeTable,
    ) -> Result<u64, Failure> {
        let table = quote_path(table);
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let typed: Vec<String> = columns
            .iter()
            .zip(&names)
            .map(|(column, name)| format!("{name} {}", column_type(shape(&column.ty, types))))
            .collect();
        let prepare = format!(
            "begin; create table if not exists {table} ({}); lock table {table} in exclusive mode; delete from {table}",
            typed.join(", ")
        );
        client.batch_execute(&prepare).await.map_err(|error| self.failed(&error))?;
        let copy = format!("copy {table} ({}) from stdin with (format csv)", names.join(", "));
        let sink = client.copy_in(&copy).await.map_err(|error| self.failed(&error))?;
        pin_mut!(sink);
        let mut chunk = String::with_capacity(COPY_CHUNK_BYTES);
        for row in rows {
            csv_line(&mut chunk, row);
            if chunk.len() >= COPY_CHUNK_BYTES {
                let full = std::mem::replace(&mut chunk, String::with_capacity(COPY_CHUNK_BYTES));
                sink.send(std::io::Cursor::new(full.into_bytes())).await.map_err(|error| self.failed(&error))?;
            }
        }
        sink.send(std::io::Cursor::new(chunk.into_bytes())).await.map_err(|error| self.failed(&error))?;
        let loaded = sink.finish().await.map_err(|error| self.failed(&error))?;
        client.batch_execute("commit").await.map_err(|error| self.failed(&error))?;
        Ok(loaded)
    }

    fn failed(&self, error: &tokio_postgres::Error) -> Failure {
        let class = error.code().map_or(ErrorClass::Connection, class_of);
        let Some(said) = error.as_db_error() else {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            return failure(class, &self.name, format_args!("no answer from the database: {cause}"));
        };
        let mut found =
            failure(class, &self.name, format_args!("{} (SQLSTATE {})", said.message(), said.code().code()));
        found.details.extend(said.detail().map(str::to_owned));
        found.details.extend(said.hint().map(|hint| format!("hint: {hint}")));
        found
    }
}

/// Whether `sslmode` is one that this client's library does not know, as it checks certificates.
fn asks_for_certificate(url: &str) -> bool {
    ["sslmode=verify-ca", "sslmode=verify-full"].iter().any(|mode| url.contains(mode))
}

fn no_encryption(name: &Name) -> Failure {
    let message = format!("`{}`: its `sslmode` asks for encryption, which this version does not offer", name.short());
    Failure::new(ErrorClass::ClientError, codes::R0203.as_str(), message)
        .detail("reach the server through an encrypted tunnel, and say `sslmode=disable` for its near end")
}

/// The class of an SQLSTATE, by its first two characters (PostgreSQL manual, appendix A).
fn class_of(state: &SqlState) -> ErrorClass {
    match (state.code().get(..2).unwrap_or_default(), state.code()) {
        ("08", _) | (_, "57P01" | "57P02" | "57P03") => ErrorClass::Connection,
        ("28", _) | (_, "42501") => ErrorClass::Auth,
        (_, "57014") => ErrorClass::Timeout,
        (_, "53300") => ErrorClass::RateLimited,
        ("40" | "53" | "55" | "57" | "58" | "XX", _) => ErrorClass::ServerError,
        _ => ErrorClass::ClientError,
    }
}

/// A statement without the semicolon at its end, so that it can stand in parentheses.
fn trimmed(text: &str) -> &str {
    text.trim_end().trim_end_matches(';')
}

/// A column as text that [`to_json`] and the border understand.
fn as_text(name: &str, shape: Shape) -> String {
    let name = quote(name);
    match shape {
        Shape::Timestamp => {
            format!("to_char({name}::timestamptz at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as {name}")
        }
        Shape::Duration => format!("'PT' || extract(epoch from {name}::interval)::text || 'S' as {name}"),
        Shape::Bytes => format!("encode({name}::bytea, 'hex') as {name}"),
        Shape::Json => format!("to_jsonb({name})::text as {name}"),
        _ => format!("{name}::text as {name}"),
    }
}

/// The type of a parameter's value.
fn sql_type(value: &Value) -> SqlType {
    match value {
        Value::Bool(_) => SqlType::BOOL,
        Value::Int(_) => SqlType::INT8,
        Value::Float(_) => SqlType::FLOAT8,
        Value::Decimal(_) => SqlType::NUMERIC,
        Value::Date(_) => SqlType::DATE,
        Value::Time(_) => SqlType::TIME,
        Value::Timestamp(_) => SqlType::TIMESTAMPTZ,
        Value::Duration(_) => SqlType::INTERVAL,
        Value::Bytes(_) => SqlType::BYTEA,
        // The server works out what an absent value is from where it stands.
        Value::Absent => SqlType::UNKNOWN,
        Value::String(_) => SqlType::TEXT,
        Value::Variant(variant) if variant.fields.is_empty() => SqlType::TEXT,
        _ => SqlType::JSONB,
    }
}

/// The type of a column that is made for a shape.
fn column_type(shape: Shape) -> &'static str {
    match shape {
        Shape::Bool => "boolean",
        Shape::Int => "bigint",
        Shape::Float => "double precision",
        Shape::Decimal => "numeric",
        Shape::String => "text",
        Shape::Date => "date",
        Shape::Time => "time",
        Shape::Timestamp => "timestamptz",
        Shape::Duration => "interval",
        Shape::Bytes => "bytea",
        Shape::Json => "jsonb",
    }
}

/// A line of CSV as `copy` reads it: an empty unquoted cell is null.
fn csv_line(out: &mut String, row: &[Value]) {
    for (index, value) in row.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if let Some(text) = to_text(value) {
            let prefix = if matches!(value, Value::Bytes(_)) { "\\x" } else { "" };
            out.push('"');
            out.push_str(prefix);
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        }
    }
    out.push('\n');
}

/// A parameter, sent as text whatever its type.
#[derive(Debug)]
struct Parameter(Option<String>);

impl ToSql for Parameter {
    fn to_sql(
        &self,
        ty: &SqlType,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = &self.0 else { return Ok(IsNull::Yes) };
        if *ty == SqlType::BYTEA {
            out.extend_from_slice(b"\\x");
        }
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &SqlType) -> bool {
        true
    }

    fn encode_format(&self, _: &SqlType) -> Format {
        Format::Text
    }

    to_sql_checked!();
}
