//! Worst cases: how long a step call, and a flow, can take at most.
//!
//! A step: every attempt to its timeout, every backoff at its longest, capped by `within`, what its guards wait for people, and
//! what each attempt waits for a place in its pool ([`crate::queueing`]). A flow: the
//! longest path through its graph; a loop counts `limit / parallel` rounds. What has no bound of its own
//! (reading, computing, publishing) counts as nothing and makes the result an assumption only where a
//! timeout is a default. Knows nothing of calendars, promises or history.

use crate::{
    bounds::Unbounded,
    queueing::Queueing,
    spend::{Asks, Curve, Judged, asks_of_result, judges_of, most_calls, own_asks},
};
use flow_expr::{ExprKind, Name, Value};
use flow_plan::{
    Block, Body, Bound, Bounds, Flow, GuardAction, MOST_CALLS, Node, NodeId, NodeKind, Program, Provenance,
    RetryPolicy, StaleAction, Step,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How deep tools that call tools are looked into.
const DEEPEST_TOOLS: u32 = 16;

/// The worst case of one execution of a step.
#[must_use]
pub fn step_bound(step: &Step) -> Bound {
    let tries = Tries::of(step);
    let backoffs = step.retry.as_ref().map_or(0, backoffs_ms).saturating_mul(tries.models);
    let all = tries.attempts.saturating_mul(step.timeout_ms).saturating_add(backoffs);
    let worst_ms = match step.retry.as_ref().and_then(|policy| policy.within_ms) {
        // Each model has the pauses between its tries anew; an ask that comes after its time still has a millisecond.
        Some(within) => {
            let late = if tries.results > 1 && tries.is_asked || tries.models > 1 { tries.attempts } else { 0 };
            all.min(within.saturating_mul(tries.models).saturating_add(late))
        }
        None => all,
    };
    // What a retry policy allows is used up before a person is asked about a result.
    let worst_ms = worst_ms.saturating_add(people_in_all(step));
    let provenance = if step.timeout_declared { Provenance::Declared } else { Provenance::Assumed };
    Bound { worst_ms, attempts: tries.attempts, provenance }
}

/// How often a step is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    pub(crate) attempts: u64,
    /// Those whose result its guards look at.
    pub(crate) results: u64,
    /// One after the other, each with the whole retry policy.
    pub(crate) models: u64,
    /// Whether these are asks of models.
    is_asked: bool,
}

impl Tries {
    pub(crate) fn of(step: &Step) -> Self {
        if let Body::Ai(ai) = &step.body {
            let Asks { asks, results, .. } = own_asks(step, ai);
            return Self { attempts: asks, results, models: ai.models.len().max(1) as u64, is_asked: true };
        }
        let asks_again = step.guards.iter().any(|guard| matches!(guard.action, GuardAction::Retry(_)));
        let times = step.retry.as_ref().map_or(u64::from(asks_again), |policy| u64::from(policy.times));
        Self { attempts: times + 1, results: times + 1, models: 1, is_asked: false }
    }
}

/// The worst case of one execution of a step with its judges and tools, where nothing waits for a place in a pool.
pub(crate) fn call_bound(program: &Program, step: &Step) -> Bound {
    whole_bound(program, step, DEEPEST_TOOLS)
}

/// The worst case of one execution of a step with its judges and tools: each judge may be asked about each result, and
/// each turn of a conversation may call as many steps as it may, the slowest each time; a budget of asks is for all of
/// them. `depth` is how deep tools call tools; those that never end (E0904) count as if they ended there.
fn whole_bound(program: &Program, step: &Step, depth: u32) -> Bound {
    let mut bound = step_bound(step);
    let own = Bound { worst_ms: bound.worst_ms.saturating_sub(people_in_all(step)), ..bound.clone() };
    let mut judges = vec![];
    for judge in judges_of(program, step) {
        judges.push((judge, step_bound(judge)));
    }
    let results = Tries::of(step).results;
    for (_, judge) in &judges {
        bound.worst_ms = bound.worst_ms.saturating_add(judge.worst_ms.saturating_mul(results));
        bound.attempts = bound.attempts.saturating_add(judge.attempts.saturating_mul(results));
        bound.provenance = bound.provenance.max(judge.provenance);
    }
    if let Some(cap) = step.budget.as_ref().and_then(|budget| budget.asks) {
        let of_judges = judges.iter().map(|(judge, bound)| by_ask(judge, bound));
        let judged = Judged {
            own: &by_ask(step, &own),
            most_own: own.attempts,
            each_takes: asks_of_result(step),
            judges: &of_judges.fold(Curve::default(), |all, judge| all.and(&judge)),
            results,
            tools: &Curve::default(),
        };
        bound.worst_ms = bound.worst_ms.min(judged.at(cap).saturating_add(people_in_all(step)));
        bound.attempts = bound.attempts.min(cap);
    }
    if let Body::Ai(ai) = &step.body {
        let tools = ai.tools.iter().filter_map(|tool| program.steps.get(tool)).filter(|_| depth > 0);
        // A tool ends within its caller's timeout.
        let capped = |tool: &Step| Step { timeout_ms: tool.timeout_ms.min(step.timeout_ms), ..tool.clone() };
        let slowest = tools.map(|tool| whole_bound(program, &capped(tool), depth - 1));
        if let Some(tool) = slowest.max_by_key(|tool| tool.worst_ms) {
            let calls = most_calls(ai).min(own.attempts.saturating_mul(MOST_CALLS as u64));
            bound.worst_ms = bound.worst_ms.saturating_add(tool.worst_ms.saturating_mul(calls));
            bound.attempts = bound.attempts.saturating_add(tool.attempts.saturating_mul(calls));
            bound.provenance = bound.provenance.max(tool.provenance);
        }
    }
    bound
}

/// The time that so many asks of a step or judge take: each its timeout and the longest pause behind it.
fn by_ask(step: &Step, all: &Bound) -> Curve {
    let pause = step.retry.as_ref().map_or(0, |policy| policy.backoff_max_ms.max(policy.backoff_min_ms));
    Curve::each(all.attempts, step.timeout_ms.saturating_add(pause), all.provenance).clamped(all.worst_ms)
}

/// How long the guards of all results wait for people.
pub(crate) fn people_in_all(step: &Step) -> u64 {
    most_asked(step).saturating_mul(people_ms(step))
}

/// How many results people may be asked about: with a no it ends, and with a yes too where no later guard sends it back.
pub(crate) fn most_asked(step: &Step) -> u64 {
    let asks = |action: &GuardAction| matches!(action, GuardAction::Ask { .. });
    let behind = step.guards.iter().skip_while(|guard| !asks(&guard.action));
    let is_sent_back = behind.clone().any(|guard| matches!(guard.action, GuardAction::Retry(_)));
    // A step that is no model's runs again when it fails, and a no is a failure.
    let is_retried = !matches!(step.body, Body::Ai(_)) && step.retry.is_some();
    if is_sent_back || is_retried { Tries::of(step).results } else { 1 }
}

/// How long the guards of one attempt wait for people.
fn people_ms(step: &Step) -> u64 {
    let waits = step.guards.iter().map(|guard| match guard.action {
        GuardAction::Ask { within_ms, .. } => within_ms,
        _ => 0,
    });
    waits.fold(0, u64::saturating_add)
}

/// The sum of the longest backoffs: attempt n waits at most `min(max, min·2ⁿ)`.
pub(crate) fn backoffs_ms(policy: &RetryPolicy) -> u64 {
    let mut sum: u64 = 0;
    let mut wait = policy.backoff_min_ms;
    for retry in 0..u64::from(policy.times) {
        if wait >= policy.backoff_max_ms {
            let rest = u64::from(policy.times) - retry;
            return sum.saturating_add(rest.saturating_mul(policy.backoff_max_ms));
        }
        sum = sum.saturating_add(wait);
        wait = wait.saturating_mul(2);
    }
    sum
}

/// The worst case of a flow and of each of its nodes.
///
/// The flow has none if it calls itself or something that the program lacks; both are errors elsewhere.
#[must_use]
pub fn bounds(program: &Program, flow: &Name) -> Bounds {
    let Some(order) = callees_first(program, flow, &BTreeMap::<_, ()>::new()) else { return Bounds::default() };
    let mut knows = Knows::of(program);
    let mut last = Bounds::default();
    for name in order {
        if let Some(flow) = program.flows.get(name) {
            last = flow_bounds(&knows, flow);
            knows.flows.insert(name, last.flow.clone());
        }
    }
    last
}

/// The worst cases of all flows and their nodes.
#[must_use]
pub fn all_bounds(program: &Program) -> BTreeMap<&Name, Bounds> {
    let mut knows = Knows::of(program);
    let mut all: BTreeMap<&Name, Bounds> = BTreeMap::new();
    for name in all_callees_first(program) {
        if let Some(flow) = program.flows.get(name) {
            let found = flow_bounds(&knows, flow);
            knows.flows.insert(name, found.flow.clone());
            all.insert(name, found);
        }
    }
    all
}

/// All flows, each once and after what it calls; those that call in a circle are left out.
pub(crate) fn all_callees_first(program: &Program) -> Vec<&Name> {
    let mut done: BTreeMap<&Name, ()> = BTreeMap::new();
    let mut order = vec![];
    for root in program.flows.keys() {
        if done.contains_key(root) {
            continue;
        }
        for name in callees_first(program, root, &done).into_iter().flatten() {
            if done.insert(name, ()).is_none() {
                order.push(name);
            }
        }
    }
    order
}

/// Why nothing bounds how long a run of a flow takes.
pub(crate) fn endless(program: &Program, flow: &Flow) -> Arc<Unbounded> {
    computed_wait(program, flow).unwrap_or_else(|| {
        let why = format!("`{}` is in a circle with itself", flow.name.short());
        Unbounded::new(flow.at, why, "break the circle first")
    })
}

/// The first wait of a flow, or of what it calls, whose length is computed.
pub(crate) fn computed_wait(program: &Program, flow: &Flow) -> Option<Arc<Unbounded>> {
    let mut seen = BTreeSet::from([&flow.name]);
    let mut pending = vec![flow];
    while let Some(here) = pending.pop() {
        for node in here.nodes() {
            if matches!(&node.kind, NodeKind::Wait { duration } if !matches!(duration.kind, ExprKind::Const(_))) {
                let why =
                    format!("how long this waits is computed, so nothing bounds a run of `{}`", flow.name.short());
                return Some(Unbounded::new(node.at, why, "wait for a time that is a constant: `wait for 10m`"));
            }
            let called = runs(program, node).and_then(|called| program.flows.get(called));
            pending.extend(called.filter(|called| seen.insert(&called.name)));
        }
    }
    None
}

/// What the worst case of a flow rests on.
struct Knows<'a> {
    program: &'a Program,
    /// Worst cases of the flows that are called, once known.
    flows: BTreeMap<&'a Name, Option<Bound>>,
    queueing: Queueing<'a>,
}

impl<'a> Knows<'a> {
    fn of(program: &'a Program) -> Self {
        Self { program, flows: BTreeMap::new(), queueing: Queueing::of(program) }
    }

    /// A call of a step or a loop, with what it may wait for places in a pool.
    fn queued(&self, flow: &Name, node: NodeId, bound: Bound) -> Bound {
        Bound { worst_ms: bound.worst_ms.saturating_add(self.queueing.wait_ms(flow, node)), ..bound }
    }
}

/// The flow and all it calls but what is done, each after what it calls; none if they call in a circle.
fn callees_first<'a, T>(
    program: &'a Program,
    root: &'a Name,
    done_before: &BTreeMap<&'a Name, T>,
) -> Option<Vec<&'a Name>> {
    let mut order = vec![];
    let mut open: BTreeMap<&Name, bool> = BTreeMap::new();
    let mut pending = vec![(root, false)];
    while let Some((name, done)) = pending.pop() {
        if done {
            open.insert(name, false);
            order.push(name);
            continue;
        }
        match open.get(name) {
            Some(true) => return None,
            Some(false) => continue,
            None => {}
        }
        open.insert(name, true);
        pending.push((name, true));
        for node in program.flows.get(name).iter().flat_map(|flow| flow.nodes()) {
            let Some(flow) = runs(program, node).filter(|flow| !done_before.contains_key(flow)) else { continue };
            match open.get(flow) {
                Some(true) => return None,
                Some(false) => {}
                None => pending.push((flow, false)),
            }
        }
    }
    Some(order)
}

/// The other flow that a node runs: by a call, or to refresh a dataset.
pub(crate) fn runs<'a>(program: &'a Program, node: &'a Node) -> Option<&'a Name> {
    match &node.kind {
        NodeKind::Flow { flow, .. } => Some(flow),
        NodeKind::RequireFresh { dataset, action: StaleAction::Refresh, .. } => {
            program.datasets.get(dataset)?.writer.as_ref()
        }
        _ => None,
    }
}

fn flow_bounds(knows: &Knows<'_>, flow: &Flow) -> Bounds {
    let mut found = Found::default();
    let whole = body_bound(knows, &flow.name, &flow.body, &mut found);
    for handler in &flow.handlers {
        block_bound(knows, &flow.name, &handler.body, &mut found);
    }
    Bounds { flow: whole, nodes: found.nodes.into_iter().collect(), blocks: found.blocks }
}

/// What is found on the way.
#[derive(Default)]
struct Found {
    /// Nodes and their worst cases, in no order.
    nodes: Vec<(u32, Bound)>,
    /// What blocks take at most that have longer paths, by their first nodes.
    blocks: BTreeMap<u32, u64>,
}

/// The worst case of the body of a flow or loop: its longest path, or less by all that there is to do in pools.
fn body_bound(knows: &Knows<'_>, flow: &Name, block: &Block, found: &mut Found) -> Option<Bound> {
    let mut bound = block_bound(knows, flow, block, found)?;
    let most = knows.queueing.most_ms(knows.program, flow, block).filter(|most| *most < bound.worst_ms);
    if let (Some(most), Some(first)) = (most, block.nodes.first()) {
        bound.worst_ms = most;
        found.blocks.insert(first.id.0, most);
    }
    Some(bound)
}

/// The longest path through a block. Blocks nest at most as deeply as the parser allows (256).
fn block_bound(knows: &Knows<'_>, flow: &Name, block: &Block, found: &mut Found) -> Option<Bound> {
    let waits = waits(block, waits_for);
    let mut ends: Vec<u64> = vec![0; block.nodes.len()];
    let mut whole = Bound { worst_ms: 0, attempts: 0, provenance: Provenance::Declared };
    let mut bounded = true;
    for place in in_order(&waits) {
        let node = &block.nodes[place];
        let start = waits[place].iter().map(|earlier| ends[*earlier as usize]).max().unwrap_or(0);
        let Some(bound) = node_bound(knows, flow, node, found) else {
            bounded = false;
            continue;
        };
        let end = start.saturating_add(bound.worst_ms);
        ends[place] = end;
        whole.worst_ms = whole.worst_ms.max(end);
        whole.attempts = whole.attempts.saturating_add(bound.attempts);
        whole.provenance = whole.provenance.max(bound.provenance);
        found.nodes.push((node.id.0, bound));
    }
    bounded.then_some(whole)
}

/// For each node of a block the positions of the others that it is tied to as `ties` tells, each once.
pub(crate) fn waits<'a, I: Iterator<Item = NodeId>>(block: &'a Block, ties: fn(&'a Node) -> I) -> Vec<Vec<u32>> {
    const ELSEWHERE: u32 = u32::MAX;
    // A flow's nodes are numbered through, so those of a block and of the blocks in it lie together.
    let first = block.nodes.iter().map(|node| node.id.0).min().unwrap_or(0);
    let last = block.nodes.iter().map(|node| node.id.0).max().unwrap_or(0);
    let mut places = vec![ELSEWHERE; (last - first) as usize + 1];
    for (place, node) in (0..).zip(&block.nodes) {
        places[(node.id.0 - first) as usize] = place;
    }
    let place = |id: NodeId| Some(*places.get(id.0.checked_sub(first)? as usize)?).filter(|place| *place != ELSEWHERE);
    let of = |(here, node)| {
        let mut waits: Vec<u32> = ties(node).filter_map(place).filter(|place| *place != here).collect();
        waits.sort_unstable();
        waits.dedup();
        waits
    };
    (0..).zip(&block.nodes).map(of).collect()
}

/// The positions of a block's nodes, each after those that it waits for. Nodes of a circle (E0305) are left out.
pub(crate) fn in_order(waits: &[Vec<u32>]) -> Vec<usize> {
    let mut waiters: Vec<Vec<u32>> = vec![vec![]; waits.len()];
    for (place, waits) in (0..).zip(waits) {
        waits.iter().for_each(|earlier| waiters[*earlier as usize].push(place));
    }
    let mut left: Vec<usize> = waits.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..waits.len()).filter(|place| left[*place] == 0).collect();
    let mut next = 0;
    while let Some(place) = order.get(next).copied() {
        next += 1;
        for waiter in &waiters[place] {
            let waiter = *waiter as usize;
            left[waiter] -= 1;
            if left[waiter] == 0 {
                order.push(waiter);
            }
        }
    }
    order
}

/// What a node, or anything in the blocks inside it, waits for.
pub(crate) fn waits_for(node: &Node) -> impl Iterator<Item = NodeId> {
    let inside = node.blocks().into_iter().flat_map(Block::all_nodes);
    std::iter::once(node).chain(inside).flat_map(|node| node.needs.iter().chain(&node.after)).copied()
}

fn node_bound(knows: &Knows<'_>, flow: &Name, node: &Node, found: &mut Found) -> Option<Bound> {
    let instant = |worst_ms| Some(Bound { worst_ms, attempts: 0, provenance: Provenance::Declared });
    let program = knows.program;
    if let NodeKind::For { limit, parallel, body, .. } = &node.kind {
        let one = body_bound(knows, flow, body, found)?;
        let rounds = limit.div_ceil(turns_at_once(program, *parallel, body));
        let all = Bound {
            worst_ms: one.worst_ms.saturating_mul(rounds),
            attempts: one.attempts.saturating_mul(*limit),
            provenance: one.provenance,
        };
        return Some(knows.queued(flow, node.id, all));
    }
    let mut block = |block: &Block| block_bound(knows, flow, block, found);
    match &node.kind {
        NodeKind::Read { .. } | NodeKind::Compute { .. } | NodeKind::Write { .. } | NodeKind::Require { .. } => {
            instant(0)
        }
        NodeKind::Call { step, recover, .. } => {
            let call = call_bound(program, program.steps.get(step)?);
            then(Some(knows.queued(flow, node.id, call)), recover.as_ref().map(block))
        }
        NodeKind::Flow { flow, recover, .. } => then(knows.flows.get(flow)?.clone(), recover.as_ref().map(block)),
        NodeKind::If { then, otherwise, .. } => {
            let (one, other) = (block(then), block(otherwise));
            longest([one, other])
        }
        NodeKind::Match { arms, .. } => longest(arms.iter().map(|arm| block(&arm.body)).collect::<Vec<_>>()),
        // Above.
        NodeKind::For { .. } => None,
        NodeKind::Wait { duration } => match &duration.kind {
            ExprKind::Const(Value::Duration(length)) => instant(u64::try_from(length.as_millis()).unwrap_or(0)),
            _ => None,
        },
        NodeKind::RequireFresh { dataset, action, .. } => match action {
            StaleAction::Wait(longest) => instant(*longest),
            StaleAction::Refresh => {
                // Who cannot refresh it fails at once (E0803).
                match program.datasets.get(dataset)?.writer.as_ref() {
                    Some(writer) => knows.flows.get(writer)?.clone(),
                    None => instant(0),
                }
            }
            StaleAction::Fail | StaleAction::Warn | StaleAction::Skip => instant(0),
        },
    }
}

/// How many turns of a loop go on at once: where a turn is nothing but a call of a step that is tried once, no more than
/// its pool has slots. (What is tried again gives its slot to others in between.)
pub(crate) fn turns_at_once(program: &Program, parallel: u32, body: &Block) -> u64 {
    let only = match body.nodes.as_slice() {
        [Node { kind: NodeKind::Call { step, recover: None, .. }, .. }] => program.steps.get(step),
        _ => None,
    };
    let pool = |step: &Step| program.pools.get(step.pool.as_ref()?).copied();
    let slots =
        only.and_then(|step| pool(step).filter(|_| call_bound(program, step).attempts == 1)).unwrap_or(u32::MAX);
    u64::from(parallel.min(slots).max(1))
}

/// One after the other; the second only if there is one.
fn then(first: Option<Bound>, second: Option<Option<Bound>>) -> Option<Bound> {
    let first = first?;
    let Some(second) = second else { return Some(first) };
    let second = second?;
    Some(Bound {
        worst_ms: first.worst_ms.saturating_add(second.worst_ms),
        attempts: first.attempts.saturating_add(second.attempts),
        provenance: first.provenance.max(second.provenance),
    })
}

/// The worst of several of which one happens.
fn longest(bounds: impl IntoIterator<Item = Option<Bound>>) -> Option<Bound> {
    let mut worst = Bound { worst_ms: 0, attempts: 0, provenance: Provenance::Declared };
    for bound in bounds {
        let bound = bound?;
        worst.worst_ms = worst.worst_ms.max(bound.worst_ms);
        worst.attempts = worst.attempts.max(bound.attempts);
        worst.provenance = worst.provenance.max(bound.provenance);
    }
    Some(worst)
}
