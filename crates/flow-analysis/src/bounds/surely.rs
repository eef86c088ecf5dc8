//! What each run of a flow does that comes to its end: what stands in both branches, in every arm, and in a loop that has
//! something to go over.
//!
//! A list has items as far as the text says so: a list or range that stands there, by a name too, given to a parameter by
//! every start and call or by its default, or one of which the loop's block requires that it is not empty. Knows no data.

use flow_expr::{BinaryOp, Expr, ExprKind, Name, UnaryOp, Value, VarId};
use flow_plan::{Block, Flow, Node, NodeKind, Program};
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

/// Names for names, and calls of calls, end here.
const MOST_NAMES: u32 = 64;

/// A flow, and what its names stand for once a loop asks for it.
pub(crate) struct Surely<'a> {
    program: &'a Program,
    flow: &'a Flow,
    lists: OnceCell<HashMap<VarId, &'a Expr>>,
}

impl<'a> Surely<'a> {
    pub(crate) fn of(program: &'a Program, flow: &'a Flow) -> Self {
        Self { program, flow, lists: OnceCell::new() }
    }

    /// What a name stands for.
    fn list(&self, var: VarId) -> Option<&'a Expr> {
        let lists = self.lists.get_or_init(|| {
            let lists = self.flow.nodes().filter_map(|node| match &node.kind {
                NodeKind::Compute { expr, .. } => Some((node.var, expr)),
                // As many results as items.
                NodeKind::For { items, .. } => Some((node.var, items)),
                _ => None,
            });
            lists.collect()
        });
        lists.get(&var).copied()
    }

    /// Whether a node of a block, or one in the blocks inside it, is such a one and runs whatever happens. Blocks nest at
    /// most as deeply as the parser allows (256).
    pub(crate) fn does(&self, block: &Block, node: &Node, is_one: &dyn Fn(&Node) -> bool) -> bool {
        let inside = |block: &Block| block.nodes.iter().any(|node| self.does(block, node, is_one));
        is_one(node)
            || match &node.kind {
                NodeKind::If { then, otherwise, .. } => inside(then) && inside(otherwise),
                NodeKind::Match { arms, .. } => arms.iter().all(|arm| inside(&arm.body)),
                NodeKind::For { items, body, .. } => {
                    (self.is_never_empty(items) || is_required(block, items)) && inside(body)
                }
                _ => false,
            }
    }

    /// Whether a list has items whatever the data is, and whoever starts the flow.
    fn is_never_empty(&self, items: &Expr) -> bool {
        let mut needs = BTreeSet::new();
        self.has_items(items, MOST_NAMES, &mut needs) && self.are_given_items(needs)
    }

    /// Whether a list has items if these parameters of the flow, which are added to, do.
    fn has_items(&self, items: &Expr, names: u32, needs: &mut BTreeSet<usize>) -> bool {
        match &items.kind {
            ExprKind::List(items) => !items.is_empty(),
            ExprKind::Const(Value::List(items)) => !items.is_empty(),
            ExprKind::Const(Value::Map(entries)) => !entries.is_empty(),
            ExprKind::Range(low, high) => match (&low.kind, &high.kind) {
                (ExprKind::Const(Value::Int(low)), ExprKind::Const(Value::Int(high))) => low <= high,
                (ExprKind::Const(Value::Date(low)), ExprKind::Const(Value::Date(high))) => low <= high,
                _ => false,
            },
            ExprKind::Var(var) if names > 0 => match self.list(*var) {
                Some(list) => self.has_items(list, names - 1, needs),
                None => {
                    let param = self.flow.params.iter().position(|param| param.var == *var);
                    needs.extend(param);
                    param.is_some()
                }
            },
            ExprKind::Call(function, _) if names > 0 => {
                let function = self.program.functions.get(function);
                function.is_some_and(|function| self.has_items(&function.body, names - 1, needs))
            }
            ExprKind::Refined(inner, _) => self.has_items(inner, names, needs),
            ExprKind::Binary(BinaryOp::Add, one, other) => {
                self.has_items(one, names, needs) || self.has_items(other, names, needs)
            }
            ExprKind::Builtin(name, args) => {
                let keeps = ["map", "sort", "sort_by", "reverse", "distinct", "keys", "values", "to_list"];
                keeps.contains(&&**name) && args.first().is_some_and(|list| self.has_items(list, names, needs))
            }
            _ => false,
        }
    }

    /// Whether every start and every call of the flow gives these parameters lists that have items, through other flows
    /// and their parameters too.
    fn are_given_items(&self, params: BTreeSet<usize>) -> bool {
        let mut pending: Vec<(&Name, usize)> = params.into_iter().map(|param| (&self.flow.name, param)).collect();
        let mut seen: BTreeSet<(&Name, usize)> = pending.iter().copied().collect();
        let mut flows = BTreeMap::new();
        while let Some((flow, position)) = pending.pop() {
            let Some(flow) = self.program.flows.get(flow) else { return false };
            let around = flows.entry(&flow.name).or_insert_with(|| Surely::of(self.program, flow));
            if !around.is_started_with_items(position) {
                return false;
            }
            for caller in self.program.flows.values() {
                for value in arguments(caller, &flow.name, position) {
                    let mut needs = BTreeSet::new();
                    let by_caller = flows.entry(&caller.name).or_insert_with(|| Surely::of(self.program, caller));
                    if !by_caller.has_items(value, MOST_NAMES, &mut needs) {
                        return false;
                    }
                    let new = needs.into_iter().map(|param| (&caller.name, param)).filter(|need| seen.insert(*need));
                    pending.extend(new);
                }
            }
        }
        true
    }

    /// Whether each start gives a parameter a list that has items. What nobody starts is started by people, with the
    /// default.
    fn is_started_with_items(&self, position: usize) -> bool {
        let Some(param) = self.flow.params.get(position) else { return false };
        let listed = |value: &Expr| {
            let mut needs = BTreeSet::new();
            self.has_items(value, MOST_NAMES, &mut needs) && needs.is_empty()
        };
        let default = || param.default.as_ref().is_some_and(listed);
        let starts = &self.flow.starts;
        starts.iter().all(|start| match start.with.iter().find(|(name, _)| *name == param.name) {
            Some((_, value)) => listed(value),
            None => default(),
        })
    }
}

/// What a flow gives a parameter of another one where it calls it.
fn arguments<'a>(caller: &'a Flow, callee: &'a Name, position: usize) -> impl Iterator<Item = &'a Expr> {
    let handled = caller.handlers.iter().flat_map(|handler| handler.body.all_nodes());
    caller.body.all_nodes().chain(handled).filter_map(move |node| match &node.kind {
        NodeKind::Flow { flow, args, .. } if flow == callee => args.get(position),
        _ => None,
    })
}

/// Whether a block requires that a list or table has items: then what else is in it runs only if it has.
fn is_required(block: &Block, items: &Expr) -> bool {
    let mut of = items;
    while let ExprKind::Builtin(name, args) = &of.kind
        && ["to_list", "sort", "sort_by", "reverse", "distinct"].contains(&&**name)
        && let Some(first) = args.first()
    {
        of = first;
    }
    let ExprKind::Var(list) = of.kind else { return false };
    block.nodes.iter().any(|node| match &node.kind {
        NodeKind::Require { condition, warn: false, .. } => asks_for_items(condition, list),
        _ => false,
    })
}

/// `xs.count() > 0`, `not xs.is_empty()`, and either `and` something else.
fn asks_for_items(condition: &Expr, list: VarId) -> bool {
    let of_list = |expr: &Expr, called: &str| match &expr.kind {
        ExprKind::Builtin(name, args) => {
            **name == *called && matches!(args.as_slice(), [Expr { kind: ExprKind::Var(var), .. }] if *var == list)
        }
        _ => false,
    };
    let at_least =
        |expr: &Expr, least: i64| matches!(expr.kind, ExprKind::Const(Value::Int(number)) if number >= least);
    match &condition.kind {
        ExprKind::Binary(BinaryOp::And, one, other) => asks_for_items(one, list) || asks_for_items(other, list),
        ExprKind::Binary(BinaryOp::Greater, count, number) => of_list(count, "count") && at_least(number, 0),
        ExprKind::Binary(BinaryOp::GreaterEqual, count, number) => of_list(count, "count") && at_least(number, 1),
        ExprKind::Unary(UnaryOp::Not, inner) => of_list(inner, "is_empty"),
        _ => false,
    }
}
