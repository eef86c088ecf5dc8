//! What a run came to, for the last screen and the exit code.

use flow_driver::{Counts, RunEnd, RunStatus};
use flow_plan::Failure;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its id.
    pub run_id: Arc<str>,
    /// How it ended.
    pub status: RunStatus,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Steps and writes by how they ended.
    pub counts: Counts,
    /// The failures that others followed from.
    pub failures: Vec<NodeFailure>,
    /// Promises that were not kept, `warn` ones included.
    pub contracts: Vec<BrokenContract>,
    /// Whether the deadline passed first.
    pub late: bool,
    /// The class of the exit code.
    pub exit_class: ExitClass,
    /// The value of the flow, as JSON; none if it has none, or is a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Value>,
    /// The table that is the value of the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<crate::TableResult>,
}

/// A node that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeFailure {
    /// Where in the run.
    pub path: Arc<str>,
    /// Its label.
    pub label: Arc<str>,
    /// Why.
    pub failure: Failure,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BrokenContract {
    /// Where in the run.
    pub path: Arc<str>,
    /// The node's label.
    pub label: Arc<str>,
    /// What became of it.
    pub verdict: flow_driver::ContractVerdict,
}

/// What an exit code is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitClass {
    /// Done, or nothing to do.
    Done,
    /// A step failed.
    StepFailed,
    /// Only contracts were broken: data, its age, or a deadline.
    ContractBroken,
    /// Cancelled.
    Cancelled,
}

impl ExitClass {
    /// Of a run's end.
    #[must_use]
    pub fn of(end: &RunEnd) -> Self {
        match end.status {
            RunStatus::Cancelled => Self::Cancelled,
            RunStatus::Failed if end.only_contracts => Self::ContractBroken,
            RunStatus::Failed => Self::StepFailed,
            RunStatus::Succeeded | RunStatus::Skipped if end.late => Self::ContractBroken,
            RunStatus::Succeeded | RunStatus::Skipped => Self::Done,
        }
    }
}
