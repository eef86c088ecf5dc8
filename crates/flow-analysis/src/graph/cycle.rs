//! E0301: datasets and flows that need each other in a circle, so that none can ever be made.
//!
//! A flow needs what it reads, requires, is started by, and the flows that it calls; a dataset needs the
//! flow that writes it. `previous(ds)` and a read of one partition by the flow that writes the dataset
//! point backwards in time and are no edges.

use crate::system::{How, Link, System};
use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::Name;
use flow_plan::{NodeKind, Program};
use petgraph::{algo::kosaraju_scc, graph::DiGraph, graph::NodeIndex};
use std::collections::{BTreeMap, HashSet, VecDeque};

/// A dataset or a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Thing<'a> {
    Dataset(&'a Name),
    Flow(&'a Name),
}

impl<'a> Thing<'a> {
    fn name(self) -> &'a Name {
        match self {
            Self::Dataset(name) | Self::Flow(name) => name,
        }
    }
}

/// Circular needs, as the path that leads back to where it began.
struct Cycle<'a> {
    /// Each thing with the tie to the next one; the last one's leads to the first.
    path: Vec<(Thing<'a>, Link<'a>)>,
}

pub(super) fn check(program: &Program, system: &System<'_>, problems: &mut Problems) {
    let (graph, _) = needs(program, system);
    for component in kosaraju_scc(&graph) {
        let within: HashSet<NodeIndex> = component.iter().copied().collect();
        let first = component.iter().copied().min_by_key(|node| order(graph[*node]));
        if let Some(path) = first.and_then(|first| shortest_cycle(&graph, first, &within)) {
            problems.push(Cycle { path });
        }
    }
}

/// Flows before datasets, so that a report begins with a flow.
fn order<'a>(thing: Thing<'a>) -> (bool, &'a Name) {
    (matches!(thing, Thing::Dataset(_)), thing.name())
}

type Needs<'a> = DiGraph<Thing<'a>, Link<'a>>;

fn needs<'a>(program: &'a Program, system: &System<'a>) -> (Needs<'a>, BTreeMap<Thing<'a>, NodeIndex>) {
    let mut graph = DiGraph::new();
    let mut index = BTreeMap::new();
    let things = program.datasets.keys().map(Thing::Dataset).chain(program.flows.keys().map(Thing::Flow));
    for thing in things {
        index.insert(thing, graph.add_node(thing));
    }
    let backwards = partitions_of_own(program);
    for link in &system.uses {
        if backwards.contains(&link.at) {
            continue;
        }
        let target = if link.how == How::Calls { Thing::Flow(link.target) } else { Thing::Dataset(link.target) };
        if let (Some(from), Some(to)) = (index.get(&Thing::Flow(&link.flow.name)), index.get(&target)) {
            graph.add_edge(*from, *to, *link);
        }
    }
    for link in system.writes.values().flatten() {
        let (dataset, flow) = (Thing::Dataset(link.target), Thing::Flow(&link.flow.name));
        if let (Some(from), Some(to)) = (index.get(&dataset), index.get(&flow)) {
            graph.add_edge(*from, *to, *link);
        }
    }
    (graph, index)
}

/// Where a flow reads what it writes itself without going backwards: a partition of it, or in a handler.
///
/// A plain read of the own dataset comes after the write; [`super::order`] finds the circle if there is one.
fn partitions_of_own(program: &Program) -> HashSet<Span> {
    let mut places = HashSet::new();
    for flow in program.flows.values() {
        let own: HashSet<&Name> = flow
            .nodes()
            .filter_map(|node| match &node.kind {
                NodeKind::Write { dataset, .. } => Some(dataset),
                _ => None,
            })
            .collect();
        if own.is_empty() {
            continue;
        }
        for node in flow.nodes() {
            match &node.kind {
                NodeKind::Read { dataset, .. } | NodeKind::RequireFresh { dataset, .. } if own.contains(dataset) => {
                    places.insert(node.at);
                }
                _ => {}
            }
        }
    }
    places
}

/// The shortest way from `first` back to it, breadth first, without leaving the component.
fn shortest_cycle<'a>(
    graph: &Needs<'a>,
    first: NodeIndex,
    within: &HashSet<NodeIndex>,
) -> Option<Vec<(Thing<'a>, Link<'a>)>> {
    let mut came_by: BTreeMap<NodeIndex, (NodeIndex, Link<'a>)> = BTreeMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(node) = queue.pop_front() {
        for edge in graph.edges(node) {
            use petgraph::visit::EdgeRef as _;
            let next = edge.target();
            if next == first {
                let mut path = vec![(graph[node], *edge.weight())];
                let mut at = node;
                while let Some((before, link)) = came_by.get(&at).filter(|_| at != first) {
                    path.push((graph[*before], *link));
                    at = *before;
                }
                path.reverse();
                return Some(path);
            }
            if within.contains(&next) && next != first && !came_by.contains_key(&next) {
                came_by.insert(next, (node, *edge.weight()));
                queue.push_back(next);
            }
        }
    }
    None
}

impl From<Cycle<'_>> for Problem {
    fn from(cycle: Cycle<'_>) -> Self {
        let round = super::circle(cycle.path.iter().map(|(thing, _)| thing.name().short()));
        let Some((start, first)) = cycle.path.first() else {
            return Self::error(codes::E0301, Span::default(), "things need each other in a circle", "here");
        };
        let only_calls = cycle.path.iter().all(|(_, link)| link.how == How::Calls);
        let title = if only_calls && cycle.path.len() == 1 {
            format!("flow `{}` calls itself", first.flow.name.short())
        } else if only_calls {
            format!("{} flows call each other in a circle", cycle.path.len())
        } else {
            format!("`{}` needs its own result", start.name().short())
        };
        let mut problem = Self::error(codes::E0301, first.at, title, says(first));
        for (_, link) in cycle.path.iter().skip(1).take(super::SHOWN) {
            problem = problem.label(link.at, says(link));
        }
        let problem = problem.note(format!("each needs the next: {round}"));
        if only_calls {
            problem.help("flows cannot recurse; use `for` over a list, or let one of them start by hand")
        } else {
            problem.help(
                "break the circle at one tie; where a flow needs yesterday's result, `previous(dataset)` reads it",
            )
        }
    }
}

fn says(link: &Link<'_>) -> String {
    let (flow, target) = (link.flow.name.short(), link.target.short());
    match link.how {
        How::Reads => format!("`{flow}` reads `{target}` here"),
        How::Requires => format!("`{flow}` waits for `{target}` here"),
        How::StartsWhen => format!("`{flow}` starts when `{target}` has a new version"),
        How::Writes => format!("`{target}` is written by `{flow}` here"),
        How::Calls => format!("`{flow}` calls `{target}` here"),
    }
}
