//! Which node waits for which, once all nodes of a flow are there.
//!
//! - A node needs the makers of the variables that its own expressions mention.
//! - The `require`s of a block come before every other node of it that needs nothing else, but for what
//!   the requirements themselves look at.
//! - `wait for` comes after all that stands before it in its block, and before all that stands behind.
//! - A read of a dataset that the flow itself writes comes after the write.
//!
//! Also numbers the nodes in the order of the text, and labels of which there are several: `write_note#2`. Blocks nest at most as deeply as the parser allows (256).

use crate::{by_var::ByVar, decl::blocks_mut};
use ahash::AHashMap;
use flow_expr::{ExprKind, Name, Type, TypeDef, TypeTable};
use flow_plan::{Block, Flow, Node, NodeId, NodeKind, every_expression};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Numbers a flow's nodes and connects them.
pub(super) fn connect(flow: &mut Flow) {
    let mut numbering = Numbering::default();
    numbering.makers.reserve(2 * flow.body.nodes.len());
    numbering.labels.reserve(flow.body.nodes.len());
    numbering.block(&mut flow.body);
    for handler in &mut flow.handlers {
        numbering.block(&mut handler.body);
    }
    let makers = numbering.makers;
    needs(&mut flow.body, &makers);
    read_after_write(&mut flow.body);
    gates(&mut flow.body);
    waits(&mut flow.body);
    for handler in &mut flow.handlers {
        needs(&mut handler.body, &makers);
        gates(&mut handler.body);
        waits(&mut handler.body);
    }
}

/// Whether a value of the type may be, or hold, a table or file.
pub(super) fn may_hold_data(ty: &Type, types: &TypeTable) -> bool {
    fn look(ty: &Type, types: &TypeTable, seen: &mut HashSet<Name>) -> bool {
        match ty {
            Type::Table(_) | Type::File => true,
            Type::Optional(inner) | Type::List(inner) => look(inner, types, seen),
            Type::Map(_, value) => look(value, types, seen),
            Type::Named(name) if seen.insert(name.clone()) => match types.get(name) {
                Some(TypeDef::Record(fields)) => fields.iter().any(|field| look(&field.ty, types, seen)),
                Some(TypeDef::Enum(variants)) => {
                    variants.iter().flat_map(|variant| &variant.payload).any(|field| look(&field.ty, types, seen))
                }
                Some(TypeDef::Refined { base, .. }) => look(base, types, seen),
                None => false,
            },
            _ => false,
        }
    }
    look(ty, types, &mut HashSet::new())
}

#[derive(Default)]
struct Numbering {
    next: u32,
    /// The node that makes each variable.
    makers: ByVar<NodeId>,
    labels: AHashMap<Arc<str>, u32>,
}

impl Numbering {
    fn block(&mut self, block: &mut Block) {
        for node in &mut block.nodes {
            node.id = NodeId(self.next);
            self.next += 1;
            self.makers.insert(node.var, node.id);
            let count = self.labels.entry(node.label.clone()).or_default();
            *count += 1;
            if *count > 1 {
                node.label = format!("{}#{count}", node.label).into();
            }
            for inner in blocks_mut(&mut node.kind) {
                self.block(inner);
            }
        }
    }
}

fn needs(block: &mut Block, makers: &ByVar<NodeId>) {
    for node in &mut block.nodes {
        let mut found = vec![];
        for part in node.expressions().into_iter().flat_map(every_expression) {
            if let ExprKind::Var(var) = &part.kind {
                found.extend(makers.get(*var).filter(|id| *id != node.id));
            }
        }
        found.sort_unstable();
        found.dedup();
        node.needs = found;
        for inner in blocks_mut(&mut node.kind) {
            needs(inner, makers);
        }
    }
}

/// Where a node stands: the blocks around it, each with the node of that block that leads to it.
type Way = Vec<(usize, NodeId)>;

/// Puts reads of datasets that the body writes after the writes.
fn read_after_write(body: &mut Block) {
    let mut writes: HashMap<Name, Vec<Way>> = HashMap::new();
    let mut reads: Vec<(Name, Way)> = vec![];
    let mut blocks = 0;
    ways(body, &mut vec![], &mut blocks, &mut |node, way| match &node.kind {
        NodeKind::Write { dataset, .. } => writes.entry(dataset.clone()).or_default().push(way.clone()),
        NodeKind::Read { dataset, previous: false, partition } if partition.is_empty() => {
            reads.push((dataset.clone(), way.clone()));
        }
        _ => {}
    });
    let mut after: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for (dataset, read) in &reads {
        for write in writes.get(dataset).into_iter().flatten() {
            let common = read.iter().zip(write).take_while(|(one, other)| one.0 == other.0).last();
            if let (Some((at_read, at_write)), Some((_, id))) = (common, read.last())
                && at_read.1 != at_write.1
            {
                after.entry(*id).or_default().push(at_write.1);
            }
        }
    }
    if !after.is_empty() {
        add_after(body, &mut after);
    }
}

fn ways(block: &Block, way: &mut Way, blocks: &mut usize, found: &mut impl FnMut(&Node, &Way)) {
    let number = *blocks;
    *blocks += 1;
    for node in &block.nodes {
        way.push((number, node.id));
        found(node, way);
        for inner in node.blocks() {
            ways(inner, way, blocks, found);
        }
        way.pop();
    }
}

fn add_after(block: &mut Block, after: &mut HashMap<NodeId, Vec<NodeId>>) {
    for node in &mut block.nodes {
        if let Some(ids) = after.remove(&node.id) {
            wait_for(node, ids);
        }
        for inner in blocks_mut(&mut node.kind) {
            add_after(inner, after);
        }
    }
}

/// Adds nodes to wait for, but those whose value is needed anyway.
fn wait_for(node: &mut Node, ids: impl IntoIterator<Item = NodeId>) {
    node.after.extend(ids);
    node.after.sort_unstable();
    node.after.dedup();
    let needs = &node.needs;
    node.after.retain(|id| !needs.contains(id));
}

/// Puts the requirements of a block before the rest of it.
fn gates(block: &mut Block) {
    let requires: Vec<NodeId> =
        block.nodes.iter().filter(|node| is_requirement(&node.kind)).map(|node| node.id).collect();
    if !requires.is_empty() {
        let free = looked_at(block, &requires);
        for node in &mut block.nodes {
            let waits_anyway = node.needs.iter().chain(&node.after).any(|id| !free.contains(id));
            if !free.contains(&node.id) && !waits_anyway {
                wait_for(node, requires.iter().copied());
            }
        }
    }
    for node in &mut block.nodes {
        for inner in blocks_mut(&mut node.kind) {
            gates(inner);
        }
    }
}

fn is_requirement(kind: &NodeKind) -> bool {
    matches!(kind, NodeKind::Require { .. } | NodeKind::RequireFresh { .. })
}

/// The requirements themselves and what they need, through the nodes of their block; and nodes of outer
/// blocks, which have been waited for already.
fn looked_at(block: &Block, requires: &[NodeId]) -> HashSet<NodeId> {
    let here: HashMap<NodeId, &Node> = block.nodes.iter().map(|node| (node.id, node)).collect();
    let mut free: HashSet<NodeId> = HashSet::new();
    let mut pending = requires.to_vec();
    while let Some(id) = pending.pop() {
        if free.insert(id)
            && let Some(node) = here.get(&id)
        {
            pending.extend(node.needs.iter().chain(&node.after));
        }
    }
    let outer = block.nodes.iter().flat_map(|node| node.needs.iter().chain(&node.after));
    free.extend(outer.filter(|id| !here.contains_key(id)));
    free
}

/// Puts `wait for` between what stands before and behind it.
fn waits(block: &mut Block) {
    let places: Vec<usize> =
        (0..block.nodes.len()).filter(|place| matches!(block.nodes[*place].kind, NodeKind::Wait { .. })).collect();
    let mut from = 0;
    for place in places {
        let before: Vec<NodeId> = block.nodes[from..place].iter().map(|node| node.id).collect();
        wait_for(&mut block.nodes[place], before);
        let wait = block.nodes[place].id;
        for node in &mut block.nodes[place + 1..] {
            wait_for(node, [wait]);
        }
        from = place;
    }
    for node in &mut block.nodes {
        for inner in blocks_mut(&mut node.kind) {
            waits(inner);
        }
    }
}
