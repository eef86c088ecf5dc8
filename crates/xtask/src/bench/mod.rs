//! `cargo xtask bench`: flowc against other tools on the same work in the same run.
//!
//! Absolute times of a shared machine mean little; what is printed is the median of interleaved runs
//! and the ratio pair by pair. Work is generated under the target folder and left there to look at.

mod pairs;
mod plan_graph;

use anyhow::Context;
use clap::ValueEnum;
use std::{path::Path, process::Command};

/// What is compared.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Contest {
    /// Loading, checking and planning a large graph, against `ninja -n`.
    Plan,
}

/// Generates the work, runs both sides in turn, prints the table.
///
/// # Errors
/// When a tool is missing, does not build, or fails on the work.
pub fn run(root: &Path, contest: Contest, steps: usize, rounds: usize) -> anyhow::Result<()> {
    let flowc = crate::build_flowc(root, true)?;
    match contest {
        Contest::Plan => plan_graph::run(&flowc, &crate::target(root).join("bench/plan"), steps, rounds),
    }
}

/// A program on the PATH, or what to install.
fn require(program: &str, package: &str) -> anyhow::Result<()> {
    Command::new(program)
        .arg("--version")
        .output()
        .with_context(|| format!("{program} is missing: install the package {package}"))
        .map(|_| ())
}
