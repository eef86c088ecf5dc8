//! The same again with nothing to do: every step has run, and nothing has changed.
//!
//! make looks at the times of files; flowc at the content of what each step was given, in its journal. The graph is the
//! one of `plan`: each step takes three earlier ones.

use super::{
    Place, flows,
    pairs::{Side, in_turn},
    plan_graph::inputs,
    report::{Bar, Row},
};
use std::{fmt::Write as _, fs};

const STEPS: usize = 10_000;

pub(super) fn run(place: &Place) -> anyhow::Result<Vec<Row>> {
    let work = "10,000 shell steps again, nothing to do, whole run";
    let inputs = inputs(STEPS);
    let folder = place.empty("null-flowc")?;
    let file = folder.join("all.flow");
    fs::write(&file, flow_text(&inputs))?;
    let ours = Side::program("flowc", &flows::run_command(place, &file));
    let folder = place.empty("null-make")?;
    fs::write(folder.join("Makefile"), make_text(&inputs))?;
    let theirs = Side::program("make", &["make", "--silent", "-j", "2"]).in_folder(&folder);
    // The first time, which does it all, is what `in_turn` runs to warm up.
    match super::tools::version_of("make") {
        Ok(_) => Ok(vec![Row::pairs(work, "make", &in_turn(&ours, &theirs, place.options.rounds)?, Bar::Times(1.2))]),
        Err(error) => Ok(vec![Row::missing(work, "make", &error)]),
    }
}

fn flow_text(inputs: &[Vec<usize>]) -> String {
    let mut text = String::from(
        "step work(_n: Int, _a: String = \"\", _b: String = \"\", _c: String = \"\") -> String {\n  sh \"true\"\n  \
         effect none\n  timeout 1m\n}\n\nflow all {\n",
    );
    for (node, inputs) in inputs.iter().enumerate() {
        let arguments: String = inputs.iter().map(|input| format!(", n{input}")).collect();
        writeln!(text, "  let n{node} = work({node}{arguments})").expect("writing to a string");
    }
    text + "}\n"
}

fn make_text(inputs: &[Vec<usize>]) -> String {
    let mut text = String::from("all:");
    (0..inputs.len()).for_each(|node| write!(text, " n{node}").expect("writing to a string"));
    text.push('\n');
    for (node, inputs) in inputs.iter().enumerate() {
        let sources: String = inputs.iter().map(|input| format!(" n{input}")).collect();
        write!(text, "n{node}:{sources}\n\ttouch $@\n").expect("writing to a string");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_have_the_same_graph() {
        let inputs = inputs(20);
        let (flow, make) = (flow_text(&inputs), make_text(&inputs));
        for (node, inputs) in inputs.iter().enumerate() {
            let list = |before: &str| inputs.iter().map(|input| format!("{before}n{input}")).collect::<String>();
            assert!(flow.contains(&format!("let n{node} = work({node}{})\n", list(", "))));
            assert!(make.contains(&format!("\nn{node}:{}\n\ttouch $@\n", list(" "))));
        }
    }
}
