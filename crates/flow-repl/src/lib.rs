//! The prompt: expressions, data, SQL, steps and questions about a project, one entry at a time.
//!
//! [`Session`] is pure: an entry in, an [`Outcome`] out. What needs a machine (files, data, processes, the clock) is behind
//! [`Host`]; how lines are edited and shown in colour is for the terminal. What is entered is checked by the compiler, as
//! if it stood in a file of the project, and computed by what computes it in a run. Tested by transcripts, in `tests/`.

mod answer;
mod ask;
mod commands;
mod complete;
mod docs;
mod entry;
mod graph;
mod help;
mod host;
mod paint;
mod query;
mod session;
mod show;

pub use complete::Candidate;
pub use entry::is_whole;
pub use host::{Data, Host, Trouble};
pub use paint::{Paint, stretches};
pub use session::{Outcome, Session, Then};
