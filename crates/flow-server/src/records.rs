//! The scheduler's records as rows of the store, and back.

use flow_control::schedule::{Cause, Record, Ruling, StartId};
use flow_store::StartRow;
use jiff::Timestamp;
use std::sync::Arc;

/// The row of a record; `run` is the id of the run that it is for.
pub(crate) fn row(record: &Record, run: Option<Arc<str>>) -> StartRow {
    StartRow {
        no: record.id.0,
        flow: record.due.flow.0.clone(),
        subject: subject(&record.due.cause),
        at: timestamp(record.at),
        nominal: timestamp(record.due.nominal),
        run,
        is_over: matches!(record.ruling, Ruling::Drop(_) | Ruling::Watch),
        json: serde_json::to_string(record).unwrap_or_default().into(),
    }
}

/// The record of a row; none if a later version wrote it in a way that is not known here.
#[must_use]
pub fn record(row: &StartRow) -> Option<Record> {
    serde_json::from_str(&row.json).ok().filter(|record: &Record| record.id == StartId(row.no))
}

/// What starts of one kind are counted by.
fn subject(cause: &Cause) -> Arc<str> {
    match cause {
        Cause::Clock(schedule) => format!("clock {schedule}").into(),
        Cause::Update(dataset) => format!("update {dataset}").into(),
        Cause::Webhook(path) => format!("webhook {path}").into(),
        Cause::Hand(_) => "hand".into(),
    }
}

pub(crate) fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
