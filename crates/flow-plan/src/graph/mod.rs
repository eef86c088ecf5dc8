//! A program as one graph across its flows: datasets, step calls, and the values between them.
//!
//! A step that is called twice has two vertices, so a program without cycles gives a graph without
//! cycles. Edges are data, but for a few that only order. Flows are vertices without edges: they
//! contain. Built for 100,000 calls: flat arrays, no recursion, no hashing while walking.
//!
//! Knows nothing of drawing ([`crate::draw`]) or of selecting ([`crate::select`]).

mod build;
mod order;

use crate::{NodeId, Program};
use flow_expr::Name;
use std::{collections::HashMap, ops::Range, sync::Arc};

/// A vertex's number, dense from 0.
pub type VertexId = u32;

/// What a vertex stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VertexKind {
    /// A dataset.
    Dataset,
    /// A call of a step in a flow, or a step that no flow calls.
    Step,
    /// A value between steps: a `let` of an expression, a branch, a loop, a `require`.
    Value,
    /// A flow.
    Flow,
}

impl VertexKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Step => "step",
            Self::Value => "value",
            Self::Flow => "flow",
        }
    }
}

/// One vertex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertex {
    /// What it is.
    pub kind: VertexKind,
    /// The dataset, step or flow; for a value, the flow that it is in.
    pub name: Name,
    /// What people call it there: a dataset's short name, a call's label.
    pub label: Arc<str>,
    /// The flow that it is in; none for datasets, flows and uncalled steps.
    pub flow: Option<Name>,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
    /// Its tags.
    pub tags: Arc<[Arc<str>]>,
}

/// What an edge carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// Data.
    Data,
    /// Only order: `after`, `require`, `previous(…)`.
    Order,
}

/// One edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Where it comes from.
    pub from: VertexId,
    /// Where it goes.
    pub to: VertexId,
    /// What it carries.
    pub kind: EdgeKind,
}

/// The graph.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    vertices: Vec<Vertex>,
    /// Sorted by origin, each pair once, no loops.
    edges: Vec<Edge>,
    data_out: Adjacency,
    data_in: Adjacency,
    /// For each flow, the vertices of its nodes.
    nodes: HashMap<Name, Vec<(NodeId, VertexId)>>,
    /// For each flow, the vertices that belong to it: its calls and values, and the datasets that it writes.
    members: HashMap<Name, Vec<VertexId>>,
}

/// Neighbours of all vertices in one array.
#[derive(Clone, Debug, Default)]
struct Adjacency {
    starts: Vec<u32>,
    neighbours: Vec<VertexId>,
}

impl Adjacency {
    fn new(vertices: usize, pairs: impl Iterator<Item = (VertexId, VertexId)> + Clone) -> Self {
        let mut starts = vec![0_u32; vertices + 1];
        for (from, _) in pairs.clone() {
            starts[from as usize + 1] += 1;
        }
        for index in 0..vertices {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut neighbours = vec![0; starts[vertices] as usize];
        for (from, to) in pairs {
            neighbours[next[from as usize] as usize] = to;
            next[from as usize] += 1;
        }
        Self { starts, neighbours }
    }

    fn of(&self, vertex: VertexId) -> &[VertexId] {
        let at = |index: VertexId| self.starts[index as usize] as usize;
        &self.neighbours[at(vertex)..at(vertex + 1)]
    }
}

impl Graph {
    /// The graph of a program.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        build::Builder::default().build(program)
    }

    fn assemble(vertices: Vec<Vertex>, mut edges: Vec<Edge>) -> Self {
        edges.retain(|edge| edge.from != edge.to);
        edges.sort_unstable();
        edges.dedup_by_key(|edge| (edge.from, edge.to));
        let data = edges.iter().filter(|edge| edge.kind == EdgeKind::Data);
        let data_out = Adjacency::new(vertices.len(), data.clone().map(|edge| (edge.from, edge.to)));
        let data_in = Adjacency::new(vertices.len(), data.map(|edge| (edge.to, edge.from)));
        Self { vertices, edges, data_out, data_in, nodes: HashMap::new(), members: HashMap::new() }
    }

    /// All vertices, by number.
    #[must_use]
    pub fn vertices(&self) -> &[Vertex] {
        &self.vertices
    }

    /// All vertex numbers.
    #[must_use]
    pub fn ids(&self) -> Range<VertexId> {
        0..VertexId::try_from(self.vertices.len()).unwrap_or(VertexId::MAX)
    }

    /// One vertex.
    #[must_use]
    pub fn vertex(&self, id: VertexId) -> &Vertex {
        &self.vertices[id as usize]
    }

    /// All edges, sorted by origin.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The vertices of a flow's nodes. Reads are at their dataset's vertex, writes too.
    #[must_use]
    pub fn nodes(&self, flow: &Name) -> &[(NodeId, VertexId)] {
        self.nodes.get(flow).map_or(&[], Vec::as_slice)
    }

    /// What belongs to a flow: its calls and values, and the datasets that it writes.
    #[must_use]
    pub fn members(&self, flow: &Name) -> &[VertexId] {
        self.members.get(flow).map_or(&[], Vec::as_slice)
    }

    /// The given vertices and all that is made from them, up to so many steps away, sorted.
    ///
    /// Values between steps count for nothing: a distance is in datasets and calls.
    #[must_use]
    pub fn downstream(&self, from: &[VertexId], distance: Option<u32>) -> Vec<VertexId> {
        self.walk(&self.data_out, from, distance)
    }

    /// The given vertices and all that they are made from, up to so many steps away, sorted.
    #[must_use]
    pub fn upstream(&self, from: &[VertexId], distance: Option<u32>) -> Vec<VertexId> {
        self.walk(&self.data_in, from, distance)
    }

    fn walk(&self, adjacency: &Adjacency, from: &[VertexId], distance: Option<u32>) -> Vec<VertexId> {
        let mut seen = vec![false; self.vertices.len()];
        let mut reached = Vec::new();
        // Nearest first, as the distance asks: values are gone through before the next ring begins.
        let mut ring: Vec<VertexId> = from.to_vec();
        let mut left = distance;
        while !ring.is_empty() {
            let mut next = Vec::new();
            while let Some(vertex) = ring.pop() {
                if std::mem::replace(&mut seen[vertex as usize], true) {
                    continue;
                }
                reached.push(vertex);
                for neighbour in adjacency.of(vertex) {
                    if self.vertex(*neighbour).kind == VertexKind::Value {
                        ring.push(*neighbour);
                    } else {
                        next.push(*neighbour);
                    }
                }
            }
            if left == Some(0) {
                break;
            }
            left = left.map(|left| left - 1);
            ring = next;
        }
        reached.sort_unstable();
        reached
    }
}
