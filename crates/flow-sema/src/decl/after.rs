//! `after x` of steps: in every flow, a call of the step waits for the calls of `x`, or the write of it.
//!
//! Knows finished flows only. Whether the order can be kept is `flow-analysis`'s to say.

use super::Places;
use flow_expr::Name;
use flow_plan::{Block, Flow, Node, NodeId, NodeKind};
use std::collections::BTreeMap;

/// Adds the edges of all `after` clauses to a flow.
pub(crate) fn order_calls(flow: &mut Flow, places: &Places) {
    if !places.after.is_empty() {
        order_block(&mut flow.body, &mut BTreeMap::new(), places);
    }
}

/// Orders a block, given the nodes of the blocks around it by what they call or write.
fn order_block(block: &mut Block, known: &mut BTreeMap<Name, Vec<NodeId>>, places: &Places) {
    let named = |node: &Node| match &node.kind {
        NodeKind::Call { step: name, .. } | NodeKind::Write { dataset: name, .. } => Some(name.clone()),
        _ => None,
    };
    for node in &block.nodes {
        if let Some(name) = named(node) {
            known.entry(name).or_default().push(node.id);
        }
    }
    for node in &mut block.nodes {
        if let NodeKind::Call { step, .. } = &node.kind
            && let Some(before) = places.after.get(step)
        {
            let ids = before.iter().filter_map(|(name, _)| known.get(name)).flatten();
            let ids: Vec<NodeId> = ids.filter(|id| **id != node.id && !node.needs.contains(id)).copied().collect();
            node.after.extend(ids);
            node.after.sort_unstable();
            node.after.dedup();
        }
        for inner in blocks_mut(&mut node.kind) {
            order_block(inner, known, places);
        }
    }
    // Those beside the block are not around its nodes.
    for name in block.nodes.iter().filter_map(named) {
        known.get_mut(&name).and_then(Vec::pop);
    }
}

/// The blocks directly inside a node.
pub(crate) fn blocks_mut(kind: &mut NodeKind) -> Vec<&mut Block> {
    match kind {
        NodeKind::Call { recover, .. } | NodeKind::Flow { recover, .. } => recover.iter_mut().collect(),
        NodeKind::If { then, otherwise, .. } => vec![then, otherwise],
        NodeKind::Match { arms, .. } => arms.iter_mut().map(|arm| &mut arm.body).collect(),
        NodeKind::For { body, .. } => vec![body],
        _ => vec![],
    }
}
