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
const STEPS: [&str; 8] = ["
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
    alter table attempts add column judge text;
    alter table asks add column judge text;
    alter table asks add column settled integer not null default 1;
    alter table asks add column flows text not null default '';
    update asks set flows = char(10) || (select flow from runs where no = asks.run) || char(10);
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
", "
    alter table attempts add column tool text;
", "
    alter table events add column sum blob;
    create table resolutions (
        run integer not null, path text not null, attempt integer not null, number integer not null,
        label text not null, at integer not null, json text not null, taken integer,
        primary key (run, path, attempt, number)
    ) without rowid;
",
    // No other tables: rows of the journal may hold several events, which earlier versions cannot read.
    "", "
    create table starts (
        no integer primary key, flow text not null, subject text not null, at integer not null, nominal integer not null,
        run text, over integer not null, json text not null
    );
    create index starts_of on starts (flow, subject, no);
    create index starts_open on starts (over) where over = 0;
    create index starts_of_run on starts (run) where run is not null;
    create index runs_of on runs (flow, no);
    create index runs_open on runs (ended) where ended is null;
"
];

/// What readers of an older database see in the place of what it lacks. They change nothing in it: these views are in
/// the memory of their connection.
const BRIDGES: [&str; 4] = [
    "
    create temp view attempts as select *, null as ask, null as judge, null as tool from main.attempts;
    create temp view asks as select null as run, null as path, null as attempt, 0 as at, null as label, null as model,
        0 as input_tokens, 0 as output_tokens, 0 as micro_dollars, 1 as known, null as judge, 1 as settled, '' as flows
        where false;
",
    "
    create temp view attempts as select *, null as judge, null as tool from main.attempts;
    create temp view asks as select old.*, null as judge, 1 as settled,
        char(10) || (select flow from main.runs where no = old.run) || char(10) as flows from main.asks as old;
",
    NO_TOOLS,
    NO_TOOLS,
];

/// What databases lack that do not know of attempts of steps that a model called.
const NO_TOOLS: &str = "create temp view attempts as select *, null as tool from main.attempts;";

/// The first version with questions to people.
const WITH_QUESTIONS: i64 = 4;

/// The same for what all versions before questions to people lack.
const NO_QUESTIONS: &str = "
    create temp view questions as select null as run, null as path, 0 as number, null as label, 0 as pid, null as json,
        null as ended, null as end_json where false;
    create temp view answers as select null as run, null as path, 0 as number, 0 as at, null as json where false;
";

/// The first version with checksums in the journal, and with what people say of steps in doubt.
const WITH_SUMS: i64 = 6;

/// The same for what all versions before that lack.
const NO_SUMS: &str = "
    create temp view events as select *, null as sum from main.events;
    create temp view resolutions as select null as run, null as path, 0 as attempt, 0 as number, null as label,
        0 as at, null as json, null as taken where false;
";

/// The first version with what a scheduler has decided.
const WITH_STARTS: i64 = 8;

/// The same for what all versions before that lack.
const NO_STARTS: &str = "
    create temp view starts as select null as no, null as flow, null as subject, 0 as at, 0 as nominal, null as run,
        0 as over, null as json where false;
";

/// Lets a reader ask an older database what it would ask a current one.
pub(crate) fn bridge(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    if !(1..VERSION).contains(&version) {
        return Ok(());
    }
    let older = usize::try_from(version - 1).ok().and_then(|version| BRIDGES.get(version));
    older.map_or(Ok(()), |views| connection.execute_batch(views))?;
    if version < WITH_QUESTIONS {
        connection.execute_batch(NO_QUESTIONS)?;
    }
    if version < WITH_SUMS {
        connection.execute_batch(NO_SUMS)?;
    }
    if version < WITH_STARTS { connection.execute_batch(NO_STARTS) } else { Ok(()) }
}

/// The latest version.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// Brings a database up to date.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite = |error: &rusqlite::Error| StoreError::from_sqlite(path, error);
    check(connection, path)?;
    let all = |connection: &mut Connection| -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let from = version(&transaction)?;
        let steps = usize::try_from(from).ok().and_then(|done| STEPS.get(done..)).unwrap_or_default();
        if steps.is_empty() {
            return Ok(());
        }
        steps.iter().try_for_each(|step| transaction.execute_batch(step))?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()
    };
    all(connection).map_err(|error| sqlite(&error))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CostBy, Layout, Reader, Store};
    use flow_expr::Name;
    use jiff::Timestamp;

    /// A database as an older flowc left it: one run, one attempt, and one ask where it knew of asks.
    fn older(layout: &Layout, version: usize) {
        std::fs::create_dir_all(layout.root()).unwrap();
        let connection = Connection::open(layout.database()).unwrap();
        STEPS[..version].iter().for_each(|step| connection.execute_batch(step).unwrap());
        connection
            .execute_batch(
                "insert into runs (run, flow, plan, format, started, start_json) values ('r1', 'm.f', 'p', 1, 0,
                    '{\"run\":\"r1\",\"seed\":1,\"started\":\"2026-01-01T00:00:00Z\",\"jobs\":1}');
                insert into attempts (run, path, attempt, began, ended) values (1, '0', 1, 5, 6);",
            )
            .unwrap();
        if version > 1 {
            connection
                .execute_batch(
                    "insert into asks (run, path, attempt, at, label, model, input_tokens, output_tokens, micro_dollars,
                        known) values (1, '0', 1, 5, 'say', 'm.writer', 10, 20, 30, 1)",
                )
                .unwrap();
        }
        if version > 2 {
            connection.execute_batch("update asks set flows = char(10) || 'm.f' || char(10)").unwrap();
        }
        connection.pragma_update(None, "application_id", APPLICATION).unwrap();
        connection.pragma_update(None, "user_version", version as i64).unwrap();
    }

    #[test]
    fn an_older_database_is_read_as_it_is_and_written_as_a_current_one() {
        for version in 1..STEPS.len() {
            let folder = tempfile::tempdir().unwrap();
            let layout = Layout::new(folder.path());
            older(&layout, version);
            let look = || {
                let reader = Reader::open(&layout).unwrap().unwrap();
                let attempts = reader.attempts("r1", None).unwrap();
                assert_eq!((attempts.len(), attempts[0].judge.is_none() && attempts[0].tool.is_none()), (1, true));
                let costs = reader.costs(CostBy::Flow).unwrap();
                let used = reader.used(&Name::new("m.f"), Timestamp::from_millisecond(0).unwrap()).unwrap();
                let last = reader.used_last(&Name::new("m.f")).unwrap();
                (costs.first().map(|row| (row.micro_dollars, row.in_doubt)), used, last)
            };
            let before = look();
            assert_eq!(before.0, (version > 1).then_some((30, 0)));
            assert_eq!(before.1.tokens, if version > 1 { 30 } else { 0 });
            drop(Store::open(&layout).unwrap());
            assert_eq!(look(), before);
        }
    }
}
