//! Random systems: flows with calendars, up to thirty steps in all, retries, branches, loops, pools, models and calls of flows.

use crate::build::{at, block, constant, dataset, flow, name, program, step};
use flow_expr::{BinaryOp, Expr, ExprKind, Name, Value, VarId};
use flow_plan::*;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// How old what others bring may be when it is read.
pub(super) const PROMISE_MS: u64 = 5 * HOUR;

/// Numbers from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Less than that.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// The clock of the machines that run it.
pub(super) fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_790_000_000_000 + ms).expect("a time")
}

/// A system, and what there is to know of it.
#[derive(Debug)]
pub(super) struct System {
    pub(super) program: Program,
    /// Whether some part of it may be left out of a run.
    pub(super) branches: bool,
    /// Flows whose own budget ends what they spend.
    capped: Vec<Name>,
}

impl System {
    pub(super) fn is_capped(&self, flow: &Name) -> bool {
        self.capped.contains(flow)
    }

    pub(super) fn of(seed: u64) -> Self {
        let mut making = Making {
            random: Random::of(seed),
            steps: vec![],
            judges: vec![],
            branches: false,
            may_branch: seed.is_multiple_of(2),
            capped: vec![],
            next: 0,
        };
        let count = 1 + making.random.below(4);
        let (mut flows, mut datasets) = (vec![], vec![source()]);
        for number in 0..count {
            let (flow, written) = making.flow(number, &flows);
            datasets.extend(written);
            flows.push(flow);
        }
        let models = ["one", "two"].map(|text| {
            let priced = Model::new(name(text), Provider::Openai, "m-2026-01-01");
            let price = Some(Price { input: 1_000_000, output: 2_000_000 });
            Model { price, context: Some(10_000), max_tokens: Some(1_000), ..priced }
        });
        let mut program = program(datasets, making.steps, flows);
        program.models = models.into_iter().map(|model| (model.name.clone(), model)).collect();
        program.pools = [(name("one_at_once"), 1), (name("two_at_once"), 2)].into();
        program.judges = making.judges.into_iter().map(|judge| (judge.name.clone(), judge)).collect();
        Self { program, branches: making.branches, capped: making.capped }
    }
}

fn source() -> Dataset {
    let fresh = Freshness { within_ms: PROMISE_MS, by: DataTimeSource::Column("at".into()), at: at(2) };
    let arrives = Some(Arrival { schedule: None, after: vec![], at: at(2) });
    Dataset { fresh: Some(fresh), arrives, ..dataset("source") }
}

struct Making {
    random: Random,
    steps: Vec<Step>,
    judges: Vec<Step>,
    branches: bool,
    may_branch: bool,
    capped: Vec<Name>,
    /// The next node's number in the flow that is made.
    next: u32,
}

impl Making {
    /// A flow, and what it writes if nobody calls it: the last but one of several may be called by the last.
    fn flow(&mut self, number: u64, before: &[Flow]) -> (Flow, Option<Dataset>) {
        self.next = 0;
        let text = format!("f{number}");
        let mut nodes: Vec<Node> = vec![];
        let written: Vec<&Name> = before.iter().flat_map(writes).collect();
        let mut reads: Vec<Name> =
            written.iter().filter(|_| self.random.chance(50)).map(|name| (*name).clone()).collect();
        if reads.is_empty() {
            reads.push(name("source"));
        }
        for dataset in &reads {
            let kind = NodeKind::Read { dataset: dataset.clone(), previous: false, partition: vec![] };
            let node = self.node(kind, vec![]);
            nodes.push(node);
        }
        for _ in 0..1 + self.random.below(6) {
            let needs = self.some_of(&nodes);
            let kind = self.kind(&nodes, &needs, before);
            let node = self.node(kind, needs);
            nodes.push(node);
        }
        let target = name(&format!("d{number}"));
        let kind = NodeKind::Write { dataset: target.clone(), value: constant(1), partition: vec![] };
        let all = nodes.iter().map(|node| node.id).collect();
        let write = self.node(kind, all);
        nodes.push(write);
        if self.random.chance(30) {
            // What comes behind the write makes the run longer, not the data older.
            let step = self.step(&format!("tail{number}"));
            let last = nodes.last().map(|node| node.id).into_iter().collect();
            let tail = self.node(NodeKind::Call { step, args: vec![], recover: None }, last);
            nodes.push(tail);
        }
        let mut made = flow(&text, vec![]);
        made.body = Block { nodes, result: None };
        made.overlap = match self.random.below(4) {
            0 => Overlap::Queue,
            1 => Overlap::Allow,
            _ => Overlap::Skip,
        };
        let follows = reads.iter().find(|read| read.as_str() != "source").filter(|_| self.random.chance(30)).cloned();
        let trigger = match follows {
            Some(dataset) => Trigger::Updates(vec![dataset]),
            None => Trigger::Schedule(self.schedule()),
        };
        made.starts = vec![Start { trigger, with: vec![], at: at(50) }];
        if self.may_branch && self.random.chance(20) {
            let asks = self.random.chance(50).then(|| 1 + self.random.below(6));
            let micro_dollars = asks.is_none().then_some(20_000);
            let caps = Budget { asks, tokens: None, micro_dollars };
            made.budgets = vec![FlowBudget { caps, per_ms: None, at: at(51) }];
            self.capped.push(made.name.clone());
        }
        let written = Dataset { writer: Some(made.name.clone()), ..dataset(target.as_str()) };
        (made, Some(written))
    }

    fn schedule(&mut self) -> Schedule {
        let days = match self.random.below(3) {
            0 => vec![1, 2, 3, 4, 5],
            _ => (1..=7).collect(),
        };
        let mut minutes: Vec<u16> = (0..1 + self.random.below(3)).map(|_| self.random.below(1440) as u16).collect();
        minutes.sort_unstable();
        minutes.dedup();
        Schedule::Days { days, minutes, zone: "Europe/London".into() }
    }

    fn node(&mut self, kind: NodeKind, needs: Vec<NodeId>) -> Node {
        let id = self.next;
        self.next += 1;
        let numbers = needs.iter().map(|id| id.0).collect();
        let mut node = block(vec![(kind, numbers)], id).nodes.remove(0);
        node.var = VarId(id);
        node.label = format!("n{id}").into();
        node
    }

    fn some_of(&mut self, nodes: &[Node]) -> Vec<NodeId> {
        let mut needs: Vec<NodeId> = nodes.iter().filter(|_| self.random.chance(40)).map(|node| node.id).collect();
        if needs.is_empty() {
            needs.extend(nodes.last().map(|node| node.id));
        }
        needs
    }

    fn kind(&mut self, nodes: &[Node], needs: &[NodeId], before: &[Flow]) -> NodeKind {
        let text = format!("s{}", self.steps.len());
        let asked = nodes.iter().find(|node| needs.contains(&node.id) && matches!(node.kind, NodeKind::Call { .. }));
        match self.random.below(10) {
            0 if self.may_branch && asked.is_some() => {
                self.branches = true;
                let var = asked.map_or(VarId(0), |node| node.var);
                let more = ExprKind::Binary(
                    BinaryOp::Greater,
                    Box::new(Expr::new(ExprKind::Var(var), at(9))),
                    Box::new(constant(4)),
                );
                let (then, otherwise) = (self.body(&text, 2), self.body(&format!("{text}o"), 1));
                NodeKind::If { condition: Expr::new(more, at(9)), then, otherwise }
            }
            1 | 2 => {
                let limit = 1 + self.random.below(5);
                let items = Value::List((0..limit as i64).map(Value::Int).collect());
                let item = VarId(500 + self.next);
                let parallel = 1 + self.random.below(3) as u32;
                let body = self.body(&text, 2);
                NodeKind::For { item, items: Expr::new(ExprKind::Const(items), at(9)), limit, parallel, body }
            }
            3 => {
                let length = SignedDuration::from_mins(1 + self.random.below(20) as i64);
                NodeKind::Wait { duration: Expr::new(ExprKind::Const(Value::Duration(length)), at(9)) }
            }
            4 if self.may_branch => {
                self.branches = true;
                let step = self.step(&text);
                NodeKind::Call { step, args: vec![], recover: Some(self.body(&format!("{text}r"), 1)) }
            }
            5 | 6 => NodeKind::Call { step: self.asking(&text), args: vec![], recover: None },
            7 if !before.is_empty() && self.steps.len() < 24 => {
                let called = before[self.random.below(before.len() as u64) as usize].name.clone();
                NodeKind::Flow { flow: called, args: vec![], recover: None }
            }
            _ => NodeKind::Call { step: self.step(&text), args: vec![], recover: None },
        }
    }

    /// One or two calls, one after the other.
    fn body(&mut self, text: &str, most: u64) -> Block {
        let mut nodes: Vec<Node> = vec![];
        for number in 0..1 + self.random.below(most) {
            let step = self.step(&format!("{text}_{number}"));
            let needs = nodes.last().map(|node| node.id).into_iter().collect();
            let node = self.node(NodeKind::Call { step, args: vec![], recover: None }, needs);
            nodes.push(node);
        }
        Block { nodes, result: None }
    }

    fn retry(&mut self) -> Option<RetryPolicy> {
        let times = self.random.below(4) as u32;
        let within_ms = (self.may_branch && self.random.chance(20)).then(|| (2 + self.random.below(20)) * MINUTE);
        let policy =
            RetryPolicy { times, on: vec![ErrorClass::Any], backoff_min_ms: 500, backoff_max_ms: 4_000, within_ms };
        (times > 0).then_some(policy)
    }

    /// A pool of one slot or two, in systems that branch anyway: what waits for a place often waits for less than is proved.
    fn pool(&mut self) -> Option<Name> {
        if !self.branches || !self.random.chance(40) {
            return None;
        }
        Some(name(if self.random.chance(50) { "one_at_once" } else { "two_at_once" }))
    }

    fn step(&mut self, text: &str) -> Name {
        let timeout_ms = (1 + self.random.below(10)) * MINUTE;
        let (retry, pool) = (self.retry(), self.pool());
        self.steps.push(Step {
            pool,
            timeout_ms,
            retry,
            returns: flow_expr::Type::Int,
            effect: Effect::Read,
            ..step(text)
        });
        name(text)
    }

    /// A step that asks one model or two, with a budget or without.
    fn asking(&mut self, text: &str) -> Name {
        let models = if self.random.chance(30) { vec![name("one"), name("two")] } else { vec![name("one")] };
        let body = AiBody { max_tokens: Some(1_000), ..AiBody::new(models, vec![]) };
        let asks = self.random.chance(40).then(|| 1 + self.random.below(5));
        let budget = asks.map(|asks| Budget { asks: Some(asks), ..Budget::default() });
        let retry = self.retry();
        let guards = if self.may_branch && self.random.chance(50) { self.judged(text) } else { vec![] };
        let made = Step { body: Body::Ai(Box::new(body)), budget, guards, pool: self.pool(), ..step(text) };
        let timeout_ms = (1 + self.random.below(3)) * MINUTE;
        self.steps.push(Step { timeout_ms, retry, returns: flow_expr::Type::Int, effect: Effect::Read, ..made });
        name(text)
    }
}

impl Making {
    /// Guards that ask one judge or two, which may be asked as often as any step.
    fn judged(&mut self, text: &str) -> Vec<Guard> {
        self.branches = true;
        let mut guards = vec![];
        for number in 0..1 + self.random.below(2) {
            let judge = name(&format!("{text}_j{number}"));
            let body = AiBody { max_tokens: Some(1_000), ..AiBody::new(vec![name("one")], vec![]) };
            let budget = self.random.chance(40).then(|| 1 + self.random.below(3));
            let budget = budget.map(|asks| Budget { asks: Some(asks), ..Budget::default() });
            let made = Step { body: Body::Ai(Box::new(body)), budget, retry: self.retry(), ..step(judge.as_str()) };
            let timeout_ms = (1 + self.random.below(5)) * MINUTE;
            let returns = flow_expr::Type::Bool;
            self.judges.push(Step { timeout_ms, returns, effect: Effect::Read, ..made });
            let condition = Expr::new(ExprKind::Call(judge, vec![constant(number as i64)]), at(9));
            let action = if self.random.chance(70) { GuardAction::Retry(None) } else { GuardAction::Warn(None) };
            guards.push(Guard { condition, text: "judge(it)".into(), action });
        }
        guards
    }
}

/// What a flow writes.
pub(super) fn writes(flow: &Flow) -> impl Iterator<Item = &Name> {
    flow.body.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Write { dataset, .. } => Some(dataset),
        _ => None,
    })
}

/// Steps by name, for those who run them.
pub(super) fn attempts(program: &Program) -> BTreeMap<Name, u64> {
    let steps = program.steps.values().chain(program.judges.values());
    steps.map(|step| (step.name.clone(), flow_analysis::time::step_bound(step).attempts)).collect()
}
