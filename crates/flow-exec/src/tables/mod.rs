//! Tables over Arrow: loading, storing by content hash, converting to and from values.
//!
//! Knows no files of the user and no databases; those hand batches in. Everything that enters has been
//! brought to the declared columns by [`convert`] or was built in them.

mod arrow_table;
mod artifacts;
mod build;
mod cell;
mod content_hash;
mod convert;
mod files;
mod intake;

pub use arrow_table::ArrowTable;
pub use artifacts::{Artifacts, StoredTable};
pub(crate) use artifacts::{open_parquet, parquet_properties, parquet_write_failure};
pub(crate) use build::{array_of, batches_of, days_of, decimal_units, micros_of};
pub(crate) use cell::{cell_value, decimal_of};
pub(crate) use content_hash::ContentHash;
pub(crate) use convert::{Converter, nearest, one_of, variants};
pub(crate) use files::{StagedFile, copy_into, hash_file, read_failure, write_failure};
pub(crate) use intake::Intake;

/// A value in messages: its JSON, cut.
pub(crate) fn shown(value: &flow_expr::Value) -> String {
    cut(&flow_expr::codec::encode(value).to_string())
}

/// Text in messages, cut at 80 characters.
pub(crate) fn cut(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
