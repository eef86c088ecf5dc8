//! What is written to the database, and how each thing becomes rows.
//!
//! Events are the truth; everything else here is a projection of the notes that the driver gave with
//! them, kept so that questions need no replay.

use crate::journal::{self, Sum};
use flow_driver::{
    Charge, Event, NodeEnd, NodeRecord, Note, OverBudget, Question, Reservation, RunEnd, RunStart, Spent, VersionRecord,
};
use flow_expr::{Name, Value};
use flow_plan::AskReport;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::sync::Arc;

/// One thing to be written.
#[derive(Clone, Debug)]
pub enum Write {
    /// A run begins.
    Begin {
        /// Its start.
        start: Box<RunStart>,
        /// Its flow.
        flow: Arc<str>,
        /// The hash of its plan.
        plan: Arc<str>,
        /// The plan itself, if it is not kept yet.
        plan_json: Option<String>,
        /// The version of the driver's events.
        format: u32,
    },
    /// A run that was cut off goes on: what follows belongs to it. Its notes are written once more.
    Resume {
        /// Its id.
        run: Arc<str>,
    },
    /// Something happened.
    Event {
        /// Its number in the run, from 0.
        seq: u64,
        /// When.
        at: Timestamp,
        /// What.
        event: Box<Event>,
    },
    /// Several things happened at one time: one row holds them, which costs a fraction of as many rows.
    Events {
        /// The number of the last one in the run.
        last: u64,
        /// When.
        at: Timestamp,
        /// What, in order.
        events: Vec<Event>,
    },
    /// The driver says something.
    Note {
        /// When.
        at: Timestamp,
        /// What.
        note: Box<Note>,
    },
    /// Something was found out about a file.
    Finding(Finding),
}

/// Something that was found out about a file, and the file's identity then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The path, relative to the project's root.
    pub path: String,
    /// What was found out: `content`, `newest placed_at`.
    pub purpose: String,
    /// Its size.
    pub size: u64,
    /// Its modification time, nanoseconds since 1970.
    pub modified_ns: i128,
    /// Its inode's number.
    pub inode: u64,
    /// The finding.
    pub found: String,
}

/// Writes into one open transaction.
pub(crate) struct Rows<'a> {
    pub(crate) connection: &'a Connection,
    /// The number of the run that is being written.
    pub(crate) run: &'a mut Option<i64>,
    /// Numbers nodes in the order in which they settled.
    pub(crate) settled: &'a mut u64,
    /// The checksum of the run's last event.
    pub(crate) sum: &'a mut Sum,
}

/// What can go wrong with one row.
#[derive(Debug)]
pub(crate) enum RowError {
    Sqlite(rusqlite::Error),
    Json(serde_json::Error),
}

impl From<rusqlite::Error> for RowError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<serde_json::Error> for RowError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl Rows<'_> {
    pub(crate) fn apply(&mut self, write: &mut Write) -> Result<(), RowError> {
        // The record has its own table; with the node it would be kept once for each run.
        if let Write::Note { note, .. } = write
            && let Note::Settled(end) = &mut **note
        {
            let record = end.record.take();
            return self.settled(end, record.as_ref());
        }
        match &*write {
            Write::Begin { start, flow, plan, plan_json, format } => {
                if let Some(json) = plan_json {
                    self.execute("insert or ignore into plans (hash, json) values (?1, ?2)", params![plan, json])?;
                }
                let json = serde_json::to_string(start)?;
                self.execute(
                    "insert into runs (run, flow, plan, format, started, start_json) values (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![start.run, flow, plan, format, start.started.as_millisecond(), json],
                )?;
                *self.run = Some(self.connection.last_insert_rowid());
                *self.sum = journal::first(&start.run);
                Ok(())
            }
            Write::Resume { run } => {
                let number: i64 =
                    self.connection.query_row("select no from runs where run = ?1", params![run], |row| row.get(0))?;
                *self.run = Some(number);
                *self.sum = journal::last(self.connection, number, run)?;
                self.execute("delete from contracts where run = ?1", params![number])
            }
            Write::Event { seq, at, event } => self.event(*seq, *at, &serde_json::to_string(event)?),
            Write::Events { last, at, events } => self.event(*last, *at, &serde_json::to_string(events)?),
            Write::Note { at, note } => self.note(*at, note),
            Write::Finding(finding) => self.execute(
                "insert or replace into findings (path, purpose, size, modified, inode, found) values (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    finding.path,
                    finding.purpose,
                    finding.size as i64,
                    finding.modified_ns.to_string(),
                    finding.inode as i64,
                    finding.found
                ],
            ),
        }
    }

    /// A row of the journal.
    fn event(&mut self, seq: u64, at: Timestamp, json: &str) -> Result<(), RowError> {
        let (seq, at) = (seq as i64, at.as_millisecond());
        *self.sum = journal::next(self.sum, seq, at, json);
        self.execute(
            "insert into events (run, seq, at, json, sum) values (?1, ?2, ?3, ?4, ?5)",
            params![*self.run, seq, at, json, &self.sum[..]],
        )
    }

    fn execute(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<(), RowError> {
        self.connection.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }

    fn note(&mut self, at: Timestamp, note: &Note) -> Result<(), RowError> {
        match note {
            Note::Attempted { path, label, attempt, began, judge, tool, failure, ask } => {
                let failure = failure.as_ref().map(serde_json::to_string).transpose()?;
                let said = ask.as_ref().map(serde_json::to_string).transpose()?;
                self.execute(
                    "insert or replace into attempts (run, path, attempt, began, ended, failure, ask, judge, tool)
                        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    params![
                        *self.run,
                        path,
                        attempt,
                        began.as_millisecond(),
                        at.as_millisecond(),
                        failure,
                        said,
                        judge.as_ref().map(Name::as_str),
                        tool.as_ref().map(Name::as_str)
                    ],
                )?;
                ask.as_ref().map_or(Ok(()), |ask| self.asked(at, path, label, *attempt, ask))
            }
            Note::Charged(charge) => self.charged(at, charge),
            Note::Released { path, attempt } => self.execute(
                "delete from asks where run = ?1 and path = ?2 and attempt = ?3 and not settled",
                params![*self.run, path, attempt],
            ),
            Note::Contract { path, label, verdict } => {
                let json = serde_json::to_string(verdict)?;
                self.execute(
                    "insert into contracts (run, at, path, label, kept, json) values (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![*self.run, at.as_millisecond(), path, label, verdict.kept(), json],
                )
            }
            Note::Version { dataset, partition, version, .. } => {
                self.version(dataset.as_str(), &partition_text(partition), version)
            }
            Note::Asked(question) => self.asked_person(question),
            Note::AnswerRefused { path, number, answer, .. } => self.execute(
                "delete from answers where run = ?1 and path = ?2 and number = ?3 and json = ?4",
                params![*self.run, path, number, serde_json::to_string(answer)?],
            ),
            Note::QuestionEnded { path, number, end, .. } => {
                let json = serde_json::to_string(end)?;
                self.execute(
                    "update questions set ended = ?4, end_json = ?5 where run = ?1 and path = ?2 and number = ?3",
                    params![*self.run, path, number, at.as_millisecond(), json],
                )
            }
            Note::Resolved { path, attempt, resolution, .. } => self.execute(
                "update resolutions set taken = ?4 where run = ?1 and path = ?2 and attempt = ?3 and at = ?5",
                params![*self.run, path, attempt, at.as_millisecond(), resolution.at.as_millisecond()],
            ),
            Note::Ended(end) => self.ended(at, end),
            // Ends of nodes are taken apart before.
            Note::Settled(_) => Ok(()),
            Note::Decided { .. } | Note::Started { .. } | Note::Retrying { .. } | Note::Waiting { .. } => Ok(()),
        }
    }

    /// A question that is open from now on, and the process that waits for its answer.
    fn asked_person(&self, question: &Question) -> Result<(), RowError> {
        let json = serde_json::to_string(question)?;
        self.execute(
            "insert or replace into questions (run, path, number, label, pid, json) values (?1, ?2, ?3, ?4, ?5, ?6)",
            params![*self.run, question.path, question.number, question.label, std::process::id(), json],
        )
    }

    /// What an ask that is about to be sent can cost. It counts so until it is known what it did cost.
    fn charged(&self, at: Timestamp, charge: &Charge) -> Result<(), RowError> {
        self.execute(
            "insert or ignore into asks (run, path, attempt, at, label, model, input_tokens, output_tokens,
                    micro_dollars, known, judge, settled, flows)
                values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, 0, ?11)",
            params![
                *self.run,
                charge.path,
                charge.attempt,
                at.as_millisecond(),
                charge.label,
                charge.model.as_str(),
                count(charge.input_tokens),
                count(charge.output_tokens),
                count(charge.micro_dollars),
                charge.judge.as_ref().map(Name::as_str),
                flows_text(&charge.flows)
            ],
        )
    }

    /// Charges an ask to budgets that runs share, if all of them have room for it.
    pub(crate) fn reserve(
        &self,
        at: Timestamp,
        reservation: &Reservation,
    ) -> Result<Result<(), Box<OverBudget>>, RowError> {
        let charge = &reservation.charge;
        let is_charged: bool = self
            .connection
            .prepare_cached("select exists (select 1 from asks where run = ?1 and path = ?2 and attempt = ?3)")?
            .query_row(params![*self.run, charge.path, charge.attempt], |row| row.get(0))?;
        if is_charged {
            // The run was cut off before it knew.
            return Ok(Ok(()));
        }
        for budget in &reservation.budgets {
            let since = at.as_millisecond().saturating_sub(i64::try_from(budget.per_ms).unwrap_or(i64::MAX));
            let used = used(self.connection, &budget.flow, since)?;
            if let Some(over) = budget.refuses(used, charge.spent()) {
                return Ok(Err(Box::new(over)));
            }
        }
        self.charged(at, charge)?;
        Ok(Ok(()))
    }

    /// What an ask cost, for sums over runs. Where nobody knows, it stays with what it was charged.
    fn asked(&self, at: Timestamp, path: &str, label: &str, attempt: u32, ask: &AskReport) -> Result<(), RowError> {
        self.execute(
            "insert into asks (run, path, attempt, at, label, model, input_tokens, output_tokens, micro_dollars, known, flows)
                values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                    char(10) || (select flow from runs where no = ?1) || char(10))
                on conflict (run, path, attempt) do update set settled = 1, known = excluded.known, model = excluded.model,
                    input_tokens = iif(excluded.known, excluded.input_tokens, input_tokens),
                    output_tokens = iif(excluded.known, excluded.output_tokens, output_tokens),
                    micro_dollars = iif(excluded.known, excluded.micro_dollars, micro_dollars)",
            params![
                *self.run,
                path,
                attempt,
                at.as_millisecond(),
                label,
                ask.model.as_str(),
                count(ask.input_tokens),
                count(ask.output_tokens),
                count(ask.micro_dollars),
                ask.known
            ],
        )
    }

    fn settled(&mut self, end: &NodeEnd, record: Option<&NodeRecord>) -> Result<(), RowError> {
        if let Some(record) = record {
            let json = serde_json::to_string(record)?;
            let at = record.at.as_millisecond();
            self.execute(
                "insert or replace into records (key, identity, succeeded, run, at, json) values (?1, ?2, ?3, ?4, ?5, ?6)",
                params![end.key, record.identity, record.succeeded && !record.recovered, record.run, at, json],
            )?;
            if let (Some(key), Some(value)) = (&end.cache_key, &record.value) {
                let json = serde_json::to_string(value)?;
                self.execute(
                    "insert or replace into results (key, run, at, json) values (?1, ?2, ?3, ?4)",
                    params![key, record.run, at, json],
                )?;
            }
        }
        let json = serde_json::to_string(end)?;
        let status = serde_json::to_value(end.status)?;
        *self.settled += 1;
        self.execute(
            "insert or replace into nodes (run, path, seq, label, status, json) values (?1, ?2, ?3, ?4, ?5, ?6)",
            params![*self.run, end.path, *self.settled as i64, end.label, status.as_str(), json],
        )
    }

    /// A version that is the newest one already is only renewed: its data time may have moved.
    fn version(&self, dataset: &str, partition: &str, version: &VersionRecord) -> Result<(), RowError> {
        let json = serde_json::to_string(version)?;
        let at = version.at.as_millisecond();
        let newest: Option<(i64, String, i64, String)> = self
            .connection
            .prepare_cached(
                "select no, run, at, content from versions where dataset = ?1 and partition = ?2 order by no desc limit 1",
            )?
            .query_row(params![dataset, partition], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()?;
        match newest {
            Some((no, run, seen, content)) if *run == *version.run && seen == at && *content == *version.content => {
                self.execute("update versions set json = ?2 where no = ?1", params![no, json])
            }
            _ => self.execute(
                "insert into versions (dataset, partition, run, at, content, json) values (?1, ?2, ?3, ?4, ?5, ?6)",
                params![dataset, partition, version.run, at, version.content, json],
            ),
        }
    }

    fn ended(&self, at: Timestamp, end: &RunEnd) -> Result<(), RowError> {
        let status = serde_json::to_value(end.status)?;
        let json = serde_json::to_string(end)?;
        self.execute(
            "update runs set ended = ?2, status = ?3, end_json = ?4,
                events = (select coalesce(max(seq) + 1, 0) from events where run = ?1) where no = ?1",
            params![*self.run, at.as_millisecond(), status.as_str(), json],
        )
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Names of flows, each between line ends, so that one can be looked for.
fn flows_text(flows: &[Name]) -> String {
    flows.iter().fold("\n".to_owned(), |text, flow| text + flow.as_str() + "\n")
}

/// What asks within a flow have used since a time; those of which it is not known yet count with the worst.
pub(crate) fn used(connection: &Connection, flow: &Name, since: i64) -> rusqlite::Result<Spent> {
    let sql = "select count(*), coalesce(sum(input_tokens + output_tokens), 0), coalesce(sum(micro_dollars), 0)
        from asks where at > ?1 and instr(flows, ?2) > 0";
    let count = |row: &rusqlite::Row<'_>, column| -> rusqlite::Result<u64> {
        Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
    };
    connection.prepare_cached(sql)?.query_row(params![since, flows_text(std::slice::from_ref(flow))], |row| {
        Ok(Spent { asks: count(row, 0)?, tokens: count(row, 1)?, micro_dollars: count(row, 2)? })
    })
}

/// A partition's name in the catalogue: its keys in order; empty for a dataset without partitions.
#[must_use]
pub fn partition_text(partition: &[(Arc<str>, Value)]) -> String {
    let keys = partition.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={}", flow_plan::words::value(other)),
    });
    keys.collect::<Vec<_>>().join(",")
}
