//! E0403: what cannot be undone is done behind a person's yes to the same arguments.
//!
//! A call of an irreversible step must wait, on every path, for a step that asks a person who has seen what the call is
//! given. Waiting is what the graph says: values, `after`, conditions of branches around the call. An `ask` that may fail
//! without ending the run (`else`, `fallback`) is a yes only where a branch looks at its answer. What models may call is
//! [`crate::tools`]'s. Knows no text; tested by `tests/check/approvals.flow`.

use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::{Expr, ExprKind, VarId};
use flow_plan::{Block, Body, Effect, Flow, Node, NodeId, NodeKind, Program, Step, meaning_hash};
use std::collections::{BTreeMap, BTreeSet};

/// How many values in a row are looked through to where they come from.
const DEEPEST: usize = 64;

/// All checks of the family. Linear in nodes where no step is irreversible.
#[must_use]
pub fn check(program: &Program) -> Problems {
    let mut problems = Problems::default();
    if program.steps.values().all(|step| step.effect != Effect::Irreversible) {
        return problems;
    }
    for flow in program.flows.values() {
        let graph = Graph::of(flow);
        for block in std::iter::once(&flow.body).chain(flow.handlers.iter().map(|handler| &handler.body)) {
            look(program, flow, &graph, block, &mut vec![], &mut problems);
        }
    }
    problems
}

/// The nodes of a flow, and what its variables stand for.
struct Graph<'a> {
    nodes: BTreeMap<NodeId, &'a Node>,
    /// Values that are computed of others, and items of loops.
    made: BTreeMap<VarId, Made<'a>>,
}

#[derive(Clone, Copy)]
enum Made<'a> {
    /// The same value.
    Of(&'a Expr),
    /// A part of it.
    PartOf(&'a Expr),
    /// What a node gives.
    By(NodeId),
}

impl<'a> Graph<'a> {
    fn of(flow: &'a Flow) -> Self {
        let mut graph = Self { nodes: BTreeMap::new(), made: BTreeMap::new() };
        for node in flow.nodes() {
            graph.nodes.insert(node.id, node);
            graph.made.insert(node.var, Made::By(node.id));
            match &node.kind {
                NodeKind::Compute { expr, .. } => drop(graph.made.insert(node.var, Made::Of(expr))),
                NodeKind::For { item, items, .. } => drop(graph.made.insert(*item, Made::PartOf(items))),
                _ => {}
            }
        }
        graph
    }

    /// The nodes that are done before some others begin: those that they use or follow, and so on.
    fn before<'n>(&self, nodes: impl Iterator<Item = &'n Node>) -> BTreeSet<NodeId> {
        let ties = |node: &Node| node.needs.iter().chain(&node.after).copied().collect::<Vec<_>>();
        let mut pending: Vec<NodeId> = nodes.flat_map(ties).collect();
        let mut found = BTreeSet::new();
        while let Some(id) = pending.pop() {
            if found.insert(id) {
                pending.extend(self.nodes.get(&id).into_iter().flat_map(|node| ties(node)));
            }
        }
        found
    }

    /// What an expression says where names stand for other names.
    fn origin<'e>(&self, expr: &'e Expr) -> &'e Expr
    where
        'a: 'e,
    {
        let mut expr = expr;
        for _ in 0..DEEPEST {
            match &expr.kind {
                ExprKind::Var(var) => match self.made.get(var) {
                    Some(Made::Of(made)) => expr = made,
                    _ => return expr,
                },
                ExprKind::IntToDecimal(inner) => expr = inner,
                _ => return expr,
            }
        }
        expr
    }

    /// Whether who has seen these values has seen this one: itself, or what it is a part of.
    fn is_seen(&self, value: &Expr, seen: &BTreeSet<std::sync::Arc<str>>, asks: NodeId) -> bool {
        let mut pending = vec![value];
        for _ in 0..DEEPEST {
            let Some(value) = pending.pop() else { return true };
            let value = self.origin(value);
            if seen.contains(&meaning_hash(value)) {
                continue;
            }
            match &value.kind {
                ExprKind::Const(_) => {}
                ExprKind::Field { base, .. } => pending.push(base),
                ExprKind::Record { base, fields, .. } => {
                    pending.extend(base.as_deref());
                    pending.extend(fields.iter().map(|(_, value)| value));
                }
                ExprKind::List(items) => pending.extend(items),
                ExprKind::Var(var) => match self.made.get(var) {
                    Some(Made::PartOf(items)) => pending.push(items),
                    Some(Made::By(node)) if *node == asks => {}
                    _ => return false,
                },
                _ => return false,
            }
        }
        false
    }
}

/// Looks at the calls of a block; blocks nest at most as deeply as the parser allows (256).
fn look<'a>(
    program: &'a Program,
    flow: &'a Flow,
    graph: &Graph<'a>,
    block: &'a Block,
    around: &mut Vec<&'a Node>,
    problems: &mut Problems,
) {
    for node in &block.nodes {
        if let NodeKind::Call { step, args, .. } = &node.kind
            && let Some(step) = program.steps.get(step).filter(|step| step.effect == Effect::Irreversible)
            && let Some(lacks) = lacks(program, graph, node, args, around)
        {
            problems.push(NoYes { flow, step, at: node.at, lacks });
        }
        around.push(node);
        for inside in node.blocks() {
            look(program, flow, graph, inside, around, problems);
        }
        around.pop();
    }
}

/// Why a call has no yes.
enum Lacks<'a> {
    /// Nobody is asked on the way.
    Nobody,
    /// Somebody is asked there who does not see this argument.
    Unseen(&'a Step, Span, Span),
    /// What becomes of a no is caught, and nothing looks at the answer.
    Caught(&'a Step, Span),
}

fn lacks<'a>(
    program: &'a Program,
    graph: &Graph<'a>,
    node: &'a Node,
    args: &'a [Expr],
    around: &[&'a Node],
) -> Option<Lacks<'a>> {
    let decided = graph.before(around.iter().copied());
    let before = graph.before(std::iter::once(node).chain(around.iter().copied()));
    let mut lacks = Lacks::Nobody;
    for id in &before {
        let Some(asking) = graph.nodes.get(id) else { continue };
        let NodeKind::Call { step, args: shown, recover } = &asking.kind else { continue };
        let Some(step) = program.steps.get(step).filter(|step| matches!(step.body, Body::Ask { .. })) else { continue };
        let is_caught = recover.is_some() || step.fallback.is_some();
        if is_caught && !decided.contains(id) {
            lacks = Lacks::Caught(step, asking.at);
            continue;
        }
        let seen = shown.iter().map(|arg| meaning_hash(graph.origin(arg))).collect();
        match args.iter().find(|arg| !graph.is_seen(arg, &seen, *id)) {
            None => return None,
            Some(unseen) => lacks = Lacks::Unseen(step, asking.at, unseen.at),
        }
    }
    Some(lacks)
}

/// A step that cannot be undone, without a yes to it.
struct NoYes<'a> {
    flow: &'a Flow,
    step: &'a Step,
    at: Span,
    lacks: Lacks<'a>,
}

impl From<NoYes<'_>> for Problem {
    fn from(found: NoYes<'_>) -> Self {
        let NoYes { flow, step, at, lacks } = found;
        let name = step.name.short();
        let title = format!("`{name}` cannot be undone, and nobody has said yes to it");
        let effect = step.place_of("effect");
        let problem = Self::error(codes::E0403, at, title, "whatever comes of this stays");
        let problem = match lacks {
            Lacks::Nobody => problem,
            Lacks::Unseen(asks, asked, unseen) => problem
                .label(asked, format!("`{}` asks a person", asks.name.short()))
                .label(unseen, "who is not shown this value"),
            Lacks::Caught(asks, asked) => {
                problem.label(asked, format!("where `{}` gets a no, this goes on", asks.name.short()))
            }
        };
        let help = match lacks {
            Lacks::Nobody => format!(
                "ask first, in `{}`, about the same arguments, and let `{name}` wait for the answer: by a parameter that \
                 takes it (`_yes: Approval`), or by `after` in the step",
                flow.name.short()
            ),
            Lacks::Unseen(asks, ..) => {
                format!("give `{}` the same arguments, so that they are in the question", asks.name.short())
            }
            Lacks::Caught(asks, _) => {
                format!("let a no end it, or look at what `{}` gave: `if … {{ … }}`", asks.name.short())
            }
        };
        problem
            .label(effect, "its effect is `irreversible`")
            .help(help)
            .help("what can be taken back has `effect write`")
    }
}
