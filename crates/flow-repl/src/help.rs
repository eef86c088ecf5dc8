//! `:help`, and what is said of a command that is not there or wants more.

use crate::{
    commands::{FLOWC, OWN},
    session::Outcome,
};
use std::fmt::Write as _;

/// Where the right column begins.
const COLUMN: usize = 27;

/// The widest line.
const WIDEST: usize = 80;

/// One screen: what can be entered.
pub(crate) fn text() -> String {
    let entries = [
        ("1 + 2 · orders.count()", "an expression over values and datasets"),
        ("let big = orders.filter(…)", "keeps a value; `it` is the last one"),
        ("sql select … from orders", "a query over datasets and tables that were kept"),
        ("orders", "a dataset: what it is, and its first rows"),
        ("fn · type · step …", "declarations, also in place of the project's"),
    ];
    let mut out = String::new();
    for (entry, what) in entries {
        let _ = writeln!(out, "{entry:<COLUMN$}{what}");
    }
    for (name, arguments, what) in OWN.iter().filter(|(_, arguments, _)| !arguments.is_empty()) {
        let _ = writeln!(out, "{:<COLUMN$}{what}", format!(":{name} {arguments}"));
    }
    let _ = writeln!(out, "{:<COLUMN$}runs a flow and publishes what it writes", ":start FLOW");
    let short = OWN.iter().filter(|(_, arguments, _)| arguments.is_empty()).map(|(name, ..)| *name);
    listed(&mut out, "without arguments", short);
    listed(&mut out, "as `flowc` does", FLOWC.iter().map(|(name, _)| *name));
    out
}

/// Commands side by side, in as many lines as they need.
fn listed<'n>(out: &mut String, what: &str, names: impl Iterator<Item = &'n str>) {
    let mut line = format!("{what:<COLUMN$}");
    for name in names {
        if line.chars().count() + name.len() + 1 > WIDEST {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(COLUMN);
        }
        line.push_str(&format!(":{name} "));
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// What a command says that was given nothing.
pub(crate) fn needs(name: &str) -> Outcome {
    let (arguments, what) = OWN
        .iter()
        .find(|(own, ..)| *own == name)
        .map_or(("FLOW", "runs a flow and publishes what it writes"), |(_, arguments, what)| (arguments, what));
    Outcome::failed(format!("error: `:{name} {arguments}`: {what}\n"))
}

/// What is said of a command that is not there.
pub(crate) fn unknown(name: &str) -> Outcome {
    let known = OWN.iter().map(|(own, ..)| *own).chain(FLOWC.iter().map(|(name, _)| *name));
    let begins: Vec<String> =
        known.filter(|known| !name.is_empty() && known.starts_with(name)).map(|known| format!("`:{known}`")).collect();
    let way_out = if begins.is_empty() {
        "`:help` lists what there is".to_owned()
    } else {
        format!("there is {}", begins.join(", "))
    };
    Outcome::failed(format!("error: there is no command `:{name}`; {way_out}\n"))
}
