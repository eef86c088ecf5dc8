//! The tables of the database, and how an older one becomes a current one.
//!
//! One step for each version, each in a transaction with the version's number, so a crash leaves either
//! the old or the new. A database of a later version is refused, never touched.

use crate::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// `FLOW` in ASCII: says that a database is ours.
const APPLICATION: i64 = 0x464C_4F57;

/// What brings a database from each version to the next.
const STEPS: [&str; 3] = ["
    create table runs (
        no integer primary key autoincrement,
        run text not null unique,
        flow text not null,
        plan text not null,
        format integer not null,
        started integer not null,
        ended integer,
        status text,
        events integer not null default 0,
        start_json text not null,
        end_json text
    );
    create table plans (hash text primary key, json text not null) without rowid;
    create table events (
        run integer not null, seq integer not null, at integer not null, json text not null,
        primary key (run, seq)
    ) without rowid;
    create table nodes (
        run integer not null, path text not null, seq integer not null, label text not null, status text not null,
        json text not null,
        primary key (run, path)
    ) without rowid;
    create table attempts (
        run integer not null, path text not null, attempt integer not null, began integer not null,
        ended integer not null, failure text,
        primary key (run, path, attempt)
    ) without rowid;
    create table contracts (
        no integer primary key, run integer not null, at integer not null, path text not null, label text not null,
        kept integer not null, json text not null
    );
    create index contracts_of_run on contracts (run);
    create table records (
        key text primary key, identity text not null, succeeded integer not null, run text not null, at integer not null,
        json text not null
    ) without rowid;
    create table results (key text primary key, run text not null, at integer not null, json text not null)
        without rowid;
    create table versions (
        no integer primary key autoincrement, dataset text not null, partition text not null, run text not null,
        at integer not null, content text not null, json text not null
    );
    create index versions_of on versions (dataset, partition, no);
    create table findings (
        path text not null, purpose text not null, size integer not null, modified text not null,
        inode integer not null, found text not null,
        primary key (path, purpose)
    ) without rowid;
", "
    alter table attempts add column ask text;
    create table asks (
        run integer not null, path text not null, attempt integer not null, at integer not null, label text not null,
        model text not null, input_tokens integer not null, output_tokens integer not null,
        micro_dollars integer not null, known integer not null,
        primary key (run, path, attempt)
    ) without rowid;
    create index asks_at on asks (at);
", "
    create table questions (
        run integer not null, path text not null, number integer not null, label text not null, pid integer not null,
        json text not null, ended integer, end_json text,
        primary key (run, path, number)
    ) without rowid;
    create index questions_open on questions (ended) where ended is null;
    create table answers (
        run integer not null, path text not null, number integer not null, at integer not null, json text not null,
        primary key (run, path, number)
    ) without rowid;
"];

/// The latest version.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// Brings a database up to date.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite = |error: &rusqlite::Error| StoreError::from_sqlite(path, error);
    check(connection, path)?;
    loop {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| sqlite(&error))?;
        let version = version(&transaction).map_err(|error| sqlite(&error))?;
        let Some(step) = usize::try_from(version).ok().and_then(|version| STEPS.get(version)) else { return Ok(()) };
        transaction
            .execute_batch(step)
            .and_then(|()| transaction.pragma_update(None, "application_id", APPLICATION))
            .and_then(|()| transaction.pragma_update(None, "user_version", version + 1))
            .and_then(|()| transaction.commit())
            .map_err(|error| sqlite(&error))?;
    }
}

/// Refuses what is not ours, and what a later version wrote. Gives the version; 0 if nothing is there yet.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let sqlite = |error: &rusqlite::Error| StoreError::from_sqlite(path, error);
    let found = version(connection).map_err(|error| sqlite(&error))?;
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(|error| sqlite(&error))?;
    if found > 0 && application != APPLICATION {
        return Err(StoreError::Damaged { path: path.into(), reason: "it is another program's database".into() });
    }
    if found > VERSION {
        return Err(StoreError::Newer { path: path.into(), found, known: VERSION });
    }
    Ok(found)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
