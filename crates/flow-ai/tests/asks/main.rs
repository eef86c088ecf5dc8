//! Asks over a real network: a server that misbehaves in every way known to us, cassettes, and a real model where there
//! is one. One program, since linking is slow.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests do I/O and may panic")]

mod cassettes;
mod misbehaving;
mod real;
mod server;
mod sharing;
mod support;
