//! From a program's flows to one graph.
//!
//! A node with blocks inside (a branch, a loop, a call with a recovery) has two vertices: the one that
//! decides, which its blocks depend on, and the one that holds its result, which others depend on.

use super::{Edge, EdgeKind, Graph, Vertex, VertexId, VertexKind};
use crate::{Block, Flow, Node, NodeId, NodeKind, Program, Trigger};
use flow_expr::Name;
use std::{collections::HashMap, sync::Arc};

/// Where a node's inputs arrive and where its result is taken.
#[derive(Clone, Copy)]
struct Ends {
    inlet: VertexId,
    outlet: VertexId,
}

#[derive(Default)]
pub(super) struct Builder<'p> {
    vertices: Vec<Vertex>,
    edges: Vec<Edge>,
    datasets: HashMap<&'p Name, VertexId>,
    flows: HashMap<&'p Name, FlowEnds>,
    nodes: HashMap<Name, Vec<(NodeId, VertexId)>>,
    members: HashMap<Name, Vec<VertexId>>,
}

/// The vertices at which a flow that is called by another begins and ends.
#[derive(Default)]
struct FlowEnds {
    roots: Vec<VertexId>,
    leaves: Vec<VertexId>,
}

/// What happens inside one flow.
struct Scope<'p> {
    flow: &'p Flow,
    ends: HashMap<NodeId, Ends>,
    /// Vertices of flow calls and the flows that they call, linked when all flows are known.
    calls: Vec<(Ends, &'p Name)>,
}

impl<'p> Builder<'p> {
    pub(super) fn build(mut self, program: &'p Program) -> Graph {
        for (name, dataset) in &program.datasets {
            let id = self.vertex(VertexKind::Dataset, name, name.short(), None, dataset.owner.as_ref(), &dataset.tags);
            self.datasets.insert(name, id);
        }
        let mut called = std::collections::HashSet::new();
        let mut calls = Vec::new();
        for (name, flow) in &program.flows {
            self.vertex(VertexKind::Flow, name, name.short(), None, flow.owner.as_ref(), &flow.tags);
            let mut scope = Scope { flow, ends: HashMap::new(), calls: Vec::new() };
            self.add_nodes(program, &mut scope);
            self.add_edges(&scope);
            self.add_roots_and_leaves(&scope);
            calls.append(&mut scope.calls);
            called.extend(flow.nodes().filter_map(|node| match &node.kind {
                NodeKind::Call { step, .. } => Some(step),
                _ => None,
            }));
        }
        for (ends, flow) in calls {
            let Some(inner) = self.flows.get(flow) else { continue };
            self.edges.extend(inner.roots.iter().map(|root| data(ends.inlet, *root)));
            self.edges.extend(inner.leaves.iter().map(|leaf| data(*leaf, ends.outlet)));
        }
        // Steps of the standard library that nobody calls are no part of the system.
        let is_idle = |name: &Name| !called.contains(name) && !name.as_str().starts_with("std.");
        for (name, step) in program.steps.iter().filter(|(name, _)| is_idle(name)) {
            self.vertex(VertexKind::Step, name, name.short(), None, step.owner.as_ref(), &step.tags);
        }
        let mut graph = Graph::assemble(self.vertices, self.edges);
        graph.nodes = self.nodes;
        graph.members = self.members;
        graph
    }

    fn vertex(
        &mut self,
        kind: VertexKind,
        name: &Name,
        label: impl Into<Arc<str>>,
        flow: Option<&Name>,
        owner: Option<&Arc<str>>,
        tags: &[Arc<str>],
    ) -> VertexId {
        let id = VertexId::try_from(self.vertices.len()).expect("fewer than 2^32 vertices");
        let (flow, owner) = (flow.cloned(), owner.cloned());
        self.vertices.push(Vertex { kind, name: name.clone(), label: label.into(), flow, owner, tags: tags.into() });
        id
    }

    fn add_nodes(&mut self, program: &'p Program, scope: &mut Scope<'p>) {
        let flow = scope.flow;
        let mut list = Vec::new();
        let mut members = Vec::new();
        for node in flow.nodes() {
            let ends = self.ends(program, flow, node);
            scope.ends.insert(node.id, ends);
            list.push((node.id, ends.inlet));
            if !matches!(node.kind, NodeKind::Read { previous: false, .. }) {
                members.extend([ends.inlet, ends.outlet]);
            }
            if let NodeKind::Flow { flow, .. } = &node.kind {
                scope.calls.push((ends, flow));
            }
        }
        members.sort_unstable();
        members.dedup();
        self.nodes.insert(flow.name.clone(), list);
        self.members.insert(flow.name.clone(), members);
    }

    fn ends(&mut self, program: &Program, flow: &Flow, node: &Node) -> Ends {
        let both = |id| Ends { inlet: id, outlet: id };
        let inlet = match &node.kind {
            NodeKind::Read { dataset, previous: false, .. } | NodeKind::Write { dataset, .. } => {
                if let Some(id) = self.datasets.get(dataset) {
                    return both(*id);
                }
                self.value(flow, node)
            }
            NodeKind::Call { step, .. } => {
                let (owner, tags) = match program.steps.get(step) {
                    Some(declared) => (declared.owner.as_ref().or(flow.owner.as_ref()), &*declared.tags),
                    None => (None, &[][..]),
                };
                self.vertex(VertexKind::Step, step, node.label.clone(), Some(&flow.name), owner, tags)
            }
            _ => self.value(flow, node),
        };
        let calls_flow = matches!(node.kind, NodeKind::Flow { .. });
        if calls_flow || node.blocks().iter().any(|block| !block.nodes.is_empty()) {
            return Ends { inlet, outlet: self.value(flow, node) };
        }
        both(inlet)
    }

    fn value(&mut self, flow: &Flow, node: &Node) -> VertexId {
        self.vertex(VertexKind::Value, &flow.name, node.label.clone(), Some(&flow.name), None, &[])
    }

    fn add_edges(&mut self, scope: &Scope<'p>) {
        let mut blocks: Vec<(&Block, Option<Ends>)> = vec![(&scope.flow.body, None)];
        blocks.extend(scope.flow.handlers.iter().map(|handler| (&handler.body, None)));
        while let Some((block, around)) = blocks.pop() {
            for node in &block.nodes {
                let ends = scope.ends[&node.id];
                let takes = |ids: &[NodeId]| -> Vec<VertexId> {
                    ids.iter().filter_map(|id| scope.ends.get(id)).map(|ends| ends.outlet).collect()
                };
                // A read takes nothing: its dataset stands on its own.
                let is_read = matches!(node.kind, NodeKind::Read { previous: false, .. });
                if !is_read {
                    self.edges.extend(takes(&node.needs).into_iter().map(|from| data(from, ends.inlet)));
                    self.edges.extend(takes(&node.after).into_iter().map(|from| order(from, ends.inlet)));
                }
                if let NodeKind::Read { dataset, previous: true, .. } | NodeKind::RequireFresh { dataset, .. } =
                    &node.kind
                    && let Some(id) = self.datasets.get(dataset)
                {
                    self.edges.push(order(*id, ends.inlet));
                }
                if let Some(around) = around
                    && !is_read
                {
                    self.edges.push(data(around.inlet, ends.inlet));
                    if !matches!(node.kind, NodeKind::Write { .. }) {
                        self.edges.push(data(ends.outlet, around.outlet));
                    }
                }
                if ends.inlet != ends.outlet && !matches!(node.kind, NodeKind::Flow { .. }) {
                    self.edges.push(data(ends.inlet, ends.outlet));
                }
                blocks.extend(node.blocks().into_iter().map(|block| (block, Some(ends))));
            }
        }
        for start in &scope.flow.starts {
            let Trigger::Updates(datasets) = &start.trigger else { continue };
            let from: Vec<VertexId> = datasets.iter().filter_map(|name| self.datasets.get(name).copied()).collect();
            for node in &scope.flow.body.nodes {
                if !matches!(node.kind, NodeKind::Read { .. }) {
                    self.edges.extend(from.iter().map(|from| order(*from, scope.ends[&node.id].inlet)));
                }
            }
        }
    }

    fn add_roots_and_leaves(&mut self, scope: &Scope<'p>) {
        let used: std::collections::HashSet<NodeId> =
            scope.flow.body.nodes.iter().flat_map(|node| node.needs.iter().copied()).collect();
        let nodes = scope.flow.body.nodes.iter().filter(|node| !matches!(node.kind, NodeKind::Read { .. }));
        let roots = nodes.clone().map(|node| scope.ends[&node.id].inlet);
        let leaves = nodes.filter(|node| !used.contains(&node.id)).map(|node| scope.ends[&node.id].outlet);
        let ends = FlowEnds { roots: roots.collect(), leaves: leaves.collect() };
        self.flows.insert(&scope.flow.name, ends);
    }
}

fn data(from: VertexId, to: VertexId) -> Edge {
    Edge { from, to, kind: EdgeKind::Data }
}

fn order(from: VertexId, to: VertexId) -> Edge {
    Edge { from, to, kind: EdgeKind::Order }
}
