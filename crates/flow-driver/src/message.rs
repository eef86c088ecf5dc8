//! What goes into the driver and what comes out of it.
//!
//! Events are what the journal keeps: with the run's start and its plan they determine the state.
//! Commands ask for something to be done, and most are answered by one event with the same [`Task`].
//! Notes are for people and projections; dropping them changes nothing.

use crate::{
    Answer, CachedResult, Charge, NodeEnd, NodeRecord, OverBudget, Question, QuestionEnd, Reservation, Resolution,
    RunEnd, Sighting, Spent, VersionRecord,
};
use flow_expr::{Expr, Name, Value, VarId};
use flow_plan::{AskReport, Decision, ErrorClass, Failure, Fingerprint, Rendered, RuleVerdict, Said, Step};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that the driver waits for: a place in the run, and which of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Task {
    /// The instance of a node; the same number in every replay.
    pub instance: u32,
    /// Its how-manieth request.
    pub turn: u32,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The run begins.
    Begin,
    /// Answers [`Command::Recall`].
    Recalled {
        /// Which.
        task: Task,
        /// The node's last record.
        last: Last,
        /// The kept result under the key.
        cached: Option<Box<CachedResult>>,
    },
    /// Answers [`Command::Look`].
    Looked {
        /// Which.
        task: Task,
        /// What was seen.
        result: Result<Box<Sighting>, Failure>,
    },
    /// Answers [`Command::Read`].
    Read {
        /// Which.
        task: Task,
        /// The version.
        result: Result<Box<Published>, Failure>,
    },
    /// Answers [`Command::Write`].
    Written {
        /// Which.
        task: Task,
        /// The version. Its value is left out: it is what was to be written.
        result: Result<Box<Published>, Failure>,
    },
    /// Answers [`Command::Compute`].
    Computed {
        /// Which.
        task: Task,
        /// The value.
        result: Result<Value, Failure>,
    },
    /// Answers [`Command::Run`].
    Ran {
        /// Which.
        task: Task,
        /// The result.
        result: Result<Product, Failure>,
        /// What a model said and what that cost, if one was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<Box<AskReport>>,
    },
    /// Answers [`Command::Render`].
    Rendered {
        /// Which.
        task: Task,
        /// How long the prompt is.
        result: Result<Rendered, Failure>,
    },
    /// Answers [`Command::Reserve`].
    Reserved {
        /// Which.
        task: Task,
        /// The budget that leaves no room, if one does not.
        result: Result<(), Box<OverBudget>>,
    },
    /// Answers [`Command::Ask`].
    Answered {
        /// Which.
        task: Task,
        /// The answer, or why nobody could be asked.
        result: Result<Box<Answer>, Failure>,
    },
    /// Answers [`Command::Timer`].
    Timer {
        /// Which.
        task: Task,
    },
    /// Only in plans: answers what would have been done.
    WouldRun {
        /// Which.
        task: Task,
    },
    /// A person has said what became of a step in doubt, whose [`Command::Run`] a cut has left open.
    Resolved {
        /// Which.
        task: Task,
        /// Who said what.
        resolution: Box<Resolution>,
    },
    /// Before [`Event::Begin`]: results of the run that this one retries, which are not made again.
    Kept {
        /// The results.
        results: Vec<Kept>,
    },
    /// Somebody wants the run to stop.
    Cancel,
}

/// A result of the run that is retried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Where in that run, and in this.
    pub path: Arc<str>,
    /// The step or dataset whose value it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Name>,
    /// The result; of an item of a loop its digest.
    pub value: Value,
    /// The oldest data time among what it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_time: Option<Timestamp>,
}

/// What is remembered of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Last {
    /// Nothing.
    #[default]
    Nothing,
    /// It succeeded, and meant and used the same as now.
    Same {
        /// In this run.
        run: Arc<str>,
        /// When it settled.
        at: Timestamp,
    },
    /// Anything else.
    Other(Box<NodeRecord>),
}

impl Last {
    /// What a record is to a node that has this identity now.
    #[must_use]
    pub fn of(record: Option<NodeRecord>, identity: Option<&str>) -> Self {
        match record {
            None => Self::Nothing,
            Some(record)
                if record.succeeded
                    && !record.recovered
                    && identity.is_some_and(|identity| *identity == *record.identity) =>
            {
                Self::Same { run: record.run, at: record.at }
            }
            // Without an identity the value is what is wanted; otherwise it would only be dead weight.
            Some(record) if identity.is_some() => Self::Other(Box::new(NodeRecord { value: None, ..record })),
            Some(record) => Self::Other(Box::new(record)),
        }
    }
}

/// What an attempt gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// The result.
    pub value: Value,
    /// Rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// A version that was read or written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The data that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What is at the location.
    pub fingerprint: Fingerprint,
    /// Rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The `expect` rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<RuleVerdict>,
}

/// Values of a dataset's partition keys, by name, in order.
pub type Partition = Vec<(Arc<str>, Value)>;

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// What is remembered of a node, and of a kept result.
    Recall {
        /// Answer with [`Event::Recalled`].
        task: Task,
        /// The node's key.
        node: Arc<str>,
        /// The result's key; none if results of this node are never reused.
        cache: Option<Arc<str>>,
        /// The [`NodeRecord::identity`] that it has now. A record with the same one is answered with
        /// [`Last::Same`], which keeps journals small; none if the record itself is wanted.
        identity: Option<Arc<str>>,
    },
    /// What is at a dataset's location, and the catalogue's newest version.
    Look {
        /// Answer with [`Event::Looked`].
        task: Task,
        /// The dataset.
        dataset: Name,
        /// Which part of it.
        partition: Partition,
        /// Only versions that are older than this run.
        previous: bool,
    },
    /// Read the version that is there.
    Read {
        /// Answer with [`Event::Read`].
        task: Task,
        /// The dataset.
        dataset: Name,
        /// Which part of it.
        partition: Partition,
    },
    /// Publish a version.
    Write {
        /// Answer with [`Event::Written`].
        task: Task,
        /// The dataset.
        dataset: Name,
        /// Which part of it.
        partition: Partition,
        /// The data.
        value: Value,
    },
    /// Evaluate an expression over data.
    Compute {
        /// Answer with [`Event::Computed`].
        task: Task,
        /// The expression.
        expr: Arc<Expr>,
        /// Its free variables.
        bindings: Vec<(VarId, Value)>,
    },
    /// One attempt of a step.
    Run(Box<RunStep>),
    /// Fill in the prompt of an AI step, ask nobody.
    Render(Box<RunStep>),
    /// Charge an ask to budgets that runs share: all of them, or none. What others have charged meanwhile counts.
    Reserve {
        /// Answer with [`Event::Reserved`].
        task: Task,
        /// The charge and the budgets.
        reservation: Box<Reservation>,
    },
    /// Ask a person. Asked again with the same task, the last answer was not taken.
    Ask(Box<Question>),
    /// Wake me.
    Timer {
        /// Answer with [`Event::Timer`].
        task: Task,
        /// When.
        at: Timestamp,
    },
    /// End what is being done for this task. It is still answered, as soon as it has ended.
    Stop {
        /// Which.
        task: Task,
    },
    /// For people and projections.
    Note(Note),
}

/// One attempt of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct RunStep {
    /// Answer with [`Event::Ran`].
    pub task: Task,
    /// The step.
    pub step: Arc<Step>,
    /// One value per parameter.
    pub args: Vec<(Arc<str>, Value)>,
    /// From 1.
    pub attempt: u32,
    /// Sent along.
    pub idempotency_key: Option<String>,
    /// For this attempt, milliseconds.
    pub timeout_ms: u64,
    /// What people call it.
    pub label: Arc<str>,
    /// Where in the run.
    pub path: Arc<str>,
    /// For AI steps: whom to ask, and what was said so far. Charged already.
    pub ask: Option<Box<AskStep>>,
}

/// What an attempt of an AI step asks.
#[derive(Clone, Debug, PartialEq)]
pub struct AskStep {
    /// Whom.
    pub model: Name,
    /// What was said after the prompt.
    pub said: Vec<Said>,
    /// What this execution has used, the worst that this ask can cost included.
    pub spent: Spent,
}

/// Something that people want to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub enum Note {
    /// It is known whether a node runs, and why.
    Decided {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// The decision.
        decision: Decision,
    },
    /// An attempt begins.
    Started {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// From 1.
        attempt: u32,
    },
    /// An attempt ended.
    Attempted {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// From 1.
        attempt: u32,
        /// When it began.
        began: Timestamp,
        /// The judge who was asked, if it was not the step's own body that ran.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        judge: Option<Name>,
        /// The step that a model called, if the attempt is for that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<Name>,
        /// Why it failed, if it did.
        failure: Option<Failure>,
        /// What a model said and what that cost, if one was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask: Option<Box<AskReport>>,
    },
    /// An ask is about to be sent, and is charged with the worst.
    Charged(Box<Charge>),
    /// What was reserved for an ask is not needed: the ask is not sent.
    Released {
        /// Where.
        path: Arc<str>,
        /// Its number.
        attempt: u32,
    },
    /// It will be tried again.
    Retrying {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// The attempt that comes.
        attempt: u32,
        /// The judge that is asked again, if it is not the step itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        judge: Option<Name>,
        /// The step that a model called, if the attempt is for that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<Name>,
        /// How many there may be.
        attempts: u32,
        /// What went wrong.
        class: ErrorClass,
        /// In words.
        why: Arc<str>,
        /// When.
        at: Timestamp,
    },
    /// It waits for something other than what it needs.
    Waiting {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// For what.
        why: Wait,
    },
    /// A person is asked.
    Asked(Box<Question>),
    /// An answer was not taken: the question is still open.
    AnswerRefused {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// Which question.
        number: u32,
        /// The answer. Another one may have been given until this is written down, which is not meant.
        answer: Box<Answer>,
        /// Why.
        why: Arc<str>,
    },
    /// A question to a person is over.
    QuestionEnded {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// Which question.
        number: u32,
        /// How.
        end: Box<QuestionEnd>,
    },
    /// A person has said what became of a step in doubt.
    Resolved {
        /// Where.
        path: Arc<str>,
        /// Its label.
        label: Arc<str>,
        /// Which attempt.
        attempt: u32,
        /// Who said what.
        resolution: Box<Resolution>,
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
    /// A version was read or published, or found to be what is published already.
    Version {
        /// Where.
        path: Arc<str>,
        /// The dataset.
        dataset: Name,
        /// Which part of it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        partition: Partition,
        /// The version.
        version: Box<VersionRecord>,
    },
    /// A node is done with.
    Settled(Box<NodeEnd>),
    /// The run is over.
    Ended(RunEnd),
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "for")]
pub enum Wait {
    /// A free place in a pool.
    Pool {
        /// The pool.
        pool: Name,
    },
    /// `wait for`.
    Time {
        /// Until.
        until: Timestamp,
    },
    /// A dataset that is to become fresh.
    Fresh {
        /// The dataset.
        dataset: Name,
        /// Until when it is waited for.
        until: Timestamp,
    },
}

/// What a judge said, or why it said nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The judge.
    pub judge: Name,
    /// Its verdict, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Arc<str>>,
    /// Whether the verdict is its fallback.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
    /// Why it gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What became of a promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "contract")]
pub enum ContractVerdict {
    /// `require DATASET fresh within D`.
    Fresh {
        /// The dataset.
        dataset: Name,
        /// Its age; none if it is not there or has no data time.
        age_ms: Option<u64>,
        /// The promise.
        within_ms: u64,
        /// Whether it is kept.
        kept: bool,
        /// `fail`, `warn`, `skip`, `refresh`, `wait`.
        action: Arc<str>,
    },
    /// `require COND`.
    Require {
        /// As written.
        text: Arc<str>,
        /// Whether it holds.
        kept: bool,
        /// Whether a breach is only recorded.
        warn: bool,
        /// Why it matters.
        message: Option<Arc<str>>,
    },
    /// A guard of a step.
    Guard {
        /// As written.
        text: Arc<str>,
        /// Whether it holds.
        kept: bool,
        /// `retry`, `fail`, `warn`, `fallback`, `ask`.
        action: Arc<str>,
        /// What it says.
        message: Option<Arc<str>>,
        /// What it looked at, with the values, labelled data left out; only of one that does not hold.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        saw: Vec<(Arc<str>, Arc<str>)>,
        /// The judge whose verdict it looks at, if it is a judge's guard.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Name>,
        /// The step that a model called, if it is a guard of that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<Name>,
        /// What judges said to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        judges: Vec<Judged>,
    },
    /// An `expect` rule.
    Expect {
        /// The dataset.
        dataset: Name,
        /// What became of it.
        rule: RuleVerdict,
    },
    /// `finish by|within`.
    Finish {
        /// The flow.
        flow: Name,
        /// When it should have been done.
        deadline: Timestamp,
    },
}

impl ContractVerdict {
    /// Whether the promise is kept.
    #[must_use]
    pub fn kept(&self) -> bool {
        match self {
            Self::Fresh { kept, .. } | Self::Require { kept, .. } | Self::Guard { kept, .. } => *kept,
            Self::Expect { rule, .. } => rule.holds,
            Self::Finish { .. } => false,
        }
    }
}
