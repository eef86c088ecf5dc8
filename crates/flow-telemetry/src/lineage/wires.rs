//! Which datasets a step takes and gives, found by following what nodes use.
//!
//! Through expressions, branches and loops; another step on the way is a border, where the result that passes
//! is a dataset of its own. Knows a plan, no run.

use crate::place::{Place, plain};
use flow_expr::{Expr, ExprKind, Name, Type, VarId};
use flow_plan::{Block, Flow, Node, NodeKind, Plan, every_expression};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What goes in and out of a node.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Datasets that it reads.
    pub(super) reads: Vec<Name>,
    /// Results of other steps that it takes.
    pub(super) takes: Vec<Passed>,
    /// Datasets that its result is written to.
    pub(super) writes: Vec<Name>,
    /// Its own result, if other steps take it.
    pub(super) gives: Vec<Passed>,
}

/// A result that passes between steps.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    /// The flow and the step.
    pub(super) name: String,
    /// Its type.
    pub(super) ty: Type,
}

/// The wires of a plan's flows.
pub(super) struct Wires<'a> {
    plan: &'a Plan,
    flows: BTreeMap<&'a Name, FlowWires<'a>>,
}

/// Of one flow: what each node takes, at a border or from a dataset.
struct FlowWires<'a> {
    nodes: HashMap<u32, &'a Node>,
    /// By node: datasets and nodes that what it uses comes from.
    sources: BTreeMap<u32, (BTreeSet<&'a Name>, BTreeSet<u32>)>,
}

impl<'a> Wires<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let flows = plan.program.flows.values().map(|flow| (&flow.name, FlowWires::new(flow))).collect();
        Self { plan, flows }
    }

    /// What a run of the plan reads and writes, flows inside of it included.
    pub(super) fn of_run(&self) -> (Vec<Name>, Vec<Name>) {
        let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
        let (mut open, mut seen) = (vec![&self.plan.flow], BTreeSet::new());
        while let Some(name) = open.pop() {
            let Some(flow) = self.plan.program.flows.get(name).filter(|_| seen.insert(name)) else { continue };
            for node in flow.nodes() {
                match &node.kind {
                    NodeKind::Read { dataset, .. } => drop(reads.insert(dataset.clone())),
                    NodeKind::Write { dataset, .. } => drop(writes.insert(dataset.clone())),
                    NodeKind::Flow { flow, .. } => open.push(flow),
                    _ => {}
                }
            }
        }
        (reads.into_iter().collect(), writes.into_iter().collect())
    }

    /// What goes in and out of a step, or of a flow inside of a flow.
    pub(super) fn of_node(&self, place: &Place<'_>) -> Ends {
        let Some(wires) = self.flows.get(&place.flow.name) else { return Ends::default() };
        let id = place.node.id.0;
        let mut ends = Ends::default();
        if let Some((datasets, nodes)) = wires.sources.get(&id) {
            ends.reads = datasets.iter().map(|name| (*name).clone()).collect();
            ends.takes = nodes.iter().filter_map(|node| Some(passed(place.flow, wires.nodes.get(node)?))).collect();
        }
        let mut given = false;
        for (user, (_, nodes)) in wires.sources.iter().filter(|(_, (_, nodes))| nodes.contains(&id)) {
            debug_assert!(nodes.contains(&id));
            match wires.nodes.get(user).map(|node| &node.kind) {
                Some(NodeKind::Write { dataset, .. }) if !ends.writes.contains(dataset) => {
                    ends.writes.push(dataset.clone());
                }
                Some(NodeKind::Write { .. }) | None => {}
                Some(_) => given = true,
            }
        }
        if given {
            ends.gives.push(passed(place.flow, place.node));
        }
        ends
    }
}

fn passed(flow: &Flow, node: &Node) -> Passed {
    Passed { name: format!("{}.{}", flow.name, plain(&node.label)), ty: node.ty.clone() }
}

/// Whether results are followed no further than to this node.
fn is_border(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Call { .. } | NodeKind::Flow { .. })
}

impl<'a> FlowWires<'a> {
    fn new(flow: &'a Flow) -> Self {
        let nodes: HashMap<u32, &Node> = flow.nodes().map(|node| (node.id.0, node)).collect();
        let by_var: HashMap<VarId, &Node> = flow.nodes().map(|node| (node.var, node)).collect();
        // What a loop goes over comes in by its variable.
        let loops: HashMap<VarId, &Node> = flow
            .nodes()
            .filter_map(|node| match &node.kind {
                NodeKind::For { item, .. } => Some((*item, node)),
                _ => None,
            })
            .collect();
        let mut wires = Self { nodes, sources: BTreeMap::new() };
        for node in flow.nodes() {
            if is_border(node) || matches!(node.kind, NodeKind::Write { .. }) {
                let sources = sources(node, &by_var, &loops);
                wires.sources.insert(node.id.0, sources);
            }
        }
        wires
    }
}

/// The datasets and the nearest steps that what a node uses comes from.
fn sources<'a>(
    node: &'a Node,
    by_var: &HashMap<VarId, &'a Node>,
    loops: &HashMap<VarId, &'a Node>,
) -> (BTreeSet<&'a Name>, BTreeSet<u32>) {
    let (mut datasets, mut borders) = (BTreeSet::new(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    let mut open: Vec<VarId> = node.expressions().into_iter().flat_map(variables).collect();
    while let Some(var) = open.pop() {
        if !seen.insert(var) {
            continue;
        }
        if let Some(NodeKind::For { items, .. }) = loops.get(&var).map(|node| &node.kind) {
            open.extend(variables(items));
        }
        let Some(used) = by_var.get(&var) else { continue };
        match &used.kind {
            NodeKind::Read { dataset, .. } => drop(datasets.insert(dataset)),
            _ if is_border(used) => {
                borders.insert(used.id.0);
            }
            _ => {
                open.extend(used.expressions().into_iter().flat_map(variables));
                open.extend(used.blocks().into_iter().flat_map(results));
            }
        }
    }
    (datasets, borders)
}

/// The variables that a block's value is made of.
fn results(block: &Block) -> Vec<VarId> {
    block.result.as_deref().into_iter().flat_map(variables).collect()
}

fn variables(expr: &Expr) -> Vec<VarId> {
    let var = |expr: &Expr| match expr.kind {
        ExprKind::Var(var) => Some(var),
        _ => None,
    };
    every_expression(expr).filter_map(var).collect()
}
