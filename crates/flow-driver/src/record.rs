//! What is remembered of runs: the records that driver, store, history and explanations share.
//!
//! Plain data; knows neither how it is stored nor how it came about.

use flow_expr::{Name, Value};
use flow_plan::{Decision, Failure, Fingerprint, RuleVerdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The version of events and of how the driver reads them. A journal of another version is shown, not resumed.
pub const DRIVER_FORMAT: u32 = 2;

/// What a run starts from. With the plan and the events it determines everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// The run's id: sorts by time, unique in a project.
    pub run: Arc<str>,
    /// What jitter is drawn from.
    pub seed: u64,
    /// When it began; what expressions see as now.
    pub started: Timestamp,
    /// How many things may be done at once.
    pub jobs: u32,
    /// Nodes (root flow) that run whatever their records say. `--force` without a selector: all of them.
    #[serde(default, skip_serializing_if = "Forced::is_none")]
    pub forced: Forced,
    /// Nodes of the root flow that are left out, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unselected: Vec<u32>,
    /// For flows that `finish by` a time of day: when that is for this run. The driver knows no calendar.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deadlines: BTreeMap<Name, Timestamp>,
    /// The run that this one retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Only decide: nothing is run, read or written; what would run has an unknown result.
    #[serde(default)]
    pub dry: bool,
}

/// What a run is a retry of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// That run.
    pub of: Arc<str>,
    /// The step that is made again with all that follows from it, as it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Arc<str>>,
}

/// What runs whatever its records say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forced {
    /// Nothing.
    #[default]
    None,
    /// Everything.
    All,
    /// These nodes of the root flow, by number, sorted.
    Nodes(Vec<u32>),
}

impl Forced {
    fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Whether a node of the root flow is forced.
    #[must_use]
    pub fn contains(&self, node: u32) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Nodes(nodes) => nodes.binary_search(&node).is_ok(),
        }
    }
}

/// One part of what a node means, for saying which part changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// `body`, `guard`, `type`, …
    pub clause: Arc<str>,
    /// The hash of its meaning.
    pub hash: Arc<str>,
    /// Its text, cut to a bound, for showing old and new.
    pub text: Arc<str>,
}

/// A value that a node used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// The parameter, or the dataset.
    pub name: Arc<str>,
    /// The digest of its content; none if it is not known yet (in a plan).
    pub digest: Option<Arc<str>>,
    /// The value in short.
    pub short: Arc<str>,
    /// Whether it is a parameter of the flow or a setting rather than something computed.
    #[serde(default)]
    pub parameter: bool,
}

/// What is known of a node from the last run that reached it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// That run.
    pub run: Arc<str>,
    /// When it settled.
    pub at: Timestamp,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// Whether it failed, and a fallback or an `else` gave the value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// A hash of what it meant and used.
    pub identity: Arc<str>,
    /// What it meant.
    pub components: Arc<[Component]>,
    /// What it used.
    pub inputs: Vec<InputRecord>,
    /// Its result, if it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The data time of what it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_time: Option<Timestamp>,
}

/// A kept result for one meaning and one set of inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CachedResult {
    /// The result.
    pub value: Value,
    /// The run that made it.
    pub run: Arc<str>,
    /// When.
    pub at: Timestamp,
}

/// A version of a dataset in the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// The run that read or wrote it.
    pub run: Arc<str>,
    /// When.
    pub at: Timestamp,
    /// The digest of its content as a value.
    pub content: Arc<str>,
    /// Its value: a table's hash, or the value itself.
    pub value: Value,
    /// What was at the location.
    pub fingerprint: Fingerprint,
    /// Its data time.
    pub data_time: Option<Timestamp>,
    /// Rows.
    pub rows: Option<u64>,
    /// What the dataset's declaration meant then.
    pub contract: Arc<[Component]>,
    /// Whether this run published it, rather than found it.
    pub written: bool,
    /// What became of the `expect` rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<RuleVerdict>,
}

/// What is known of a dataset at one moment: what is there, and what the catalogue last knew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// What is at the location; none if nothing is.
    pub fingerprint: Option<Fingerprint>,
    /// The newest version in the catalogue whose value can still be had.
    pub last: Option<VersionRecord>,
    /// Only in plans: nobody looked, as that would take a connection.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
}

/// How a node got its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It was done.
    Ran,
    /// An earlier result, for the same code and inputs.
    Reused,
    /// The step's `fallback`, or a guard's.
    Fallback,
    /// A person's, in the place of a result that a guard did not let pass.
    Given,
    /// The call's `else`.
    Recovered,
}

/// How a node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// It has a result.
    Succeeded,
    /// It was tried and has none.
    Failed,
    /// It was never tried, because something that it needs failed.
    NotRun,
    /// Nothing was to be done: its branch was not taken, or it was not selected.
    Skipped,
    /// The run was cancelled before it was done.
    Cancelled,
    /// Only in plans: it would run, so its result is not known.
    Unknown,
}

/// A node's end, with all that history keeps of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeEnd {
    /// Where in the run: `3`, `5[17].2`.
    pub path: Arc<str>,
    /// What people call it, by the same way: `daily/report[17]/write_note`. Names its record for the next run.
    pub key: Arc<str>,
    /// Its own label.
    pub label: Arc<str>,
    /// `call`, `read`, `write`, …
    pub kind: Arc<str>,
    /// The step or dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Name>,
    /// How it ended.
    pub status: NodeStatus,
    /// How it got its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
    /// Why it ran or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Why it has no result of its own, where a fallback or an `else` gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Failure>,
    /// The path of the node whose failure is the reason that this one did not run, with its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<(Arc<str>, Arc<str>)>,
    /// Attempts made.
    pub attempts: u32,
    /// When the first attempt began, or when it settled.
    pub began: Timestamp,
    /// When it settled.
    pub ended: Timestamp,
    /// What the next run compares with; only for what can be reused or explained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<NodeRecord>,
    /// The key under which the result can be reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_key: Option<Arc<str>>,
    /// Rows of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// All that was to be done was done.
    Succeeded,
    /// Something failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// A `require … else skip` ended it: nothing was to be done.
    Skipped,
}

/// The end of a run, with counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// How it ended.
    pub status: RunStatus,
    /// Whether a contract was broken: a `require`, an `expect`, a deadline.
    pub contract_broken: bool,
    /// Whether every failure is a broken contract.
    pub only_contracts: bool,
    /// Whether the deadline passed first.
    pub late: bool,
    /// Nodes by how they ended; constants and plain expressions that succeeded are not counted.
    pub counts: Counts,
}

/// Nodes by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Done in this run.
    pub ran: u64,
    /// An earlier result was used.
    pub reused: u64,
    /// A fallback or an `else` gave the result.
    pub recovered: u64,
    /// Failed.
    pub failed: u64,
    /// Not run because something else failed.
    pub not_run: u64,
    /// Skipped.
    pub skipped: u64,
    /// Cancelled.
    pub cancelled: u64,
}
