//! What a reviewer of labels wants to see: every place that takes one off, and everyone who accepts one.
//!
//! Plain data, in the order of the text. Knows no problems; they are [`super::check`]'s.

use super::{
    sink::{Removes, Sink},
    walk::Walk,
};
use crate::sql::Queries;
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::Program;
use flow_sema::Annotations;
use std::collections::BTreeMap;

/// How a label comes off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// `redact(x)`.
    Redact,
    /// `hash(x)`, or a cryptographic hash in a query.
    Hash,
    /// An aggregate over many rows.
    Aggregate,
    /// `declassify(x, because: "…")`, with the reason.
    Declassify(String),
}

impl How {
    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Redact => "redact",
            Self::Hash => "hash",
            Self::Aggregate => "aggregate",
            Self::Declassify(_) => "declassify",
        }
    }
}

/// A place that takes labels off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Where.
    pub at: Span,
    /// How.
    pub how: How,
    /// Which; none where nothing labelled arrives.
    pub labels: Vec<Name>,
}

/// What kind of thing accepts a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Accepter {
    /// A model.
    Model,
    /// A connection.
    Connection,
    /// A dataset: by `accepts`, or by its type.
    Dataset,
    /// People: what they are asked about shows a mark in its place.
    People,
}

impl Accepter {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Connection => "connection",
            Self::Dataset => "dataset",
            Self::People => "ask",
        }
    }
}

/// Something that accepts a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepts {
    /// What it is.
    pub kind: Accepter,
    /// Its name.
    pub name: Name,
    /// The label.
    pub label: Name,
    /// Where it is declared.
    pub at: Span,
    /// Where such data arrives.
    pub arrives: Vec<Span>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// In the order of the text.
    pub removals: Vec<Removal>,
    /// By kind, name and label.
    pub accepts: Vec<Accepts>,
}

/// Looks through a program.
#[must_use]
pub fn audit(program: &Program, queries: &Queries, annotations: &Annotations) -> Audit {
    if !super::concerns(program, annotations) && program.models.values().all(|model| model.accepts.is_empty()) {
        return Audit::default();
    }
    let walk = Walk::over(program, (queries, annotations), false);
    let removals = walk.noted.removed.iter().filter(|(_, removal)| {
        // What sums unlabelled rows is of no interest; what is said on purpose is.
        removal.how != Removes::Aggregate || !removal.labels.is_empty()
    });
    let removals = removals.map(|(at, removal)| Removal {
        at: *at,
        how: match removal.how {
            Removes::Redact => How::Redact,
            Removes::Hash => How::Hash,
            Removes::Aggregate => How::Aggregate,
            Removes::Declassify(because) => How::Declassify(because.to_owned()),
        },
        labels: removal.labels.iter().map(|label| walk.labels.name(*label).clone()).collect(),
    });
    Audit { removals: removals.collect(), accepts: accepts(&walk) }
}

fn accepts(walk: &Walk<'_>) -> Vec<Accepts> {
    let program = walk.program;
    let mut all: BTreeMap<(Accepter, &Name, &Name), (Span, Vec<Span>)> = BTreeMap::new();
    let models = program.models.values().map(|it| (Accepter::Model, &it.name, &it.accepts, it.at));
    let connections = program.connections.values().map(|it| (Accepter::Connection, &it.name, &it.accepts, it.at));
    let datasets = program.datasets.values().map(|it| (Accepter::Dataset, &it.name, &it.accepts, it.at));
    for (kind, name, accepts, at) in models.chain(connections).chain(datasets) {
        accepts.iter().for_each(|label| drop(all.insert((kind, name, label), (at, vec![]))));
    }
    for dataset in program.datasets.values() {
        for label in walk.declared.inside(&dataset.ty) {
            all.entry((Accepter::Dataset, &dataset.name, walk.labels.name(label))).or_insert((dataset.at, vec![]));
        }
    }
    for (sink, label, at) in &walk.noted.accepted {
        let (kind, name) = match sink {
            Sink::Model(name) => (Accepter::Model, *name),
            Sink::Connection(name) => (Accepter::Connection, *name),
            Sink::Dataset(name) | Sink::Version(name) => (Accepter::Dataset, *name),
            Sink::Person(step, _) => (Accepter::People, *step),
            Sink::Url(_) | Sink::Removed(_) | Sink::Written(_) | Sink::Kept(_) => continue,
        };
        let declared = walk.step_named(name).map_or(*at, |step| step.at);
        let known = all.entry((kind, name, walk.labels.name(*label))).or_insert((declared, vec![]));
        if !known.1.contains(at) {
            known.1.push(*at);
        }
    }
    let each = all.into_iter().map(|((kind, name, label), (at, arrives))| Accepts {
        kind,
        name: name.clone(),
        label: label.clone(),
        at,
        arrives,
    });
    each.collect()
}
