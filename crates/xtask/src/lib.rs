//! What a developer runs besides cargo: `ci`, `tidy`, `bench`, `faults`, `fuzz`, `sim`, `tour`, `up` and `down`.
//!
//! Knows the project's files and the machine, nothing of the language. Tests: `tests/tidy.rs` runs the
//! checks on this very project; each check has unit tests with something to complain about.

#![allow(clippy::disallowed_methods, reason = "a developer's tool reads files and starts programs")]

pub mod bench;
pub mod ci;
pub mod faults;
pub mod fuzz;
pub mod servers;
pub mod sim;
pub mod tidy;
pub mod tour;

use anyhow::bail;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The project's root folder.
#[must_use]
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or(here.clone(), PathBuf::from)
}

/// Where cargo builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Builds the command line and gives its path.
fn build_flowc(root: &Path, release: bool) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "flowc"]).current_dir(root);
    if release {
        command.arg("--release");
    }
    if !command.status()?.success() {
        bail!("flowc does not build");
    }
    Ok(target(root).join(if release { "release/flowc" } else { "debug/flowc" }))
}
