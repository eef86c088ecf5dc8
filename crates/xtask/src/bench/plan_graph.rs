//! The same graph as a Flow program and as a Ninja file, planned by both without running anything.
//!
//! Each node takes three earlier ones, chosen by a fixed sequence, so that the graph is the same every
//! time: `steps` nodes, about three times as many edges, one rule, one step.

use super::{
    Place, memory,
    pairs::{Side, in_turn},
    report::{Bar, Row},
};
use std::{fmt::Write as _, fs};

/// Generates both files and compares `flowc plan` with `ninja -n`.
pub(super) fn run(place: &Place) -> anyhow::Result<Vec<Row>> {
    let steps = place.options.steps;
    let inputs = inputs(steps);
    let edges: usize = inputs.iter().map(Vec::len).sum();
    let folder = place.empty("plan")?;
    fs::write(folder.join("graph.flow"), flow_text(&inputs))?;
    fs::write(folder.join("build.ninja"), ninja_text(&inputs))?;
    let file = folder.join("graph.flow").to_string_lossy().into_owned();
    let ours = [&place.flowc, "--project", &*file, "plan", "--quiet", "all"];
    let work = format!("load, check and plan {steps} steps with {edges} edges from text");
    let peak = memory::peak(&ours)?;
    let memory = |theirs| Row::memory(&format!("{work}, peak memory"), peak, theirs, Bar::Megabytes(300.0));
    let ninja = match place.tools.python("ninja") {
        Ok(programs) => programs.join("ninja"),
        Err(error) => return Ok(vec![Row::missing(&work, "ninja -n", &error), memory(None)]),
    };
    let dry = [&*ninja.to_string_lossy(), "-n", "--quiet", "-C", &folder.to_string_lossy()].map(str::to_owned);
    let pairs = in_turn(&Side::program("flowc plan", &ours), &Side::program("ninja -n", &dry), place.options.rounds)?;
    let time = Row::pairs(&work, "ninja -n", &pairs, Bar::Times(0.5));
    Ok(vec![time, memory(Some(("ninja -n", memory::peak(&dry)?)))])
}

/// For each node the earlier nodes that it takes.
pub(super) fn inputs(steps: usize) -> Vec<Vec<usize>> {
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
