//! Questions to the journal and the catalogue.
//!
//! A connection that cannot write: plans and history open one, and make no folder where there is none.

use crate::{Finding, Layout, StoreError, schema};
use flow_driver::{CachedResult, ContractVerdict, Last, NodeEnd, NodeRecord, RunEnd, RunStart, Spent, VersionRecord};
use flow_expr::Name;
use flow_plan::{AskReport, Failure};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use serde::{Serialize, de::DeserializeOwned};
use std::{path::PathBuf, sync::Arc};

/// A run, in one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunRow {
    /// Its id.
    pub run: Arc<str>,
    /// Its flow.
    pub flow: Arc<str>,
    /// The hash of its plan.
    pub plan: Arc<str>,
    /// The version of its events.
    pub format: u32,
    /// What it started from.
    pub start: RunStart,
    /// When it ended; none if it is under way, or ended without saying so.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub end: Option<RunEnd>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptRow {
    /// The node.
    pub path: Arc<str>,
    /// From 1.
    pub attempt: u32,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// The judge who was asked, if it was not the step itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<Name>,
    /// The step that a model called, if the attempt is for that.
    pub tool: Option<Name>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// What a model said and what that cost, if one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<AskReport>,
}

/// What asks cost, of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostRow {
    /// The model, step, flow or day.
    pub of: Arc<str>,
    /// How many asks.
    pub asks: u64,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// Millionths of a dollar.
    pub micro_dollars: u64,
    /// Asks of which nobody knows what they cost: they count with the worst.
    pub unknown: u64,
    /// Asks that are under way, or were when flowc was ended: they count with the worst.
    pub in_doubt: u64,
}

/// What costs are summed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostBy {
    /// The model as declared.
    Model,
    /// The step's place in its flow.
    Step,
    /// The flow that was run.
    Flow,
    /// The day, in UTC.
    Day,
    /// The run.
    Run,
}

/// A promise that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContractRow {
    /// When.
    pub at: Timestamp,
    /// The node.
    pub path: Arc<str>,
    /// Its label.
    pub label: Arc<str>,
    /// What became of it.
    pub verdict: ContractVerdict,
}

/// A reading connection.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens the store of a project for reading; none if it has none yet. Writes and makes nothing.
    ///
    /// # Errors
    /// There is a store, and it cannot be read, or is of a later version.
    pub fn open(layout: &Layout) -> Result<Option<Self>, StoreError> {
        let path = layout.database();
        if !path.exists() {
            return Ok(None);
        }
        let connection = open_for_reading(&path)?;
        connection.set_prepared_statement_cache_capacity(32);
        // One whose first run failed before there was a table is as good as none.
        let version = schema::check(&connection, &path)?;
        schema::bridge(&connection, version).map_err(|error| StoreError::from_sqlite(&path, &error))?;
        Ok((version > 0).then_some(Self { connection, path }))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::from_json(&self.path, &error))
    }

    fn sqlite(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(&self.path, error)
    }

    /// One JSON column of one row.
    pub(crate) fn one<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, |row| row.get(0)).optional())
            .map_err(|error| self.sqlite(&error))?;
        text.map(|text| self.json(&text)).transpose()
    }

    pub(crate) fn many<T>(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, row)?.collect())
            .map_err(|error| self.sqlite(&error))
    }

    /// One JSON column of all rows, each read as it comes: runs may be long.
    fn all<T: DeserializeOwned>(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<T>, StoreError> {
        let (mut found, mut wrong) = (vec![], None);
        self.many(sql, params, |row| {
            match serde_json::from_str(row.get_ref(0)?.as_str()?) {
                Ok(value) => found.push(value),
                Err(error) => wrong = wrong.take().or(Some(error)),
            }
            Ok(())
        })?;
        wrong.map_or(Ok(found), |error| Err(StoreError::from_json(&self.path, &error)))
    }

    /// A node's last record.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn record(&self, key: &str) -> Result<Option<NodeRecord>, StoreError> {
        self.one("select json from records where key = ?1", params![key])
    }

    /// What is remembered of a node that has this identity now. The usual answer, that nothing is
    /// different, is given without reading the whole record.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn last(&self, key: &str, identity: Option<&str>) -> Result<Last, StoreError> {
        let sql = "select run, at from records where key = ?1 and succeeded and identity = ?2";
        let same = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
                statement.query_row(params![key, identity], row).optional()
            })
            .map_err(|error| self.sqlite(&error))?;
        match same {
            Some((run, at)) => Ok(Last::Same { run: run.into(), at: timestamp(at) }),
            None => Ok(Last::of(self.record(key)?, identity)),
        }
    }

    /// A kept result.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn result(&self, key: &str) -> Result<Option<CachedResult>, StoreError> {
        let row: Option<(String, String, i64)> = self
            .connection
            .prepare_cached("select json, run, at from results where key = ?1")
            .and_then(|mut statement| {
                statement.query_row(params![key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
            })
            .map_err(|error| self.sqlite(&error))?;
        row.map(|(json, run, at)| Ok(CachedResult { value: self.json(&json)?, run: run.into(), at: timestamp(at) }))
            .transpose()
    }

    /// The newest versions of a dataset, newest first; without those of one run, if one is given.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn versions(
        &self,
        dataset: &str,
        partition: &str,
        but_not_of: Option<&str>,
        limit: u32,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        let sql =
            "select json from versions where dataset = ?1 and partition = ?2 and run <> ?3 order by no desc limit ?4";
        let run = but_not_of.unwrap_or("");
        self.all(sql, params![dataset, partition, run, limit])
    }

    /// The versions that a run read or wrote, with their datasets, in that order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn versions_of_run(&self, run: &str) -> Result<Vec<(String, VersionRecord)>, StoreError> {
        let sql = "select dataset, json from versions where run = ?1 order by no";
        let rows: Vec<(String, String)> = self.many(sql, params![run], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.into_iter().map(|(dataset, json)| Ok((dataset, self.json(&json)?))).collect()
    }

    /// What was found out about a file, if it is still the same file.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn finding(&self, wanted: &Finding) -> Result<Option<String>, StoreError> {
        self.connection
            .prepare_cached(
                "select found from findings where path = ?1 and purpose = ?2 and size = ?3 and modified = ?4 and inode = ?5",
            )
            .and_then(|mut statement| {
                let modified = wanted.modified_ns.to_string();
                let (size, inode) = (wanted.size as i64, wanted.inode as i64);
                statement
                    .query_row(params![wanted.path, wanted.purpose, size, modified, inode], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| self.sqlite(&error))
    }

    /// Whether a plan is kept.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn has_plan(&self, hash: &str) -> Result<bool, StoreError> {
        // A plan is kept as long as a run of it is. To be found among plans, which are long, they would have to be read.
        self.connection
            .prepare_cached("select 1 from runs where plan = ?1")
            .and_then(|mut statement| statement.exists(params![hash]))
            .map_err(|error| self.sqlite(&error))
    }

    /// A kept plan, as JSON.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn plan(&self, hash: &str) -> Result<Option<String>, StoreError> {
        self.connection
            .prepare_cached("select json from plans where hash = ?1")
            .and_then(|mut statement| statement.query_row(params![hash], |row| row.get(0)).optional())
            .map_err(|error| self.sqlite(&error))
    }

    /// The last runs, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn runs(&self, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        self.run_rows("order by no desc limit ?1", params![limit])
    }

    /// The runs of a flow that have not ended, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn unfinished(&self, flow: &str) -> Result<Vec<RunRow>, StoreError> {
        self.run_rows("where ended is null and flow = ?1 order by no desc", params![flow])
    }

    /// The last runs of one flow, or of all, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn runs_of(&self, flow: Option<&str>, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        self.run_rows("where ?1 is null or flow = ?1 order by no desc limit ?2", params![flow, limit])
    }

    /// The last run of a flow.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn last_run(&self, flow: &str) -> Result<Option<RunRow>, StoreError> {
        Ok(self.run_rows("where flow = ?1 order by no desc limit 1", params![flow])?.into_iter().next())
    }

    /// The last run of a flow that has ended, other than by being cancelled.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn last_ended(&self, flow: &str) -> Result<Option<RunRow>, StoreError> {
        let which = "where flow = ?1 and ended is not null and status <> 'cancelled' order by no desc limit 1";
        Ok(self.run_rows(which, params![flow])?.into_iter().next())
    }

    /// How long the last runs of a flow took that have ended, milliseconds, and whether each succeeded, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn durations(&self, flow: &str, limit: u32) -> Result<Vec<(u64, bool)>, StoreError> {
        let sql = "select ended - started, status = 'succeeded' from runs
            where flow = ?1 and ended is not null and status in ('succeeded', 'failed') order by no desc limit ?2";
        self.many(sql, params![flow, limit], |row| Ok((row.get::<_, i64>(0)?.max(0).unsigned_abs(), row.get(1)?)))
    }

    /// The runs that have not ended, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn open_runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.run_rows("where ended is null order by no desc", params![])
    }

    /// The first node of a run that failed, with its label and why.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn first_failure(&self, run: &str) -> Result<Option<NodeEnd>, StoreError> {
        let sql = "select json from nodes where run = (select no from runs where run = ?1) and status = 'failed'
            order by seq limit 1";
        self.one(sql, params![run])
    }

    /// The run of exactly this id, if there is one.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn run_of_id(&self, run: &str) -> Result<Option<RunRow>, StoreError> {
        Ok(self.run_rows("where run = ?1", params![run])?.into_iter().next())
    }

    fn run_rows(&self, which: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<RunRow>, StoreError> {
        let sql = format!("select run, flow, plan, format, start_json, ended, end_json from runs {which}");
        let rows = self.many(&sql, params, |row| {
            Ok((
                (row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get(3)?),
                (row.get::<_, String>(4)?, row.get::<_, Option<i64>>(5)?, row.get::<_, Option<String>>(6)?),
            ))
        })?;
        rows.into_iter()
            .map(|((run, flow, plan, format), (start, ended, end))| {
                Ok(RunRow {
                    run: run.into(),
                    flow: flow.into(),
                    plan: plan.into(),
                    format,
                    start: self.json(&start)?,
                    ended: ended.map(timestamp),
                    end: end.map(|end| self.json(&end)).transpose()?,
                })
            })
            .collect()
    }

    /// A run by its id, by the beginning of its id if that is unique, or the newest one as `last`.
    ///
    /// # Errors
    /// There is no such run, or the database cannot be read.
    pub fn run(&self, wanted: &str) -> Result<RunRow, StoreError> {
        let runs = self.runs(u32::MAX)?;
        let mut found: Vec<&RunRow> = runs.iter().filter(|row| *row.run == *wanted).collect();
        if found.is_empty() && matches!(wanted, "last" | "latest") {
            found = runs.first().into_iter().collect();
        }
        if found.is_empty() && !wanted.is_empty() {
            found = runs.iter().filter(|row| row.run.starts_with(wanted) || row.run.ends_with(wanted)).collect();
        }
        match found[..] {
            [row] => Ok(row.clone()),
            _ => {
                let nearest = if found.is_empty() { runs.iter().collect() } else { found };
                let nearest = nearest.into_iter().take(3).map(|row| row.run.clone()).collect();
                Err(StoreError::NoRun { run: wanted.into(), nearest })
            }
        }
    }

    /// How the nodes of a run ended, in that order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn nodes(&self, run: &str) -> Result<Vec<NodeEnd>, StoreError> {
        let sql = "select json from nodes where run = (select no from runs where run = ?1) order by seq";
        self.all(sql, params![run])
    }

    /// One node of a run, by its label, its path or what it calls; the first that is not fine if a label stands for many.
    ///
    /// # Errors
    /// There is no such node, or the database cannot be read.
    pub fn node(&self, run: &str, step: &str) -> Result<NodeEnd, StoreError> {
        let sql =
            "select json from nodes where run = (select no from runs where run = ?1) and (path = ?2 or label = ?2 or substr(label, 1, length(?2) + 1) = ?2 || '[')
            order by status in ('succeeded', 'skipped'), seq limit 1";
        if let Some(node) = self.one(sql, params![run, step])? {
            return Ok(node);
        }
        // `let ok = decide(…)` is labelled `ok`; people also know it as `decide`.
        let is_subject = |node: &NodeEnd| node.subject.as_ref().is_some_and(|name| name.short() == step);
        if let Some(node) = self.nodes(run)?.into_iter().find(is_subject) {
            return Ok(node);
        }
        let sql =
            "select distinct label from nodes where run = (select no from runs where run = ?1) order by seq limit 8";
        let labels: Vec<String> = self.many(sql, params![run], |row| row.get(0))?;
        let nearest = labels.into_iter().map(Arc::from).collect();
        Err(StoreError::NoStep { run: run.into(), step: step.into(), nearest })
    }

    /// The record that the last run which reached a node left; what [`NodeEnd::key`] names.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn record_of(&self, node: &NodeEnd) -> Result<Option<NodeRecord>, StoreError> {
        self.record(&node.key)
    }

    /// Attempts of a run, of one node if it is given.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn attempts(&self, run: &str, path: Option<&str>) -> Result<Vec<AttemptRow>, StoreError> {
        let sql = "select path, attempt, began, ended, failure, ask, judge, tool from attempts
            where run = (select no from runs where run = ?1) and (?2 is null or path = ?2) order by began, path, attempt";
        let rows = self.many(sql, params![run, path], |row| {
            let (failure, ask) = (row.get::<_, Option<String>>(4)?, row.get::<_, Option<String>>(5)?);
            let inside = (row.get::<_, Option<String>>(6)?, row.get::<_, Option<String>>(7)?);
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, failure, ask, inside))
        })?;
        rows.into_iter()
            .map(|(path, attempt, began, ended, failure, ask, (judge, tool))| {
                let failure = failure.map(|failure| self.json(&failure)).transpose()?;
                let ask = ask.map(|ask| self.json(&ask)).transpose()?;
                let (path, began, ended) = (path.into(), timestamp(began), timestamp(ended));
                Ok(AttemptRow {
                    path,
                    attempt,
                    began,
                    ended,
                    judge: judge.map(Name::new),
                    tool: tool.map(Name::new),
                    failure,
                    ask,
                })
            })
            .collect()
    }

    /// What asks have cost, the most expensive first; days and runs newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn costs(&self, by: CostBy) -> Result<Vec<CostRow>, StoreError> {
        let (of, order) = match by {
            CostBy::Model => ("asks.model", "money desc, 1"),
            CostBy::Step => ("runs.flow || ' ' || asks.label", "money desc, 1"),
            CostBy::Flow => ("runs.flow", "money desc, 1"),
            CostBy::Day => ("date(asks.at / 1000, 'unixepoch')", "1 desc"),
            CostBy::Run => ("runs.run", "1 desc"),
        };
        let sql = format!(
            "select {of}, count(*), sum(input_tokens), sum(output_tokens), sum(micro_dollars) as money,
                sum(not known and settled), sum(not settled)
                from asks join runs on runs.no = asks.run group by 1 order by {order}"
        );
        let count = |row: &rusqlite::Row<'_>, column| -> rusqlite::Result<u64> {
            Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
        };
        self.many(&sql, params![], |row| {
            Ok(CostRow {
                of: row.get::<_, String>(0)?.into(),
                asks: count(row, 1)?,
                input_tokens: count(row, 2)?,
                output_tokens: count(row, 3)?,
                micro_dollars: count(row, 4)?,
                unknown: count(row, 5)?,
                in_doubt: count(row, 6)?,
            })
        })
    }

    /// What asks within a flow have used since a time, those that are under way or in doubt with their worst.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn used(&self, flow: &Name, since: Timestamp) -> Result<Spent, StoreError> {
        crate::write::used(&self.connection, flow, since.as_millisecond()).map_err(|error| self.sqlite(&error))
    }

    /// What the asks of the newest run that asked within a flow have used there, and the run.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn used_last(&self, flow: &Name) -> Result<Option<(Arc<str>, Spent)>, StoreError> {
        let sql = "select runs.run, count(*), sum(input_tokens + output_tokens), sum(micro_dollars)
            from asks join runs on runs.no = asks.run where instr(flows, char(10) || ?1 || char(10)) > 0
            group by runs.no order by runs.no desc limit 1";
        let rows = self.many(sql, params![flow.as_str()], |row| {
            let count =
                |column| -> rusqlite::Result<u64> { Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default()) };
            let spent = Spent { asks: count(1)?, tokens: count(2)?, micro_dollars: count(3)? };
            Ok((row.get::<_, String>(0)?.into(), spent))
        })?;
        Ok(rows.into_iter().next())
    }

    /// Promises that a run looked at.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn contracts(&self, run: &str) -> Result<Vec<ContractRow>, StoreError> {
        let sql =
            "select at, path, label, json from contracts where run = (select no from runs where run = ?1) order by no";
        let rows = self.many(sql, params![run], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
        })?;
        rows.into_iter()
            .map(|(at, path, label, verdict)| {
                let verdict = self.json(&verdict)?;
                Ok(ContractRow { at: timestamp(at), path: path.into(), label: label.into(), verdict })
            })
            .collect()
    }
}

/// Opens without the right to write. A database in WAL mode on a read-only medium has no index beside
/// it; it is opened as one that nobody changes.
fn open_for_reading(path: &PathBuf) -> Result<Connection, StoreError> {
    let sqlite = |error: &rusqlite::Error| StoreError::from_sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = |connection: Connection| -> rusqlite::Result<Connection> {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
        Ok(connection)
    };
    match Connection::open_with_flags(path, flags).and_then(open) {
        Ok(connection) => Ok(connection),
        Err(first) => {
            let uri =
                format!("file:{}?immutable=1", path.display().to_string().replace('?', "%3f").replace('#', "%23"));
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(uri, flags).and_then(open).map_err(|_| sqlite(&first))
        }
    }
}

pub(crate) fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
