//! Errors of the disk, injected into single system calls by strace: the first, the second, … of each thread.
//!
//! The run must stop with an error that says what is wrong, or be as if nothing had been; nothing is written
//! to the journal after a sync of it has failed; and afterwards, on a sound disk, everything comes to its end. Needs strace.

use super::{Bench, Outcome, random::Random, recovery, recovery::Way, world::World};
use anyhow::{Context, bail, ensure};
use std::{fs, path::Path, process::Command};

/// A system call that fails.
struct Injection {
    call: &'static str,
    error: &'static str,
    /// Only where it is about one of these; empty: everywhere.
    paths: &'static [&'static str],
}

const STORE: &[&str] = &[".flow/runs.db", ".flow/runs.db-wal", ".flow/runs.db-journal"];

const INJECTIONS: [Injection; 6] = [
    Injection { call: "fsync", error: "EIO", paths: &[] },
    Injection { call: "fdatasync", error: "EIO", paths: &[] },
    Injection { call: "pwrite64", error: "ENOSPC", paths: STORE },
    Injection { call: "pwrite64", error: "EIO", paths: STORE },
    Injection { call: "pread64", error: "EIO", paths: STORE },
    Injection { call: "renameat", error: "EIO", paths: &[] },
];

/// Lets calls fail, `bench.errors` of each kind.
pub(super) fn run(bench: &Bench) -> anyhow::Result<Outcome> {
    if !has_strace() {
        return Ok(Outcome::skipped("strace may not trace here"));
    }
    let mut random = Random::new(bench.seed, "errors");
    let (mut tried, mut told, mut unharmed, mut way) = (vec![], 0, 0, Way::default());
    for injection in &INJECTIONS {
        let most = calls_of_a_thread(bench, injection)?;
        // The first calls are those that make the store: each of them is tried.
        let mut numbers: Vec<usize> = (1..=most.min(bench.errors.div_ceil(3))).collect();
        while numbers.len() < bench.errors.min(most) {
            let number = 1 + random.index(most);
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        let mut landed = 0;
        for number in numbers {
            let mut world = World::new(&bench.program)?;
            let result = inject(&world, injection, number);
            let what = || format!("{} as call {number} of {}", injection.error, injection.call);
            let ended = world.project.kept_after(result.with_context(what))?;
            let (hit, code, recovered) = ended;
            landed += usize::from(hit);
            told += usize::from(hit && code != 0);
            unharmed += usize::from(hit && code == 0);
            way += recovered;
        }
        if most > 0 {
            tried.push(format!("{} {} {landed}", injection.call, injection.error));
        }
    }
    Ok(Outcome::held(
        format!("one system call fails: {}", tried.join(", ")),
        format!("{told} told with their cause, {unharmed} of no consequence; {way}"),
    ))
}

/// Whether strace is there and may trace.
pub(super) fn has_strace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    traced.is_ok_and(|status| status.success())
}

/// The words that run flowc under strace.
fn tracer(world: &World, injection: &Injection, trace: &Path, number: Option<usize>) -> Vec<String> {
    let mut words: Vec<String> = ["strace", "-f", "-qq", "-y", "--signal=none", "-o"].map(str::to_owned).into();
    words.push(trace.to_string_lossy().into_owned());
    for path in injection.paths {
        words.extend(["-P".to_owned(), world.project.path(path).to_string_lossy().into_owned()]);
    }
    // What is written after a sync has failed is seen, too.
    let others = if injection.call.ends_with("sync") { ",pwrite64" } else { "" };
    words.extend(["-e".to_owned(), format!("trace={}{others}", injection.call)]);
    if let Some(number) = number {
        words.extend(["-e".to_owned(), format!("inject={}:error={}:when={number}", injection.call, injection.error)]);
    }
    words
}

/// The most calls that one thread of a run makes.
fn calls_of_a_thread(bench: &Bench, injection: &Injection) -> anyhow::Result<usize> {
    let world = World::new(&bench.program)?;
    let trace = world.project.beside("trace");
    traced(&world, &tracer(&world, injection, &trace, None), 1)?;
    world.verify(1)?;
    let mut calls = std::collections::HashMap::<String, usize>::new();
    for line in fs::read_to_string(&trace)?.lines().filter(|line| line.contains(&format!(" {}(", injection.call))) {
        *calls.entry(line.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    Ok(calls.into_values().max().unwrap_or(0))
}

fn traced(world: &World, by: &[String], round: u64) -> anyhow::Result<super::project::Said> {
    let by: Vec<&str> = by.iter().map(String::as_str).collect();
    let arguments = World::arguments(round);
    world.project.finish(world.project.wrapped(&by, &arguments.each_ref().map(String::as_str)))
}

/// One run with an error in it: whether the error occurred, how the run ended, how its round came to its end.
fn inject(world: &World, injection: &Injection, number: usize) -> anyhow::Result<(bool, i32, Way)> {
    let trace = world.project.beside("trace");
    let said = traced(world, &tracer(world, injection, &trace, Some(number)), 1)?;
    said.is_sound()?;
    world.project.kill_leftovers();
    let trace = fs::read_to_string(&trace)?;
    let hit = trace.contains("(INJECTED)");
    let Some(code @ (0 | 1 | 4)) = said.code else { bail!("not to end so:\n{said}") };
    ensure!(code == 0 || hit, "no error was injected, but:\n{said}");
    ensure!(code == 0 || (said.err.contains("[R")), "it does not say what is wrong:\n{said}");
    if injection.call.ends_with("sync") {
        let after = written_after(&trace);
        ensure!(after.is_none(), "written after a sync had failed: {}", after.unwrap_or_default());
    }
    world.readers_see_whole_versions()?;
    let way = recovery::to_the_end(world, 1, None).with_context(|| format!("after:\n{said}"))?;
    Ok((hit, code, way))
}

/// A write to the journal's log by a thread whose sync of it has failed before: what a sync says after that means
/// nothing, so nothing may rest on it. (SQLite syncs once more when it closes; what it saves then was durable before.)
fn written_after(trace: &str) -> Option<String> {
    let mut failed: Vec<&str> = vec![];
    for line in trace.lines().filter(|line| line.contains("runs.db-wal>")) {
        let thread = line.split(' ').next().unwrap_or_default();
        if failed.contains(&thread) && line.contains(" pwrite64(") {
            return Some(line.to_owned());
        }
        if line.contains("(INJECTED)") {
            failed.push(thread);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::written_after;

    #[test]
    fn a_write_after_a_sync_that_failed_is_found() {
        let good = "7  fsync(11</p/.flow/runs.db-wal>) = 0";
        let bad = "7  fsync(11</p/.flow/runs.db-wal>) = -1 EIO (Input/output error) (INJECTED)";
        let write = "7  pwrite64(11</p/.flow/runs.db-wal>, \"x\"..., 24, 4096) = 24";
        let other = "8  pwrite64(11</p/.flow/runs.db-wal>, \"x\"..., 24, 4096) = 24";
        assert_eq!(written_after(&[write, good, bad, other, good].join("\n")), None);
        assert_eq!(written_after(&[bad, other, write].join("\n")).as_deref(), Some(write));
    }
}
