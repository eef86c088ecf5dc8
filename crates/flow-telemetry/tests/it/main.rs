//! Records in, spans and events out; sending to real servers, good and bad.

#![allow(clippy::disallowed_methods, reason = "these tests look into files")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod lineage;
mod sample;
mod sending;
mod traces;
