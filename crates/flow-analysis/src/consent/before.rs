//! Who has been asked before each node of a flow, known once for all of them.
//!
//! Goes through what nodes use and follow without recursion, and keeps questions as bits. Tested with all of [`super`].

use super::Asking;
use crate::bits::Bits;
use flow_plan::{Flow, Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// Who has been asked when a node is done, itself included, as bits: by what it uses, and by what it follows too.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    pub(super) needed: Bits,
    pub(super) waited_for: Bits,
    /// The requirements that have held, of those that look at answers.
    pub(super) held: Bits,
}

/// Who has been asked when each node is done. Of nodes in a circle (E0305) some are left out.
pub(super) fn before(flow: &Flow, asking: &[Asking<'_>], requirements: &[NodeId]) -> BTreeMap<NodeId, Before> {
    let nodes: BTreeMap<NodeId, &Node> = flow.nodes().map(|node| (node.id, node)).collect();
    let positions: BTreeMap<NodeId, usize> = (0..).zip(asking).map(|(position, one)| (one.id, position)).collect();
    let requirements: BTreeMap<NodeId, usize> = (0..).zip(requirements).map(|(position, id)| (*id, position)).collect();
    let mut found: BTreeMap<NodeId, Before> = BTreeMap::new();
    let mut entered: BTreeSet<NodeId> = BTreeSet::new();
    for root in nodes.keys() {
        let mut pending = vec![(*root, false)];
        while let Some((id, leave)) = pending.pop() {
            let Some(node) = nodes.get(&id) else { continue };
            let ties = || node.needs.iter().chain(&node.after);
            if leave {
                let mut own = Before::default();
                for other in node.needs.iter().filter_map(|id| found.get(id)) {
                    own.needed.join(&other.needed);
                }
                for other in ties().filter_map(|id| found.get(id)) {
                    own.waited_for.join(&other.waited_for);
                    own.held.join(&other.held);
                }
                requirements.get(&id).into_iter().for_each(|position| own.held.add(*position));
                if let Some(position) = positions.get(&id) {
                    own.needed.add(*position);
                    own.waited_for.add(*position);
                }
                found.insert(id, own);
            } else if entered.insert(id) {
                pending.push((id, true));
                pending.extend(ties().filter(|id| !entered.contains(id)).map(|id| (*id, false)));
            }
        }
    }
    found
}
