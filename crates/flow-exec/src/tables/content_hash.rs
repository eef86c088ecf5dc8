//! The hash of a table's content: names, types and cells, however they are cut into batches or stored.
//!
//! Each buffer of each column has its own hasher, fed batch by batch: presence, lengths, bytes. Cells
//! without a value count as zero, so what lies under a null does not show. Order of rows counts.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, make_array},
    datatypes::{DataType, SchemaRef},
    record_batch::RecordBatch,
};

/// A hash that is being computed.
pub(crate) struct ContentHash {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: u64,
}

/// The hashers of one column, or of one part of a nested one.
#[derive(Default)]
struct Column {
    presence: blake3::Hasher,
    lengths: blake3::Hasher,
    bytes: blake3::Hasher,
    parts: Vec<Column>,
}

impl ContentHash {
    pub(crate) fn new(schema: SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|_| Column::default()).collect();
        Self { schema, columns, rows: 0 }
    }

    pub(crate) fn update(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.update(array);
        }
    }

    pub(crate) fn finish(self) -> String {
        let mut whole = blake3::Hasher::new();
        whole.update(b"table 1").update(&self.rows.to_le_bytes());
        for (field, column) in self.schema.fields().iter().zip(&self.columns) {
            for text in [field.name(), &field.data_type().to_string()] {
                whole.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            }
            column.finish(&mut whole);
        }
        whole.finalize().to_hex().to_string()
    }
}

impl Column {
    fn update(&mut self, array: &ArrayRef) {
        let presence: Vec<u8> = match array.nulls() {
            Some(nulls) => nulls.iter().map(u8::from).collect(),
            None => vec![1; array.len()],
        };
        self.presence.update(&presence);
        match array.data_type() {
            DataType::Null => {}
            DataType::Boolean => {
                let array = array.as_boolean();
                let values = (0..array.len()).map(|row| u8::from(array.is_valid(row) && array.value(row)));
                self.bytes.update(&values.collect::<Vec<_>>());
            }
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                self.texts((0..array.len()).map(|row| array.is_valid(row).then(|| array.value(row).as_bytes())));
            }
            DataType::Binary => {
                let array = array.as_binary::<i32>();
                self.texts((0..array.len()).map(|row| array.is_valid(row).then(|| array.value(row))));
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let lists = (0..list.len()).map(|row| list.is_valid(row).then(|| list.value(row)));
                self.lists(lists);
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let maps = (0..map.len()).map(|row| map.is_valid(row).then(|| make_array(map.value(row).into_data())));
                self.lists(maps);
            }
            DataType::Struct(_) => {
                let fields = array.as_struct();
                self.parts.resize_with(fields.num_columns().max(self.parts.len()), Self::default);
                for (part, column) in self.parts.iter_mut().zip(fields.columns()) {
                    part.update(column);
                }
            }
            _ => self.fixed(array, &presence),
        }
    }

    fn texts<'a>(&mut self, texts: impl Iterator<Item = Option<&'a [u8]>>) {
        let (mut lengths, mut bytes) = (Vec::new(), Vec::new());
        for text in texts {
            let text = text.unwrap_or_default();
            lengths.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text);
        }
        self.lengths.update(&lengths);
        self.bytes.update(&bytes);
    }

    fn lists(&mut self, lists: impl Iterator<Item = Option<ArrayRef>>) {
        self.parts.resize_with(1, Self::default);
        for items in lists {
            let length = items.as_ref().map_or(0, |items| items.len() as u64);
            self.lengths.update(&length.to_le_bytes());
            if let Some(items) = items {
                self.parts[0].update(&items);
            }
        }
    }

    /// Numbers of one width, little-endian as Arrow keeps them.
    fn fixed(&mut self, array: &ArrayRef, presence: &[u8]) {
        let data = array.to_data();
        let Some(width) = data.data_type().primitive_width() else { return };
        let start = data.offset() * width;
        let values = &data.buffers()[0].as_slice()[start..start + array.len() * width];
        if array.null_count() == 0 {
            self.bytes.update(values);
            return;
        }
        let mut clean = values.to_vec();
        for (row, cell) in clean.chunks_exact_mut(width).enumerate() {
            if presence[row] == 0 {
                cell.fill(0);
            }
        }
        self.bytes.update(&clean);
    }

    fn finish(&self, whole: &mut blake3::Hasher) {
        for hasher in [&self.presence, &self.lengths, &self.bytes] {
            whole.update(hasher.finalize().as_bytes());
        }
        whole.update(&(self.parts.len() as u64).to_le_bytes());
        for part in &self.parts {
            part.finish(whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::{
        array::{Int64Array, StringArray},
        datatypes::{Field, Schema},
    };
    use std::sync::Arc;

    fn hash(batches: &[RecordBatch]) -> String {
        let mut hash = ContentHash::new(batches[0].schema());
        batches.iter().for_each(|batch| hash.update(batch));
        hash.finish()
    }

    fn batch(numbers: Vec<Option<i64>>, texts: Vec<Option<&str>>) -> RecordBatch {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, true), Field::new("t", DataType::Utf8, true)]);
        let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(numbers)), Arc::new(StringArray::from(texts))];
        RecordBatch::try_new(Arc::new(schema), columns).unwrap()
    }

    #[test]
    fn only_content_counts() {
        let whole = batch(vec![Some(1), None, Some(3)], vec![Some("a"), Some(""), None]);
        let cut = [whole.slice(0, 1), whole.slice(1, 2)];
        assert_eq!(hash(std::slice::from_ref(&whole)), hash(&cut));
        let others = [
            batch(vec![Some(1), Some(0), Some(3)], vec![Some("a"), Some(""), None]),
            batch(vec![Some(1), None, Some(3)], vec![Some("a"), None, Some("")]),
            batch(vec![None, Some(1), Some(3)], vec![Some("a"), Some(""), None]),
            batch(vec![Some(1), None, Some(3)], vec![Some(""), Some("a"), None]),
        ];
        for other in others {
            assert_ne!(hash(std::slice::from_ref(&whole)), hash(&[other]));
        }
    }
}
