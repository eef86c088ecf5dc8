//! What is known of a run when it is over: its notes with their times, its end, its values.

use flow_driver::{Note, RunEnd};
use flow_expr::{Name, Value};
use flow_plan::{ErrorClass, Failure, Flow, Node, NodeKind, Program};
use jiff::Timestamp;
use std::{collections::HashMap, sync::Arc};

/// A run that is over.
#[derive(Debug)]
pub(crate) struct RunFacts {
    /// The flow that ran.
    pub(crate) flow: Name,
    pub(crate) started: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) end: RunEnd,
    pub(crate) notes: Vec<(Timestamp, Note)>,
    /// Path, label, value.
    pub(crate) values: Vec<(Arc<str>, Arc<str>, Value)>,
    pub(crate) result: Option<Value>,
    /// The failure that others followed from.
    pub(crate) failure: Option<Failure>,
}

impl RunFacts {
    /// What people call the nodes of the flow itself, by path; not those of flows inside it.
    pub(crate) fn labels(&self) -> HashMap<Arc<str>, Arc<str>> {
        let mut labels = HashMap::new();
        for (_, note) in &self.notes {
            match note {
                Note::Started { path, label, .. } => drop(labels.insert(path.clone(), label.clone())),
                Note::Settled(end) => drop(labels.insert(end.path.clone(), end.label.clone())),
                _ => {}
            }
        }
        labels
    }
}

/// The node at a path of a run, and the flow that it stands in.
pub(crate) fn locate<'p>(program: &'p Program, flow: &Name, path: &str) -> Option<(&'p Flow, &'p Node)> {
    let mut flow = program.flows.get(flow)?;
    let mut found: Option<&Node> = None;
    for part in path.split('.') {
        if let Some(NodeKind::Flow { flow: inner, .. }) = found.map(|node| &node.kind)
            && let Some(inner) = program.flows.get(inner)
        {
            flow = inner;
        }
        let number: u32 = part.split('[').next()?.parse().ok()?;
        found = Some(flow.nodes().find(|node| node.id.0 == number)?);
    }
    found.map(|node| (flow, node))
}

/// A class as programs write it.
pub(crate) fn class_word(class: ErrorClass) -> String {
    match class {
        ErrorClass::Exit(status) => format!("exit({status})"),
        ErrorClass::Signal(_) => "crash".to_owned(),
        plain => plain.word().to_owned(),
    }
}
