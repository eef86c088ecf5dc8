//! From files to problems and a program, and from a program to a plan.
//!
//! Where text comes from is behind [`World`], so this crate does no I/O; `flowc` has the one on disk.
//! Loading, checking and analysing are total: every mistake is a problem, and what is wrong in one place
//! does not hide the rest. Tested with caret-marked files under `tests/check`, with the pages of all
//! codes, and with the examples of the language reference.

mod assume;
mod compile;
mod kept;
mod load;
mod plan;
mod policies;
mod problems;
mod prompt;
mod stdlib;
mod world;

pub use assume::Assumption;
pub use compile::{Compilation, Options, compile, compile_again};
pub use flow_analysis::{
    bounds, calendar, deadlines, failures, forecast, freshness, labels, path, spell, spend, terms, time,
};
pub use flow_sema::manifest::{History, Manifest, Telemetry};
pub use flow_sema::{Answer, index::DefinitionKind};
pub use kept::Kept;
pub use load::{Loaded, LoadedModule, MAX_FILE_BYTES, load, manifest};
pub use plan::{VERSION, flow_meant, plan, plan_of_start};
pub use policies::PolicyFile;
pub use prompt::Prompt;
pub use world::{MemoryWorld, World, WorldError};
