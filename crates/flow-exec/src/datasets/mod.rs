//! Datasets where they are declared to be: reading a version, publishing one, telling what is there.
//!
//! Files are read in one pass: parsed, checked at the border, asked the `expect` rules, hashed and stored as
//! an artifact, so that later changes of the file do not show. Knows neither catalogue nor journal.

mod csv;
mod csv_cells;
mod csv_write;
mod fingerprint;
mod json;
mod location;
mod parquet;
mod publish;
mod read;
mod rows;

pub(crate) use csv_write::write_csv;
pub(crate) use fingerprint::newest_column;
pub(crate) use json::write_json_lines;
pub(crate) use location::{Piece, address, dataset, pieces, target};
pub(crate) use read::{read_table_file, record_of, schema_of};

use crate::{api::FingerprintCache, tables::Artifacts};
use std::{path::PathBuf, sync::Arc};

/// What reading and publishing files needs.
#[derive(Clone)]
pub(crate) struct Datasets {
    /// The project's root: paths of datasets are relative to it.
    pub(crate) root: PathBuf,
    /// Where tables are kept.
    pub(crate) artifacts: Arc<Artifacts>,
    /// What is remembered of files.
    pub(crate) cache: Arc<dyn FingerprintCache>,
}
