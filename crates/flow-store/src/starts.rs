//! What a scheduler has decided: which start of a flow runs, waits or does not run, and why.
//!
//! A row for each start, durable before the start is obeyed, so that a killed scheduler goes on from what it had decided.
//! The decision itself is the scheduler's text; here it is only found by its flow, its subject (what it is counted by:
//! a schedule, a dataset) and its run.

use crate::{Layout, Reader, StoreError, read::timestamp, schema};
use jiff::Timestamp;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use std::{path::PathBuf, sync::Arc};

/// What was decided of one start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRow {
    /// Its number.
    pub no: u64,
    /// The flow.
    pub flow: Arc<str>,
    /// What its starts are counted by.
    pub subject: Arc<str>,
    /// When it was decided.
    pub at: Timestamp,
    /// The instant that it is for.
    pub nominal: Timestamp,
    /// Its run's id, also if the run has not begun yet.
    pub run: Option<Arc<str>>,
    /// Whether nothing more will become of it.
    pub is_over: bool,
    /// The decision, as the scheduler wrote it.
    pub json: Arc<str>,
}

const COLUMNS: &str = "select no, flow, subject, at, nominal, run, over, json from starts";

fn row(row: &Row<'_>) -> rusqlite::Result<StartRow> {
    let text = |column: usize| row.get::<_, String>(column).map(Arc::from);
    Ok(StartRow {
        no: row.get::<_, i64>(0)?.unsigned_abs(),
        flow: text(1)?,
        subject: text(2)?,
        at: timestamp(row.get(3)?),
        nominal: timestamp(row.get(4)?),
        run: row.get::<_, Option<String>>(5)?.map(Arc::from),
        is_over: row.get(6)?,
        json: text(7)?,
    })
}

impl Reader {
    /// What a scheduler goes on from, by number: starts that are not over, and the last one of each flow and subject.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn starts_to_go_on_from(&self) -> Result<Vec<StartRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} where over = 0 or no in (select max(no) from starts group by flow, subject) order by no"
        );
        self.many(&sql, params![], row)
    }

    /// The last starts that were decided, of one flow if it is given, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn starts(&self, flow: Option<&str>, limit: u32) -> Result<Vec<StartRow>, StoreError> {
        let sql = format!("{COLUMNS} where ?1 is null or flow = ?1 order by no desc limit ?2");
        self.many(&sql, params![flow, limit], row)
    }

    /// The start that a run was for, if it was started by a scheduler.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn start_of(&self, run: &str) -> Result<Option<StartRow>, StoreError> {
        let found = self.many(&format!("{COLUMNS} where run = ?1"), params![run], row)?;
        Ok(found.into_iter().next())
    }
}

/// Writes decisions down. Only who has the project's lock has one.
#[derive(Debug)]
pub struct StartWriter {
    connection: Connection,
    path: PathBuf,
}

impl StartWriter {
    /// Opens a project's store for that.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub fn open(layout: &Layout) -> Result<Self, StoreError> {
        let path = layout.database();
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(std::time::Duration::from_secs(10))?;
            connection.pragma_update(None, "synchronous", "full")?;
            Ok(connection)
        };
        let mut connection = open().map_err(|error| StoreError::from_sqlite(&path, &error))?;
        schema::migrate(&mut connection, &path)?;
        Ok(Self { connection, path })
    }

    /// Writes all of them down, each in the place of what was known of it before. They are durable when this returns.
    ///
    /// # Errors
    /// The database cannot be written to; then none of them is.
    pub fn write(&mut self, rows: &[StartRow]) -> Result<(), StoreError> {
        self.change(|connection| {
            let sql = "insert into starts (no, flow, subject, at, nominal, run, over, json)
                values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                on conflict (no) do update set at = ?4, run = coalesce(?6, run), over = ?7, json = ?8";
            let mut statement = connection.prepare_cached(sql)?;
            for row in rows {
                let (at, nominal) = (row.at.as_millisecond(), row.nominal.as_millisecond());
                let no = row.no as i64;
                statement.execute(params![no, row.flow, row.subject, at, nominal, row.run, row.is_over, row.json])?;
            }
            Ok(())
        })
    }

    /// Writes down whether nothing more will become of a start.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub fn over(&mut self, no: u64, is_over: bool) -> Result<(), StoreError> {
        let sql = "update starts set over = ?2 where no = ?1";
        self.change(|connection| connection.execute(sql, params![no as i64, is_over]).map(drop))
    }

    fn change(&mut self, change: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), StoreError> {
        let all = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            change(&transaction)?;
            transaction.commit()
        };
        all().map_err(|error| StoreError::from_sqlite(&self.path, &error))
    }
}
