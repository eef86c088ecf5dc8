//! W0301, W0302, W0303: what is declared and then not used by anything.
//!
//! A dataset that a flow writes is used: it is an output. Names with a leading underscore are left
//! alone, and so is the standard library. A system without a flow is a library, whose steps and functions
//! are for others to use.

use crate::{Mentions, sql::named_in, system::System};
use flow_diag::{Code, Problem, Problems, Span, codes};
use flow_expr::Name;
use flow_plan::{Body, NodeKind, Program};
use std::collections::BTreeSet;

pub(super) fn check(program: &Program, mentions: &Mentions, system: &System<'_>, problems: &mut Problems) {
    if program.flows.is_empty() {
        return;
    }
    let called: BTreeSet<&Name> = program
        .flows
        .values()
        .flat_map(|flow| flow.nodes())
        .filter_map(|node| match &node.kind {
            NodeKind::Call { step, .. } => Some(step),
            _ => None,
        })
        .collect();
    for (name, step) in &program.steps {
        if !called.contains(name) && !mentions.used.contains(name) {
            push(problems, Unused { code: codes::W0301, what: "step", name, at: step.at });
        }
    }
    let touched: BTreeSet<&Name> =
        system.uses.iter().map(|link| link.target).chain(system.writes.keys().copied()).collect();
    let in_queries: BTreeSet<&Name> = program
        .steps
        .values()
        .filter_map(|step| match &step.body {
            Body::Sql { text, connection: Some(connection) } => Some(named_in(program, connection, text)),
            _ => None,
        })
        .flatten()
        .map(|dataset| &dataset.name)
        .collect();
    for (name, dataset) in &program.datasets {
        if !in_queries.contains(name) && !touched.contains(name) && !mentions.used.contains(name) {
            push(problems, Unused { code: codes::W0302, what: "dataset", name, at: dataset.at });
        }
    }
    for (name, at) in &mentions.functions {
        if !mentions.used.contains(name) {
            push(problems, Unused { code: codes::W0303, what: "function", name, at: *at });
        }
    }
}

fn push(problems: &mut Problems, unused: Unused<'_>) {
    let deliberate = unused.name.short().starts_with('_') || unused.name.as_str().starts_with("std.");
    if !deliberate {
        problems.push(unused);
    }
}

/// Something declared for nobody.
struct Unused<'a> {
    code: Code,
    what: &'static str,
    name: &'a Name,
    at: Span,
}

impl From<Unused<'_>> for Problem {
    fn from(found: Unused<'_>) -> Self {
        let Unused { code, what, name, at } = found;
        let why = match what {
            "step" => "no flow calls it",
            "dataset" => "no flow reads or writes it",
            _ => "nothing calls it",
        };
        Self::warning(code, at, format!("{what} `{}` is not used", name.short()), why)
            .help("remove it, or begin its name with `_` to keep it")
    }
}
