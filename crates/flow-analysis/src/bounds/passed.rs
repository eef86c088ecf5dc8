//! What a flow is given by those that call it: data that is as old as what they read.
//!
//! Of a call's arguments the nodes are followed back that their values are made from, and the loops and matches around
//! it. Of a caller's own parameters its callers know more. Knows no ages; [`super::ages`] adds them.

use super::{SystemBounds, Unbounded, ages::Inputs};
use flow_expr::{ExprKind, Name, VarId};
use flow_plan::{Block, Flow, Node, NodeId, NodeKind, Program, every_expression};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What the arguments of a call are made from.
#[derive(Debug, Default)]
struct Made<'a> {
    /// Datasets, each with the flow that reads it: the caller, or one that it calls.
    reads: BTreeSet<(&'a Name, &'a Name)>,
    /// Whether the caller's own parameters are among it.
    params: bool,
}

/// The flows that call others, by the one that is called.
pub(super) type Callers<'a> = BTreeMap<&'a Name, BTreeSet<&'a Name>>;

/// Callers of flows with parameters.
pub(super) fn callers(program: &Program) -> Callers<'_> {
    let mut found = Callers::new();
    for flow in program.flows.values() {
        for node in flow.nodes() {
            if let NodeKind::Flow { flow: called, .. } = &node.kind
                && program.flows.get(called).is_some_and(|called| !called.params.is_empty())
            {
                found.entry(called).or_default().insert(&flow.name);
            }
        }
    }
    found
}

/// Writers of what a flow's parameters may be made from.
pub(super) fn writers<'a>(program: &'a Program, callers: &Callers<'a>, name: &'a Name) -> BTreeSet<&'a Name> {
    let writer = |dataset: &Name| program.datasets.get(dataset).and_then(|dataset| dataset.writer.as_ref());
    let found = reads(program, callers, name);
    found.into_iter().filter_map(|(_, dataset)| writer(dataset)).filter(|writer| *writer != name).collect()
}

/// The datasets that a flow's parameters may be made from, each with the flow that reads it.
fn reads<'a>(program: &'a Program, callers: &Callers<'a>, name: &'a Name) -> BTreeSet<(&'a Name, &'a Name)> {
    let (mut found, mut seen, mut pending) = (BTreeSet::new(), BTreeSet::from([name]), vec![name]);
    while let Some(called) = pending.pop() {
        for caller in callers.get(called).into_iter().flatten() {
            let made = program.flows.get(*caller).map(|caller| made(program, caller, called)).unwrap_or_default();
            found.extend(made.reads);
            if made.params && seen.insert(caller) {
                pending.push(caller);
            }
        }
    }
    found
}

/// What a flow gives another one that it calls.
fn made<'a>(program: &'a Program, caller: &'a Flow, called: &Name) -> Made<'a> {
    let by_id: BTreeMap<NodeId, &Node> = caller.nodes().map(|node| (node.id, node)).collect();
    let params: BTreeSet<VarId> = caller.params.iter().map(|param| param.var).collect();
    let mut made = Made::default();
    let (mut seen, mut pending) = (BTreeSet::new(), vec![]);
    for block in std::iter::once(&caller.body).chain(caller.handlers.iter().map(|handler| &handler.body)) {
        calls(block, called, &mut vec![], &mut pending);
    }
    // Of the call itself only its arguments count, of the others what they give.
    let arguments: BTreeSet<NodeId> = pending.iter().map(|node| node.id).collect();
    while let Some(node) = pending.pop() {
        if !seen.insert(node.id) {
            continue;
        }
        let vars = node.expressions().into_iter().flat_map(every_expression);
        made.params |= vars.into_iter().any(|expr| matches!(&expr.kind, ExprKind::Var(var) if params.contains(var)));
        pending.extend(node.needs.iter().filter_map(|id| by_id.get(id)));
        if arguments.contains(&node.id) {
            continue;
        }
        pending.extend(node.blocks().into_iter().flat_map(Block::all_nodes));
        match &node.kind {
            NodeKind::Read { dataset, previous: false, .. } => drop(made.reads.insert((&caller.name, dataset))),
            NodeKind::Flow { flow, .. } => {
                let nodes = program.flows.get(flow).into_iter().flat_map(|flow| flow.nodes());
                made.reads.extend(nodes.filter_map(|node| match &node.kind {
                    NodeKind::Read { dataset, previous: false, .. } => Some((flow, dataset)),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    made
}

/// The calls of a flow in a block, each with the loops and matches around it. Blocks nest at most as deeply as the
/// parser allows (256).
fn calls<'a>(block: &'a Block, called: &Name, around: &mut Vec<&'a Node>, found: &mut Vec<&'a Node>) {
    for node in &block.nodes {
        if matches!(&node.kind, NodeKind::Flow { flow, .. } if flow == called) {
            found.extend(around.iter().copied().chain([node]));
        }
        let binds = matches!(node.kind, NodeKind::For { .. } | NodeKind::Match { .. });
        if binds {
            around.push(node);
        }
        for inside in node.blocks() {
            calls(inside, called, around, found);
        }
        if binds {
            around.pop();
        }
    }
}

impl<'a> SystemBounds<'a> {
    /// How old what a flow's parameters are made from may be.
    pub(super) fn passed_to(&mut self, flow: &'a Flow, callers: &Callers<'a>) -> Inputs {
        let mut inputs = Inputs::default();
        for (reader, dataset) in reads(self.program, callers, &flow.name) {
            let (Some(reader), Some(declared)) = (self.program.flows.get(reader), self.program.datasets.get(dataset))
            else {
                continue;
            };
            if declared.writer.as_ref() == Some(&flow.name) {
                // It comes back to where it is written.
                let (given, name) = (reader.name.short(), dataset.short());
                let why = format!("`{given}` gives it what an earlier version of `{name}` was made from");
                let help = format!("say what dates `{name}`: `fresh within D by COLUMN`, or `by modified`");
                inputs.add_previous(&Unbounded::new(flow.at, why, help));
                continue;
            }
            // What a flow has written itself is of this run, or of one before that is as old.
            if declared.writer.as_ref() != Some(&reader.name) {
                let input = self.input(reader, declared).map(Arc::new);
                inputs.add_read(&input);
            }
        }
        inputs
    }
}
