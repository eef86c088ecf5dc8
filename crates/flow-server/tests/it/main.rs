//! The service as those who ask see it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

mod access;
mod openapi;
mod service;
