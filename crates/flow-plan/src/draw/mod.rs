//! A graph as a picture: SVG, Graphviz, Mermaid.
//!
//! Shows datasets and calls; the values between them are drawn as plain edges. Knows nothing of where a
//! picture goes. Everything that comes from the program is escaped for the format that it lands in.

mod dot;
mod layout;
mod mermaid;
mod svg;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::{MOST_DRAWN, svg};

use crate::graph::{EdgeKind, Graph, VertexId, VertexKind};
use std::{collections::BTreeSet, sync::Arc};

/// In graphs larger than this, values stay vertices of the picture: looking through them would cost too much.
const LARGE: usize = 5000;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The boxes.
    pub nodes: Vec<PictureNode>,
    /// The arrows, each pair once, no loops: indices of boxes, and whether they carry data or only order.
    pub edges: Vec<(usize, usize, EdgeKind)>,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureNode {
    /// What it stands for.
    pub kind: VertexKind,
    /// Its name there.
    pub label: Arc<str>,
    /// The line below it: the step of a call if it has another name, and the flow.
    pub detail: String,
    /// What is shown when the pointer rests on it: kind, whole name, owner, tags.
    pub title: String,
}

impl Picture {
    /// A picture of the given vertices, or of all datasets and calls.
    #[must_use]
    pub fn of(graph: &Graph, chosen: Option<&[VertexId]>) -> Self {
        let is_shown = |kind| match kind {
            VertexKind::Dataset | VertexKind::Step => true,
            VertexKind::Value => graph.vertices().len() > LARGE,
            VertexKind::Flow => false,
        };
        let mut place = vec![None; graph.vertices().len()];
        let mut picture = Self::default();
        let all: Vec<VertexId> = graph.ids().collect();
        for id in chosen.unwrap_or(&all) {
            let vertex = graph.vertex(*id);
            if is_shown(vertex.kind) {
                place[*id as usize] = Some(picture.nodes.len());
                picture.nodes.push(node(vertex));
            }
        }
        picture.edges = arrows(graph, &place);
        picture
    }
}

/// The edges between the shown vertices, looking through values that are not shown.
fn arrows(graph: &Graph, place: &[Option<usize>]) -> Vec<(usize, usize, EdgeKind)> {
    let mut starts = vec![0; place.len() + 1];
    for edge in graph.edges() {
        starts[edge.from as usize + 1] += 1;
    }
    for index in 0..place.len() {
        starts[index + 1] += starts[index];
    }
    let of = |id: VertexId| &graph.edges()[starts[id as usize]..starts[id as usize + 1]];
    let mut found = BTreeSet::new();
    for (id, origin) in graph.ids().filter_map(|id| Some((id, place[id as usize]?))) {
        let mut seen = BTreeSet::new();
        let mut stack = vec![(id, EdgeKind::Data)];
        while let Some((from, so_far)) = stack.pop() {
            for edge in of(from) {
                let kind = so_far.max(edge.kind);
                match place[edge.to as usize] {
                    Some(target) if target != origin => drop(found.insert((origin, target, kind))),
                    None if graph.vertex(edge.to).kind == VertexKind::Value && seen.insert((edge.to, kind)) => {
                        stack.push((edge.to, kind));
                    }
                    _ => {}
                }
            }
        }
    }
    // Data says more than order: where both join two boxes, one arrow is drawn.
    let mut arrows: Vec<_> = found.into_iter().collect();
    arrows.dedup_by_key(|(from, to, _)| (*from, *to));
    arrows
}

fn node(vertex: &crate::graph::Vertex) -> PictureNode {
    let flow = vertex.flow.as_ref().map(|flow| flow.short());
    let called =
        (vertex.kind == VertexKind::Step && *vertex.label != *vertex.name.short()).then(|| vertex.name.short());
    let detail = match (called, flow) {
        (Some(step), Some(flow)) => format!("{step} in {flow}"),
        (None, Some(flow)) => format!("in {flow}"),
        _ => vertex.kind.word().into(),
    };
    let mut title = format!("{} {}", vertex.kind.word(), vertex.name);
    if let Some(owner) = &vertex.owner {
        title.push_str(&format!("\nowner: {owner}"));
    }
    if !vertex.tags.is_empty() {
        title.push_str(&format!("\ntags: {}", vertex.tags.join(", ")));
    }
    PictureNode { kind: vertex.kind, label: vertex.label.clone(), detail, title }
}
