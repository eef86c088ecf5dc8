//! What happens in a run, as it happens, for whoever watches: the terminal's live view, `--format json`.
//!
//! Plain data, serialisable. It is sent over a broadcast channel: a watcher that is too slow loses
//! messages, never holds up a run. Nothing here is needed for correctness.

use flow_driver::{ContractVerdict, NodeEnd, Question, QuestionEnd, RunEnd, Wait};
use flow_exec::api::Stream;
use flow_expr::Name;
use flow_plan::{Decision, ErrorClass};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Happening {
    /// The run waits for another one on the same project.
    Locked {
        /// The process that has it.
        pid: u32,
        /// Its run.
        run: Arc<str>,
        /// Since when.
        since: Timestamp,
    },
    /// The run begins.
    RunStarted {
        /// Its id.
        run: Arc<str>,
        /// Its flow.
        flow: Name,
        /// Nodes of the flow; those of loops and sub-flows are not known yet.
        nodes: usize,
    },
    /// It is known whether a node runs, and why.
    Decided {
        /// Where: `3`, `5[17].2`.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// The decision.
        decision: Decision,
    },
    /// An attempt begins.
    NodeStarted {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// From 1.
        attempt: u32,
    },
    /// It failed and will be tried again.
    Retrying {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// The attempt that comes.
        attempt: u32,
        /// How many there may be.
        attempts: u32,
        /// What went wrong.
        class: ErrorClass,
        /// In words.
        why: Arc<str>,
        /// When it will be tried again.
        retry_at: Timestamp,
    },
    /// It waits for something other than its inputs.
    Waiting {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// For what.
        why: Wait,
    },
    /// A person is asked: `flowc approve RUN STEP` answers.
    Asked {
        /// The run.
        run: Arc<str>,
        /// The question.
        question: Box<Question>,
    },
    /// An answer was not taken: the question is still open.
    AnswerRefused {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// Why.
        why: Arc<str>,
    },
    /// A question to a person is over.
    QuestionEnded {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// How.
        end: Box<QuestionEnd>,
    },
    /// A line that a step wrote.
    Log {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// Where it was written to.
        stream: Stream,
        /// The line.
        line: Arc<str>,
    },
    /// A promise was looked at.
    Contract {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// What became of it.
        verdict: Box<ContractVerdict>,
    },
    /// A node is done with.
    NodeFinished(Box<NodeEnd>),
    /// The run is being cancelled.
    Cancelling,
    /// The run is over.
    RunFinished(RunEnd),
}
