//! A flow made ready for running: blocks in one list, edges as positions, variables with their makers.
//!
//! Made once per flow and run; nothing here changes while running. Knows no values and no states.
//! Edges are taken from `needs` and `after`, and from the variables that expressions mention, so a
//! value is always there when something is evaluated.

use crate::{
    expressions::{bind, free_variables, looks_into_data},
    meaning::may_hold_data,
    sources::{Source, Sources},
};
use ahash::AHashMap;
use flow_expr::{Arm, Expr, ExprKind, Name, TypeTable, Value, VarId};
use flow_plan::{Block, Finish, Flow, HandlerEvent, MatchArm, Node, NodeId, NodeKind, Param, StaleAction};
use std::{collections::BTreeSet, sync::Arc};

/// The number of the node that computes a block's value.
pub(crate) const RESULT: u32 = u32::MAX;

/// A node of a flow: the block and the position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeRef {
    pub(crate) block: u32,
    pub(crate) local: u32,
}

/// Something that must settle first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    pub(crate) node: NodeRef,
    /// Whether its value is used, rather than only its end awaited.
    pub(crate) data: bool,
}

/// A flow.
#[derive(Debug)]
pub(crate) struct FlowGraph {
    pub(crate) name: Name,
    pub(crate) params: Vec<Param>,
    pub(crate) finish: Option<Finish>,
    /// The body is block 0; blocks come before the blocks in them.
    pub(crate) blocks: Vec<BlockGraph>,
    pub(crate) handlers: Vec<(HandlerEvent, u32)>,
    pub(crate) sources: Sources,
    /// Node variables that may hold tables or files.
    pub(crate) data_vars: BTreeSet<VarId>,
}

/// A block.
#[derive(Debug, Default)]
pub(crate) struct BlockGraph {
    pub(crate) nodes: Vec<NodeGraph>,
    pub(crate) result: Option<Arc<Expr>>,
    /// What the result needs of this block and those around it.
    pub(crate) result_needs: Box<[Need]>,
}

/// A node.
#[derive(Debug)]
pub(crate) struct NodeGraph {
    pub(crate) id: u32,
    pub(crate) label: Arc<str>,
    pub(crate) optional: bool,
    pub(crate) op: Op,
    pub(crate) needs: Box<[Need]>,
    /// Positions in the same block of the nodes that need this one.
    pub(crate) dependents: Vec<u32>,
}

/// What a node does, its blocks by number.
#[derive(Debug)]
pub(crate) enum Op {
    Read {
        dataset: Name,
        previous: bool,
        partition: Vec<Arc<Expr>>,
    },
    Compute {
        expr: Arc<Expr>,
        data: bool,
    },
    Call {
        step: Name,
        args: Vec<Arc<Expr>>,
        recover: Option<u32>,
    },
    Flow {
        flow: Name,
        args: Vec<Arc<Expr>>,
        recover: Option<u32>,
    },
    If {
        condition: Arc<Expr>,
        then: u32,
        otherwise: u32,
    },
    /// `select` gives the number of the arm and then what its pattern binds: one evaluator knows patterns.
    Match {
        select: Arc<Expr>,
        arms: Vec<ArmGraph>,
    },
    For {
        item: VarId,
        items: Arc<Expr>,
        limit: u64,
        parallel: u32,
        body: u32,
    },
    Wait {
        duration: Arc<Expr>,
    },
    Write {
        dataset: Name,
        value: Arc<Expr>,
        partition: Vec<Arc<Expr>>,
    },
    RequireFresh {
        dataset: Name,
        within_ms: u64,
        partition: Vec<Arc<Expr>>,
        action: StaleAction,
    },
    Require {
        condition: Arc<Expr>,
        text: Arc<str>,
        warn: bool,
        message: Option<Arc<Expr>>,
    },
}

/// An arm of a `match`.
#[derive(Debug)]
pub(crate) struct ArmGraph {
    pub(crate) bindings: Vec<VarId>,
    pub(crate) body: u32,
}

impl Op {
    /// One word for history and people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Compute { .. } => "compute",
            Self::Call { .. } => "call",
            Self::Flow { .. } => "flow",
            Self::If { .. } => "if",
            Self::Match { .. } => "match",
            Self::For { .. } => "for",
            Self::Wait { .. } => "wait",
            Self::Write { .. } => "write",
            Self::RequireFresh { .. } | Self::Require { .. } => "require",
        }
    }

    /// The step, flow or dataset that it is about.
    pub(crate) fn subject(&self) -> Option<&Name> {
        match self {
            Self::Call { step: name, .. } | Self::Flow { flow: name, .. } => Some(name),
            Self::Read { dataset, .. } | Self::Write { dataset, .. } | Self::RequireFresh { dataset, .. } => {
                Some(dataset)
            }
            _ => None,
        }
    }

    /// What is evaluated before anything else.
    pub(crate) fn operands(&self) -> impl Iterator<Item = &Arc<Expr>> {
        let (first, others) = match self {
            Self::Read { partition, .. } | Self::RequireFresh { partition, .. } => (None, &partition[..]),
            Self::Compute { expr, .. } => (Some(expr), &[][..]),
            Self::Call { args, .. } | Self::Flow { args, .. } => (None, &args[..]),
            Self::If { condition, .. } | Self::Require { condition, .. } => (Some(condition), &[][..]),
            Self::Match { select, .. } => (Some(select), &[][..]),
            Self::For { items, .. } => (Some(items), &[][..]),
            Self::Wait { duration } => (Some(duration), &[][..]),
            Self::Write { value, partition, .. } => (Some(value), &partition[..]),
        };
        first.into_iter().chain(others)
    }
}

impl FlowGraph {
    /// Makes a flow ready.
    pub(crate) fn new(flow: &Flow, types: &TypeTable) -> Self {
        let mut maker = Maker::new(types, flow.body.nodes.len());
        maker.block(&flow.body, &flow.params, None);
        let handlers: Vec<_> =
            flow.handlers.iter().map(|handler| (handler.on, maker.block(&handler.body, &[], Some(0)))).collect();
        maker.connect();
        Self {
            name: flow.name.clone(),
            params: flow.params.clone(),
            finish: flow.finish.clone(),
            blocks: maker.blocks,
            handlers,
            sources: maker.sources,
            data_vars: maker.data_vars,
        }
    }
}

struct Maker<'a> {
    types: &'a TypeTable,
    blocks: Vec<BlockGraph>,
    parents: Vec<Option<u32>>,
    sources: Sources,
    data_vars: BTreeSet<VarId>,
    /// Places of nodes, by number.
    nodes: Vec<Option<NodeRef>>,
    /// The `require … fresh` of each dataset, by block.
    required: AHashMap<(u32, Name), Vec<NodeRef>>,
    /// All nodes, until their needs are known; a block's result that became a node has none in the plan.
    declared: Vec<(NodeRef, Option<&'a Node>)>,
}

impl<'a> Maker<'a> {
    /// For a flow of about so many nodes.
    fn new(types: &'a TypeTable, nodes: usize) -> Self {
        Self {
            types,
            blocks: vec![],
            parents: vec![],
            sources: Sources::with_capacity(2 * nodes),
            data_vars: BTreeSet::new(),
            nodes: Vec::with_capacity(nodes),
            required: AHashMap::new(),
            declared: Vec::with_capacity(nodes),
        }
    }

    /// Adds a block and the blocks in it; gives its number.
    fn block(&mut self, block: &'a Block, params: &'a [Param], parent: Option<u32>) -> u32 {
        let number = self.blocks.len() as u32;
        self.blocks.push(BlockGraph::default());
        self.parents.push(parent);
        for param in params {
            self.bound(param.var, number);
            if may_hold_data(&param.ty, self.types) {
                self.data_vars.insert(param.var);
            }
        }
        let nodes: Vec<_> =
            block.nodes.iter().enumerate().map(|(local, node)| self.node(node, number, local)).collect();
        self.blocks[number as usize].nodes = nodes;
        self.result(block, number);
        number
    }

    /// The block's value. One that needs loaded data becomes a node, so that an executor computes it.
    fn result(&mut self, block: &Block, number: u32) {
        let Some(result) = &block.result else { return };
        let mut result = Arc::new((**result).clone());
        if looks_into_data(&result, &|var| self.data_vars.contains(&var)) {
            let place = NodeRef { block: number, local: self.blocks[number as usize].nodes.len() as u32 };
            // Variables are numbered from 0, and `it` is the last number of all.
            let var = VarId(u32::MAX - 1 - number);
            self.sources.insert(var, Source::Node(place));
            self.declared.push((place, None));
            let at = result.at;
            let op = Op::Compute { expr: result, data: true };
            let (id, label, optional) = (RESULT, "result".into(), false);
            let node = NodeGraph { id, label, optional, op, needs: Box::default(), dependents: vec![] };
            self.blocks[number as usize].nodes.push(node);
            result = Arc::new(Expr::new(ExprKind::Var(var), at));
        }
        self.blocks[number as usize].result = Some(result);
    }

    fn bound(&mut self, var: VarId, block: u32) {
        self.sources.insert(var, Source::Bound(block));
    }

    fn node(&mut self, node: &'a Node, block: u32, local: usize) -> NodeGraph {
        let place = NodeRef { block, local: local as u32 };
        let number = node.id.0 as usize;
        if number >= self.nodes.len() {
            self.nodes.resize(number + 1, None);
        }
        self.nodes[number] = Some(place);
        self.sources.insert(node.var, Source::Node(place));
        if may_hold_data(&node.ty, self.types) {
            self.data_vars.insert(node.var);
        }
        if let NodeKind::RequireFresh { dataset, .. } = &node.kind {
            self.required.entry((block, dataset.clone())).or_default().push(place);
        }
        self.declared.push((place, Some(node)));
        let op = self.op(&node.kind, block);
        NodeGraph {
            id: node.id.0,
            label: node.label.clone(),
            optional: matches!(node.ty, flow_expr::Type::Optional(_)),
            op,
            needs: Box::default(),
            dependents: vec![],
        }
    }

    fn op(&mut self, kind: &'a NodeKind, block: u32) -> Op {
        let inner = Some(block);
        match kind {
            NodeKind::Read { dataset, previous, partition } => {
                Op::Read { dataset: dataset.clone(), previous: *previous, partition: shared(partition) }
            }
            NodeKind::Compute { expr, data } => Op::Compute { expr: Arc::new(expr.clone()), data: *data },
            NodeKind::Call { step, args, recover } => Op::Call {
                step: step.clone(),
                args: shared(args),
                recover: recover.as_ref().map(|recover| self.block(recover, &[], inner)),
            },
            NodeKind::Flow { flow, args, recover } => Op::Flow {
                flow: flow.clone(),
                args: shared(args),
                recover: recover.as_ref().map(|recover| self.block(recover, &[], inner)),
            },
            NodeKind::If { condition, then, otherwise } => Op::If {
                condition: Arc::new(condition.clone()),
                then: self.block(then, &[], inner),
                otherwise: self.block(otherwise, &[], inner),
            },
            NodeKind::Match { subject, arms } => self.select(subject, arms, block),
            NodeKind::For { item, items, limit, parallel, body } => {
                let body = self.block(body, &[], inner);
                self.bound(*item, body);
                let items = Arc::new(items.clone());
                Op::For { item: *item, items, limit: *limit, parallel: *parallel, body }
            }
            NodeKind::Wait { duration } => Op::Wait { duration: Arc::new(duration.clone()) },
            NodeKind::Write { dataset, value, partition } => {
                Op::Write { dataset: dataset.clone(), value: Arc::new(value.clone()), partition: shared(partition) }
            }
            NodeKind::RequireFresh { dataset, within_ms, partition, action } => Op::RequireFresh {
                dataset: dataset.clone(),
                within_ms: *within_ms,
                partition: shared(partition),
                action: *action,
            },
            NodeKind::Require { condition, text, warn, message } => Op::Require {
                condition: Arc::new(condition.clone()),
                text: text.clone(),
                warn: *warn,
                message: message.as_ref().map(|message| Arc::new((**message).clone())),
            },
        }
    }

    fn select(&mut self, subject: &'a Expr, arms: &'a [MatchArm], block: u32) -> Op {
        let mut selectors = vec![];
        let mut graphs = vec![];
        for (number, arm) in (0_i64..).zip(arms) {
            let body = self.block(&arm.body, &[], Some(block));
            let mut bindings = BTreeSet::new();
            bind(&arm.pattern, &mut bindings);
            bindings.iter().for_each(|var| self.bound(*var, body));
            let bindings: Vec<_> = bindings.into_iter().collect();
            let number = Expr::new(ExprKind::Const(Value::Int(number)), subject.at);
            let bound = bindings.iter().map(|var| Expr::new(ExprKind::Var(*var), subject.at));
            let chosen = ExprKind::List(std::iter::once(number).chain(bound).collect());
            selectors.push(Arm {
                pattern: arm.pattern.clone(),
                condition: arm.condition.clone(),
                body: Expr::new(chosen, subject.at),
            });
            graphs.push(ArmGraph { bindings, body });
        }
        let select = Expr::new(ExprKind::Match(Box::new(subject.clone()), selectors), subject.at);
        Op::Match { select: Arc::new(select), arms: graphs }
    }

    /// Turns numbers and variables into edges, once every node is known.
    fn connect(&mut self) {
        let mut needs = vec![];
        for (place, declared) in std::mem::take(&mut self.declared) {
            needs.clear();
            if let Some(node) = declared {
                let numbered = |id: &NodeId, data| Some(Need { node: (*self.nodes.get(id.0 as usize)?)?, data });
                needs.extend(node.needs.iter().filter_map(|id| numbered(id, true)));
                needs.extend(node.after.iter().filter_map(|id| numbered(id, false)));
            }
            self.mentioned(&self.node_at(place).op, &mut needs);
            needs.extend(self.fresh_before(place));
            self.reachable(&mut needs, place);
            for need in needs.iter().filter(|need| need.node.block == place.block) {
                let maker = &mut self.blocks[need.node.block as usize].nodes[need.node.local as usize];
                maker.dependents.push(place.local);
            }
            self.blocks[place.block as usize].nodes[place.local as usize].needs = needs.as_slice().into();
        }
        for block in 0..self.blocks.len() {
            let Some(result) = self.blocks[block].result.clone() else { continue };
            let place = NodeRef { block: block as u32, local: u32::MAX };
            needs.clear();
            self.makers(&result, &mut needs);
            self.reachable(&mut needs, place);
            self.blocks[block].result_needs = needs.as_slice().into();
        }
    }

    fn node_at(&self, place: NodeRef) -> &NodeGraph {
        &self.blocks[place.block as usize].nodes[place.local as usize]
    }

    /// Makers of what the node's own expressions mention.
    fn mentioned(&self, op: &Op, needs: &mut Vec<Need>) {
        op.operands().for_each(|expr| self.makers(expr, needs));
        if let Op::Require { message: Some(message), .. } = op {
            self.makers(message, needs);
        }
    }

    /// The nodes whose values an expression mentions.
    fn makers(&self, expr: &Expr, needs: &mut Vec<Need>) {
        let mut add = |var| {
            if let Some(Source::Node(node)) = self.sources.get(var) {
                needs.push(Need { node, data: true });
            }
        };
        match &expr.kind {
            ExprKind::Var(var) => add(*var),
            _ => free_variables(expr).into_iter().for_each(add),
        }
    }

    /// A dataset is read after what its block requires of it.
    fn fresh_before(&self, place: NodeRef) -> impl Iterator<Item = Need> {
        let required = match &self.node_at(place).op {
            Op::Read { dataset, previous: false, .. } => self.required.get(&(place.block, dataset.clone())),
            _ => None,
        };
        required.into_iter().flatten().map(|node| Need { node: *node, data: false })
    }

    /// Needs of blocks around the place, each once, never of the node itself.
    fn reachable(&self, needs: &mut Vec<Need>, place: NodeRef) {
        // Data before order, so that the stronger of two needs of one node stays.
        needs.sort_unstable_by_key(|need| (need.node, !need.data));
        needs.dedup_by_key(|need| need.node);
        needs.retain(|need| need.node != place && self.encloses(need.node.block, place.block));
    }

    fn encloses(&self, outer: u32, inner: u32) -> bool {
        let mut block = Some(inner);
        while let Some(number) = block {
            if number == outer {
                return true;
            }
            block = self.parents[number as usize];
        }
        false
    }
}

fn shared(exprs: &[Expr]) -> Vec<Arc<Expr>> {
    exprs.iter().cloned().map(Arc::new).collect()
}
