//! The work as Flow programs.
//!
//! A step of Flow has a body, and the cheapest that runs in this process is a query of one row. What other tools call a
//! step (a function whose call is recorded) is in Flow a call of a flow that computes: a node with its own record, but
//! without an attempt, since nothing in it can fail or must be waited for. Both are measured.
//! Every step is given another argument, since one with the same arguments would be used again.

use super::{
    Place,
    pairs::{Side, Stepped},
};
use std::{fmt::Write as _, fs};

/// A call that only computes.
pub(super) const PURE: &str = "flow nothing(x: Int) -> Int {\n  return x + 1\n}\n";
/// A step with a body, run in this process.
pub(super) const QUERY: &str = "step nothing(x: Int) -> Int {\n  sql \"select :x + 1 as x\"\n}\n";
/// The same, said to change the world: what led to it is durable before it begins.
pub(super) const QUERY_WITH_EFFECT: &str =
    "step nothing(x: Int) -> Int {\n  sql \"select :x + 1 as x\"\n  effect write\n}\n";
/// A shell step without effect, which is recorded with attempt and result.
pub(super) const SHELL: &str = "step nothing(_x: Int) {\n  sh \"true\"\n  effect none\n  timeout 1m\n}\n";
/// A shell step that changes the world, for all that is known; it has a result, so that the next can need it.
pub(super) const SHELL_WITH_EFFECT: &str =
    "step nothing(_x: Int, _before: String) -> String {\n  sh \"true\"\n  timeout 1m\n}\n";

/// A flow of calls that need nothing of each other.
pub(super) fn fan(nothing: &str, steps: usize) -> String {
    let mut text = format!("{nothing}\nflow all {{\n");
    for step in 0..steps {
        writeln!(text, "  do nothing({step})").expect("writing to a string");
    }
    text + "}\n"
}

/// A flow of calls that each need the one before.
pub(super) fn chain(nothing: &str, steps: usize) -> String {
    let mut text = format!("{nothing}\nflow all -> Int {{\n  let n0 = nothing(0)\n");
    for step in 1..steps {
        writeln!(text, "  let n{step} = nothing(n{})", step - 1).expect("writing to a string");
    }
    writeln!(text, "  return n{}\n}}", steps - 1).expect("writing to a string");
    text
}

/// As [`chain`], of steps with a number and a text.
pub(super) fn text_chain(nothing: &str, steps: usize) -> String {
    let mut text = format!("{nothing}\nflow all -> String {{\n  let n0 = nothing(0, \"\")\n");
    for step in 1..steps {
        writeln!(text, "  let n{step} = nothing({step}, n{})", step - 1).expect("writing to a string");
    }
    writeln!(text, "  return n{}\n}}", steps - 1).expect("writing to a string");
    text
}

/// A run of a program in a project of its own that nothing has run in before.
pub(super) fn fresh_run(place: &Place, name: &str, text: &str) -> anyhow::Result<Side> {
    let folder = place.empty(name)?;
    let file = folder.join("all.flow");
    fs::write(&file, text)?;
    Ok(Side::program("flowc", &run_command(place, &file)).clearing(folder.join(".flow")))
}

/// The command that runs a program, two steps at a time.
pub(super) fn run_command(place: &Place, file: &std::path::Path) -> Vec<String> {
    let file = file.to_string_lossy();
    [&place.flowc, "--project", &*file, "run", "all", "--quiet", "--jobs", "2"].map(str::to_owned).to_vec()
}

/// [`fresh_run`], once with one step and once with many.
pub(super) fn fresh_runs(
    place: &Place,
    name: &str,
    steps: usize,
    text: impl Fn(usize) -> String,
) -> anyhow::Result<Stepped> {
    Stepped::new(steps, |steps| fresh_run(place, &format!("{name}-{steps}"), &text(steps)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_a_chain_needs_the_one_before() {
        let text = chain(PURE, 3);
        assert!(
            text.ends_with("  let n0 = nothing(0)\n  let n1 = nothing(n0)\n  let n2 = nothing(n1)\n  return n2\n}\n")
        );
        assert!(text_chain(SHELL_WITH_EFFECT, 2).ends_with("nothing(1, n0)\n  return n1\n}\n"));
        assert!(fan(PURE, 2).ends_with("flow all {\n  do nothing(0)\n  do nothing(1)\n}\n"));
    }
}
