//! Who reads and writes what, as policies see it: a step reads the datasets whose values its arguments are made of,
//! without another step in between; it writes those that are made of its result.

use flow_expr::Name;
use flow_plan::{Block, Flow, Node, NodeId, NodeKind, Program};
use std::collections::{BTreeMap, BTreeSet};

/// What a step is tied to.
#[derive(Debug, Default)]
pub(super) struct StepEdges<'a> {
    pub(super) reads: BTreeSet<&'a Name>,
    pub(super) writes: BTreeSet<&'a Name>,
    /// Flows that call it.
    pub(super) flows: BTreeSet<&'a Name>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Edges<'a> {
    pub(super) steps: BTreeMap<&'a Name, StepEdges<'a>>,
    /// Flows that read a dataset, or wait for it.
    pub(super) readers: BTreeMap<&'a Name, BTreeSet<&'a Name>>,
}

impl<'a> Edges<'a> {
    pub(super) fn of(program: &'a Program) -> Self {
        let mut edges = Self::default();
        for flow in program.flows.values() {
            edges.add(flow);
        }
        // What a model may call is called for the step that asks it.
        for step in program.steps.values() {
            let flow_plan::Body::Ai(ai) = &step.body else { continue };
            let flows = edges.steps.get(&step.name).map(|known| known.flows.clone()).unwrap_or_default();
            for tool in ai.tools.iter().filter_map(|tool| program.steps.get(tool)) {
                edges.steps.entry(&tool.name).or_default().flows.extend(&flows);
            }
        }
        edges
    }

    fn add(&mut self, flow: &'a Flow) {
        let nodes: BTreeMap<NodeId, &'a Node> = flow.nodes().map(|node| (node.id, node)).collect();
        for node in flow.nodes() {
            match &node.kind {
                NodeKind::Read { dataset, .. } | NodeKind::RequireFresh { dataset, .. } => {
                    self.readers.entry(dataset).or_default().insert(&flow.name);
                }
                NodeKind::Call { step, .. } => {
                    let edges = self.steps.entry(step).or_default();
                    edges.flows.insert(&flow.name);
                    edges.reads.extend(made_of(node, &nodes).filter_map(|node| match &node.kind {
                        NodeKind::Read { dataset, .. } => Some(dataset),
                        _ => None,
                    }));
                }
                NodeKind::Write { dataset, .. } => {
                    for made in made_of(node, &nodes) {
                        if let NodeKind::Call { step, .. } = &made.kind {
                            self.steps.entry(step).or_default().writes.insert(dataset);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// The nodes whose results a node uses, and those that these compute, branch or loop over; steps and flows end it.
fn made_of<'a>(node: &'a Node, nodes: &BTreeMap<NodeId, &'a Node>) -> impl Iterator<Item = &'a Node> {
    let mut found: BTreeMap<NodeId, &'a Node> = BTreeMap::new();
    let mut pending: Vec<NodeId> = node.needs.clone();
    while let Some(id) = pending.pop() {
        let Some(node) = nodes.get(&id).copied().filter(|_| !found.contains_key(&id)) else { continue };
        found.insert(id, node);
        if !matches!(node.kind, NodeKind::Call { .. } | NodeKind::Flow { .. }) {
            pending.extend(&node.needs);
        }
        let recovered = matches!(node.kind, NodeKind::Call { .. } | NodeKind::Flow { .. });
        for inside in node.blocks().into_iter().filter(|_| !recovered).flat_map(Block::all_nodes) {
            pending.push(inside.id);
        }
    }
    found.into_values()
}
