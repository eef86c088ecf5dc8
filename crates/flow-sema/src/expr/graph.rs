//! The graph that a flow's expressions are taken apart into.
//!
//! In a flow, a call of a step inside an expression becomes a node, and the expression goes on with that
//! node's variable. This file only keeps the nodes, the blocks that are open, and what has been read; which
//! nodes need which is worked out when the flow is complete, from the variables that they use.

use super::Elaborator;
use crate::by_var::ByVar;
use ahash::AHashMap;
use flow_diag::Span;
use flow_expr::{Expr, Name, Type, VarId};
use flow_plan::{Block, Node, NodeId, NodeKind};
use flow_syntax::ast;

/// Elaborates one statement that only flows have (`write`, `require`, `wait`, …); gives what the statement
/// makes of its block. Set by the flow's checker.
pub(crate) type StatementHook = fn(&mut Elaborator<'_>, &ast::Stmt, Option<&Type>) -> super::Ended;

/// Elaborates an expression that only flows and tests have: `for`, `check`, `run`.
pub(crate) type ExpressionHook = fn(&mut Elaborator<'_>, &ast::Expr, Option<&Type>) -> (Expr, Type);

/// A flow under construction.
pub(crate) struct Graph {
    /// Nodes of the blocks that are open, the innermost last.
    open: Vec<Vec<Node>>,
    /// The block among the open ones, and the place in it, of the node that makes each variable.
    makers: ByVar<(u32, u32)>,
    next: u32,
    /// Datasets that open blocks have read, with the variables that hold them.
    reads: AHashMap<(Name, bool), VarId>,
    /// The same in the order of reading, with the depth of the block that did: the deepest last.
    readers: Vec<(Name, bool, usize)>,
    /// The flow's text.
    body: Option<ast::Block>,
    /// Statements of flows.
    pub(crate) statement: StatementHook,
    /// Expressions of flows.
    pub(crate) expression: ExpressionHook,
}

impl Graph {
    /// An empty graph with one open block, in which about so many nodes are expected.
    pub(crate) fn new(statement: StatementHook, expression: ExpressionHook, expected: usize) -> Self {
        let mut makers = ByVar::default();
        makers.reserve(2 * expected);
        Self {
            open: vec![Vec::with_capacity(expected)],
            makers,
            next: 0,
            reads: AHashMap::new(),
            readers: vec![],
            body: None,
            statement,
            expression,
        }
    }

    /// The same, of this text.
    pub(crate) fn with_body(self, body: Option<ast::Block>) -> Self {
        Self { body, ..self }
    }

    /// The flow's text.
    pub(crate) fn body(&self) -> Option<&ast::Block> {
        self.body.as_ref()
    }

    /// The next number. Numbers follow the text, so a node with blocks takes its number before they open.
    pub(crate) fn reserve(&mut self) -> NodeId {
        self.next += 1;
        NodeId(self.next - 1)
    }

    /// Gives back the number that was taken last, when no node came of it.
    pub(crate) fn release(&mut self, id: NodeId) {
        if self.next == id.0 + 1 {
            self.next = id.0;
        }
    }

    /// Adds a node to the innermost open block.
    pub(crate) fn add(&mut self, id: NodeId, wanted: &str, var: VarId, ty: Type, kind: NodeKind, at: Span) {
        let node = Node { id, label: wanted.into(), var, ty, kind, needs: vec![], after: vec![], at };
        if self.open.is_empty() {
            self.open();
        }
        let depth = self.open.len() - 1;
        self.makers.insert(var, (depth as u32, self.open[depth].len() as u32));
        self.open[depth].push(node);
    }

    fn maker(&self, var: VarId) -> Option<(usize, usize)> {
        let (depth, place) = self.makers.get(var)?;
        Some((depth as usize, place as usize))
    }

    /// The node of that variable, if it is in the innermost open block: for a `let` to give it its name, or
    /// to add a recovery. Its variable is changed by [`Self::rename`] alone.
    pub(crate) fn node_of(&mut self, var: VarId) -> Option<&mut Node> {
        let (depth, place) = self.maker(var)?;
        if depth + 1 == self.open.len() { self.open[depth].get_mut(place) } else { None }
    }

    /// Gives the node of a variable in the innermost open block the name and the variable of a `let`.
    pub(crate) fn rename(&mut self, var: VarId, wanted: &str, to: VarId) {
        if let Some(node) = self.node_of(var) {
            (node.var, node.label) = (to, wanted.into());
            if let Some(maker) = self.makers.remove(var) {
                self.makers.insert(to, maker);
            }
        }
    }

    /// How many nodes have been made or begun.
    pub(crate) fn made(&self) -> u32 {
        self.next
    }

    /// How many calls of steps and flows are among the nodes of open blocks made since.
    pub(crate) fn calls_since(&self, before: u32) -> usize {
        // A node is added after all that have a smaller number and are not under way, so the fresh ones stand last.
        let fresh = |block: &'_ Vec<Node>| {
            let fresh = block.iter().rev().take_while(|node| node.id.0 >= before);
            fresh.filter(|node| matches!(node.kind, NodeKind::Call { .. } | NodeKind::Flow { .. })).count()
        };
        self.open.iter().map(fresh).sum()
    }

    /// The type of a node of an open block.
    pub(crate) fn type_of(&self, var: VarId) -> Option<&Type> {
        let (depth, place) = self.maker(var)?;
        self.open.get(depth)?.get(place).map(|node| &node.ty)
    }

    /// Opens a block: nodes go there until [`Self::close`].
    pub(crate) fn open(&mut self) {
        self.open.push(vec![]);
    }

    /// Closes the block opened last.
    pub(crate) fn close(&mut self, result: Option<Expr>) -> Block {
        let nodes = self.open.pop().unwrap_or_default();
        for node in &nodes {
            self.makers.remove(node.var);
        }
        let depth = self.open.len();
        while let Some((dataset, previous, _)) = self.readers.pop_if(|(.., at)| *at > depth) {
            self.reads.remove(&(dataset, previous));
        }
        Block { nodes, result: result.map(Box::new) }
    }

    /// The variable of a dataset that this block or one around it has read already: a run reads one version.
    pub(crate) fn already_read(&self, dataset: &Name, previous: bool) -> Option<VarId> {
        self.reads.get(&(dataset.clone(), previous)).copied()
    }

    /// Remembers a read of a whole dataset.
    pub(crate) fn remember_read(&mut self, dataset: Name, previous: bool, var: VarId) {
        self.readers.push((dataset.clone(), previous, self.open.len()));
        self.reads.insert((dataset, previous), var);
    }
}

impl Elaborator<'_> {
    /// Adds a node whose result is used as an expression.
    pub(crate) fn hoist(&mut self, label: &str, ty: Type, kind: NodeKind, at: Span) -> (Expr, Type) {
        let id = self.reserve();
        self.hoist_as(id, label, ty, kind, at)
    }

    /// The number of a node that is going to have blocks.
    pub(crate) fn reserve(&mut self) -> Option<NodeId> {
        self.graph.as_mut().map(Graph::reserve)
    }

    /// Adds a node under a number that was taken before.
    pub(crate) fn hoist_as(
        &mut self,
        id: Option<NodeId>,
        label: &str,
        ty: Type,
        kind: NodeKind,
        at: Span,
    ) -> (Expr, Type) {
        let var = self.locals.fresh();
        if let (Some(graph), Some(id)) = (&mut self.graph, id) {
            graph.add(id, label, var, ty.clone(), kind, at);
        }
        (Expr::new(flow_expr::ExprKind::Var(var), at), ty)
    }

    /// Gives back the number of a node that did not come to be.
    pub(crate) fn release(&mut self, id: Option<NodeId>) {
        if let (Some(graph), Some(id)) = (&mut self.graph, id) {
            graph.release(id);
        }
    }
}
