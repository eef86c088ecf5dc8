//! `:help`, and what is said of a command that is not there or wants more.

use crate::{
    commands::{FLOWC, OWN},
    session::Outcome,
};
use std::fmt::Write as _;

/// One screen: what can be entered.
pub(crate) fn text() -> String {
    let mut out = String::from(
        "1 + 2 · orders.count()          an expression over values and datasets\n\
         let big = orders.filter(…)      keeps a value; `it` is the last one\n\
         sql select … from orders        a query over datasets and tables that were kept\n\
         orders                          a dataset: what it is, and its first rows\n\
         fn · type · step …              declarations, also in place of the project's\n",
    );
    for (name, arguments, what) in OWN.iter().filter(|(_, arguments, _)| !arguments.is_empty()) {
        let _ = writeln!(out, "{:<31} {what}", format!(":{name} {arguments}"));
    }
    let short: Vec<String> =
        OWN.iter().filter(|(_, arguments, _)| arguments.is_empty()).map(|(name, ..)| format!(":{name}")).collect();
    let _ = writeln!(out, "without arguments               {}", short.join(" "));
    let flowc: Vec<String> = FLOWC.iter().map(|(name, _)| format!(":{name}")).collect();
    let _ = writeln!(out, "as `flowc` does                 {}", flowc.join(" "));
    let _ = writeln!(out, "{:<31} runs a flow and publishes what it writes", ":start FLOW");
    out
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
