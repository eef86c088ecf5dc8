//! What depends on what: `:reads`, `:feeds`, `:path`, on the graph of the whole program.

use crate::{Host, Session, session::Outcome};
use flow_plan::{
    graph::{EdgeKind, Graph, Vertex, VertexId, VertexKind},
    select::{Selector, select},
};
use std::collections::{HashMap, VecDeque};

impl Session {
    /// What a selector selects, a line each.
    pub(crate) fn selected(&mut self, selector: &str, host: &mut dyn Host) -> Outcome {
        let compiled = self.compiled(host);
        let graph = Graph::of(&compiled.program);
        let found = match Selector::parse(selector).and_then(|selector| select(&graph, &selector)) {
            Ok(found) => found,
            Err(error) => return Outcome::failed(format!("error: {error}\n")),
        };
        let lines = found.into_iter().map(|id| graph.vertex(id)).filter(|vertex| vertex.kind != VertexKind::Value);
        Outcome::done(lines.map(|vertex| format!("  {}\n", line(vertex))).collect::<String>())
    }

    /// The shortest way on which data comes from one thing to another.
    pub(crate) fn path(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        let [from, to] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            return Outcome::failed("error: `:path A B`: from where, and to where\n");
        };
        let compiled = self.compiled(host);
        let graph = Graph::of(&compiled.program);
        let chosen = |name: &str| Selector::parse(name).and_then(|selector| select(&graph, &selector));
        let (starts, ends) = match (chosen(from), chosen(to)) {
            (Ok(starts), Ok(ends)) => (starts, ends),
            (Err(error), _) | (_, Err(error)) => return Outcome::failed(format!("error: {error}\n")),
        };
        match shortest(&graph, &starts, &ends) {
            Some(path) => {
                let steps = path.iter().enumerate().map(|(place, id)| {
                    let arrow = if place == 0 { "  " } else { "→ " };
                    format!("  {arrow}{}\n", line(graph.vertex(*id)))
                });
                Outcome::done(steps.collect::<String>())
            }
            None => Outcome::done(format!("nothing of `{to}` comes from `{from}`\n")),
        }
    }
}

fn line(vertex: &Vertex) -> String {
    let flow = vertex.flow.as_ref().map_or(String::new(), |flow| format!(" in {}", flow.short()));
    let owner = vertex.owner.as_ref().map_or(String::new(), |owner| format!(" · {owner}"));
    format!("{} {}{flow}{owner}", vertex.kind.word(), vertex.label)
}

/// The shortest way along data, with both ends; values between steps are left out.
fn shortest(graph: &Graph, starts: &[VertexId], ends: &[VertexId]) -> Option<Vec<VertexId>> {
    let mut next: HashMap<VertexId, Vec<VertexId>> = HashMap::new();
    for edge in graph.edges().iter().filter(|edge| edge.kind == EdgeKind::Data) {
        next.entry(edge.from).or_default().push(edge.to);
    }
    let mut came: HashMap<VertexId, Option<VertexId>> = starts.iter().map(|start| (*start, None)).collect();
    let mut open: VecDeque<VertexId> = starts.iter().copied().collect();
    while let Some(at) = open.pop_front() {
        if ends.contains(&at) {
            let mut path: Vec<VertexId> =
                std::iter::successors(Some(at), |at| came.get(at).copied().flatten()).collect();
            path.reverse();
            path.retain(|id| graph.vertex(*id).kind != VertexKind::Value);
            return Some(path);
        }
        for to in next.get(&at).into_iter().flatten() {
            if !came.contains_key(to) {
                came.insert(*to, Some(at));
                open.push_back(*to);
            }
        }
    }
    None
}
