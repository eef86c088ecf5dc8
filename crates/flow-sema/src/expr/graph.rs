//! The graph that a flow's expressions are taken apart into.
//!
//! In a flow, a call of a step inside an expression becomes a node, and the expression goes on with that
//! node's variable. This file only keeps the nodes, the blocks that are open, and what has been read; which
//! nodes need which is worked out when the flow is complete, from the variables that they use.

use super::Elaborator;
use flow_diag::Span;
use flow_expr::{Expr, Name, Type, VarId};
use flow_plan::{Block, Node, NodeId, NodeKind};
use flow_syntax::ast;
use std::{collections::HashMap, sync::Arc};

/// Elaborates one statement that only flows have (`write`, `require`, `wait`, …); gives what the statement
/// makes of its block. Set by the flow's checker.
pub(crate) type StatementHook = fn(&mut Elaborator<'_>, &ast::Stmt, Option<&Type>) -> super::Ended;

/// Elaborates an expression that only flows and tests have: `for`, `check`, `run`.
pub(crate) type ExpressionHook = fn(&mut Elaborator<'_>, &ast::Expr, Option<&Type>) -> (Expr, Type);

/// A flow under construction.
pub(crate) struct Graph {
    /// Nodes of the blocks that are open, the innermost last.
    open: Vec<Vec<Node>>,
    next: u32,
    /// How often each label was asked for.
    labels: HashMap<Arc<str>, u32>,
    /// Datasets that were read, with the depth of the block that did.
    reads: Vec<(Name, bool, VarId, usize)>,
    /// Statements of flows.
    pub(crate) statement: StatementHook,
    /// Expressions of flows.
    pub(crate) expression: ExpressionHook,
}

impl Graph {
    /// An empty graph with one open block.
    pub(crate) fn new(statement: StatementHook, expression: ExpressionHook) -> Self {
        Self { open: vec![vec![]], next: 0, labels: HashMap::new(), reads: vec![], statement, expression }
    }

    /// The next number. Numbers follow the text, so a node with blocks takes its number before they open.
    pub(crate) fn reserve(&mut self) -> NodeId {
        self.next += 1;
        NodeId(self.next - 1)
    }

    /// `write_note`, and `write_note#2` for the second one.
    pub(crate) fn label(&mut self, wanted: &str) -> Arc<str> {
        let count = self.labels.entry(wanted.into()).or_default();
        *count += 1;
        if *count == 1 { wanted.into() } else { format!("{wanted}#{count}").into() }
    }

    /// Adds a node to the innermost open block.
    pub(crate) fn add(&mut self, id: NodeId, wanted: &str, var: VarId, ty: Type, kind: NodeKind, at: Span) {
        let label = self.label(wanted);
        let node = Node { id, label, var, ty, kind, needs: vec![], after: vec![], at };
        match self.open.last_mut() {
            Some(block) => block.push(node),
            None => self.open.push(vec![node]),
        }
    }

    /// The node of that variable, if it is in the innermost open block: for a `let` to give it its name, or
    /// to add a recovery.
    pub(crate) fn node_of(&mut self, var: VarId) -> Option<&mut Node> {
        self.open.last_mut()?.iter_mut().rev().find(|node| node.var == var)
    }

    /// Opens a block: nodes go there until [`Self::close`].
    pub(crate) fn open(&mut self) {
        self.open.push(vec![]);
    }

    /// Closes the block opened last.
    pub(crate) fn close(&mut self, result: Option<Expr>) -> Block {
        let nodes = self.open.pop().unwrap_or_default();
        let depth = self.open.len();
        self.reads.retain(|(.., at)| *at <= depth);
        Block { nodes, result }
    }

    /// The variable of a dataset that this block or one around it has read already: a run reads one version.
    pub(crate) fn already_read(&self, dataset: &Name, previous: bool) -> Option<VarId> {
        self.reads.iter().find(|(name, before, ..)| name == dataset && *before == previous).map(|(_, _, var, _)| *var)
    }

    /// Remembers a read of a whole dataset.
    pub(crate) fn remember_read(&mut self, dataset: Name, previous: bool, var: VarId) {
        self.reads.push((dataset, previous, var, self.open.len()));
    }
}

impl Elaborator<'_> {
    /// Adds a node whose result is used as an expression.
    pub(crate) fn hoist(&mut self, label: &str, ty: Type, kind: NodeKind, at: Span) -> (Expr, Type) {
        let var = self.locals.fresh();
        if let Some(graph) = &mut self.graph {
            let id = graph.reserve();
            graph.add(id, label, var, ty.clone(), kind, at);
        }
        (Expr::new(flow_expr::ExprKind::Var(var), at), ty)
    }
}
