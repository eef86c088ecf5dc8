//! The whole CI, in the order of what fails soonest. `.ci/run` is this with its packages installed.
//!
//! Knows only which commands to run. Tested by being run.

use crate::{faults, servers::Server, tidy};
use anyhow::{Context, bail};
use std::{path::Path, process::Command, time::Instant};

/// The variable under which a test that skips itself is a test that fails (`flow-testing` reads it).
const REQUIRE_SERVERS: &str = "FLOWC_REQUIRE_SERVERS";

/// Runs every stage, stops at the first that fails.
///
/// # Errors
/// The name of the stage that failed.
pub fn run(root: &Path, with_servers: bool) -> anyhow::Result<()> {
    let start = Instant::now();
    stage("format", || cargo(root, &["fmt", "--all", "--check"], &[]))?;
    stage("tidy", || tidy::run(root))?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    stage("clippy", || cargo(root, &clippy, &[]))?;
    let mut environment = vec![("PROPTEST_RNG_SEED", "1".to_owned())];
    if with_servers {
        stage("servers", || {
            for server in [Server::Postgres, Server::Model] {
                let running = server.up(root)?;
                environment.push((running.variable, running.url));
            }
            environment.push((REQUIRE_SERVERS, "1".to_owned()));
            Ok(())
        })?;
        stage("data", || program(root, Command::new(root.join("examples/03-flights/fetch.sh")), "fetch.sh"))?;
    }
    stage("tests", || cargo(root, &["test", "--workspace", "--locked"], &environment))?;
    // Those that take long or must have the machine to themselves.
    let alone = ["test", "--workspace", "--tests", "--locked", "--", "--ignored", "--test-threads=1"];
    stage("tests that run alone", || cargo(root, &alone, &environment))?;
    stage("faults", || faults::run(root, &faults::Options::few(&[])))?;
    eprintln!("ci: all passed in {} s", start.elapsed().as_secs());
    Ok(())
}

fn stage(name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    eprintln!("ci: {name}");
    let start = Instant::now();
    work().with_context(|| format!("ci: {name} failed"))?;
    eprintln!("ci: {name} passed in {} s", start.elapsed().as_secs());
    Ok(())
}

fn cargo(root: &Path, arguments: &[&str], environment: &[(&str, String)]) -> anyhow::Result<()> {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(arguments);
    command.envs(environment.iter().map(|(name, value)| (*name, value)));
    program(root, command, &format!("cargo {}", arguments.join(" ")))
}

fn program(root: &Path, mut command: Command, name: &str) -> anyhow::Result<()> {
    let status = command.current_dir(root).status().with_context(|| format!("`{name}` cannot be started"))?;
    if !status.success() {
        bail!("`{name}` ended with {status}");
    }
    Ok(())
}
