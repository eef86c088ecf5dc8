//! E0305: inside one flow, an order that contradicts the data.
//!
//! Values cannot make a circle, since a name is declared before it is used. `after` can, and so can a
//! read of a dataset that the same flow writes: such a read comes after the write.

use flow_diag::{Problem, Problems, codes};
use flow_plan::{Block, Flow, Node, NodeId, Program};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(super) fn check(program: &Program, problems: &mut Problems) {
    for flow in program.flows.values() {
        let ordered = flow.nodes().any(|node| !node.after.is_empty());
        if ordered {
            let mut pending: Vec<&Block> =
                std::iter::once(&flow.body).chain(flow.handlers.iter().map(|handler| &handler.body)).collect();
            while let Some(block) = pending.pop() {
                pending.extend(block.nodes.iter().flat_map(Node::blocks));
                if let Some(path) = cycle_of(block) {
                    problems.push(Contradiction { flow, path });
                }
            }
        }
    }
}

/// The nodes of one block that wait for each other in a circle, if some do; each waits for the next.
fn cycle_of(block: &Block) -> Option<Vec<&Node>> {
    let here: BTreeMap<NodeId, &Node> = block.nodes.iter().map(|node| (node.id, node)).collect();
    let waits: BTreeMap<NodeId, BTreeSet<NodeId>> =
        block.nodes.iter().map(|node| (node.id, waits_for(node, &here))).collect();
    let mut left: BTreeMap<NodeId, usize> = waits.iter().map(|(id, others)| (*id, others.len())).collect();
    let mut waiters: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    for (id, others) in &waits {
        for other in others {
            waiters.entry(*other).or_default().push(*id);
        }
    }
    let mut ready: VecDeque<NodeId> = left.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    while let Some(id) = ready.pop_front() {
        left.remove(&id);
        for waiter in waiters.get(&id).into_iter().flatten() {
            if let Some(count) = left.get_mut(waiter) {
                *count -= 1;
                if *count == 0 {
                    ready.push_back(*waiter);
                }
            }
        }
    }
    let mut path = vec![];
    let mut places = BTreeMap::new();
    let mut next = *left.keys().next()?;
    loop {
        if let Some(start) = places.insert(next, path.len()) {
            return Some(path[start..].iter().filter_map(|id| here.get(id).copied()).collect());
        }
        path.push(next);
        next = *waits.get(&next)?.iter().find(|other| left.contains_key(other))?;
    }
}

/// What a node of the block waits for among the block's nodes, for itself and for the blocks inside it.
fn waits_for(node: &Node, here: &BTreeMap<NodeId, &Node>) -> BTreeSet<NodeId> {
    let inside = node.blocks().into_iter().flat_map(Block::all_nodes);
    std::iter::once(node)
        .chain(inside)
        .flat_map(|node| node.needs.iter().chain(&node.after))
        .filter(|id| here.contains_key(id) && **id != node.id)
        .copied()
        .collect()
}

/// Nodes wait for each other.
struct Contradiction<'a> {
    flow: &'a Flow,
    path: Vec<&'a Node>,
}

impl From<Contradiction<'_>> for Problem {
    fn from(found: Contradiction<'_>) -> Self {
        let Contradiction { flow, path } = found;
        let first = path[0];
        let title = format!("in `{}`, `{}` can never start", flow.name.short(), first.label);
        let waits = |position: usize| format!("waits for `{}`", path[(position + 1) % path.len()].label);
        let mut problem = Self::error(codes::E0305, first.at, title, waits(0));
        for (position, node) in path.iter().enumerate().skip(1).take(super::SHOWN) {
            problem = problem.label(node.at, waits(position));
        }
        problem
            .note(format!("each waits for the next: {}", super::circle(path.iter().map(|node| &*node.label))))
            .help("remove an `after`; a flow that needs the version before its own write reads `previous(dataset)`")
    }
}
