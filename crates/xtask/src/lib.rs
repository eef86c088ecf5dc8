//! What a developer runs besides cargo: `ci`, `tidy`, `bench`, `up` and `down`.
//!
//! Knows the project's files and the machine, nothing of the language. Tests: `tests/tidy.rs` runs the
//! checks on this very project; each check has unit tests with something to complain about.

#![allow(clippy::disallowed_methods, reason = "a developer's tool reads files and starts programs")]

pub mod bench;
pub mod ci;
pub mod servers;
pub mod tidy;

use std::path::PathBuf;

/// The project's root folder.
#[must_use]
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or(here.clone(), PathBuf::from)
}
