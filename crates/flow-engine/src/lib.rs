//! The local engine: a driver, a store and an executor on tokio, with timers, cancel and progress.
//!
//! Invariants: an event is in the journal before the driver sees it, and durable before anything with an
//! effect starts because of it; a watcher never holds up a run; planning writes nothing. All policy is
//! the driver's.

#![allow(clippy::disallowed_methods, reason = "clocks, tasks and scratch folders are what this crate is for")]

mod clock;
mod engine;
mod error;
mod findings;
mod held;
mod people;
mod plan;
mod progress;
mod questions;
mod result;
mod resume;
mod rim;
mod run;
mod summary;
mod watch;
mod work;

pub use engine::{Choice, Engine, Looking, Options, unselected};
pub use error::EngineError;
pub use findings::FileMemory;
pub use flow_driver::{
    Answer, ContractVerdict, Counts, Forced, How, NodeEnd, NodeStatus, Question, QuestionEnd, RunEnd, RunStatus, Says,
    Wait,
};
pub use flow_store::{AttemptRow, ContractRow, Keep, QuestionRow, RunRow, StoreError};
pub use held::Held;
pub use people::{OpenQuestion, Reply};
pub use progress::{Happening, Progress};
pub use questions::{AttemptLogs, BudgetRow, RunDetail, StepDetail};
pub use result::TableResult;
pub use summary::{BrokenContract, ExitClass, NodeFailure, RunSummary};
