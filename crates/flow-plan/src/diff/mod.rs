//! What differs between two programs, clause by clause, and what that touches.
//!
//! Compares meanings, so moved text and comments differ in nothing. Knows nothing of runs and of where
//! the two programs come from; the words are in [`crate::words`], how they are printed is the caller's business.

mod touches;

use crate::{
    Clause, Clauses, Meanings, Program, clause_hashes, dataset_clauses, flow_clauses,
    meaning::{function_text, type_text},
    words,
};
use flow_expr::Name;
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

/// All differences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In the order of kinds and names.
    pub changes: Vec<Change>,
    /// What else is made with what was changed or removed, in no change itself.
    pub touched: Vec<Touched>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is.
    pub kind: Kind,
    /// Its qualified name.
    pub name: Name,
    /// In which way.
    pub change: How,
    /// The clauses, when it is in both programs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<ClauseChange>,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A flow.
    Flow,
    /// A step.
    Step,
    /// A dataset.
    Dataset,
    /// A type.
    Type,
    /// A function.
    Function,
    /// A connection.
    Connection,
    /// A `var`.
    Setting,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Step => "step",
            Self::Dataset => "dataset",
            Self::Type => "type",
            Self::Function => "fn",
            Self::Connection => "connection",
            Self::Setting => "var",
        }
    }
}

/// In which way something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Only the second program has it.
    Added,
    /// Only the first program has it.
    Removed,
    /// Both have it, with another meaning.
    Changed,
}

/// One clause that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseChange {
    /// The clause: `body`, `fresh`, `fn plain_note`.
    pub clause: Arc<str>,
    /// Whether it is a promise about data: `fresh`, `expect`, `arrives`, `accepts`, `type`.
    pub contract: bool,
    /// What it was, cut down to what differs; none if it was not there.
    pub old: Option<Arc<str>>,
    /// What it is.
    pub new: Option<Arc<str>>,
}

/// Something made with what changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Touched {
    /// What it is.
    pub kind: Kind,
    /// Its qualified name.
    pub name: Name,
}

impl Difference {
    /// Whether the two programs mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What differs from `old` to `new`.
#[must_use]
pub fn diff(old: &Program, new: &Program) -> Difference {
    let mut changes = Vec::new();
    compare(&mut changes, Kind::Flow, &old.flows, &new.flows, |flow, other| {
        flow_changes(&flow_clauses(flow), &flow_clauses(other))
    });
    let (mut old_meanings, mut new_meanings) = (Meanings::new(old), Meanings::new(new));
    compare(&mut changes, Kind::Step, &old.steps, &new.steps, |step, other| {
        let of = |meanings: &mut Meanings<'_>, step: &crate::Step| {
            meanings.step(&step.name).map_or_else(|| clause_hashes(step), |meaning| meaning.clauses)
        };
        clause_changes(&of(&mut old_meanings, step), &of(&mut new_meanings, other))
    });
    compare(&mut changes, Kind::Dataset, &old.datasets, &new.datasets, |dataset, other| {
        clause_changes(&dataset_clauses(dataset), &dataset_clauses(other))
    });
    compare(&mut changes, Kind::Type, &old.types.0, &new.types.0, |def, other| {
        whole("definition", &Clause::new(def, type_text(def)), &Clause::new(other, type_text(other)))
    });
    compare(&mut changes, Kind::Function, &old.functions, &new.functions, |function, other| {
        let clause = |function| Clause::new(function, function_text(function));
        whole("body", &clause(function), &clause(other))
    });
    compare(&mut changes, Kind::Connection, &old.connections, &new.connections, |connection, other| {
        let clause = |connection: &crate::Connection| {
            let text = serde_json::to_string(&connection.kind).unwrap_or_default();
            Clause::new(&(&connection.kind, &connection.accepts), text)
        };
        whole("definition", &clause(connection), &clause(other))
    });
    compare(&mut changes, Kind::Setting, &old.settings, &new.settings, |value, other| {
        whole("value", &Clause::new(value, words::value(value)), &Clause::new(other, words::value(other)))
    });
    let touched = touches::touched(old, new, &changes);
    Difference { changes, touched }
}

fn compare<T>(
    changes: &mut Vec<Change>,
    kind: Kind,
    old: &BTreeMap<Name, T>,
    new: &BTreeMap<Name, T>,
    mut clauses: impl FnMut(&T, &T) -> Vec<ClauseChange>,
) {
    let mut push = |name: &Name, change, clauses| changes.push(Change { kind, name: name.clone(), change, clauses });
    let names: std::collections::BTreeSet<&Name> = old.keys().chain(new.keys()).collect();
    for name in names {
        match (old.get(name), new.get(name)) {
            (Some(before), Some(after)) => {
                let clauses = clauses(before, after);
                if !clauses.is_empty() {
                    push(name, How::Changed, clauses);
                }
            }
            (Some(_), None) => push(name, How::Removed, vec![]),
            (None, _) => push(name, How::Added, vec![]),
        }
    }
}

fn whole(clause: &str, old: &Clause, new: &Clause) -> Vec<ClauseChange> {
    if old.hash == new.hash { vec![] } else { vec![clause_change(clause, Some(old), Some(new))] }
}

fn clause_changes(old: &Clauses, new: &Clauses) -> Vec<ClauseChange> {
    let names: std::collections::BTreeSet<&Arc<str>> = old.keys().chain(new.keys()).collect();
    let differing = names.into_iter().filter_map(|name| {
        let (before, after) = (old.get(name), new.get(name));
        let same = before.map(|clause| &clause.hash) == after.map(|clause| &clause.hash);
        (!same).then(|| clause_change(name, before, after))
    });
    differing.collect()
}

/// As [`clause_changes`], but a statement that reads the same is the same: its variables are numbered
/// by their order in the text, which means nothing.
fn flow_changes(old: &Clauses, new: &Clauses) -> Vec<ClauseChange> {
    let mut changes = clause_changes(old, new);
    changes.retain(|change| {
        let (Some(old), Some(new)) = (old.get(&change.clause), new.get(&change.clause)) else { return true };
        !change.clause.starts_with('`') || old.text != new.text || old.text.contains('…')
    });
    changes
}

fn clause_change(clause: &str, old: Option<&Clause>, new: Option<&Clause>) -> ClauseChange {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => {
            let (old, new) = words::difference(&old.text, &new.text);
            (Some(old), Some(new))
        }
        (old, new) => {
            let short = |clause: &Clause| words::difference(&clause.text, "").0;
            (old.map(short), new.map(short))
        }
    };
    let contract = matches!(clause, "fresh" | "expect" | "arrives" | "accepts" | "type");
    ClauseChange { clause: clause.into(), contract, old, new }
}
