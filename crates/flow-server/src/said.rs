//! What a service says: as it goes on, to whoever listens, and how it stands, to whoever asks.

use flow_control::schedule::{Cause, Due, Record, StartId};
use flow_engine::{Progress, RunStatus};
use flow_expr::Name;
use jiff::Timestamp;
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// What a service says of itself as it goes on.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// The project's name.
    pub project: Arc<str>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// Something that happened in a project that is served.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum What {
    /// It waits for another process that has the project.
    Locked {
        /// Who has it.
        by: String,
    },
    /// It is served from now on.
    Serving {
        /// How many flows start by themselves.
        flows: usize,
    },
    /// The scheduler has decided something.
    Decided {
        /// The record.
        record: Box<Record>,
        /// The run's id, if it runs.
        run: Option<Arc<str>>,
    },
    /// A run goes on that was cut off.
    Resumed {
        /// Its id.
        run: Arc<str>,
        /// Its flow.
        flow: Name,
    },
    /// A run does something.
    Run {
        /// Its id.
        run: Arc<str>,
        /// What it does.
        progress: Box<Progress>,
    },
    /// A run is over.
    Ended {
        /// Its id.
        run: Arc<str>,
        /// Its flow.
        flow: Name,
        /// How; none if it could not begin, or not go on.
        status: Option<RunStatus>,
        /// In words, if it could not.
        why: Option<String>,
    },
    /// The service ends while a run goes on: the next one goes on with it.
    Left {
        /// Its id.
        run: Arc<str>,
        /// Its flow.
        flow: Name,
    },
    /// The program has changed, and is followed from now on.
    Reloaded {
        /// How many flows start by themselves.
        flows: usize,
    },
    /// The program has changed and has errors: the one before is followed.
    Refused {
        /// In words.
        problems: String,
    },
    /// The store failed: nothing is decided until it can be written to again.
    Stalled {
        /// Why.
        why: String,
    },
}

/// A run that is under way.
#[derive(Clone, Debug, Serialize)]
pub struct UnderWay {
    /// The start.
    pub start: StartId,
    /// The run's id.
    pub run: Arc<str>,
    /// The flow.
    pub flow: Name,
    /// Why it was started.
    pub cause: Cause,
    /// The instant that it is for.
    pub nominal: Timestamp,
    /// Whether it has a place; else it waits for one.
    pub has_place: bool,
}

/// How a project stands.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// The project's name.
    pub project: Arc<str>,
    /// Its folder.
    pub root: PathBuf,
    /// Since when it is served.
    pub since: Timestamp,
    /// Problems of the program as it is now, if it has errors: the one before is followed.
    pub refused: Option<String>,
    /// Why nothing is decided at present, if the store has failed.
    pub stalled: Option<String>,
    /// Whether the service is ending.
    pub is_ending: bool,
    /// Runs that are under way.
    pub runs: Vec<UnderWay>,
    /// Starts that wait, with their flows, in order.
    pub waiting: Vec<(StartId, Due)>,
    /// When each flow that has a schedule starts next.
    pub next: BTreeMap<Name, Timestamp>,
}
