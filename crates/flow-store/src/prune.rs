//! Throwing away what is no longer needed, so that nothing grows without bound.
//!
//! Of runs the last ones are kept whole, and those that were cut off and may be gone on with; of dataset versions as
//! many as the dataset says; of results those that were made lately or belong to a node's last record. Artifacts go
//! when nothing names them: no result, version or record, and no journal of a run that is kept and did not succeed, as
//! such a run may be gone on with or retried. Called under the project's lock, when no run is under way. Readers read in
//! one transaction of the database; a file that they have opened stays theirs.

use crate::{Layout, StoreError, artifacts};
use flow_driver::{NodeRecord, VersionRecord};
use flow_expr::Value;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::Path,
    sync::Arc,
};

/// Days for which it is remembered what asks cost, whatever becomes of their runs.
const ASK_DAYS: i64 = 400;

/// Days for which it is remembered what became of starts, if runs are kept however old they are.
const START_DAYS: i64 = 90;

/// Runs of one flow that were cut off and that are kept whatever comes after them, as long as none has succeeded since.
const CUT_OFF_RUNS: u32 = 20;

/// What is kept.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Runs with their journals and logs.
    pub runs: u32,
    /// Days for which runs are kept; not given: however old they are.
    pub run_days: Option<i64>,
    /// Events of all runs together; the last two runs are kept whatever they hold.
    pub events: u64,
    /// Versions of a dataset that says nothing of it.
    pub versions: u32,
    /// Versions of datasets that do, by name.
    pub versions_of: BTreeMap<Arc<str>, u32>,
    /// How long versions are kept, milliseconds, of datasets that say so. Their newest two are kept anyway.
    pub for_ms: BTreeMap<Arc<str>, u64>,
    /// Days for which a result is kept.
    pub result_days: i64,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            runs: 200,
            run_days: None,
            events: 2_000_000,
            versions: 10,
            versions_of: BTreeMap::new(),
            for_ms: BTreeMap::new(),
            result_days: 30,
        }
    }
}

/// How thoroughly it is looked for what is no longer needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thorough {
    /// Files are looked through only if something has been forgotten: cheap before every run.
    IfForgotten,
    /// Everything is looked through.
    All,
    /// Everything is looked through, and nothing is removed.
    Look,
}

/// What went, or would go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Runs.
    pub runs: u64,
    /// Versions of datasets that are remembered no more; what is at their locations stays.
    pub versions: u64,
    /// Results that are made again when they are needed.
    pub results: u64,
    /// Tables and files.
    pub artifacts: Gone,
    /// What attempts wrote.
    pub logs: Gone,
    /// Folders of attempts whose process is gone.
    pub scratch: Gone,
}

impl Swept {
    /// Bytes of files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.artifacts.bytes + self.logs.bytes + self.scratch.bytes
    }

    /// Whether anything went.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Files or folders that went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gone {
    /// How many.
    pub count: u64,
    /// How large they were.
    pub bytes: u64,
}

/// Throws away what is not kept.
///
/// # Errors
/// The database or the folder cannot be read or written to.
pub fn prune(layout: &Layout, keep: &Keep, now: Timestamp, thorough: Thorough) -> Result<Swept, StoreError> {
    let path = layout.database();
    if !path.exists() {
        return Ok(Swept::default());
    }
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(&path, &error);
    let mut connection = Connection::open(&path).map_err(sqlite)?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(sqlite)?;
    crate::schema::migrate(&mut connection, &path)?;
    let before = connection.total_changes();
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(sqlite)?;
    let mut swept = drop_rows(&transaction, keep, now).map_err(sqlite)?;
    if thorough == Thorough::IfForgotten && transaction.total_changes() == before {
        // Nothing was forgotten, so nothing has become superfluous.
        return Ok(swept);
    }
    let needed = needed(&transaction, &path)?;
    let runs = transaction
        .prepare("select run from runs")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>())
        .map_err(sqlite)?;
    let remove = thorough != Thorough::Look;
    if remove {
        // What nothing names any more is removed only when that is durable.
        transaction.commit().map_err(sqlite)?;
    } else {
        transaction.rollback().map_err(sqlite)?;
    }
    swept.artifacts = artifacts::sweep(layout, &needed, remove)?;
    swept.logs = folders_but(&layout.logs(), &runs, remove);
    if thorough != Thorough::IfForgotten {
        swept.scratch = folders_but(&layout.scratch(), &HashSet::new(), remove);
    }
    Ok(swept)
}

/// The artifacts that something names.
fn needed(connection: &Connection, path: &Path) -> Result<HashSet<String>, StoreError> {
    let mut needed = HashSet::new();
    let json = |error: &serde_json::Error| StoreError::from_json(path, error);
    let mut name = |value: &Value| artifacts::artifacts_of(value, &mut needed);
    each(connection, path, "select json from results", |text| {
        serde_json::from_str::<Value>(text).map(|value| name(&value)).map_err(|error| json(&error))
    })?;
    each(connection, path, "select json from versions", |text| {
        let version = serde_json::from_str::<VersionRecord>(text);
        version.map(|version| name(&version.value)).map_err(|error| json(&error))
    })?;
    each(connection, path, "select json from records", |text| {
        let record = serde_json::from_str::<NodeRecord>(text);
        record.map(|record| record.value.iter().for_each(&mut name)).map_err(|error| json(&error))
    })?;
    // An event that is damaged is no reason to lose what the others name, so their texts are only looked through.
    let events = "select json from events where run in
        (select no from runs where ended is null or status not in ('succeeded', 'skipped'))";
    each(connection, path, events, |text| {
        artifacts::named_in(text, &mut needed);
        Ok(())
    })?;
    Ok(needed)
}

fn each(
    connection: &Connection,
    path: &Path,
    sql: &str,
    mut see: impl FnMut(&str) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(path, &error);
    let mut statement = connection.prepare(sql).map_err(sqlite)?;
    let mut rows = statement.query([]).map_err(sqlite)?;
    while let Some(row) = rows.next().map_err(sqlite)? {
        let text = row.get_ref(0).and_then(|text| Ok(text.as_str()?)).map_err(sqlite)?;
        see(text)?;
    }
    Ok(())
}

/// The runs that are not kept.
fn runs_to_go(connection: &Connection, keep: &Keep, now: Timestamp) -> rusqlite::Result<Vec<i64>> {
    let since = keep.run_days.map(|days| before(now, days));
    let sql = "select no, events, started, ended is null and not exists (
            select 1 from runs as later where later.flow = runs.flow and later.no > runs.no and later.status = 'succeeded'
        ) and (
            select count(*) from runs as later where later.flow = runs.flow and later.no > runs.no and later.ended is null
        ) < ?1
        from runs order by no desc";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(params![CUT_OFF_RUNS])?;
    let (mut runs, mut events, mut gone) = (0, 0, vec![]);
    while let Some(row) = rows.next()? {
        let (number, began, may_go_on): (i64, i64, bool) = (row.get(0)?, row.get(2)?, row.get(3)?);
        runs += 1;
        events += row.get::<_, i64>(1)?.unsigned_abs();
        let is_old = since.is_some_and(|since| began < since);
        let is_kept = runs <= keep.runs && (runs <= 2 || events <= keep.events) && !is_old;
        if !is_kept && !may_go_on {
            gone.push(number);
        }
    }
    Ok(gone)
}

fn before(now: Timestamp, days: i64) -> i64 {
    let length = SignedDuration::from_hours(days.saturating_mul(24).clamp(0, i64::from(i32::MAX)));
    now.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH).as_millisecond()
}

/// Drops rows.
fn drop_rows(transaction: &Connection, keep: &Keep, now: Timestamp) -> rusqlite::Result<Swept> {
    let gone = runs_to_go(transaction, keep, now)?;
    for number in &gone {
        for table in ["events", "nodes", "attempts", "contracts", "questions", "answers", "resolutions"] {
            transaction.prepare_cached(&format!("delete from {table} where run = ?1"))?.execute([number])?;
        }
        transaction.prepare_cached("delete from runs where no = ?1")?.execute([number])?;
    }
    // Budgets for a time count what runs have spent that are forgotten otherwise.
    let old = "delete from asks where at < ?1 and run not in (select no from runs)";
    transaction.execute(old, [before(now, ASK_DAYS)])?;
    transaction.execute("delete from plans where hash not in (select plan from runs)", [])?;
    // The last start of each cause is what the next one is counted from.
    transaction.execute(
        "delete from starts where over and at < ?1 and no not in (select max(no) from starts group by flow, subject)",
        [before(now, keep.run_days.unwrap_or(START_DAYS))],
    )?;
    let month = before(now, keep.result_days);
    let results = transaction.execute("delete from results where at < ?1", [month])? as u64;
    let versions = drop_versions(transaction, keep, now)?;
    Ok(Swept { runs: gone.len() as u64, versions, results, ..Swept::default() })
}

fn drop_versions(transaction: &Connection, keep: &Keep, now: Timestamp) -> rusqlite::Result<u64> {
    let datasets = transaction
        .prepare("select dataset, partition, count(*) from versions group by dataset, partition")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(String, String, u32)>>>()?;
    let mut gone = 0;
    for (dataset, partition, count) in datasets {
        if let Some(length) = keep.for_ms.get(&*dataset) {
            let length = SignedDuration::from_millis(i64::try_from(*length).unwrap_or(i64::MAX));
            let since = now.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH);
            gone += transaction.execute(
                "delete from versions where dataset = ?1 and partition = ?2 and at < ?3 and no not in
                    (select no from versions where dataset = ?1 and partition = ?2 order by no desc limit 2)",
                params![dataset, partition, since.as_millisecond()],
            )?;
            continue;
        }
        let limit = keep.versions_of.get(&*dataset).copied().unwrap_or(keep.versions).max(2);
        if count > limit {
            gone += transaction.execute(
                "delete from versions where dataset = ?1 and partition = ?2 and no not in
                    (select no from versions where dataset = ?1 and partition = ?2 order by no desc limit ?3)",
                params![dataset, partition, limit],
            )?;
        }
    }
    Ok(gone as u64)
}

/// Folders that are not called like one of these. One that stays is a nuisance, not an error.
fn folders_but(within: &Path, kept: &HashSet<String>, remove: bool) -> Gone {
    let mut gone = Gone::default();
    let Ok(entries) = fs::read_dir(within) else { return gone };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let is_kept = path.file_name().and_then(|name| name.to_str()).is_none_or(|name| kept.contains(name));
        if is_kept || !path.is_dir() {
            continue;
        }
        let bytes = size(&path);
        if !remove || fs::remove_dir_all(&path).is_ok() {
            gone = Gone { count: gone.count + 1, bytes: gone.bytes + bytes };
        }
    }
    gone
}

/// The bytes of the files in a folder; links are not followed.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => size(&entry.path()),
        Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |data| data.len()),
        _ => 0,
    };
    entries.filter_map(Result::ok).map(of).sum()
}
