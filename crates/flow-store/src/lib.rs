//! The store: a project's journal and catalogue in SQLite, its lock, logs and artifacts, under `.flow/`.
//!
//! Invariants: one process writes (the lock), in it one thread; events are only ever appended; what a
//! question needs is projected when the event is written, so reading replays nothing. Reading makes no
//! folder. Knows the driver's records, not how a run goes on.

#![allow(clippy::disallowed_methods, reason = "files are what this crate is for")]

mod artifacts;
mod error;
mod journal;
mod layout;
mod lock;
mod logs;
mod people;
mod prune;
mod queue;
mod read;
mod remembered;
mod resolutions;
mod schema;
mod starts;
mod store;
mod write;

pub use artifacts::{artifacts_of, content_name, is_complete, sweep};
pub use error::StoreError;
pub use layout::Layout;
pub use lock::{Lock, LockHolder, SCHEDULER};
pub use logs::{AttemptLog, log_path, read_log};
pub use people::{QuestionRow, answer};
pub use prune::{Gone, Keep, Swept, Thorough, prune};
pub use read::{AttemptRow, ContractRow, CostBy, CostRow, Reader, RunRow};
pub use remembered::Remembered;
pub use resolutions::{ResolutionRow, resolve};
pub use starts::{StartRow, StartWriter};
pub use store::{Flushed, Reserved, Store, make_folder};
pub use write::{Finding, Write, partition_text};
