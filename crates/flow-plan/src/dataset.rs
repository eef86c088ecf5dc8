//! Datasets, connections and secrets as the runtime sees them.

use flow_diag::Span;
use flow_expr::{Expr, Name, Part, Type};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A named, typed, located piece of data and the promises made about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Dataset {
    /// Its qualified name.
    pub name: Name,
    /// `Table<R>`, or another type for a single value.
    pub ty: Type,
    /// Where it is.
    pub location: Location,
    /// Partition keys, in order; path holes and `ds[key]` refer to them by `var`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<crate::Param>,
    /// The promise about its age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<Freshness>,
    /// When others bring it. A dataset that arrives is never written by a flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrives: Option<Arrival>,
    /// Rules that a version must pass before it is published, or when it is read if others bring it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expectation>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
    /// How many versions are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_versions: Option<u32>,
    /// How long versions are kept, milliseconds; the newest is kept however old it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_ms: Option<u64>,
    /// Labels that it may hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<Name>,
    /// Tags, for selectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Arc<str>>,
    /// The flow that writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<Name>,
    /// Where it is declared.
    #[serde(default)]
    pub at: Span,
}

/// Where a dataset is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Location {
    /// Files: a path relative to the project's root, maybe a glob, maybe with partition holes.
    File {
        /// How they are encoded.
        format: Format,
        /// The path.
        path: Vec<Part>,
        /// `csv("path", null: "NA", delimiter: ";", date_format: "%Y/%m/%d")`; only for CSV.
        #[serde(default)]
        csv: CsvOptions,
    },
    /// A table of a database.
    Table {
        /// The connection.
        connection: Name,
        /// The table, maybe with a schema before a dot.
        table: Arc<str>,
    },
}

impl Location {
    /// The address, as far as it is text, if this is a URL.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        let Self::File { path, .. } = self else { return None };
        match path.first() {
            Some(Part::Text(text)) if is_web(text) => Some(text),
            _ => None,
        }
    }

    /// Whether looking at it takes a connection: a plan does not look there.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Table { .. }) || self.url().is_some()
    }
}

/// Whether a path is an address that is read by HTTP. Schemes are of any case.
#[must_use]
pub(crate) fn is_web(path: &str) -> bool {
    path.split_once("://")
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}

/// How a CSV file deviates from RFC 4180 with ISO dates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CsvOptions {
    /// A cell with one of these texts has no value. An empty unquoted cell never has one, but for String columns that
    /// are not optional, where it is the empty text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub null: Vec<Arc<str>>,
    /// One ASCII character between cells.
    pub delimiter: char,
    /// `strftime` format of Date cells; ISO 8601 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_format: Option<Arc<str>>,
    /// `strftime` format of Timestamp cells, read as UTC if it has no offset; RFC 3339 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_format: Option<Arc<str>>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { null: vec![], delimiter: ',', date_format: None, timestamp_format: None }
    }
}

/// File formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// RFC 4180 with a header line.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line.
    Jsonl,
    /// One JSON document.
    Json,
    /// UTF-8 text.
    Text,
}

/// `fresh within D [by column | by modified]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Freshness {
    /// The promised age, milliseconds.
    pub within_ms: u64,
    /// What the age is counted from.
    pub by: DataTimeSource,
    /// Where it is promised.
    #[serde(default)]
    pub at: Span,
}

/// Where a version's data time comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataTimeSource {
    /// The newest value of this column.
    Column(Arc<str>),
    /// The file's modification time.
    Modified,
    /// For what a flow writes: the oldest data time among what it was made from. For others: `Modified`.
    Derived,
}

/// `arrives …`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Arrival {
    /// When by the clock; none if it may come at any time, or comes after other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<crate::Schedule>,
    /// `when x updates`: it comes after each new version of any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Name>,
    /// Where it is said.
    #[serde(default)]
    pub at: Span,
}

/// `expect RULE [for P%] [else warn]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Expectation {
    /// The rule.
    pub rule: Rule,
    /// The rule as written, in one line.
    pub text: Arc<str>,
    /// The share of rows that must pass, 0 to 1; 1 if not written.
    #[schemars(with = "String")]
    pub share: Decimal,
    /// Whether a breach is only recorded.
    pub warn: bool,
    /// Where it is.
    #[serde(default)]
    pub at: Span,
}

/// What an expectation says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Of each row: `VarId::IT` is the row.
    Row(Expr),
    /// No two rows have the same values in these columns.
    Unique(Vec<Arc<str>>),
    /// The column has a value in every row.
    NotNull(Arc<str>),
    /// Of the whole: `VarId::IT` is the table or value.
    Whole(Expr),
}

/// Something outside that steps use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Connection {
    /// Its qualified name.
    pub name: Name,
    /// What it is.
    pub kind: ConnectionKind,
    /// Labels that may reach it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<Name>,
    /// Where it is declared.
    #[serde(default)]
    pub at: Span,
}

/// Kinds of connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ConnectionKind {
    /// A PostgreSQL database.
    Postgres {
        /// A URL without password, `postgres://user@host:port/db`, or the secret that holds the whole URL.
        url: SecretOr<Arc<str>>,
        /// The password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<Name>,
    },
    /// An SQLite file, relative to the project's root.
    Sqlite {
        /// Its path.
        path: Arc<str>,
    },
    /// A base URL for `http` steps.
    Http {
        /// The base, without a slash at the end.
        url: Arc<str>,
        /// Sent as `Authorization: Bearer …`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Name>,
    },
}

/// A value in the text, or the name of the secret that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretOr<T> {
    /// In the text.
    Plain(T),
    /// In a secret.
    Secret(Name),
}

/// Where a secret's value comes from. The value itself is in no plan, journal, log or hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// An environment variable.
    Env(Arc<str>),
    /// A file; one line end at the end is dropped.
    File(Arc<str>),
    /// What a command prints; arguments, no shell.
    Command(Vec<Arc<str>>),
}
