//! What is made with what changed: the datasets, steps and flows downstream, in either program.
//!
//! A change that decides no result (a timeout, an owner) touches nothing.

use super::{Change, How, Kind, Touched};
use crate::{
    Program, decides_result,
    graph::{Graph, VertexId, VertexKind},
};
use flow_expr::Name;
use std::collections::{BTreeSet, HashMap};

pub(super) fn touched(old: &Program, new: &Program, changes: &[Change]) -> Vec<Touched> {
    let mut touched = BTreeSet::new();
    let removed: Vec<&Change> = changes.iter().filter(|change| change.change == How::Removed).collect();
    let stayed: Vec<&Change> = changes.iter().filter(|change| change.change != How::Removed).collect();
    for (program, changes) in [(old, removed), (new, stayed)] {
        if !changes.is_empty() {
            downstream(program, &changes, &mut touched);
        }
    }
    for change in changes {
        touched.remove(&Touched { kind: change.kind, name: change.name.clone() });
    }
    // What is gone cannot be touched.
    touched.retain(|touched| match touched.kind {
        Kind::Step => new.steps.contains_key(&touched.name),
        Kind::Dataset => new.datasets.contains_key(&touched.name),
        _ => new.flows.contains_key(&touched.name),
    });
    touched.into_iter().collect()
}

fn downstream(program: &Program, changes: &[&Change], touched: &mut BTreeSet<Touched>) {
    let graph = Graph::of(program);
    let mut named: HashMap<(VertexKind, &Name), Vec<VertexId>> = HashMap::new();
    for id in graph.ids() {
        let vertex = graph.vertex(id);
        named.entry((vertex.kind, &vertex.name)).or_default().push(id);
    }
    let mut from: Vec<VertexId> = Vec::new();
    for change in changes {
        let kind = match change.kind {
            Kind::Step => VertexKind::Step,
            Kind::Dataset => VertexKind::Dataset,
            Kind::Flow => {
                from.extend(statements(program, &graph, change));
                continue;
            }
            // Steps name the types, functions and connections that they use among their clauses.
            Kind::Type | Kind::Function | Kind::Connection | Kind::Setting => continue,
        };
        if matters(change) {
            from.extend(named.get(&(kind, &change.name)).into_iter().flatten());
        }
    }
    for id in graph.downstream(&from, None) {
        let vertex = graph.vertex(id);
        let kind = match vertex.kind {
            VertexKind::Step => Kind::Step,
            VertexKind::Dataset => Kind::Dataset,
            VertexKind::Flow | VertexKind::Value => Kind::Flow,
        };
        touched.insert(Touched { kind, name: vertex.name.clone() });
        if let Some(flow) = &vertex.flow {
            touched.insert(Touched { kind: Kind::Flow, name: flow.clone() });
        }
    }
}

fn matters(change: &Change) -> bool {
    match change.kind {
        _ if change.change != How::Changed => true,
        Kind::Step => change.clauses.iter().any(|clause| decides_result(&clause.clause)),
        _ => change.clauses.iter().any(|clause| !matches!(&*clause.clause, "owner" | "tags" | "keep")),
    }
}

/// The vertices of a flow's statements that changed.
fn statements(program: &Program, graph: &Graph, change: &Change) -> Vec<VertexId> {
    let Some(flow) = program.flows.get(&change.name) else { return vec![] };
    if change.change != How::Changed {
        return graph.members(&change.name).to_vec();
    }
    let changed: BTreeSet<&str> =
        change.clauses.iter().filter_map(|clause| clause.clause.strip_prefix('`')?.strip_suffix('`')).collect();
    let nodes = flow.body.nodes.iter().filter(|node| changed.contains(&*node.label)).map(|node| node.id);
    let nodes: BTreeSet<_> = nodes.collect();
    graph.nodes(&change.name).iter().filter(|(node, _)| nodes.contains(node)).map(|(_, id)| *id).collect()
}
