//! How long a step may wait for a place in its pool, at most, each time that it is tried.
//!
//! A pool serves who came first. When a step comes, those before it have at most one attempt each to go, and while it
//! waits all slots are taken: it waits at most for the sum of their timeouts, divided by the slots, and not at all if
//! they are fewer than the slots. However often it comes, it never waits for more than all their attempts together.
//! Who may be before it: what the same run does at the same time, in other branches of
//! the graph, other turns of a loop, and around the call of its flow; other runs are as if they were not there. What waits for
//! each other is never there at once: of a chain of steps the longest counts, and chains that cover the graph bound what
//! can be there at once (Dilworth's theorem). What goes on beside a loop is waited for by the loop as a whole, not by
//! each turn anew. Nothing waits here for `--jobs`. Knows no deadlines; [`crate::time`] adds
//! the waits up. Tested in `tests/it/queueing.rs` and by the proof.

use crate::{
    bits::Bits,
    chains::Work,
    spend::most_calls,
    time::{Tries, all_callees_first, call_bound, in_order, runs, turns_at_once, waits, waits_for},
};
use flow_expr::Name;
use flow_plan::{Block, Body, Flow, MOST_CALLS, Node, NodeId, NodeKind, Program, Step};
use std::collections::{BTreeMap, BTreeSet};

/// More steps of a pool in one block than this are not told apart: each waits for all others.
const MOST_TOLD_APART: usize = 1024;

/// What may be before a step in a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    /// How many may be there at once.
    count: u64,
    /// The sum of their timeouts, milliseconds.
    ms: u64,
    /// How often they come in all.
    tries: u64,
    /// The sum of the timeouts of all that, milliseconds.
    all_ms: u64,
}

impl Load {
    /// Attempts of a step, one after the other.
    fn tried(times: u64, timeout_ms: u64) -> Self {
        Self { count: 1, ms: timeout_ms, tries: times, all_ms: times.saturating_mul(timeout_ms) }
    }

    /// Both at once.
    fn and(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            ms: self.ms.saturating_add(other.ms),
            ..self.behind(other)
        }
    }

    /// Both, one after the other.
    fn behind(self, other: Self) -> Self {
        Self {
            tries: self.tries.saturating_add(other.tries),
            all_ms: self.all_ms.saturating_add(other.all_ms),
            ..self.or(other)
        }
    }

    /// One of them.
    fn or(self, other: Self) -> Self {
        Self {
            count: self.count.max(other.count),
            ms: self.ms.max(other.ms),
            tries: self.tries.max(other.tries),
            all_ms: self.all_ms.max(other.all_ms),
        }
    }

    /// Turns of a loop, so many in all, of which some go on at once.
    fn turns(self, all: u64, at_once: u64) -> Self {
        if at_once == 0 {
            return Self::default();
        }
        Self {
            count: self.count.saturating_mul(at_once),
            ms: self.ms.saturating_mul(at_once),
            tries: self.tries.saturating_mul(all),
            all_ms: self.all_ms.saturating_mul(all),
        }
    }

    /// How long one waits for these by so many slots that comes so often.
    fn wait_ms(self, comes: u64, slots: u64) -> u64 {
        self.ms.div_ceil(slots).saturating_mul(comes).min(self.all_ms.div_ceil(slots))
    }
}

/// The longest wait of each call of a step with a pool, however often it is tried, and of each loop as a whole for what
/// goes on beside it; milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Queueing<'a> {
    waits: Waits<'a>,
    /// What there is to do in all, of bodies of flows and of loops, by their first nodes.
    work: BTreeMap<(&'a Name, NodeId), Work<'a>>,
}

type Waits<'a> = BTreeMap<(&'a Name, NodeId), u64>;

impl<'a> Queueing<'a> {
    /// Of a program; nothing where no pool is too small for all that may be in it.
    pub(crate) fn of(program: &'a Program) -> Self {
        let mut all = Self::default();
        let used: BTreeSet<&Name> = program.steps.values().filter_map(|step| step.pool.as_ref()).collect();
        if used.is_empty() {
            return all;
        }
        let order = all_callees_first(program);
        for (pool, slots) in used.iter().filter_map(|pool| program.pools.get_key_value(*pool)) {
            InPool::of(program, &order, pool, u64::from((*slots).max(1))).waits(&order, &mut all);
        }
        all
    }

    /// Of a call with all its attempts, or of a loop with all its turns.
    pub(crate) fn wait_ms(&self, flow: &Name, node: NodeId) -> u64 {
        self.waits.get(&(flow, node)).copied().unwrap_or(0)
    }

    /// Of the body of a flow or a loop, where something in it waits: what it takes at most, by all there is to do.
    pub(crate) fn most_ms(&self, program: &Program, flow: &Name, block: &Block) -> Option<u64> {
        self.work.get(&(flow, block.nodes.first()?.id))?.most_ms(program, block)
    }
}

/// One pool.
struct InPool<'a> {
    program: &'a Program,
    pool: &'a Name,
    slots: u64,
    /// What one run of a flow may have in the pool at once.
    loads: BTreeMap<&'a Name, Load>,
}

impl<'a> InPool<'a> {
    /// `order` has each flow after those that it calls.
    fn of(program: &'a Program, order: &[&'a Name], pool: &'a Name, slots: u64) -> Self {
        let mut found = Self { program, pool, slots, loads: BTreeMap::new() };
        for name in order {
            let load = program.flows.get(name).map_or_else(Load::default, |flow| found.flow(flow));
            found.loads.insert(name, load);
        }
        found
    }

    fn flow(&self, flow: &'a Flow) -> Load {
        let handlers = flow.handlers.iter().map(|handler| self.block(&handler.body));
        handlers.fold(self.block(&flow.body), Load::and)
    }

    fn block(&self, block: &'a Block) -> Load {
        Apart::of(self, block).all()
    }

    fn node(&self, node: &'a Node) -> Load {
        let blocks = node.blocks().into_iter().map(|block| self.block(block)).fold(Load::default(), Load::or);
        match &node.kind {
            // What recovers comes behind.
            NodeKind::Call { step, .. } => {
                self.program.steps.get(step).map_or(blocks, |step| self.step(step).behind(blocks))
            }
            NodeKind::For { limit, parallel, .. } => blocks.turns(*limit, u64::from((*parallel).max(1)).min(*limit)),
            _ => match runs(self.program, node) {
                Some(flow) => self.loads.get(flow).copied().unwrap_or_default().behind(blocks),
                None => blocks,
            },
        }
    }

    /// The attempts of a step, and those of the steps that its model calls.
    fn step(&self, step: &Step) -> Load {
        let is_in = |step: &Step| step.pool.as_ref() == Some(self.pool);
        let attempts = Tries::of(step).attempts;
        let own = if is_in(step) { Load::tried(attempts, step.timeout_ms) } else { Load::default() };
        let Body::Ai(ai) = &step.body else { return own };
        let calls = most_calls(ai).min(attempts.saturating_mul(MOST_CALLS as u64));
        let tools = ai.tools.iter().filter_map(|tool| self.program.steps.get(tool)).filter(|tool| is_in(tool));
        let tool = |tool: &Step| Load::tried(calls.saturating_mul(Tries::of(tool).attempts), tool.timeout_ms);
        own.behind(tools.map(tool).fold(Load::default(), Load::or))
    }

    fn takes_place(&self, step: &Name) -> bool {
        self.program.steps.get(step).is_some_and(|step| self.step(step).count > 0)
    }

    /// The waits of all calls and loops: of each flow within what may be there besides its run, callers first.
    fn waits(&self, order: &[&'a Name], all: &mut Queueing<'a>) {
        let load = |name: &Name| self.loads.get(name).copied().unwrap_or_default();
        let mut besides: BTreeMap<&Name, Load> = BTreeMap::new();
        for name in order.iter().rev() {
            let Some(flow) = self.program.flows.get(*name).filter(|_| load(name).count > 0) else { continue };
            let around = Around { beside: besides.get(name).copied().unwrap_or_default(), outside: Load::default() };
            for block in std::iter::once(&flow.body).chain(flow.handlers.iter().map(|handler| &handler.body)) {
                self.add_work(name, block, around, &mut all.work);
                self.waits_in(name, block, around, all, &mut besides);
            }
        }
    }

    /// What there is to do in a block and beside it, if that is too much for the pool.
    fn add_work(
        &self,
        flow: &'a Name,
        block: &'a Block,
        around: Around,
        work: &mut BTreeMap<(&'a Name, NodeId), Work<'a>>,
    ) {
        let Some(first) = block.nodes.first() else { return };
        let all = self.block(block).and(around.beside);
        if all.count.saturating_add(around.outside.count) > self.slots {
            let work = work.entry((flow, first.id)).or_default();
            work.lump_ms = work.lump_ms.saturating_add(all.all_ms.div_ceil(self.slots));
            work.pools.insert(self.pool, self.slots);
        }
    }

    /// Blocks nest at most as deeply as the parser allows (256).
    fn waits_in(
        &self,
        flow: &'a Name,
        block: &'a Block,
        around: Around,
        all: &mut Queueing<'a>,
        besides: &mut BTreeMap<&'a Name, Load>,
    ) {
        let mut found = |node: NodeId, wait: u64| {
            let known = all.waits.entry((flow, node)).or_default();
            *known = (*known).max(wait);
        };
        let apart = Apart::of(self, block);
        let mut inner = vec![];
        for (index, node) in apart.nodes.iter().enumerate() {
            let beside = around.beside.and(apart.besides(index));
            let own = apart.loads[index];
            // With no more than the slots nothing waits.
            let is_crowded = |others: u64| others.saturating_add(around.outside.count) >= self.slots;
            let mut within = Around { beside, ..around };
            match &node.kind {
                NodeKind::Call { step, .. } if is_crowded(beside.count) && self.takes_place(step) => {
                    let comes = self.program.steps.get(step).map_or(0, |step| call_bound(self.program, step).attempts);
                    found(node.id, beside.wait_ms(comes, self.slots));
                }
                NodeKind::For { limit, parallel, body, .. } => {
                    if is_crowded(beside.count.saturating_add(own.count.saturating_sub(1))) {
                        found(node.id, beside.wait_ms(own.tries, self.slots));
                    }
                    let others = turns_at_once(self.program, *parallel, body).min(*limit).saturating_sub(1);
                    let turns = self.block(body).turns(limit.saturating_sub(1), others);
                    within = Around { beside: turns, outside: around.outside.and(beside) };
                }
                _ => {}
            }
            if let Some(called) = runs(self.program, node) {
                let known = besides.entry(called).or_default();
                *known = known.or(within.beside.and(within.outside));
            }
            inner.extend(node.blocks().into_iter().map(|block| (*node, block, within)));
        }
        for (node, block, within) in inner {
            if matches!(node.kind, NodeKind::For { .. }) {
                self.add_work(flow, block, within, &mut all.work);
            }
            self.waits_in(flow, block, within, all, besides);
        }
    }
}

/// What may be in a pool together with what is in a block.
#[derive(Clone, Copy, Debug)]
struct Around {
    /// What each thing in the block may wait for.
    beside: Load,
    /// What the loops around the block wait for, each once for all its turns.
    outside: Load,
}

/// The nodes of a block that may be in the pool, in chains: those of a chain are never there at once.
struct Apart<'a> {
    nodes: Vec<&'a Node>,
    loads: Vec<Load>,
    /// For each node those that are done before it begins.
    before: Vec<Bits>,
    /// The chain of each node.
    chain: Vec<usize>,
}

impl<'a> Apart<'a> {
    fn of(pool: &InPool<'a>, block: &'a Block) -> Self {
        let mut apart = Self { nodes: vec![], loads: vec![], before: vec![], chain: vec![] };
        let mut number: BTreeMap<usize, usize> = BTreeMap::new();
        for (place, node) in block.nodes.iter().enumerate() {
            let load = pool.node(node);
            if load.count > 0 {
                number.insert(place, apart.nodes.len());
                apart.nodes.push(node);
                apart.loads.push(load);
            }
        }
        let count = apart.nodes.len();
        if !(2..=MOST_TOLD_APART).contains(&count) {
            apart.before = vec![Bits::default(); count];
            apart.chain = (0..count).collect();
            return apart;
        }
        let waits = waits(block, waits_for);
        let mut before = vec![Bits::default(); block.nodes.len()];
        let mut order = vec![];
        for place in in_order(&waits) {
            let mut bits = std::mem::take(&mut before[place]);
            for earlier in &waits[place] {
                let earlier = *earlier as usize;
                bits.join(&before[earlier]);
                if let Some(number) = number.get(&earlier) {
                    bits.add(*number);
                }
            }
            before[place] = bits;
            order.extend(number.get(&place));
        }
        apart.before = number.keys().map(|place| std::mem::take(&mut before[*place])).collect();
        apart.chain = apart.cover(&order);
        apart
    }

    fn is_before(&self, one: usize, other: usize) -> bool {
        self.before[other].has(one)
    }

    /// Puts each node, in an order that the graph allows, behind the first chain whose last node is before it.
    fn cover(&self, order: &[usize]) -> Vec<usize> {
        let mut chain = vec![0; self.nodes.len()];
        let mut last: Vec<usize> = vec![];
        for node in order {
            let found = last.iter().position(|last| self.is_before(*last, *node));
            let found = found.unwrap_or_else(|| {
                last.push(*node);
                last.len() - 1
            });
            last[found] = *node;
            chain[*node] = found;
        }
        chain
    }

    /// What may be there at once.
    fn all(&self) -> Load {
        self.sum(|_| true)
    }

    /// What may be there at once with a node.
    fn besides(&self, node: usize) -> Load {
        self.sum(|other| {
            self.chain[other] != self.chain[node] && !self.is_before(other, node) && !self.is_before(node, other)
        })
    }

    /// Of each chain the most that one of its nodes has.
    fn sum(&self, counts: impl Fn(usize) -> bool) -> Load {
        let mut most: BTreeMap<usize, Load> = BTreeMap::new();
        for (node, load) in self.loads.iter().enumerate().filter(|(node, _)| counts(*node)) {
            let known = most.entry(self.chain[node]).or_default();
            *known = known.behind(*load);
        }
        most.into_values().fold(Load::default(), Load::and)
    }
}
