//! Where tables and files are kept by the hash of their content: written once, never changed.
//!
//! A table is one Parquet file. The hash is that of the content, not of the file, so another version of
//! the writer gives the same name. Knows no catalogue: what may be thrown away is decided elsewhere.

use super::{
    ArrowTable, ContentHash,
    files::{StagedFile, copy_into, hash_file, read_failure, write_failure},
};
use datafusion::{
    arrow::{datatypes::SchemaRef, record_batch::RecordBatch},
    parquet::{
        arrow::{
            ArrowWriter,
            arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
        },
        basic::{Compression, ZstdLevel},
        file::properties::{EnabledStatistics, WriterProperties},
    },
};
use flow_diag::codes;
use flow_expr::{FileHandle, Table, TableData, Type, Value};
use flow_plan::{ErrorClass, Failure, Program};
use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Loaded tables that are kept for the next reader, in bytes of memory.
const CACHE_BYTES: usize = 256 << 20;

/// Rows in a group: what is decoded at a time.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// The artifact folder of a project.
#[derive(Debug)]
pub struct Artifacts {
    root: PathBuf,
    /// Most recently used last.
    loaded: Mutex<Vec<Loaded>>,
}

#[derive(Debug)]
struct Loaded {
    hash: Arc<str>,
    record: Type,
    bytes: usize,
    data: Arc<ArrowTable>,
}

/// A table that has been stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTable {
    /// The hash of its content.
    pub hash: Arc<str>,
    /// Its rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl StoredTable {
    /// The table as a value; its data stays where it is.
    #[must_use]
    pub fn into_value(self, record: &Type) -> Value {
        Value::Table(Table { hash: self.hash, rows: self.rows, ty: record.clone(), data: None })
    }
}

impl Artifacts {
    /// The artifacts in a folder, which is made when first written to.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), loaded: Mutex::default() }
    }

    /// Where a table is.
    #[must_use]
    pub fn table_path(&self, hash: &str) -> PathBuf {
        self.path(hash, "parquet")
    }

    /// Where a file is.
    #[must_use]
    pub fn file_path(&self, hash: &str) -> PathBuf {
        self.path(hash, "bin")
    }

    fn path(&self, hash: &str, kind: &str) -> PathBuf {
        let shard = hash.get(..2).unwrap_or("00");
        self.root.join(shard).join(format!("{hash}.{kind}"))
    }

    /// Begins a table.
    pub(crate) fn table_writer(&self, schema: SchemaRef) -> Result<TableWriter<'_>, Failure> {
        let staged = StagedFile::new(&self.root.join("incoming"))?;
        let handle = BufWriter::with_capacity(1 << 20, staged.handle()?);
        let writer = ArrowWriter::try_new(handle, schema.clone(), Some(parquet_properties()))
            .map_err(|error| parquet_write_failure(&self.root, error))?;
        Ok(TableWriter { artifacts: self, staged, writer, hash: ContentHash::new(schema), rows: 0 })
    }

    /// The batches of a stored table.
    pub(crate) fn batches(&self, hash: &str) -> Result<ParquetRecordBatchReader, Failure> {
        let path = self.table_path(hash);
        open_parquet(&path).map_err(|failure| match failure.code.as_ref() == codes::R0301.as_str() {
            true => Failure::new(
                ErrorClass::Internal,
                codes::R0311.as_str(),
                format!("the stored table {hash} is gone: run again with `--force` to make it anew"),
            ),
            false => failure,
        })
    }

    /// A table with its rows in memory.
    pub(crate) fn load(&self, table: &Table, program: &Arc<Program>) -> Result<Arc<dyn TableData>, Failure> {
        if let Some(data) = &table.data {
            return Ok(data.clone());
        }
        let record = &table.ty;
        if let Some(found) = self.remembered(&table.hash, record) {
            return Ok(found);
        }
        let reader = self.batches(&table.hash)?;
        let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|error| damaged(table, &error))?;
        let bytes = batches.iter().map(RecordBatch::get_array_memory_size).sum();
        let data = Arc::new(ArrowTable::new(program.clone(), record, batches));
        self.remember(Loaded { hash: table.hash.clone(), record: record.clone(), bytes, data: data.clone() });
        Ok(data)
    }

    /// The first rows of a stored table, for people to look at.
    ///
    /// # Errors
    /// The table is gone, or damaged.
    pub fn first_rows(
        &self,
        table: &Table,
        program: &Arc<Program>,
        rows: usize,
    ) -> Result<Arc<dyn TableData>, Failure> {
        let reader = self.batches(&table.hash)?;
        let (mut batches, mut wanted) = (vec![], rows);
        for batch in reader {
            let batch = batch.map_err(|error| damaged(table, &error))?;
            let taken = batch.num_rows().min(wanted);
            batches.push(batch.slice(0, taken));
            wanted -= taken;
            if wanted == 0 {
                break;
            }
        }
        Ok(Arc::new(ArrowTable::new(program.clone(), &table.ty, batches)))
    }

    fn remembered(&self, hash: &str, record: &Type) -> Option<Arc<ArrowTable>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let at = loaded.iter().position(|entry| &*entry.hash == hash && entry.record == *record)?;
        let entry = loaded.remove(at);
        let data = entry.data.clone();
        loaded.push(entry);
        Some(data)
    }

    fn remember(&self, entry: Loaded) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.push(entry);
        while loaded.iter().map(|entry| entry.bytes).sum::<usize>() > CACHE_BYTES {
            loaded.remove(0);
        }
    }

    /// Stores a file's content.
    pub(crate) fn put_file(&self, path: &Path, name: &str) -> Result<FileHandle, Failure> {
        let (hash, bytes) = hash_file(path)?;
        let target = self.file_path(&hash);
        if !target.exists() {
            let mut staged = StagedFile::new(&target)?;
            copy_into(path, &mut staged)?;
            staged.publish()?;
        }
        Ok(FileHandle { hash: hash.into(), bytes, name: name.into() })
    }
}

/// A table that is being stored.
pub(crate) struct TableWriter<'a> {
    artifacts: &'a Artifacts,
    staged: StagedFile,
    writer: ArrowWriter<BufWriter<File>>,
    hash: ContentHash,
    rows: u64,
}

impl TableWriter<'_> {
    /// Adds rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.hash.update(batch);
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(|error| parquet_write_failure(&self.artifacts.root, error))
    }

    /// Stores it under its hash.
    pub(crate) fn finish(mut self) -> Result<StoredTable, Failure> {
        let hash: Arc<str> = self.hash.finish().into();
        let failed = |error| parquet_write_failure(&self.artifacts.root, error);
        self.writer.finish().map_err(failed)?;
        drop(self.writer);
        let target = self.artifacts.table_path(&hash);
        if !target.exists() {
            self.staged.publish_as(&target)?;
        }
        let bytes = std::fs::metadata(&target).map_err(|error| read_failure(&target, &error))?.len();
        Ok(StoredTable { hash, rows: self.rows, bytes })
    }
}

fn damaged(table: &Table, error: &impl std::fmt::Display) -> Failure {
    let message = format!("the stored table {} is damaged: {error}", table.hash);
    Failure::new(ErrorClass::Internal, codes::R0311.as_str(), message)
}

/// How all Parquet files are written: the same rows give the same bytes.
pub(crate) fn parquet_properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("flow".into())
        .build()
}

/// The batches of a Parquet file.
pub(crate) fn open_parquet(path: &Path) -> Result<ParquetRecordBatchReader, Failure> {
    let file = File::open(path).map_err(|error| read_failure(path, &error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| not_parquet(path, &error))?;
    builder.with_batch_size(8192).build().map_err(|error| not_parquet(path, &error))
}

fn not_parquet(path: &Path, error: &datafusion::parquet::errors::ParquetError) -> Failure {
    let message = format!("{} is not a Parquet file that can be read: {error}", path.display());
    Failure::new(ErrorClass::Malformed, codes::R0303.as_str(), message)
}

/// What a Parquet writer says when the disk refuses.
pub(crate) fn parquet_write_failure(path: &Path, error: datafusion::parquet::errors::ParquetError) -> Failure {
    use datafusion::parquet::errors::ParquetError;
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => write_failure(path, &error),
            Err(other) => write_failure(path, &std::io::Error::other(other.to_string())),
        },
        other => write_failure(path, &std::io::Error::other(other.to_string())),
    }
}
