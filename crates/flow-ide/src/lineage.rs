//! What feeds a step or dataset, and what it feeds, through the flows of the whole program.
//!
//! The graph is the plan's; values between steps are looked through. Tested in `tests/it`.

use crate::Analysis;
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::graph::{EdgeKind, Graph, VertexId, VertexKind};
use flow_sema::index::DefinitionKind;
use std::collections::BTreeSet;

/// A step or dataset in the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Station {
    /// Its qualified name.
    pub name: Name,
    /// `step` or `dataset`.
    pub keyword: &'static str,
    /// Its name in the text.
    pub at: Span,
}

/// Which way data is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To what it is made from.
    Up,
    /// To what is made from it.
    Down,
}

/// The step or dataset that is named at a place.
#[must_use]
pub fn station(analysis: &Analysis, at: Span) -> Option<Station> {
    let index = &analysis.compilation.index;
    of_name(analysis, &index.definition(index.definition_at(at)?)?.name)
}

fn of_name(analysis: &Analysis, name: &Name) -> Option<Station> {
    let definition = analysis.declaration(name)?;
    match definition.kind {
        DefinitionKind::Declaration(keyword @ ("step" | "dataset")) => {
            Some(Station { name: name.clone(), keyword, at: definition.at })
        }
        _ => None,
    }
}

/// The next steps and datasets that way, by name.
#[must_use]
pub fn next(analysis: &Analysis, name: &Name, way: Way) -> Vec<Station> {
    let graph = Graph::of(&analysis.compilation.program);
    let own = graph.ids().filter(|id| is_station(&graph, *id) && graph.vertex(*id).name == *name);
    let (mut found, mut seen): (BTreeSet<Name>, BTreeSet<VertexId>) = Default::default();
    let mut open: Vec<VertexId> = own.collect();
    while let Some(id) = open.pop() {
        let data = graph.edges().iter().filter(|edge| edge.kind == EdgeKind::Data);
        let neighbours = data.filter_map(|edge| match way {
            Way::Up => (edge.to == id).then_some(edge.from),
            Way::Down => (edge.from == id).then_some(edge.to),
        });
        for next in neighbours {
            if is_station(&graph, next) {
                found.insert(graph.vertex(next).name.clone());
            } else if seen.insert(next) {
                open.push(next);
            }
        }
    }
    found.iter().filter_map(|name| of_name(analysis, name)).collect()
}

fn is_station(graph: &Graph, id: VertexId) -> bool {
    matches!(graph.vertex(id).kind, VertexKind::Step | VertexKind::Dataset)
}
