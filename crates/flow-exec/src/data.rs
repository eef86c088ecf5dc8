//! Everything that an executor does with data: datasets, queries, expressions over tables, and tables and
//! files as paths for the programs of steps.
//!
//! Joins the parts and decides nothing about attempts. Blocking work runs off the async threads.

use crate::{
    Secrets,
    api::{Cancel, ComputeCall, DatasetRef, FingerprintCache, Outcome, StepCall, VersionRead, VersionWritten},
    blocking::{Stop, blocking, broken},
    compute,
    database::Database,
    datasets::{Datasets, Piece, address, dataset, newest_column, read_table_file, write_csv, write_json_lines},
    handover::{Handover, TakenTable},
    http::{self, Fetched, nothing_there, web_name},
    sql::{Engine, labels_of_dataset, labels_of_query, read_table, run_in_process, run_on, without_data, write_table},
    tables::{Artifacts, StagedFile, copy_into, write_failure},
};
use async_trait::async_trait;
use flow_expr::{FileHandle, Name, Table, Type, Value, VarId};
use flow_plan::{ConnectionKind, CsvOptions, Failure, Fingerprint, Format, Location, Program};
use std::{
    collections::BTreeMap,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The data of one project.
#[derive(Clone)]
pub(crate) struct Data {
    datasets: Datasets,
    secrets: Arc<Secrets>,
    engine: Engine,
    web: Arc<http::Client>,
}

impl Data {
    pub(crate) fn new(
        root: PathBuf,
        artifacts: Arc<Artifacts>,
        cache: Arc<dyn FingerprintCache>,
        secrets: Arc<Secrets>,
        query_memory_bytes: Option<u64>,
    ) -> Self {
        let datasets = Datasets { root, artifacts, cache };
        Self { datasets, secrets, engine: Engine::new(query_memory_bytes), web: Arc::default() }
    }

    async fn database(&self, program: &Program, connection: &Name) -> Result<Database, Failure> {
        Database::open(program, connection, &self.datasets.root, &self.secrets).await
    }

    /// Whether a connection is an SQLite file that nothing has made yet.
    fn has_no_file(&self, program: &Program, connection: &Name) -> bool {
        match program.connections.get(connection).map(|connection| &connection.kind) {
            Some(ConnectionKind::Sqlite { path }) => !self.datasets.root.join(&**path).exists(),
            _ => false,
        }
    }

    /// One attempt of an `sql` step.
    pub(crate) async fn run_sql(
        &self,
        call: &StepCall,
        text: &str,
        connection: Option<&Name>,
        cancel: &Cancel,
    ) -> Result<Outcome, Failure> {
        let ran = match connection {
            None => run_in_process(call, text, &self.engine, &self.datasets.artifacts, cancel).await,
            Some(connection) => {
                let database = self.database(&call.program, connection).await?;
                run_on(call, text, connection, &database, &self.datasets, cancel).await
            }
        };
        ran.map_err(|failure| without_data(failure, &labels_of_query(call, connection)))
    }

    pub(crate) async fn read(&self, data: DatasetRef, cancel: &Cancel) -> Result<VersionRead, Failure> {
        if let Location::Table { connection, table } = &dataset(&data)?.location {
            let database = self.database(&data.program, connection).await?;
            let read = read_table(&data, table, &database, &self.datasets, true, cancel).await;
            let read = read.map_err(|failure| without_data(failure, &labels_of_dataset(&data)))?;
            let value = read.value.ok_or_else(|| broken("a table was read and not kept"))?;
            let (fingerprint, expectations) = (read.fingerprint, read.expectations);
            return Ok(VersionRead { value, fingerprint, rows: Some(read.rows), expectations });
        }
        if let Some(url) = address(&data)? {
            let fetched = self.web.fetch(&url, cancel).await?.ok_or_else(|| nothing_there(&url))?;
            let (datasets, piece) = (self.datasets.clone(), fetched_piece(&url, &fetched));
            return blocking(cancel, move |stop| {
                let mut read = datasets.read_found(&data, &[piece], stop)?;
                read.fingerprint = as_served(read.fingerprint, &data, &fetched)?;
                Ok(read)
            })
            .await;
        }
        let datasets = self.datasets.clone();
        blocking(cancel, move |stop| datasets.read(&data, stop)).await
    }

    pub(crate) async fn write(
        &self,
        data: DatasetRef,
        value: Value,
        cancel: &Cancel,
    ) -> Result<VersionWritten, Failure> {
        if let Location::Table { connection, table } = &dataset(&data)?.location {
            let database = self.database(&data.program, connection).await?;
            let written = write_table(&data, table, value, &database, &self.datasets, cancel).await;
            let (rows, expectations) = written.map_err(|failure| without_data(failure, &labels_of_dataset(&data)))?;
            let fingerprint = read_table(&data, table, &database, &self.datasets, false, cancel).await?.fingerprint;
            return Ok(VersionWritten { fingerprint, rows: Some(rows), bytes: None, expectations });
        }
        let datasets = self.datasets.clone();
        blocking(cancel, move |stop| datasets.publish(&data, &value, stop)).await
    }

    pub(crate) async fn fingerprint(&self, data: DatasetRef) -> Result<Option<Fingerprint>, Failure> {
        let cancel = Cancel::never();
        if let Location::Table { connection, table } = &dataset(&data)?.location {
            if self.has_no_file(&data.program, connection) {
                return Ok(None);
            }
            let database = self.database(&data.program, connection).await?;
            let read = read_table(&data, table, &database, &self.datasets, false, &cancel).await;
            return match read {
                Ok(read) => Ok(Some(read.fingerprint)),
                Err(failure) if failure.class == flow_plan::ErrorClass::ClientError => Ok(None),
                Err(failure) => Err(failure),
            };
        }
        if let Some(url) = address(&data)? {
            return self.web_fingerprint(data, url, &cancel).await;
        }
        let datasets = self.datasets.clone();
        blocking(&cancel, move |stop| datasets.fingerprint(&data, stop)).await
    }

    /// What is at a URL: as the server says, if it says enough, else by taking all of it.
    async fn web_fingerprint(
        &self,
        data: DatasetRef,
        url: reqwest::Url,
        cancel: &Cancel,
    ) -> Result<Option<Fingerprint>, Failure> {
        let Some(seen) = self.web.look(&url, cancel).await? else { return Ok(None) };
        if let (Some(hash), None) = (seen.hash, newest_column(dataset(&data)?)) {
            return Ok(Some(Fingerprint { hash: hash.into(), modified: seen.modified, data_time: seen.modified }));
        }
        let Some(fetched) = self.web.fetch(&url, cancel).await? else { return Ok(None) };
        let (datasets, piece) = (self.datasets.clone(), fetched_piece(&url, &fetched));
        blocking(cancel, move |stop| {
            let found = datasets.fingerprint_of(&data, &[piece], stop)?;
            as_served(found, &data, &fetched).map(Some)
        })
        .await
    }

    pub(crate) async fn compute(&self, call: ComputeCall, cancel: &Cancel) -> Result<Value, Failure> {
        let datasets = self.datasets.clone();
        blocking(cancel, move |_| compute::compute(&call, &datasets)).await
    }

    /// As [`Self::compute`], with marks in the place of labelled data: by variable, its type where
    /// its value does not tell, and its own labels.
    pub(crate) async fn compute_seen(
        &self,
        call: ComputeCall,
        hidden: Vec<(VarId, Option<Type>, Vec<Name>)>,
        cancel: &Cancel,
    ) -> Result<Value, Failure> {
        let datasets = self.datasets.clone();
        blocking(cancel, move |_| compute::compute_seen(&call, &hidden, &datasets)).await
    }

    fn stage_table(
        &self,
        table: &Table,
        format: Format,
        scratch: &Path,
        program: &Arc<Program>,
    ) -> Result<PathBuf, Failure> {
        let (ending, artifact) = match format {
            Format::Parquet => ("parquet", self.datasets.artifacts.table_path(&table.hash)),
            Format::Jsonl | Format::Json => ("jsonl", PathBuf::new()),
            Format::Csv | Format::Text => ("csv", PathBuf::new()),
        };
        let name = table.hash.get(..16).unwrap_or("table");
        let path = scratch.join(format!("{name}.{ending}"));
        if path.exists() {
            return Ok(path);
        }
        let mut staged = StagedFile::new(&path)?;
        if ending == "parquet" && artifact.exists() {
            copy_into(&artifact, &mut staged)?;
        } else {
            let data = table.data.clone().map_or_else(|| self.datasets.artifacts.load(table, program), Ok)?;
            let mut out = BufWriter::with_capacity(1 << 20, staged.file());
            match ending {
                "jsonl" => write_json_lines(&*data, &mut out, &path)?,
                _ => write_csv(&*data, &CsvOptions::default(), &mut out, &path)?,
            }
            out.flush().map_err(|error| write_failure(&path, &error))?;
        }
        staged.publish()?;
        Ok(path)
    }
}

fn fetched_piece(url: &reqwest::Url, fetched: &Fetched) -> Piece {
    Piece { path: fetched.path.clone(), name: web_name(url), folders: BTreeMap::new() }
}

/// A fingerprint of what was fetched, with what its server says of it in the place of what the file says.
fn as_served(found: Fingerprint, data: &DatasetRef, fetched: &Fetched) -> Result<Fingerprint, Failure> {
    let modified = fetched.seen.modified;
    let data_time = if newest_column(dataset(data)?).is_some() { found.data_time } else { modified };
    let hash = fetched.seen.hash.as_deref().map_or(found.hash, Into::into);
    Ok(Fingerprint { hash, modified, data_time })
}

#[async_trait]
impl Handover for Data {
    async fn table_path(
        &self,
        table: &Table,
        format: Format,
        scratch: &Path,
        program: &Arc<Program>,
    ) -> Result<PathBuf, Failure> {
        let (data, table, scratch, program) = (self.clone(), table.clone(), scratch.to_owned(), program.clone());
        blocking(&Cancel::never(), move |_| data.stage_table(&table, format, &scratch, &program)).await
    }

    async fn file_path(&self, file: &FileHandle, scratch: &Path) -> Result<PathBuf, Failure> {
        let (data, file, scratch) = (self.clone(), file.clone(), scratch.to_owned());
        blocking(&Cancel::never(), move |_| {
            let name = Path::new(&*file.name).file_name().map_or_else(|| "file".into(), ToOwned::to_owned);
            let path = scratch.join(file.hash.get(..16).unwrap_or("file")).join(name);
            let mut staged = StagedFile::new(&path)?;
            copy_into(&data.datasets.artifacts.file_path(&file.hash), &mut staged)?;
            staged.publish()?;
            Ok(path)
        })
        .await
    }

    async fn take_table(&self, taken: TakenTable<'_>) -> Result<Value, Failure> {
        let piece = Piece { path: taken.path.to_owned(), name: taken.name.to_owned(), folders: BTreeMap::new() };
        let (datasets, record, format) = (self.datasets.clone(), taken.record.clone(), taken.format);
        let (program, now) = (taken.program.clone(), taken.now);
        blocking(&Cancel::never(), move |stop: &Stop| {
            read_table_file(&datasets, &piece, &record, format, &program, now, stop)
        })
        .await
    }

    async fn take_file(&self, path: &Path, name: &str) -> Result<Value, Failure> {
        let (artifacts, path, name) = (self.datasets.artifacts.clone(), path.to_owned(), name.to_owned());
        blocking(&Cancel::never(), move |_| artifacts.put_file(&path, &name).map(Value::File)).await
    }
}
