//! The local engine: a driver, a store and an executor on tokio, with timers, cancel and progress.
//!
//! Invariants: an event is in the journal before the driver sees it, and durable before anything with an
//! effect starts because of it; a watcher never holds up a run; planning writes nothing. All policy is
//! the driver's.

#![allow(clippy::disallowed_methods, reason = "clocks, tasks and scratch folders are what this crate is for")]

mod cancel;
mod clock;
mod doubts;
mod engine;
mod error;
mod findings;
mod gc;
mod held;
mod people;
mod plan;
mod progress;
mod questions;
mod recall;
mod result;
mod resume;
mod retry;
mod rim;
mod run;
mod scratch;
mod summary;
mod watch;
mod work;

pub use cancel::Cancelling;
pub use doubts::{DoubtRow, Reach, Says as DoubtSays};
pub use engine::{Choice, Engine, Looking, Options, unselected};
pub use error::EngineError;
pub use findings::FileMemory;
pub use flow_driver::{
    Answer, ContractVerdict, Counts, Doubt, Forced, How, NodeEnd, NodeStatus, Question, QuestionEnd, Resolution,
    Resolved, RunEnd, RunStatus, Says, Wait,
};
pub use flow_store::{
    AttemptRow, ContractRow, Keep, LockHolder, QuestionRow, ResolutionRow, RunRow, StoreError, Swept,
};
pub use held::Held;
pub use people::{OpenQuestion, Reply};
pub use progress::{Happening, Progress};
pub use questions::{AttemptLogs, BudgetRow, RunDetail, StepDetail};
pub use result::TableResult;
pub use summary::{BrokenContract, ExitClass, NodeFailure, RunSummary};
