//! Steps with real processes and a real server, one file per body kind. One program, since linking is slow.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests do I/O and may panic")]

mod http;
mod processes;
mod python;
mod shell;
mod support;
