//! What an engine asks of an executor, and what it gets back: the border between deciding and doing.
//!
//! Knows neither driver nor journal. Every call is one attempt: retries, guards, fallbacks and caching
//! are decided elsewhere. A value that crosses this border outwards has its content hash set, so tables
//! and files are stored as artifacts before they are returned; one that crosses it inwards may have
//! lost its loaded data (`Table::data` is `None`) and is loaded again by its hash.
//!
//! Engines are written against [`Execute`], so tests run them with an executor made of closures.

use async_trait::async_trait;
use flow_expr::{Expr, Name, Value, VarId};
pub use flow_plan::{AskReport, Failure, Fingerprint, Rendered, RuleVerdict, Said};
use flow_plan::{Program, Step};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;

/// One attempt of a step.
#[derive(Clone, Debug)]
pub struct StepCall {
    /// The step.
    pub step: Arc<Step>,
    /// The program it belongs to: types, functions, connections.
    pub program: Arc<Program>,
    /// One value per parameter, by name, in order.
    pub args: Vec<(Arc<str>, Value)>,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// The key that makes a repetition harmless, already printed as text.
    pub idempotency_key: Option<String>,
    /// After this long the attempt must have been ended, with [`flow_plan::ErrorClass::Timeout`].
    pub timeout: Duration,
    /// A folder of this attempt alone. It exists and is empty; whoever made it removes it.
    pub scratch: PathBuf,
    /// The run's id.
    pub run: Arc<str>,
    /// What people call the node.
    pub label: Arc<str>,
    /// The time that expressions see as now.
    pub now: Timestamp,
}

/// What a successful attempt gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The result, checked against the step's type.
    pub value: Value,
    /// Rows of a table result, or what a statement changed.
    pub rows: Option<u64>,
    /// Bytes of the result as stored or received.
    pub bytes: Option<u64>,
}

impl Outcome {
    /// A result without figures.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self { value, rows: None, bytes: None }
    }
}

/// Which of a process's streams a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// The runtime itself: a request's status line, a query's figures.
    Note,
}

/// What one ask of a model goes on from.
#[derive(Clone, Debug, PartialEq)]
pub struct AskCall {
    /// Whom.
    pub model: Name,
    /// What was said after the prompt.
    pub said: Vec<Said>,
}

/// What became of one ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The answer as a value of the step's type; without a meaning where the report has calls.
    pub result: Result<Outcome, Failure>,
    /// What was said and what that cost; none if nobody was asked.
    pub report: Option<AskReport>,
}

/// Where an attempt's lines go. Bounding and storing them is the receiver's business.
pub trait LogSink: Send + Sync {
    /// One line without its end; may be called from any thread.
    fn line(&self, stream: Stream, bytes: &[u8]);
}

/// A request to stop. Cheap to clone; all clones see it.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<bool>);

/// The other end of a [`Cancel`]. Dropping it does not cancel.
#[derive(Debug)]
pub struct CancelSource(watch::Sender<bool>);

impl CancelSource {
    /// A source and the token that it governs.
    #[must_use]
    pub fn new() -> (Self, Cancel) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Cancel(receiver))
    }

    /// Another token.
    #[must_use]
    pub fn token(&self) -> Cancel {
        Cancel(self.0.subscribe())
    }

    /// Asks everything that holds a token to stop. More than once is harmless.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancel {
    /// A token that is never cancelled.
    #[must_use]
    pub fn never() -> Self {
        CancelSource::new().1
    }

    /// Whether the request has been made.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when the request is made; never, if its source is gone without having made it.
    pub async fn cancelled(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Which data is meant: a dataset, or one partition of it.
#[derive(Clone, Debug)]
pub struct DatasetRef {
    /// The program: the dataset's declaration, types, connections.
    pub program: Arc<Program>,
    /// The dataset.
    pub dataset: Name,
    /// Values of its partition keys, by name, in order; empty if it has none.
    pub partition: Vec<(Arc<str>, Value)>,
    /// The time that expressions see as now.
    pub now: Timestamp,
}

/// A version that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRead {
    /// The data, checked against the dataset's type. Fixed from now on: later changes at the location do not show.
    pub value: Value,
    /// What was at the location at that time.
    pub fingerprint: Fingerprint,
    /// Rows, if it is a table.
    pub rows: Option<u64>,
    /// The `expect` rules of a dataset that others bring. A breach that is no mere warning is a [`Failure`] instead.
    pub expectations: Vec<RuleVerdict>,
}

/// A version that was published.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionWritten {
    /// What is at the location now.
    pub fingerprint: Fingerprint,
    /// Rows, if it is a table.
    pub rows: Option<u64>,
    /// Bytes at the location.
    pub bytes: Option<u64>,
    /// The `expect` rules. A breach that is no mere warning is a [`Failure`] instead, and nothing was published.
    pub expectations: Vec<RuleVerdict>,
}

/// An expression that needs loaded data.
#[derive(Clone, Debug)]
pub struct ComputeCall {
    /// The program: types and functions.
    pub program: Arc<Program>,
    /// The expression.
    pub expr: Expr,
    /// Its free variables.
    pub bindings: Vec<(VarId, Value)>,
    /// The time that expressions see as now.
    pub now: Timestamp,
}

/// What an engine needs done. `flow_exec::Executor` does it for real.
#[async_trait]
pub trait Execute: Send + Sync + 'static {
    /// A run begins, and no other goes on: keys that models refused are tried again, recordings begin anew.
    fn begin_run(&self) {}

    /// One attempt of a step. Ends soon after a cancel, having ended everything that it started.
    async fn run_step(&self, call: StepCall, log: Arc<dyn LogSink>, cancel: Cancel) -> Result<Outcome, Failure>;

    /// Fills in the prompt of an AI step and says how long it is. Asks nobody.
    async fn render(&self, call: StepCall, cancel: Cancel) -> Result<Rendered, Failure>;

    /// Asks a model once. What a retry policy, guards and a budget make of it is decided elsewhere.
    async fn ask(&self, call: StepCall, ask: AskCall, log: Arc<dyn LogSink>, cancel: Cancel) -> Asked;

    /// Reads the version that is there now.
    async fn read_dataset(&self, dataset: DatasetRef, cancel: Cancel) -> Result<VersionRead, Failure>;

    /// Publishes a version: stage, check the `expect` rules, swap. Readers see the old or the new one.
    async fn write_dataset(&self, dataset: DatasetRef, value: Value, cancel: Cancel)
    -> Result<VersionWritten, Failure>;

    /// Evaluates an expression over loaded data.
    async fn compute(&self, call: ComputeCall, cancel: Cancel) -> Result<Value, Failure>;

    /// As [`Self::compute`], with marks in the place of labelled data that the bindings hold, tables included. Where it
    /// gives something else, labelled data is in what `compute` gives.
    async fn compute_seen(&self, call: ComputeCall, cancel: Cancel) -> Result<Value, Failure>;

    /// What is at a dataset's location; `None` if nothing is. Writes nothing, runs nothing.
    async fn fingerprint(&self, dataset: DatasetRef) -> Result<Option<Fingerprint>, Failure>;
}

/// A file's identity without reading it: when none of it changed, neither did the content.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileStamp {
    /// The path, relative to the project's root.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified_ns: i128,
    /// The inode's number; 0 where there is none.
    pub inode: u64,
}

/// Remembers what was found out about files, so that a large input is hashed once.
///
/// `purpose` tells apart what is remembered of one file: `content`, `newest placed_at`. An implementation
/// may forget at any time. A writer must not remember a file modified within the last two seconds:
/// it may change again within the same time stamp.
pub trait FingerprintCache: Send + Sync {
    /// What was remembered.
    fn get(&self, stamp: &FileStamp, purpose: &str) -> Option<String>;
    /// Remembers.
    fn put(&self, stamp: &FileStamp, purpose: &str, found: &str);
}

/// A [`FingerprintCache`] that remembers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFingerprintCache;

impl FingerprintCache for NoFingerprintCache {
    fn get(&self, _: &FileStamp, _: &str) -> Option<String> {
        None
    }

    fn put(&self, _: &FileStamp, _: &str, _: &str) {}
}
