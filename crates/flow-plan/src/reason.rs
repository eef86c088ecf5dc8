//! Why a node runs, or does not: one closed list, the same in `plan`, `run`, `show` and `why`.

use flow_diag::Span;
use flow_expr::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What will happen to a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, the strongest first. Never empty.
    pub reasons: Vec<Reason>,
}

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It runs.
    Run,
    /// It runs unless what comes before it turns out to be unchanged.
    Maybe,
    /// Its last result is used.
    Reuse,
    /// Nothing is done: not selected, or its branch is not taken.
    Skip,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// There is no record of it.
    NeverRan,
    /// A clause means something else now.
    CodeChanged {
        /// `body`, `timeout`, `guard`, …
        clause: Arc<str>,
        /// What it was, in short.
        old: Arc<str>,
        /// What it is.
        new: Arc<str>,
        /// Where it is.
        #[serde(default)]
        at: Span,
    },
    /// A value or dataset that it uses is another one.
    InputChanged {
        /// The parameter or dataset.
        input: Arc<str>,
        /// What it was, in short.
        old: Arc<str>,
        /// What it is; empty if not known before the run.
        new: Arc<str>,
    },
    /// A `var`, `--set` or flow parameter is another one.
    ParameterChanged {
        /// The parameter.
        name: Arc<str>,
        /// What it was.
        old: Arc<str>,
        /// What it is.
        new: Arc<str>,
    },
    /// The model or its settings changed.
    ModelChanged {
        /// The model.
        model: Name,
    },
    /// A contract of what it writes changed.
    ContractChanged {
        /// The dataset.
        dataset: Name,
        /// Which clause.
        clause: Arc<str>,
    },
    /// What it writes is older than promised.
    Stale {
        /// The dataset.
        dataset: Name,
        /// Its age, milliseconds.
        age_ms: u64,
        /// The promise, milliseconds.
        promise_ms: u64,
    },
    /// The last attempt failed.
    FailedLastTime {
        /// The run.
        run: Arc<str>,
    },
    /// It failed for good last time, and its `fallback` or an `else` gave the value.
    RecoveredLastTime {
        /// The run.
        run: Arc<str>,
    },
    /// The reuse period is over.
    CacheExpired {
        /// Its age, milliseconds.
        age_ms: u64,
        /// The limit, milliseconds.
        limit_ms: u64,
    },
    /// It changes the world, so it runs each time.
    NotCacheable {
        /// Why: `sh steps may change the world`.
        why: Arc<str>,
    },
    /// `--force`.
    Forced,
    /// Something before it runs.
    UpstreamRuns {
        /// Its label.
        node: Arc<str>,
    },
    /// Same code, same inputs.
    Unchanged {
        /// The run whose result is used.
        run: Arc<str>,
    },
    /// It was done in the run that this one retries.
    DoneIn {
        /// That run.
        run: Arc<str>,
    },
    /// Same code, same inputs: what a model said then is used.
    AnswerKept {
        /// The run in which it was asked.
        run: Arc<str>,
        /// How long ago, milliseconds.
        age_ms: u64,
    },
    /// `--select` leaves it out.
    NotSelected,
    /// Its branch was not taken.
    BranchNotTaken,
    /// What is there was not looked at: a plan connects to nothing.
    NotLookedAt {
        /// The dataset.
        dataset: Name,
    },
    /// What it takes is known only when a run computes it.
    NotKnownYet,
    /// What it writes was removed or changed by somebody else.
    OutputMissing {
        /// The dataset.
        dataset: Name,
    },
}
