//! Random programs: every kind of node and of step that recovery has to do with, small enough to be read.
//!
//! The node at a place is drawn from the seed and its number alone, so a program of fewer nodes is the beginning of
//! the larger one: that is how a finding is made smaller. Knows nothing of how steps go; [`super::world`] does.

use super::{build::*, random::Random, steps::Steps};
use flow_expr::{Expr, Name, Type, Value, VarId};
use flow_plan::{
    Block, Budget, Deadline, Finish, Flow, FlowBudget, HandlerEvent, Node, NodeId, NodeKind, Program, StaleAction,
};
use jiff::SignedDuration;
use std::{collections::BTreeMap, sync::Arc};

/// Numbers of a flow's nodes: those of the next one begin here.
pub(super) const NODES_OF_FLOW: u32 = 10_000;
/// Numbers of the nodes inside one.
const INSIDE: u32 = 100;

/// A program, and what there is to know of it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) program: Arc<Program>,
    pub(super) flow: Name,
    /// What each node needs, and the node that its block belongs to.
    pub(super) places: BTreeMap<u32, Place>,
    /// Whether what happens depends on how long things take, and not only on what they give.
    pub(super) is_timely: bool,
}

/// Where a node is.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) needs: Vec<u32>,
    pub(super) owner: Option<u32>,
    /// A plain expression says nothing when it is known.
    pub(super) is_silent: bool,
}

/// Makes the program of a seed, with at most so many nodes beside each other.
pub(super) fn case(seed: u64, most_nodes: u32) -> Case {
    let mut random = Random::about(seed, "program");
    let mut making =
        Making { seed, flow: 0, steps: Steps::of(seed), places: BTreeMap::new(), is_timely: false, datasets: vec![] };
    let most = if random.chance(8) { 20 } else { 9 };
    let (main_nodes, inner_nodes) = (random.between(2, most) as u32, random.between(1, 3) as u32);
    let has_inner = random.chance(35);
    let mut flows = vec![];
    if has_inner {
        making.flow = 1;
        let (nodes, ints) = making.nodes(inner_nodes.min(most_nodes), false);
        let budgets = making.budgets(&mut Random::about(seed, "inner budget"));
        flows.push(Flow { budgets, ..flow("inner", nodes, Some(sum(&ints))) });
    }
    making.flow = 0;
    let (nodes, ints) = making.nodes(main_nodes.min(most_nodes), has_inner);
    let mut main = flow("main", nodes, Some(sum(&ints)));
    main.budgets = making.budgets(&mut Random::about(seed, "main budget"));
    making.handlers(&mut main, &mut random);
    if random.chance(10) {
        making.is_timely = true;
        let deadline = Deadline::Within(random.between(1_000, 3_600_000));
        main.finish = Some(Finish { deadline, at: Default::default() });
    }
    // Of two calls of a flow that go on at once, each may read what the other has published.
    let calls = main.nodes().filter(|node| matches!(node.kind, NodeKind::Flow { .. })).count();
    let reads_its_own = flows.iter().flat_map(Flow::nodes).any(|node| matches!(node.kind, NodeKind::Read { .. }));
    making.is_timely |= calls > 1 && reads_its_own;
    flows.push(main);
    let Making { steps, places, is_timely, mut datasets, .. } = making;
    datasets.push(dataset("source"));
    let is_timely = is_timely || steps.is_timely;
    let program = steps.program(datasets, flows);
    Case { program: Arc::new(program), flow: name("main"), places, is_timely }
}

struct Making {
    seed: u64,
    flow: u32,
    steps: Steps,
    places: BTreeMap<u32, Place>,
    is_timely: bool,
    datasets: Vec<flow_plan::Dataset>,
}

/// One plus all of these.
fn sum(of: &[u32]) -> Expr {
    of.iter().fold(int(1), |sum, id| add(sum, var(*id)))
}

impl Making {
    /// Nodes beside each other, and those of them that give a number.
    fn nodes(&mut self, count: u32, may_call: bool) -> (Vec<Node>, Vec<u32>) {
        let (mut nodes, mut ints, mut all): (Vec<Node>, Vec<u32>, Vec<u32>) = (vec![], vec![], vec![]);
        for number in 0..count {
            let id = self.flow * NODES_OF_FLOW + number * INSIDE;
            let mut random = Random::about(self.seed, &format!("node {id}"));
            let needs: Vec<u32> = ints.iter().copied().filter(|_| random.chance(35)).collect();
            let orders: Vec<u32> = all.iter().copied().filter(|_| random.chance(12)).collect();
            let (kind, gives_int) = self.kind(id, &needs, may_call, &mut random);
            let is_silent = matches!(kind, NodeKind::Compute { .. });
            let made = Node { after: orders.iter().map(|id| NodeId(*id)).collect(), ..node(id, kind) };
            self.place(id, needs.iter().chain(&orders).copied().collect(), None, is_silent);
            if gives_int {
                ints.push(id);
            }
            all.push(id);
            if let NodeKind::Write { dataset, .. } = &made.kind
                && random.chance(40)
            {
                // What was published is read by the run that published it.
                let reads = id + 1;
                // What was there before the run, or what it has published itself.
                let previous = random.chance(20);
                let kind = NodeKind::Read { dataset: dataset.clone(), previous, partition: vec![] };
                self.place(reads, vec![id], None, false);
                nodes.push(Node { after: vec![NodeId(id)], ..node(reads, kind) });
                ints.push(reads);
                all.push(reads);
            }
            nodes.push(made);
        }
        (nodes, ints)
    }

    fn place(&mut self, id: u32, needs: Vec<u32>, owner: Option<u32>, is_silent: bool) {
        self.places.insert(id, Place { needs, owner, is_silent });
    }

    /// What a node is, and whether it gives a number.
    fn kind(&mut self, id: u32, needs: &[u32], may_call: bool, random: &mut Random) -> (NodeKind, bool) {
        let argument = sum(needs);
        match random.below(100) {
            0..8 => (NodeKind::Compute { expr: argument, data: false }, true),
            8..16 => self.branch(id, argument, random),
            16..26 => self.looped(id, argument, random),
            26..32 => {
                let length = SignedDuration::from_millis(random.between(1, 7_200_000) as i64);
                (NodeKind::Wait { duration: constant(Value::Duration(length)) }, false)
            }
            32..44 => {
                let mut target = dataset(&format!("d{id}"));
                target.writer = None;
                let target_name = target.name.clone();
                self.datasets.push(target);
                (NodeKind::Write { dataset: target_name, value: argument, partition: vec![] }, false)
            }
            44..49 => (NodeKind::Read { dataset: name("source"), previous: false, partition: vec![] }, true),
            49..52 => {
                let text = "it holds".into();
                let condition = constant(Value::Bool(random.chance(70)));
                (NodeKind::Require { condition, text, warn: random.chance(60), message: None }, false)
            }
            52..54 => {
                self.is_timely = true;
                let action = match random.below(4) {
                    0 => StaleAction::Fail,
                    1 => StaleAction::Warn,
                    2 => StaleAction::Skip,
                    _ => StaleAction::Wait(random.between(1_000, 600_000)),
                };
                let within_ms = random.between(1_000, 20_000_000);
                let (dataset, partition) = (name("source"), vec![]);
                (NodeKind::RequireFresh { dataset, within_ms, partition, action }, false)
            }
            54..60 if may_call => {
                let recover = random.chance(40).then(|| self.block(id, 1, &argument, random));
                (NodeKind::Flow { flow: name("inner"), args: vec![], recover }, true)
            }
            60..74 => (self.asks(argument, random), true),
            74..79 => {
                let step = self.steps.person(random);
                (NodeKind::Call { step, args: vec![argument], recover: None }, false)
            }
            _ => {
                let step = self.steps.plain(random);
                let recover = random.chance(20).then(|| self.block(id, 1, &argument, random));
                (NodeKind::Call { step, args: vec![argument], recover }, true)
            }
        }
    }

    fn asks(&mut self, argument: Expr, random: &mut Random) -> NodeKind {
        let step = self.steps.model(random);
        NodeKind::Call { step, args: vec![argument], recover: None }
    }

    fn branch(&mut self, id: u32, argument: Expr, random: &mut Random) -> (NodeKind, bool) {
        let condition = constant(Value::Bool(random.chance(50)));
        let (then, otherwise) = (self.block(id, 1, &argument, random), self.block(id, 2, &argument, random));
        (NodeKind::If { condition, then, otherwise }, true)
    }

    fn looped(&mut self, id: u32, argument: Expr, random: &mut Random) -> (NodeKind, bool) {
        let item = VarId(id + INSIDE - 1);
        let items = ExprList((0..random.below(5) as i64).map(int).collect()).expr();
        let parallel = random.between(1, 3) as u32;
        let body = self.block(id, 3, &add(argument, var(item.0)), random);
        (NodeKind::For { item, items, limit: 9, parallel, body }, false)
    }

    /// A block inside a node: one call or two, one after the other.
    fn block(&mut self, owner: u32, number: u32, argument: &Expr, random: &mut Random) -> Block {
        let first = owner + number * 10;
        let mut nodes = vec![];
        for id in first..first + 1 + random.below(2) as u32 {
            let before = (id > first).then_some(id - 1);
            let value = before.map_or_else(|| argument.clone(), |before| add(argument.clone(), var(before)));
            let kind = match random.below(10) {
                0 => self.asks(value, random),
                _ => NodeKind::Call { step: self.steps.plain(random), args: vec![value], recover: None },
            };
            self.place(id, before.into_iter().collect(), Some(owner), false);
            nodes.push(node(id, kind));
        }
        let last = nodes.last().map_or(first, |node| node.id.0);
        Block { nodes, result: Some(Box::new(var(last))) }
    }

    fn handlers(&mut self, main: &mut Flow, random: &mut Random) {
        for (number, on) in [(0, HandlerEvent::Failure), (1, HandlerEvent::Late), (2, HandlerEvent::Stale)] {
            if random.chance(30) {
                let id = 9_000 + number;
                let step = self.steps.plain(random);
                let call = NodeKind::Call { step, args: vec![int(1)], recover: None };
                self.place(id, vec![], None, false);
                main.handlers.push(handler(on, vec![node(id, call)]));
            }
        }
    }

    fn budgets(&mut self, random: &mut Random) -> Vec<FlowBudget> {
        if !random.chance(25) {
            return vec![];
        }
        // Which ask is the one too many depends on which comes first.
        self.is_timely = true;
        let asks = Some(random.between(1, 8));
        let micro_dollars = random.chance(30).then(|| random.between(100, 3_000));
        let per_ms = random.chance(60).then(|| random.between(60_000, 7_200_000));
        vec![FlowBudget { caps: Budget { asks, tokens: None, micro_dollars }, per_ms, at: Default::default() }]
    }
}

/// A list as an expression.
struct ExprList(Vec<Expr>);

impl ExprList {
    fn expr(self) -> Expr {
        Expr::new(flow_expr::ExprKind::List(self.0), Default::default())
    }
}

/// The type of everything that is counted.
pub(super) const NUMBER: Type = Type::Int;
