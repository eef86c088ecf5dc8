//! What each run of a flow does that comes to its end: what stands in both branches, in every arm, and in a loop that has
//! something to go over.
//!
//! A list has items as far as the flow's own text says so: a list or range that stands there, by a name too, or one of
//! which the loop's block requires that it is not empty. Knows no data and no callers.

use flow_expr::{BinaryOp, Expr, ExprKind, UnaryOp, Value, VarId};
use flow_plan::{Block, Flow, Node, NodeKind};
use std::{cell::OnceCell, collections::HashMap};

/// Names for names end here.
const MOST_NAMES: u32 = 64;

/// A flow, and what its names stand for once a loop asks for it.
pub(crate) struct Surely<'a> {
    flow: &'a Flow,
    lists: OnceCell<HashMap<VarId, &'a Expr>>,
}

impl<'a> Surely<'a> {
    pub(crate) fn of(flow: &'a Flow) -> Self {
        Self { flow, lists: OnceCell::new() }
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
                    (self.has_items(items, MOST_NAMES) || is_required(block, items)) && inside(body)
                }
                _ => false,
            }
    }

    /// Whether a list has items whatever the data is.
    fn has_items(&self, items: &Expr, names: u32) -> bool {
        match &items.kind {
            ExprKind::List(items) => !items.is_empty(),
            ExprKind::Const(Value::List(items)) => !items.is_empty(),
            ExprKind::Const(Value::Map(entries)) => !entries.is_empty(),
            ExprKind::Range(low, high) => match (&low.kind, &high.kind) {
                (ExprKind::Const(Value::Int(low)), ExprKind::Const(Value::Int(high))) => low <= high,
                (ExprKind::Const(Value::Date(low)), ExprKind::Const(Value::Date(high))) => low <= high,
                _ => false,
            },
            ExprKind::Var(var) => names > 0 && self.list(*var).is_some_and(|list| self.has_items(list, names - 1)),
            ExprKind::Refined(inner, _) => self.has_items(inner, names),
            ExprKind::Binary(BinaryOp::Add, one, other) => self.has_items(one, names) || self.has_items(other, names),
            ExprKind::Builtin(name, args) => {
                let keeps = ["map", "sort", "sort_by", "reverse", "distinct", "keys", "values", "to_list"];
                keeps.contains(&&**name) && args.first().is_some_and(|list| self.has_items(list, names))
            }
            _ => false,
        }
    }
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
