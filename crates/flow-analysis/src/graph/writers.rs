//! E0302, E0304, E0306, E0310: a dataset's versions come from exactly one place.
//!
//! Two flows that write one dataset race; a flow that writes what others bring overwrites them; one flow
//! that writes twice in a run publishes something that nobody should read in between. Writes in different
//! branches of one `if` or `match` exclude each other, and each partition is a place of its own.

use crate::system::{Link, System};
use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::Name;
use flow_plan::{Block, Dataset, NodeKind, Program};
use std::collections::BTreeMap;

pub(super) fn check(program: &Program, system: &System<'_>, problems: &mut Problems) {
    for (dataset, writes) in &system.writes {
        let Some(first) = writes.first() else { continue };
        let declared = program.datasets.get(*dataset);
        if let Some((other, declared)) = writes.iter().find(|link| link.flow.name != first.flow.name).zip(declared) {
            problems.push(TwoWriters { dataset: declared, first: *first, second: *other });
        }
        if let Some(declared) = declared.filter(|declared| declared.location.url().is_some()) {
            problems.push(WritesUrl { dataset: declared, write: *first });
        } else if let Some(declared) = declared.filter(|declared| declared.arrives.is_some()) {
            problems.push(WritesWhatArrives { dataset: declared, write: *first });
        }
    }
    for flow in program.flows.values() {
        if flow.nodes().any(|node| matches!(node.kind, NodeKind::Write { .. })) {
            let mut found = Writes::default();
            blocks_in_order(&flow.body, &mut found, problems);
        }
    }
}

/// Where each dataset was written so far, on the way through the text.
///
/// What a branch adds is taken back before the next one is looked at, so that nothing is copied for it.
#[derive(Default)]
struct Writes<'a> {
    at: BTreeMap<&'a Name, Span>,
    /// What was known before each write.
    before: Vec<(&'a Name, Option<Span>)>,
}

impl<'a> Writes<'a> {
    /// Notes a write; gives the one before it.
    fn insert(&mut self, dataset: &'a Name, at: Span) -> Option<Span> {
        let first = self.at.insert(dataset, at);
        self.before.push((dataset, first));
        first
    }

    /// Takes back all but so many writes; gives them in their order.
    fn back_to(&mut self, count: usize) -> Vec<(&'a Name, Span)> {
        let mut gone = vec![];
        for (dataset, before) in self.before.drain(count..).rev() {
            let last = match before {
                Some(before) => self.at.insert(dataset, before),
                None => self.at.remove(dataset),
            };
            gone.extend(last.map(|last| (dataset, last)));
        }
        gone.reverse();
        gone
    }
}

/// Looks for two writes that can both happen. Blocks nest at most as deeply as the parser allows (256).
fn blocks_in_order<'a>(block: &'a Block, found: &mut Writes<'a>, problems: &mut Problems) {
    for node in &block.nodes {
        match &node.kind {
            NodeKind::Write { dataset, partition, .. } if partition.is_empty() => {
                if let Some(first) = found.insert(dataset, node.at) {
                    problems.push(WrittenTwice { dataset, first, second: node.at, each: false });
                }
            }
            NodeKind::For { body, .. } => {
                let mut inside = Writes::default();
                blocks_in_order(body, &mut inside, problems);
                for (dataset, at) in inside.at {
                    problems.push(WrittenTwice { dataset, first: node.at, second: at, each: true });
                }
            }
            _ => {
                let (mut inside, before) = (vec![], found.before.len());
                for branch in node.blocks() {
                    blocks_in_order(branch, found, problems);
                    inside.extend(found.back_to(before));
                }
                for (dataset, at) in inside {
                    found.insert(dataset, at);
                }
            }
        }
    }
}

/// Two flows write one dataset.
struct TwoWriters<'a> {
    dataset: &'a Dataset,
    first: Link<'a>,
    second: Link<'a>,
}

impl From<TwoWriters<'_>> for Problem {
    fn from(found: TwoWriters<'_>) -> Self {
        let TwoWriters { dataset, first, second } = found;
        let (name, one, two) = (dataset.name.short(), first.flow.name.short(), second.flow.name.short());
        Self::error(codes::E0302, second.at, format!("two flows write `{name}`"), format!("`{two}` writes it too"))
            .label(first.at, format!("`{one}` writes it here"))
            .label(dataset.at, "declared here")
            .note("a dataset has exactly one writer, so that its age, its rules and its owner are clear")
            .help("give each flow its own dataset, or let one flow write it and the other read it")
    }
}

/// A flow writes what others bring.
struct WritesWhatArrives<'a> {
    dataset: &'a Dataset,
    write: Link<'a>,
}

impl From<WritesWhatArrives<'_>> for Problem {
    fn from(found: WritesWhatArrives<'_>) -> Self {
        let WritesWhatArrives { dataset, write } = found;
        let (name, flow) = (dataset.name.short(), write.flow.name.short());
        let arrives = dataset.arrives.as_ref().map_or(dataset.at, |arrival| arrival.at);
        Self::error(codes::E0304, write.at, format!("`{flow}` writes `{name}`, which others bring"), "written here")
            .label(arrives, "this says that it arrives from outside")
            .help("write another dataset, or remove `arrives` if this flow makes it")
    }
}

/// A flow writes what is at a URL.
struct WritesUrl<'a> {
    dataset: &'a Dataset,
    write: Link<'a>,
}

impl From<WritesUrl<'_>> for Problem {
    fn from(found: WritesUrl<'_>) -> Self {
        let WritesUrl { dataset, write } = found;
        let name = dataset.name.short();
        Self::error(codes::E0310, write.at, format!("`{name}` is at a URL, which is only read"), "written here")
            .label(dataset.at, "declared here")
            .note("a version is published whole or not at all, which a request to a server cannot promise")
            .help("write a dataset of this machine or of a database, and send it with an `http` step")
    }
}

/// One run writes a dataset twice.
struct WrittenTwice<'a> {
    dataset: &'a Name,
    first: Span,
    second: Span,
    each: bool,
}

impl From<WrittenTwice<'_>> for Problem {
    fn from(found: WrittenTwice<'_>) -> Self {
        let WrittenTwice { dataset, first, second, each } = found;
        let name = dataset.short();
        if each {
            return Self::error(
                codes::E0306,
                second,
                format!("`{name}` is written once for each item of a loop"),
                "each round would replace what the one before wrote",
            )
            .label(first, "the loop")
            .help("let the loop give a list and write that, or write one partition per item: `write ds[key] = …`");
        }
        Self::error(codes::E0306, second, format!("one run writes `{name}` twice"), "written again here")
            .label(first, "first written here")
            .help("join both values and write once; writes in the branches of one `if` or `match` are one write")
    }
}
