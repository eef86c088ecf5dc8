//! Walking a flow's graph: every node, through branches, loops and recoveries.
//!
//! Knows nothing of order or meaning; nodes come block by block, each block's in the order of the
//! text. Nothing here recurses, so a generated flow may nest as deeply as memory allows.

use crate::{Block, Flow, Node, NodeKind};
use flow_expr::{Expr, ExprKind, Part};

impl Flow {
    /// Every node of the flow: its body's and its handlers', with all blocks inside.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.body.all_nodes().chain(self.handlers.iter().flat_map(|handler| handler.body.all_nodes()))
    }
}

impl Block {
    /// Every node of the block and of the blocks inside it.
    #[must_use]
    pub fn all_nodes(&self) -> Nodes<'_> {
        Nodes { blocks: vec![self], current: [].iter() }
    }
}

impl Node {
    /// The blocks directly inside: branches, arms, a loop's body, a recovery.
    #[must_use]
    pub fn blocks(&self) -> Vec<&Block> {
        match &self.kind {
            NodeKind::Call { recover, .. } | NodeKind::Flow { recover, .. } => recover.iter().collect(),
            NodeKind::If { then, otherwise, .. } => vec![then, otherwise],
            NodeKind::Match { arms, .. } => arms.iter().map(|arm| &arm.body).collect(),
            NodeKind::For { body, .. } => vec![body],
            NodeKind::Read { .. }
            | NodeKind::Compute { .. }
            | NodeKind::Wait { .. }
            | NodeKind::Write { .. }
            | NodeKind::RequireFresh { .. }
            | NodeKind::Require { .. } => vec![],
        }
    }

    /// The expressions that the node itself evaluates; not those of the blocks inside.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expr> {
        match &self.kind {
            NodeKind::Read { partition, .. } | NodeKind::RequireFresh { partition, .. } => partition.iter().collect(),
            NodeKind::Compute { expr, .. } => vec![expr],
            NodeKind::Call { args, .. } | NodeKind::Flow { args, .. } => args.iter().collect(),
            NodeKind::If { condition, .. } => vec![condition],
            NodeKind::Match { subject, arms } => {
                std::iter::once(subject).chain(arms.iter().filter_map(|arm| arm.condition.as_ref())).collect()
            }
            NodeKind::For { items, .. } => vec![items],
            NodeKind::Wait { duration } => vec![duration],
            NodeKind::Write { value, partition, .. } => std::iter::once(value).chain(partition).collect(),
            NodeKind::Require { condition, message, .. } => {
                std::iter::once(condition).chain(message.as_deref()).collect()
            }
        }
    }
}

/// The nodes of a block and of all blocks inside it; made by [`Block::all_nodes`].
#[derive(Clone, Debug)]
pub struct Nodes<'a> {
    blocks: Vec<&'a Block>,
    current: std::slice::Iter<'a, Node>,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = &'a Node;

    fn next(&mut self) -> Option<&'a Node> {
        loop {
            if let Some(node) = self.current.next() {
                self.blocks.extend(node.blocks());
                return Some(node);
            }
            self.current = self.blocks.pop()?.nodes.iter();
        }
    }
}

/// The expressions directly inside another, in the order of the text.
#[must_use]
pub fn subexpressions(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Var(_) => vec![],
        ExprKind::Field { base, .. } => vec![base],
        ExprKind::Record { base, fields, .. } => {
            base.as_deref().into_iter().chain(fields.iter().map(|(_, value)| value)).collect()
        }
        ExprKind::Variant { fields, .. } => fields.iter().map(|(_, value)| value).collect(),
        ExprKind::List(items) => items.iter().collect(),
        ExprKind::Range(low, high) => vec![low, high],
        ExprKind::Unary(_, operand) => vec![operand],
        ExprKind::Binary(_, left, right) => vec![left, right],
        ExprKind::If(condition, then, otherwise) => vec![condition, then, otherwise],
        ExprKind::Match(subject, arms) => std::iter::once(&**subject)
            .chain(arms.iter().flat_map(|arm| arm.condition.iter().chain([&arm.body])))
            .collect(),
        ExprKind::Call(_, args) | ExprKind::Builtin(_, args) => args.iter().collect(),
        ExprKind::Lambda(_, body) => vec![body],
        ExprKind::Interpolate(parts) => parts
            .iter()
            .filter_map(|part| match part {
                Part::Hole(expr, _) => Some(expr),
                Part::Text(_) => None,
            })
            .collect(),
        ExprKind::IntToDecimal(operand) | ExprKind::Refined(operand, _) => vec![operand],
    }
}

/// An expression and all inside it, in no order that means anything.
pub fn every_expression(root: &Expr) -> impl Iterator<Item = &Expr> {
    let mut pending = vec![root];
    std::iter::from_fn(move || {
        let expr = pending.pop()?;
        pending.extend(subexpressions(expr));
        Some(expr)
    })
}
