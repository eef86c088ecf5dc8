//! What people say of steps in doubt: rows that another process writes while nobody drives the run.
//!
//! What was said is durable before anybody is told, and the first one who speaks counts; the run takes it when it goes on, and its
//! journal says so. Labelled values come here sealed. Knows nothing of what is in doubt, which the driver does.

use crate::{Layout, Reader, StoreError, read::timestamp, schema};
use flow_driver::{Doubt, Resolution};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::Serialize;
use std::sync::Arc;

/// What a person has said of a step in doubt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResolutionRow {
    /// Where in the run.
    pub path: Arc<str>,
    /// Its label.
    pub label: Arc<str>,
    /// Which attempt.
    pub attempt: u32,
    /// How often it was in doubt before.
    pub number: u32,
    /// Who said what, when.
    #[serde(flatten)]
    pub resolution: Resolution,
    /// When the run took it; none if it has not gone on yet.
    pub taken: Option<Timestamp>,
}

impl Reader {
    /// What was said of steps of a run, in that order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn resolutions(&self, run: &str) -> Result<Vec<ResolutionRow>, StoreError> {
        let sql = "select path, label, attempt, number, json, taken from resolutions
            where run = (select no from runs where run = ?1) order by at, path, number";
        let rows = self.many(sql, params![run], |row| {
            let place: (String, String, u32, u32) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((place, row.get::<_, String>(4)?, row.get::<_, Option<i64>>(5)?))
        })?;
        rows.into_iter()
            .map(|((path, label, attempt, number), json, taken)| {
                let (path, label) = (path.into(), label.into());
                let (resolution, taken) = (self.json(&json)?, taken.map(timestamp));
                Ok(ResolutionRow { path, label, attempt, number, resolution, taken })
            })
            .collect()
    }
}

/// Writes down what a person says of a step in doubt. It is durable when this returns.
///
/// # Errors
/// The run is over, somebody has said it before, or the store cannot be written to.
pub fn resolve(layout: &Layout, run: &str, doubt: &Doubt, resolution: &Resolution) -> Result<(), StoreError> {
    let path = layout.database();
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(&path, &error);
    let json = serde_json::to_string(resolution).map_err(|error| StoreError::from_json(&path, &error))?;
    let mut connection = Connection::open(&path).map_err(sqlite)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
        .map_err(sqlite)?;
    schema::migrate(&mut connection, &path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let number: Option<i64> = transaction
        .query_row("select no from runs where run = ?1 and ended is null", params![run], |row| row.get(0))
        .optional()
        .map_err(sqlite)?;
    let what: Arc<str> = format!("`{}` of run `{run}`", doubt.label).into();
    let Some(number) = number else {
        return Err(StoreError::NotInDoubt { what, why: "the run is over".into() });
    };
    let written = transaction
        .execute(
            "insert or ignore into resolutions (run, path, attempt, number, label, at, json)
                values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![number, doubt.path, doubt.attempt, doubt.number, doubt.label, resolution.at.as_millisecond(), json],
        )
        .map_err(sqlite)?;
    if written == 0 {
        let why = "somebody has said already what became of it";
        return Err(StoreError::NotInDoubt { what, why: why.into() });
    }
    transaction.commit().map_err(sqlite)
}
