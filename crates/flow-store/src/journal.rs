//! Events of a run: a chain of checksums, so that damage is found and nothing is guessed.
//!
//! A row holds an event, or a list of them that happened at one time and were written together; its number is that of
//! the last one in it.
//!
//! Each row's sum is made from the one before, the row's number, time and text, so a row that is missing, moved or
//! changed breaks the chain from there on. Rows that an older flowc has written have no sum and are taken as they are;
//! none can follow one that has. The database cuts a torn tail by itself; that the tail of a finished run is there is
//! known from the number of its events. Knows nothing of what events mean.

use crate::{Reader, StoreError, read::timestamp};
use flow_driver::Event;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

/// A link of the chain: a BLAKE3 hash, cut.
pub(crate) type Sum = [u8; 16];

/// What the chain of a run begins with.
pub(crate) fn first(run: &str) -> Sum {
    cut(blake3::Hasher::new_derive_key("flow journal 1").update(run.as_bytes()))
}

/// The sum of an event.
pub(crate) fn next(before: &Sum, seq: i64, at: i64, json: &str) -> Sum {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&seq.to_le_bytes()).update(&at.to_le_bytes()).update(json.as_bytes());
    cut(&hasher)
}

fn cut(hasher: &blake3::Hasher) -> Sum {
    let mut sum = Sum::default();
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    sum
}

/// Where the chain of a run that goes on stands.
pub(crate) fn last(connection: &Connection, number: i64, run: &str) -> rusqlite::Result<Sum> {
    let sql = "select sum from events where run = ?1 order by seq desc limit 1";
    let sum: Option<Option<Vec<u8>>> = connection.query_row(sql, params![number], |row| row.get(0)).optional()?;
    Ok(sum.flatten().and_then(|sum| sum.try_into().ok()).unwrap_or_else(|| first(run)))
}

/// A row of the journal.
struct Row {
    seq: i64,
    at: i64,
    json: String,
    sum: Option<Vec<u8>>,
}

/// The events in a row.
fn held(json: &str) -> serde_json::Result<Vec<Event>> {
    if json.starts_with('[') { serde_json::from_str(json) } else { Ok(vec![serde_json::from_str(json)?]) }
}

impl Reader {
    /// The journal of a run, every event of it or an error that says which one is damaged.
    ///
    /// # Errors
    /// The database cannot be read, or an event is missing or not what was written.
    pub fn events(&self, run: &str) -> Result<Vec<(Timestamp, Event)>, StoreError> {
        let ended: Vec<(Option<i64>, i64)> =
            self.many("select ended, events from runs where run = ?1", params![run], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let sql = "select seq, at, json, sum from events where run = (select no from runs where run = ?1) order by seq";
        let rows = self.many(sql, params![run], |row| {
            Ok(Row { seq: row.get(0)?, at: row.get(1)?, json: row.get(2)?, sum: row.get(3)? })
        })?;
        let damaged =
            |event: u64, reason: &str| StoreError::DamagedEvent { run: run.into(), event, reason: reason.into() };
        let mut chain: Option<Sum> = None;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let number = events.len() as u64;
            let is_single = !row.json.starts_with('[');
            if row.seq.unsigned_abs() < number || (is_single && row.seq.unsigned_abs() != number) {
                return Err(damaged(number, "it is missing"));
            }
            match (&row.sum, &chain) {
                (None, None) => {}
                (None, Some(_)) => return Err(damaged(number, "it has no checksum, and the one before it has")),
                (Some(sum), before) => {
                    let expected = next(&before.unwrap_or_else(|| first(run)), row.seq, row.at, &row.json);
                    if expected[..] != sum[..] {
                        return Err(damaged(number, "its checksum is another one"));
                    }
                    chain = Some(expected);
                }
            }
            let held = held(&row.json).map_err(|error| damaged(number, &error.to_string()))?;
            if row.seq.unsigned_abs() + 1 != number + held.len() as u64 {
                return Err(damaged(number, "it is missing"));
            }
            events.extend(held.into_iter().map(|event| (timestamp(row.at), event)));
        }
        match ended.first() {
            Some((Some(_), count)) if count.unsigned_abs() > events.len() as u64 => {
                Err(damaged(events.len() as u64, "it is missing"))
            }
            _ => Ok(events),
        }
    }

    /// How many events a run has, and when the last one was: where its journal ends, if it was cut off.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn reach(&self, run: &str) -> Result<(u64, Option<Timestamp>), StoreError> {
        let sql =
            "select coalesce(max(seq) + 1, 0), max(at) from events where run = (select no from runs where run = ?1)";
        let rows: Vec<(i64, Option<i64>)> = self.many(sql, params![run], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (count, last) = rows.first().copied().unwrap_or_default();
        Ok((count.unsigned_abs(), last.map(timestamp)))
    }
}
