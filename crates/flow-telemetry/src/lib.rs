//! What other tools are told of runs: OpenTelemetry traces and OpenLineage events.
//!
//! Invariants: everything is made from the journal by pure functions, so what is sent while a run goes on is
//! what `flowc export` makes of it years later; sending never fails a run and never holds it up; what leaves
//! passes the scrubber and holds no labelled value. Knows neither engine nor executor: a follower reads the
//! journal as any other reader does. Tested with published shapes (`tests/schemas`) and real servers.

#![allow(clippy::disallowed_methods, reason = "files and endpoints are what this crate is for")]

mod config;
mod follow;
mod ids;
pub mod lineage;
mod place;
mod record;
mod send;
pub mod traces;

pub use config::{Config, LineageTarget, Settings, TracesTarget, Warning, target_of};
pub use follow::{Follower, Seen};
pub use record::{DatasetVersion, RunRecord, ToolRun};
pub use send::{Outlet, Parcel, Scrub, scrubbed};
