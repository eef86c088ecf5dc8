//! Values: what expressions give, steps pass to each other, and journals keep.
//!
//! Tables and files are out of line: a value holds their content hash and, where some side has loaded
//! it, a handle to the data. Equality is in `equality.rs`, the stored form in `stored.rs`, the JSON that
//! people see in `codec/`.

use crate::Name;
use jiff::{SignedDuration, Timestamp, civil};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A value. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Value {
    /// The value of `Unit`.
    Unit,
    /// The absent value of `T?`, written `none`.
    Absent,
    /// `Bool`.
    Bool(bool),
    /// `Int`.
    Int(i64),
    /// `Float`.
    Float(f64),
    /// `Decimal`.
    Decimal(Decimal),
    /// `String`.
    String(Arc<str>),
    /// `Date`.
    Date(civil::Date),
    /// `Time`.
    Time(civil::Time),
    /// `Timestamp`.
    Timestamp(Timestamp),
    /// `Duration`.
    Duration(SignedDuration),
    /// `Bytes`.
    Bytes(Arc<[u8]>),
    /// `Json`.
    Json(Arc<serde_json::Value>),
    /// `List<T>`.
    List(Arc<[Value]>),
    /// `Map<K, V>`, by key.
    Map(Arc<BTreeMap<MapKey, Value>>),
    /// A record: its type and its fields in declaration order.
    Record(Arc<Record>),
    /// A variant: enum, name, payload.
    Variant(Arc<VariantValue>),
    /// `Table<R>`.
    Table(Table),
    /// `File`.
    File(FileHandle),
    /// A lambda with what it captured. Never leaves an evaluation.
    Closure(Arc<crate::Closure>),
}

/// Keys of maps, ordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapKey {
    /// `Bool`.
    Bool(bool),
    /// `Int`.
    Int(i64),
    /// `Date`.
    Date(civil::Date),
    /// `String`.
    String(Arc<str>),
    /// A variant without payload: enum and variant.
    Variant(Name, Arc<str>),
}

/// A record's value.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its type.
    pub ty: Name,
    /// Names and values, in declaration order.
    pub fields: Vec<(Arc<str>, Value)>,
}

impl Record {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }
}

/// A variant's value.
#[derive(Clone, Debug)]
pub struct VariantValue {
    /// The enum.
    pub ty: Name,
    /// The variant.
    pub variant: Arc<str>,
    /// Payload in declaration order.
    pub fields: Vec<(Arc<str>, Value)>,
}

/// A table: identity, size, and the data where it is loaded.
#[derive(Clone)]
pub struct Table {
    /// BLAKE3 (hex) of the stored artifact; empty until it is stored.
    pub hash: Arc<str>,
    /// Rows.
    pub rows: u64,
    /// The record type of its rows.
    pub ty: crate::Type,
    /// The rows, where loaded.
    pub data: Option<Arc<dyn TableData>>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("hash", &self.hash).field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Access to a loaded table. Implemented over Arrow by `flow-exec`, over records by [`crate::MemoryTable`].
pub trait TableData: Send + Sync {
    /// Rows.
    fn rows(&self) -> usize;
    /// Column names, in order.
    fn columns(&self) -> &[Arc<str>];
    /// One cell, already as a value of the column's declared type; `Absent` for null.
    fn cell(&self, row: usize, column: usize) -> Value;
    /// For `flow-exec` to get its own representation back.
    fn as_any(&self) -> &dyn std::any::Any;
    /// A faster way to what an expression gives for the rows than evaluating it, if there is one. These variables are
    /// columns; the expression has no others.
    fn computed<'t>(
        &'t self,
        expr: &crate::Expr,
        columns: &[(crate::VarId, usize)],
        context: &'t crate::Context<'t>,
    ) -> Option<Box<dyn RowValues + 't>> {
        let _ = (expr, columns, context);
        None
    }
}

/// What an expression gives for the rows of a table. Means what the evaluator means.
pub trait RowValues {
    /// The value for a row; none if the evaluator must say, as where there is an error.
    fn get(&mut self, row: usize) -> Option<Value>;
}

/// A file kept as an artifact. Equal to another with the same content, whatever it was called.
#[derive(Clone, Debug)]
pub struct FileHandle {
    /// BLAKE3 (hex) of its content.
    pub hash: Arc<str>,
    /// Bytes.
    pub bytes: u64,
    /// The name it had, for people.
    pub name: Arc<str>,
}
