//! What comes before what: callees before their callers, without recursion, and what a block's requirements need before
//! all else in it.

use flow_expr::Name;
use flow_plan::{Block, Node, NodeId, NodeKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The requirements of a block, and the nodes in it that they need: everything else in the block waits for them.
pub(crate) fn needed_by_requirements(block: &Block) -> BTreeSet<NodeId> {
    let is_requirement = |node: &&Node| matches!(node.kind, NodeKind::Require { .. } | NodeKind::RequireFresh { .. });
    let mut pending: Vec<NodeId> = block.nodes.iter().filter(is_requirement).map(|node| node.id).collect();
    let mut needed = BTreeSet::new();
    if pending.is_empty() {
        return needed;
    }
    let here: HashMap<NodeId, &Node> = block.nodes.iter().map(|node| (node.id, node)).collect();
    while let Some(id) = pending.pop() {
        if needed.insert(id) {
            pending.extend(here.get(&id).into_iter().flat_map(|node| node.needs.iter().chain(&node.after)));
        }
    }
    needed
}

/// Everything that can be reached, each after what it calls; where they call in a circle, some order.
///
/// `callees` gives nothing for a name that is not declared, which is left out by saying `None`.
pub(crate) fn callees_first<'a>(
    roots: impl Iterator<Item = &'a Name>,
    callees: impl Fn(&'a Name) -> Option<Vec<&'a Name>>,
) -> Vec<&'a Name> {
    let mut order = vec![];
    let mut is_done: BTreeMap<&Name, bool> = BTreeMap::new();
    for root in roots {
        let mut pending = vec![(root, false)];
        while let Some((name, leave)) = pending.pop() {
            if leave {
                is_done.insert(name, true);
                order.push(name);
                continue;
            }
            if is_done.contains_key(name) {
                continue;
            }
            let Some(called) = callees(name) else { continue };
            is_done.insert(name, false);
            pending.push((name, true));
            pending.extend(called.into_iter().map(|callee| (callee, false)));
        }
    }
    order
}
