//! What step bodies that run programs need of tables and files: to have them lying there, and to take
//! in what was left.
//!
//! Knows nothing of Arrow, stores or paths in the project: [`Handover`] is implemented by what does.

use async_trait::async_trait;
use flow_expr::{FileHandle, Table, Type, Value};
use flow_plan::{Failure, Format, Program};
use jiff::Timestamp;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Tables and files as paths, and back.
#[async_trait]
pub trait Handover: Send + Sync {
    /// The path of a file that holds the table as CSV, Parquet or JSON lines. It lies in `scratch`, or is
    /// the stored artifact itself, which the program must not change.
    async fn table_path(
        &self,
        table: &Table,
        format: Format,
        scratch: &Path,
        program: &Arc<Program>,
    ) -> Result<PathBuf, Failure>;

    /// The path of a file with this content; as for [`Self::table_path`].
    async fn file_path(&self, file: &FileHandle, scratch: &Path) -> Result<PathBuf, Failure>;

    /// Reads a table that a program wrote, checks it against `Table<record>`, stores it.
    async fn take_table(&self, taken: TakenTable<'_>) -> Result<Value, Failure>;

    /// Stores a file that a program wrote, under this name.
    async fn take_file(&self, path: &Path, name: &str) -> Result<Value, Failure>;
}

/// A table that a program wrote.
#[derive(Clone, Copy, Debug)]
pub struct TakenTable<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What people call it: `$out`, `the answer`.
    pub name: &'a str,
    /// How it is encoded.
    pub format: Format,
    /// The type of its rows.
    pub record: &'a Type,
    /// What the types mean.
    pub program: &'a Arc<Program>,
    /// The time that refinements see as now.
    pub now: Timestamp,
}
