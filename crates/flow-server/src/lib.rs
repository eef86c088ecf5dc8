//! The control plane as a service: flows start when they are due, and people and programs ask and act over HTTP.
//!
//! For each project one task ([`service`]) owns the lock, the scheduler and what is under way; it decides nothing that
//! [`flow_control::schedule`] could. Each decision is durable before it is obeyed, so that a kill at any time is gone on
//! from. Programs come from a [`Source`], since the compiler is not known here. (I/O)

#![allow(clippy::disallowed_methods, reason = "clocks, sockets and tasks are what this crate is for")]

pub mod api;
mod facts;
mod looks;
mod records;
mod said;
mod service;
mod source;

pub use facts::facts;
pub use records::record;
pub use said::{Said, Standing, UnderWay, What};
pub use service::{Asked, Handle, Problem, Service, ServiceOptions};
pub use source::Source;
