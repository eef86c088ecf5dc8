//! The same graph as a Flow program and as a Ninja file, planned by both without running anything.
//!
//! Each node takes three earlier ones, chosen by a fixed sequence, so that the graph is the same every
//! time: `steps` nodes, about three times as many edges, one rule, one step.

use super::pairs::{Side, compare};
use std::{fmt::Write as _, fs, path::Path};

/// Generates both files below `folder` and compares `flowc plan` with `ninja -n`.
pub(super) fn run(flowc: &Path, folder: &Path, steps: usize, rounds: usize) -> anyhow::Result<()> {
    super::require("ninja", "ninja-build")?;
    let inputs = inputs(steps);
    let edges: usize = inputs.iter().map(Vec::len).sum();
    fs::create_dir_all(folder)?;
    fs::write(folder.join("graph.flow"), flow_text(&inputs))?;
    fs::write(folder.join("build.ninja"), ninja_text(&inputs))?;
    println!("{steps} steps, {edges} edges\n");
    let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let flowc = flowc.to_string_lossy().into_owned();
    let plan = ["--project", &file("graph.flow"), "plan", "--quiet", "all"].map(str::to_owned);
    let ours = Side { name: "flowc plan", command: [vec![flowc], plan.to_vec()].concat() };
    let dry = ["ninja", "-n", "--quiet", "-C", &folder.to_string_lossy()].map(str::to_owned);
    compare(&ours, &Side { name: "ninja -n", command: dry.to_vec() }, rounds)
}

/// For each node the earlier nodes that it takes.
fn inputs(steps: usize) -> Vec<Vec<usize>> {
    // A linear congruential sequence (Knuth's MMIX constants): fixed, spread, and needs no crate.
    let mut state = 1_u64;
    let mut next = move |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % bound
    };
    (0..steps)
        .map(|node| {
            let mut chosen: Vec<usize> = if node == 0 { vec![] } else { (0..3).map(|_| next(node)).collect() };
            chosen.sort_unstable();
            chosen.dedup();
            chosen
        })
        .collect()
}

fn flow_text(inputs: &[Vec<usize>]) -> String {
    let mut text = String::from(
        "step work(a: String = \"\", b: String = \"\", c: String = \"\") -> String {\n  sh \"true\"\n  timeout 1m\n}\n\nflow all {\n",
    );
    for (node, inputs) in inputs.iter().enumerate() {
        let arguments: Vec<String> = inputs.iter().map(|input| format!("n{input}")).collect();
        writeln!(text, "  let n{node} = work({})", arguments.join(", ")).expect("writing to a string");
    }
    text.push_str("}\n");
    text
}

fn ninja_text(inputs: &[Vec<usize>]) -> String {
    let mut text = String::from("rule work\n  command = true\n");
    for (node, inputs) in inputs.iter().enumerate() {
        let sources: String = inputs.iter().map(|input| format!(" n{input}")).collect();
        writeln!(text, "build n{node}: work{sources}").expect("writing to a string");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{flow_text, inputs, ninja_text};

    #[test]
    fn both_files_hold_the_same_edges() {
        let inputs = inputs(50);
        let edges: usize = inputs.iter().map(Vec::len).sum();
        assert!(edges > 100);
        let ninja = ninja_text(&inputs);
        let flow = flow_text(&inputs);
        for (node, inputs) in inputs.iter().enumerate() {
            let names: Vec<String> = inputs.iter().map(|input| format!("n{input}")).collect();
            assert!(flow.contains(&format!("let n{node} = work({})\n", names.join(", "))));
            let sources = names.iter().map(|name| format!(" {name}")).collect::<String>();
            assert!(ninja.contains(&format!("build n{node}: work{sources}\n")));
        }
    }
}
