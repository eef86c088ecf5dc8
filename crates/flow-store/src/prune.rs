//! Throwing away what is no longer needed, so that nothing grows without bound.
//!
//! Of runs the last ones are kept whole; of dataset versions as many as the dataset says; of results
//! those that were made lately or belong to a node's last record. Artifacts go when nothing names them.
//! Called under the project's lock, before a run.

use crate::{Layout, StoreError, artifacts};
use flow_driver::{NodeRecord, VersionRecord};
use flow_expr::Value;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use std::{
    collections::{BTreeMap, HashSet},
    fs,
    sync::Arc,
};

/// Days for which it is remembered what asks cost, whatever becomes of their runs.
const ASK_DAYS: i64 = 400;

/// What is kept.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Runs with their journals and logs.
    pub runs: u32,
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
            events: 2_000_000,
            versions: 10,
            versions_of: BTreeMap::new(),
            for_ms: BTreeMap::new(),
            result_days: 30,
        }
    }
}

/// Throws away what is not kept. Gives the bytes of artifacts freed.
///
/// # Errors
/// The database or the folder cannot be written to.
pub fn prune(layout: &Layout, keep: &Keep, now: Timestamp) -> Result<u64, StoreError> {
    let path = layout.database();
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(&path, &error);
    let mut connection = Connection::open(&path).map_err(sqlite)?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(sqlite)?;
    let before = connection.total_changes();
    let gone = drop_rows(&mut connection, keep, now).map_err(sqlite)?;
    if connection.total_changes() == before {
        // Nothing was forgotten, so nothing has become superfluous.
        return Ok(0);
    }
    for run in gone {
        // A log that stays is a nuisance, not an error; the next time finds it again no more.
        let _ = fs::remove_dir_all(layout.logs().join(run));
    }
    let mut needed = HashSet::new();
    let mut name = |value: &Value| artifacts::artifacts_of(value, &mut needed);
    each(&connection, "select json from results", |text| serde_json::from_str::<Value>(text).map(|value| name(&value)))
        .map_err(sqlite)?;
    each(&connection, "select json from versions", |text| {
        serde_json::from_str::<VersionRecord>(text).map(|version| name(&version.value))
    })
    .map_err(sqlite)?;
    each(&connection, "select json from records", |text| {
        serde_json::from_str::<NodeRecord>(text).map(|record| record.value.iter().for_each(&mut name))
    })
    .map_err(sqlite)?;
    artifacts::sweep(layout, &needed)
}

fn each(
    connection: &Connection,
    sql: &str,
    mut see: impl FnMut(&str) -> serde_json::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        see(&text).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    }
    Ok(())
}

/// The newest run that is not kept.
fn last_to_go(connection: &Connection, keep: &Keep) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare("select no, events from runs order by no desc")?;
    let mut rows = statement.query([])?;
    let (mut runs, mut events) = (0, 0);
    while let Some(row) = rows.next()? {
        runs += 1;
        events += row.get::<_, i64>(1)?.unsigned_abs();
        if runs > keep.runs || (runs > 2 && events > keep.events) {
            return row.get(0);
        }
    }
    Ok(0)
}

/// Drops rows; gives the ids of the runs that went.
fn drop_rows(connection: &mut Connection, keep: &Keep, now: Timestamp) -> rusqlite::Result<Vec<String>> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let oldest = last_to_go(&transaction, keep)?;
    let gone = transaction
        .prepare("select run from runs where no <= ?1")?
        .query_map([oldest], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    for table in ["events", "nodes", "attempts", "contracts", "questions", "answers"] {
        transaction.execute(&format!("delete from {table} where run <= ?1"), [oldest])?;
    }
    transaction.execute("delete from runs where no <= ?1", [oldest])?;
    // Budgets for a time count what runs have spent that are forgotten otherwise.
    let year = now.checked_sub(SignedDuration::from_hours(24 * ASK_DAYS)).unwrap_or(Timestamp::UNIX_EPOCH);
    let old = "delete from asks where at < ?1 and run not in (select no from runs)";
    transaction.execute(old, [year.as_millisecond()])?;
    transaction.execute("delete from plans where hash not in (select plan from runs)", [])?;
    let month = now.checked_sub(SignedDuration::from_hours(24 * keep.result_days)).unwrap_or(Timestamp::UNIX_EPOCH);
    transaction.execute("delete from results where at < ?1", [month.as_millisecond()])?;
    let datasets = transaction
        .prepare("select dataset, partition, count(*) from versions group by dataset, partition")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(String, String, u32)>>>()?;
    for (dataset, partition, count) in datasets {
        if let Some(length) = keep.for_ms.get(&*dataset) {
            let length = SignedDuration::from_millis(i64::try_from(*length).unwrap_or(i64::MAX));
            let since = now.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH);
            transaction.execute(
                "delete from versions where dataset = ?1 and partition = ?2 and at < ?3 and no not in
                    (select no from versions where dataset = ?1 and partition = ?2 order by no desc limit 2)",
                params![dataset, partition, since.as_millisecond()],
            )?;
            continue;
        }
        let limit = keep.versions_of.get(&*dataset).copied().unwrap_or(keep.versions).max(2);
        if count > limit {
            transaction.execute(
                "delete from versions where dataset = ?1 and partition = ?2 and no not in
                    (select no from versions where dataset = ?1 and partition = ?2 order by no desc limit ?3)",
                params![dataset, partition, limit],
            )?;
        }
    }
    transaction.commit()?;
    Ok(gone)
}
