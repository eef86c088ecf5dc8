//! No two rows with the same values in some columns.
//!
//! Keys are remembered as 128 bits of BLAKE3, so a million rows take some 50 MB whatever the columns hold.
//! Two cells without a value are the same.

use super::Note;
use datafusion::arrow::{
    array::ArrayRef,
    record_batch::RecordBatch,
    row::{RowConverter, SortField},
    util::display::array_value_to_string,
};
use flow_expr::Field;
use std::collections::{HashMap, hash_map::Entry};

/// The keys seen so far.
pub(crate) struct Unique {
    columns: Vec<usize>,
    names: Vec<(String, bool)>,
    rows: Option<RowConverter>,
    seen: HashMap<u128, u64>,
}

impl Unique {
    pub(crate) fn new(columns: Vec<usize>, fields: &[Field]) -> Self {
        let name = |index: &usize| (fields[*index].name.to_string(), !fields[*index].labels.is_empty());
        let names = columns.iter().map(name).collect();
        Self { columns, names, rows: None, seen: HashMap::new() }
    }

    pub(crate) fn look(&mut self, batch: &RecordBatch, first: u64, note: &mut Note<'_>) -> Result<(), String> {
        let arrays: Vec<ArrayRef> = self.columns.iter().map(|column| batch.column(*column).clone()).collect();
        let converter = match &mut self.rows {
            Some(converter) => converter,
            empty => {
                let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone())).collect();
                empty.insert(RowConverter::new(fields).map_err(|error| error.to_string())?)
            }
        };
        let rows = converter.convert_columns(&arrays).map_err(|error| error.to_string())?;
        for (index, row) in rows.iter().enumerate() {
            let mut key = [0; 16];
            key.copy_from_slice(&blake3::hash(row.as_ref()).as_bytes()[..16]);
            match self.seen.entry(u128::from_le_bytes(key)) {
                Entry::Vacant(free) => drop(free.insert(first + index as u64)),
                Entry::Occupied(before) => {
                    let before = before.get() + 1;
                    note.broken(|| {
                        format!(
                            "row {}: {}, as in row {before}",
                            first + index as u64 + 1,
                            self.names_at(&arrays, index)
                        )
                    });
                }
            }
        }
        Ok(())
    }

    fn names_at(&self, arrays: &[ArrayRef], row: usize) -> String {
        let pairs = self.names.iter().zip(arrays).map(|((name, redacted), array)| match redacted {
            true => format!("{name} = [redacted]"),
            false if array.is_null(row) => format!("{name} = none"),
            false => format!("{name} = {}", array_value_to_string(array, row).unwrap_or_default()),
        });
        pairs.collect::<Vec<_>>().join(", ")
    }
}
