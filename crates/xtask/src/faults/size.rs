//! Large runs: how much memory they take, against a bound.
//!
//! Numbers come from a file, so that no program text grows. Time is told and never judged. Tested by being run.

use super::{Bench, Outcome, project::Project};
use anyhow::ensure;
use std::{fmt::Write as _, time::Instant};

/// What a run may need at most, however many items and steps it has.
const MOST_MIB: u64 = 400;

const PROGRAM: &str = r#"
dataset numbers: List<Int> { at json("numbers.json"), arrives by hand }

step nothing(n: Int) -> Int {
  sh "echo $n"
  effect none
  cache never
}

flow each(n: Int) -> Int {
  return n + 1
}

/// A loop whose items are only computed.
flow items() -> Int {
  let all = for n in numbers limit 2_000_000 parallel 8 { n + 1 }
  return all.sum()
}

/// A loop of calls of a flow: two nodes for each item.
flow calls() -> Int {
  let all = for n in numbers limit 2_000_000 parallel 8 { each(n) }
  return all.sum()
}

/// A loop of steps: one process for each item.
flow steps() -> Int {
  let all = for n in numbers limit 2_000_000 parallel 8 { nothing(n) }
  return all.sum()
}
"#;

/// One flow with so many numbers.
fn measure(bench: &Bench, flow: &str, count: u64) -> anyhow::Result<Outcome> {
    let limit = std::time::Duration::from_secs(3600);
    let project = Project::new(&bench.program, PROGRAM)?.with_limit(limit);
    let mut numbers = String::from("[0");
    for number in 1..count {
        write!(numbers, ",{number}")?;
    }
    project.write("numbers.json", &(numbers + "]"))?;
    let begin = Instant::now();
    let said = project.ends(0, &["run", "--quiet", flow])?;
    let seconds = begin.elapsed().as_secs_f64();
    let sum = count * (count - 1) / 2 + if flow == "steps" { 0 } else { count };
    ensure!(said.out.trim() == sum.to_string(), "the result is {}, not {sum}", said.out.trim());
    let mib = said.peak_kib / 1024;
    let shown = project.ends(0, &["show", "--quiet"])?;
    let history = project.ends(0, &["history"])?;
    project.write("numbers.json", "[0, 1, 2]")?;
    let next = project.ends(0, &["run", "--quiet", "items"])?;
    let [shown, history, next] = [shown, history, next].map(|said| said.peak_kib / 1024);
    let told = format!("{mib} MiB, {seconds:.1} s; then `show` {shown}, `history` {history}, a small run {next} MiB");
    let most = [mib, shown, history, next].into_iter().max().unwrap_or(0);
    ensure!(most <= MOST_MIB, "{flow} of {count} take {told}: more than {MOST_MIB} MiB");
    Ok(Outcome::held(format!("{flow} of {count}"), told))
}

/// A loop of a million items, or as many as were asked for.
pub(super) fn items(bench: &Bench) -> anyhow::Result<Outcome> {
    measure(bench, "items", bench.size)
}

/// A tenth as many calls of a flow.
pub(super) fn calls(bench: &Bench) -> anyhow::Result<Outcome> {
    measure(bench, "calls", bench.size / 10)
}

/// A hundredth as many processes.
pub(super) fn steps(bench: &Bench) -> anyhow::Result<Outcome> {
    measure(bench, "steps", bench.size / 100)
}
