//! The driver: a run as a deterministic state machine, and the records that are kept of runs.
//!
//! Invariants: no clock, no I/O, no async, no randomness but the run's seed. Every engine (local, test,
//! simulation) feeds it events and does what it commands; replaying a journal's events gives the same
//! state. What is decided is decided here, and why is recorded as data.

mod asks;
mod blocks;
mod budgets;
mod call;
mod datasets;
pub mod decide;
mod driver;
mod evaluate;
mod expressions;
mod failures;
mod graph;
mod inner;
mod judges;
mod kept;
mod ledger;
mod meaning;
mod message;
mod names;
mod notes;
mod people;
mod question;
mod record;
pub mod recovery;
pub mod retry;
mod samples;
mod saw;
mod shown;
mod slots;
mod sources;
mod state;
mod tools;

pub use budgets::{Charge, OverBudget, PeriodBudget, Reservation};
pub use datasets::data_time_of;
pub use driver::Driver;
pub use ledger::Spent;
pub use message::{
    AskStep, Command, ContractVerdict, Event, Judged, Kept, Last, Note, Partition, Product, Published, RunStep, Task,
    Wait,
};
pub use question::{Answer, Draft, Misfit, Question, QuestionEnd, Says, Verdict as AnswerVerdict};
pub use record::{
    CachedResult, Component, Counts, DRIVER_FORMAT, Forced, How, InputRecord, NodeEnd, NodeRecord, NodeStatus, Retry,
    RunEnd, RunStart, RunStatus, Sighting, VersionRecord,
};
pub use recovery::{Doubt, Resolution, Resolved};
