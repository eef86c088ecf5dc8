//! The executor: one attempt of a step, one version of a dataset, one expression over data. I/O lives here.
//!
//! What it promises to engines is in [`api`]; it knows neither driver nor journal. One file per body kind.
//! What a step starts ends with it, and what leaves it has passed the [`Scrubber`].

#![allow(clippy::disallowed_methods, reason = "files, processes and clocks are what this crate is for")]

mod ai;
pub mod api;
mod arguments;
mod attempt;
mod blocking;
mod borders;
mod compiled;
mod compute;
mod data;
mod database;
mod datasets;
mod executor;
mod expectations;
pub mod handover;
mod http;
mod log;
mod mismatch;
mod process;
mod python;
mod result;
mod scrub;
mod secrets;
mod shell;
mod sql;
mod tables;
#[cfg(test)]
mod tests;
mod text;

pub use ai::labels_in_answers;
pub use attempt::Steps;
pub use compiled::{CompiledRule, compiled_rules};
pub use executor::{Executor, ExecutorOptions};
pub use flow_kernel::Coverage;
pub use log::KEPT_BYTES;
pub use process::{end_leftovers, interrupt};
pub use scrub::{ScrubStream, Scrubber};
pub use secrets::{SecretValue, Secrets};
pub use tables::{ArrowTable, Artifacts, StoredTable};
