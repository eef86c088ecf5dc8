//! No two rows with the same values in some columns.
//!
//! A row is hashed once, to 128 bits with keys that nobody knows beforehand, and only that is remembered: a
//! million rows take some 50 MB whatever the columns hold, and rows that differ are not taken for the same.
//! Two cells without a value are the same.

use super::Note;
use datafusion::arrow::{
    array::ArrayRef,
    record_batch::RecordBatch,
    row::{RowConverter, SortField},
    util::display::array_value_to_string,
};
use flow_expr::Field;
use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hasher},
};

/// The keys seen so far.
pub(crate) struct Unique {
    columns: Vec<usize>,
    names: Vec<(String, bool)>,
    rows: Option<RowConverter>,
    keys: [ahash::RandomState; 2],
    seen: HashMap<u128, u64, BuildHasherDefault<Hashed>>,
}

/// The hash of a key that is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not used for keys of 128 bits; right for any other all the same.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

impl Unique {
    pub(crate) fn new(columns: Vec<usize>, fields: &[Field]) -> Self {
        let name = |index: &usize| (fields[*index].name.to_string(), !fields[*index].labels.is_empty());
        let names = columns.iter().map(name).collect();
        Self { columns, names, rows: None, keys: Default::default(), seen: HashMap::default() }
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
            let bytes: &[u8] = row.as_ref();
            let [low, high] = [0, 1].map(|half| u128::from(self.keys[half].hash_one(bytes)));
            match self.seen.entry(high << 64 | low) {
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
