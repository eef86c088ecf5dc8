//! `cargo xtask sim`: builds the simulator of crashes optimised, and plays seeds on all cores.
//!
//! Knows how it is built and started; what is played is `flow_sim::crash`, and how is `crates/flow-sim/examples/crash.rs`.
//! Tested by being run.

use anyhow::bail;
use std::{path::Path, process::Command};

/// What is to be played.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Seeds {
    /// How many seeds; many if it is said how long.
    #[arg(long, conflicts_with = "minutes")]
    seeds: Option<u64>,
    /// The first seed, or the only one.
    #[arg(long)]
    seed: Option<u64>,
    /// How long.
    #[arg(long)]
    minutes: Option<u64>,
    /// Plays each program with a cut at every transaction as well.
    #[arg(long)]
    sweep: bool,
}

/// Plays the seeds; prints what does not hold.
///
/// # Errors
/// When the simulator does not build, or finds something.
pub fn run(root: &Path, wanted: Seeds) -> anyhow::Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", "flow-sim", "--example", "crash"])
        .current_dir(root)
        .status()?;
    if !built.success() {
        bail!("the simulator does not build");
    }
    // One seed that is named is played alone; otherwise as many as a minute or two has room for.
    let seeds = wanted.seeds.unwrap_or(if wanted.seed.is_some() { 1 } else { 100_000 });
    let mut command = Command::new(crate::target(root).join("release/examples/crash"));
    command.args(["--seed".into(), wanted.seed.unwrap_or(1).to_string(), "--seeds".into(), seeds.to_string()]);
    if let Some(minutes) = wanted.minutes {
        command.args(["--minutes".into(), minutes.to_string()]);
    }
    if wanted.sweep {
        command.arg("--sweep");
    }
    if !command.status()?.success() {
        bail!("something that was promised does not hold: see above");
    }
    Ok(())
}
