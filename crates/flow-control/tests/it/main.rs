//! The control plane's answers, as those who ask see them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod chance;
mod explain;
mod impact;
mod schedule;
