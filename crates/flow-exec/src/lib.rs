//! The executor: one attempt of a step, one version of a dataset, one expression over data. I/O lives here.
//!
//! What it promises to engines is in [`api`]; it knows neither driver nor journal. One file per body kind.
//! What a step starts ends with it, and what leaves it has passed the [`Scrubber`].

#![allow(clippy::disallowed_methods, reason = "files, processes and clocks are what this crate is for")]

pub mod api;
mod database;
pub mod handover;
mod log;
mod process;
mod scrub;
mod secrets;

pub use log::KEPT_BYTES;
pub use scrub::{ScrubStream, Scrubber};
pub use secrets::{SecretValue, Secrets};
