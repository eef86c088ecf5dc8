//! The control plane's decisions and answers, from plans and records: when flows start, and why they did not.
//!
//! Pure: no clock, no I/O. A server tells it what happens and does what it says; what it has said is written down before
//! it is done, and is given back to it after a crash.

pub mod chance;
pub mod explain;
pub mod impact;
pub mod names;
pub mod schedule;
pub mod status;
