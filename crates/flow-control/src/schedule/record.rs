//! What the scheduler says of a start: why it is due, and what becomes of it. These are the records that explain, later,
//! why a flow ran or did not.

use flow_expr::Name;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A start's number: they rise, in a project, and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StartId(pub u64);

/// What makes a flow start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The clock: the schedule in words.
    Clock(Arc<str>),
    /// A dataset has changed.
    Update(Name),
    /// A request to a path.
    Webhook(Arc<str>),
    /// Somebody, by name as far as it is known.
    Hand(Arc<str>),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock(schedule) => write!(f, "the clock, {schedule}"),
            Self::Update(dataset) => write!(f, "`{}` was updated", dataset.short()),
            Self::Webhook(path) => write!(f, "a request to {path}"),
            Self::Hand(who) => write!(f, "{who}, by hand"),
        }
    }
}

/// A start that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The flow.
    pub flow: Name,
    /// Why.
    pub cause: Cause,
    /// The instant that it is for, milliseconds since 1970: of the schedule, or when it was noticed.
    pub nominal: i64,
    /// What the cause is told apart by: the content of the dataset's version, the request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Arc<str>>,
    /// Which `start` of the flow says so, from 0; none if it was started by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<usize>,
    /// Parameters that were given with it, as text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
}

/// What becomes of a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It runs.
    Run,
    /// It waits until these have ended.
    Wait {
        /// Starts that run, or wait before it.
        behind: Vec<StartId>,
    },
    /// It does not run.
    Drop(Why),
    /// Nothing is due: from here on it is watched.
    Watch,
}

/// Why a start does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// `overlap skip`: a run was under way.
    UnderWay(StartId),
    /// `overlap replace`, or an update after an update: a later start took its place.
    Replaced(StartId),
    /// Nothing was running when it was due, and `catch up` does not want it: so many, this one the last of them.
    Missed(u64),
    /// So many wait already.
    TooMany(usize),
    /// The flow is gone from the program, or does not start this way any more.
    Gone,
    /// It cannot be planned: a parameter is missing, or wrong.
    Wrong(Arc<str>),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnderWay(_) => f.write_str("the run before was still under way (`overlap skip`)"),
            Self::Replaced(_) => f.write_str("a later start took its place"),
            Self::Missed(1) => f.write_str("nothing was there to start it when it was due"),
            Self::Missed(count) => write!(f, "nothing was there to start it when it was due, {count} times"),
            Self::TooMany(count) => write!(f, "{count} starts wait already"),
            Self::Gone => f.write_str("the program does not start it this way any more"),
            Self::Wrong(why) => f.write_str(why),
        }
    }
}

/// One decision of the scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The start.
    pub id: StartId,
    /// When it was decided, milliseconds since 1970.
    pub at: i64,
    /// What was due.
    pub due: Due,
    /// What becomes of it. A later record of the same start replaces it.
    pub ruling: Ruling,
}
