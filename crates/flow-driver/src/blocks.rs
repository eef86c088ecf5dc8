//! Blocks while running: branches, loops, recoveries, flows in flows, handlers; waiting, skipping, cancelling.
//!
//! A block is entered when the node that it belongs to says so, and gives that node its value or how it
//! ended. Knows no steps and no datasets.

use crate::{
    Command, ContractVerdict, Driver, How, Note, Task, Wait,
    datasets::later,
    failures,
    graph::{ArmGraph, FlowGraph, Op},
    state::{Activity, BlockInstance, Ending, Instance, LoopState, Phase, ROOT, Role, Scope, Settled, Then, Waiter},
};
use flow_expr::{Expr, Name, Value, VarId};
use flow_plan::{Deadline, HandlerEvent};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// Flows inside flows at most.
const DEEPEST: u32 = 64;

impl Driver {
    /// Enters a block of the node's own flow.
    pub(crate) fn enter(&mut self, owner: u32, block: u32, role: Role, bindings: Vec<(VarId, Value)>) {
        let around = self.instances[owner as usize].block;
        let (flow, scope) = (self.blocks[around as usize].flow, self.blocks[around as usize].scope);
        self.instances[owner as usize].phase = Phase::Inside;
        self.add_block(BlockPlace { flow, block, parent: Some(around), owner, scope, role }, bindings);
    }

    fn add_block(&mut self, place: BlockPlace, bindings: Vec<(VarId, Value)>) -> u32 {
        let number = self.blocks.len() as u32;
        let first = self.instances.len() as u32;
        let graph = self.graphs[place.flow as usize].clone();
        let static_block = &graph.blocks[place.block as usize];
        let size = static_block.nodes.len() as u32;
        self.blocks.push(BlockInstance {
            flow: place.flow,
            block: place.block,
            parent: place.parent,
            first,
            owner: place.owner,
            scope: place.scope,
            role: place.role,
            pending: size,
            bindings,
            worst: None,
            data_time: None,
        });
        self.instances.extend((0..size).map(|local| Instance::new(number, local)));
        for (id, node) in (first..).zip(&static_block.nodes) {
            let waiting = node.needs.iter().filter(|need| self.awaits(number, need.node, Waiter::Node(id))).count();
            self.instances[id as usize].waiting = waiting as u32;
            if waiting == 0 {
                self.push_ready(id);
            }
        }
        self.await_result(number);
        number
    }

    /// Has a block wait for the outer nodes that its result mentions; one that waits for nothing is done.
    fn await_result(&mut self, number: u32) {
        let BlockInstance { flow, block, .. } = self.blocks[number as usize];
        let graph = self.graphs[flow as usize].clone();
        let outer = graph.blocks[block as usize].result_needs.iter().filter(|need| need.node.block != block);
        let outer = outer.filter(|need| self.awaits(number, need.node, Waiter::Block(number))).count();
        self.blocks[number as usize].pending += outer as u32;
        if self.blocks[number as usize].pending == 0 {
            self.push_block(number);
        }
    }

    /// Enters the body of a loop for an item, in a block that an earlier turn is done with if there is one.
    fn enter_turn(&mut self, id: u32, body: u32, position: u32, binding: (VarId, Value)) {
        let Activity::Loop(state) = &mut self.instances[id as usize].activity else { return };
        let Some(number) = state.idle.pop() else {
            return self.enter(id, body, Role::Item(position), vec![binding]);
        };
        let block = &mut self.blocks[number as usize];
        (block.role, block.worst, block.data_time) = (Role::Item(position), None, None);
        block.bindings.clear();
        block.bindings.push(binding);
        self.await_result(number);
    }

    /// Whether a node has not settled; if it is in an outer block, it will tell the waiter when it has.
    fn awaits(&mut self, from: u32, node: crate::graph::NodeRef, waiter: Waiter) -> bool {
        let id = self.resolve(from, node);
        let needed = &mut self.instances[id as usize];
        if needed.settled().is_some() {
            return false;
        }
        if node.block != self.blocks[from as usize].block {
            needed.waiters.push(waiter);
        }
        true
    }

    /// Everything in a block has settled: what it gives goes to the node that it belongs to.
    pub(crate) fn block_done(&mut self, number: u32) {
        let block = &self.blocks[number as usize];
        let (owner, role, scope, data_time) = (block.owner, block.role, block.scope, block.data_time);
        if matches!(role, Role::Recovery) {
            // What is recovered from; the recovery may fail as well.
            let failure = self.failures.remove(&owner);
            self.instead_of.extend(failure.map(|failure| (owner, failure)));
        }
        let outcome = self.outcome(number);
        let data_time = crate::state::oldest(self.instances[owner as usize].data_time, data_time);
        if matches!(role, Role::Branch | Role::Item(_) | Role::Recovery) {
            self.instances[owner as usize].data_time = data_time;
        }
        match role {
            Role::Branch => self.settle_as(owner, outcome, How::Ran),
            Role::Recovery => self.settle_as(owner, outcome, How::Recovered),
            Role::Item(position) => self.item_done(owner, number, position, outcome),
            Role::Body => self.body_done(scope, outcome),
            Role::Handler => {
                if let Err(Ending::Failed(cause)) = outcome {
                    self.scopes[scope as usize].handler_failed.get_or_insert(cause);
                }
                self.scopes[scope as usize].handlers_open -= 1;
                self.end_flow_if_done(scope);
            }
        }
    }

    /// The block's value, or how it ended without one.
    fn outcome(&mut self, number: u32) -> Result<Value, Ending> {
        let block = &self.blocks[number as usize];
        if let Some(worst) = block.worst {
            return Err(worst);
        }
        let graph = self.graphs[block.flow as usize].clone();
        let static_block = &graph.blocks[block.block as usize];
        let Some(result) = &static_block.result else { return Ok(Value::Unit) };
        let owner = block.owner;
        let mut worst = None;
        for need in &static_block.result_needs {
            let ending = match self.instances[self.resolve(number, need.node) as usize].settled() {
                Some(Settled::Failed { cause } | Settled::NotRun { cause }) => Some(Ending::Failed(*cause)),
                Some(Settled::Cancelled) => Some(Ending::Cancelled),
                Some(Settled::Skipped) => Some(Ending::Skipped),
                Some(Settled::Unknown) => Some(Ending::Unknown),
                Some(Settled::Value { .. }) | None => None,
            };
            worst = worst.max(ending);
        }
        match worst {
            Some(worst) => Err(worst),
            None => self.evaluate_in_block(number, result).map_err(|failure| {
                self.failed_otherwise = true;
                self.failures.insert(owner, Arc::new(failure));
                Ending::Failed(owner)
            }),
        }
    }

    pub(crate) fn settle_as(&mut self, id: u32, outcome: Result<Value, Ending>, how: How) {
        let settled = match outcome {
            Ok(value) => Settled::Value { value, how },
            Err(Ending::Failed(cause)) => Settled::Failed { cause },
            Err(Ending::Cancelled) => Settled::Cancelled,
            Err(Ending::Skipped) => Settled::Skipped,
            Err(Ending::Unknown) => Settled::Unknown,
        };
        self.settle(id, settled);
    }

    pub(crate) fn enter_branch(&mut self, id: u32, block: u32, bindings: Vec<(VarId, Value)>) {
        self.enter(id, block, Role::Branch, bindings);
    }

    /// A `match` has chosen: the arm's number, then what its pattern bound.
    pub(crate) fn enter_arm(&mut self, id: u32, arms: &[ArmGraph], chosen: Option<Value>) {
        let Some(Value::List(chosen)) = chosen else { return self.fail(id, failures::wrong_kind("an arm")) };
        let arm = match chosen.first() {
            Some(Value::Int(number)) => usize::try_from(*number).ok().and_then(|number| arms.get(number)),
            _ => None,
        };
        match arm {
            Some(arm) => {
                let bindings = arm.bindings.iter().copied().zip(chosen.iter().skip(1).cloned()).collect();
                self.enter_branch(id, arm.body, bindings);
            }
            None => self.fail(id, failures::wrong_kind("an arm")),
        }
    }

    pub(crate) fn start_loop(&mut self, id: u32, limit: u64, items: Option<Value>) {
        let Some(Value::List(items)) = items else { return self.fail(id, failures::wrong_kind("a List")) };
        if items.len() as u64 > limit {
            return self.fail(id, failures::too_many_items(items.len(), limit));
        }
        let results = vec![Value::Unit; items.len()];
        let state = LoopState { items, results, next: 0, open: 0, worst: None, idle: vec![] };
        self.instances[id as usize].activity = Activity::Loop(Box::new(state));
        self.instances[id as usize].phase = Phase::Inside;
        self.go_on_looping(id);
    }

    /// Enters bodies while there is room; ends the loop when all are done.
    fn go_on_looping(&mut self, id: u32) {
        let Op::For { item, parallel, body, .. } = self.node(id).op else { return };
        let parallel = parallel.max(1) as usize;
        loop {
            let cancelled = self.cancelled;
            let Activity::Loop(state) = &mut self.instances[id as usize].activity else { return };
            if cancelled && state.next < state.items.len() {
                state.next = state.items.len();
                state.worst = state.worst.max(Some(Ending::Cancelled));
            }
            if state.next < state.items.len() && state.open < parallel {
                let (position, value) = (state.next as u32, state.items[state.next].clone());
                state.next += 1;
                state.open += 1;
                self.turns_with(id, position, &value);
                self.enter_turn(id, body, position, (item, value));
                continue;
            }
            if state.open == 0 && state.next == state.items.len() {
                let results = std::mem::take(&mut state.results);
                let outcome = state.worst.map_or_else(|| Ok(Value::List(results.into())), Err);
                self.settle_as(id, outcome, How::Ran);
            }
            return;
        }
    }

    fn item_done(&mut self, id: u32, number: u32, position: u32, outcome: Result<Value, Ending>) {
        let BlockInstance { flow, block, .. } = self.blocks[number as usize];
        let has_nodes = !self.graphs[flow as usize].blocks[block as usize].nodes.is_empty();
        let Activity::Loop(state) = &mut self.instances[id as usize].activity else { return };
        state.open -= 1;
        if !has_nodes {
            state.idle.push(number);
        }
        match outcome {
            Ok(value) => state.results[position as usize] = value,
            Err(ending) => {
                state.worst = match (state.worst, ending) {
                    (Some(Ending::Failed(cause)), _) => Some(Ending::Failed(cause)),
                    (worst, ending) => worst.max(Some(ending)),
                };
            }
        }
        self.go_on_looping(id);
    }

    pub(crate) fn wait(&mut self, id: u32, duration: Option<Value>) {
        let Some(Value::Duration(duration)) = duration else {
            return self.fail(id, failures::wrong_kind("a Duration"));
        };
        if self.start.dry {
            return self.settle(id, Settled::Value { value: Value::Unit, how: How::Ran });
        }
        let until = later(self.now, u64::try_from(duration.as_millis()).unwrap_or(0));
        let (path, label) = (self.path(id), self.label(id));
        self.note(Note::Waiting { path, label, why: Wait::Time { until } });
        self.sleep(id, until);
    }

    pub(crate) fn sleep(&mut self, id: u32, at: Timestamp) {
        self.instances[id as usize].phase = Phase::Sleeping;
        self.sleeping += 1;
        let task = self.next_task(id);
        self.command(Command::Timer { task, at });
    }

    /// A time has come.
    pub(crate) fn timer(&mut self, task: Task) {
        let Some(instance) = self.instances.get(task.instance as usize) else { return };
        if let Activity::Flow(scope) = instance.activity
            && self.scopes[scope as usize].deadline.is_some_and(|(_, turn)| turn == task.turn)
        {
            return self.deadline_passed(scope);
        }
        if self.waits_for_person(task) {
            return self.person_silent(task.instance);
        }
        if instance.turn != task.turn || !matches!(instance.phase, Phase::Sleeping) {
            return;
        }
        self.sleeping -= 1;
        match &self.node(task.instance).op {
            Op::Wait { .. } => self.settle(task.instance, Settled::Value { value: Value::Unit, how: How::Ran }),
            Op::RequireFresh { .. } => self.look_again(task.instance),
            _ => self.attempt(task.instance),
        }
    }

    pub(crate) fn require(
        &mut self,
        id: u32,
        holds: Option<Value>,
        text: &Arc<str>,
        warn: bool,
        message: Option<Arc<Expr>>,
    ) {
        match (holds, message) {
            (Some(Value::Bool(true)), _) => {
                self.contract(id, ContractVerdict::Require { text: text.clone(), kept: true, warn, message: None });
                self.settle(id, Settled::Value { value: Value::Unit, how: How::Ran });
            }
            (Some(Value::Bool(false)), Some(message)) => self.evaluate(id, vec![message], Then::RequireMessage),
            (Some(Value::Bool(false)), None) => self.require_broken(id, None),
            _ => self.fail(id, failures::wrong_kind("a Bool")),
        }
    }

    pub(crate) fn require_broken(&mut self, id: u32, message: Option<Value>) {
        let Op::Require { text, warn, .. } = &self.node(id).op else { return };
        let (text, warn, message) = (text.clone(), *warn, message.and_then(crate::call::as_text));
        let failure = failures::required(&text, message.as_deref());
        self.contract(id, ContractVerdict::Require { text, kept: false, warn, message });
        match warn {
            true => self.settle(id, Settled::Value { value: Value::Unit, how: How::Ran }),
            false => self.fail(id, failure),
        }
    }

    pub(crate) fn call_flow(&mut self, id: u32, name: &Name, args: Vec<Value>) {
        let params = self.program.flows.get(name).map(|flow| flow.params.as_slice()).unwrap_or_default();
        let given: BTreeMap<_, _> = params.iter().map(|param| param.name.clone()).zip(args).collect();
        self.start_flow(id, name, &|param| given.get(param).cloned());
    }

    /// Runs a flow for the root, a call, or a `require` that refreshes.
    pub(crate) fn start_flow(&mut self, owner: u32, name: &Name, given: &dyn Fn(&str) -> Option<Value>) {
        let Some(number) = self.graph(name) else {
            return self.fail(owner, failures::plan_is_wrong(format!("there is no flow `{name}`")));
        };
        let depth = if owner == ROOT { 0 } else { self.scopes[self.scope_of(owner) as usize].depth + 1 };
        if depth > DEEPEST {
            return self.fail(owner, failures::too_deep(name.short(), depth));
        }
        let graph = self.graphs[number as usize].clone();
        let mut known = BTreeMap::new();
        for param in &graph.params {
            let value = match (given(&param.name), &param.default) {
                (Some(value), _) => Ok(value),
                (None, Some(default)) => self.evaluate_constant(default, &known),
                (None, None) => Err(failures::plan_is_wrong(format!("`{name}` needs a value for `{}`", param.name))),
            };
            match value {
                Ok(value) => drop(known.insert(param.var, value)),
                Err(failure) => return self.fail(owner, failure),
            }
        }
        let scope = self.scopes.len() as u32;
        let body = self.blocks.len() as u32;
        self.instances[owner as usize].phase = Phase::Inside;
        if !matches!(self.instances[owner as usize].activity, Activity::Data(_)) {
            self.instances[owner as usize].activity = Activity::Flow(scope);
        }
        let deadline = self.deadline(owner, &graph);
        self.scopes.push(Scope {
            flow: number,
            owner,
            body,
            depth,
            skipping: false,
            late: false,
            deadline,
            pots: self.pots_of(name),
            started: vec![],
            handlers_open: 0,
            handler_failed: None,
            outcome: None,
            ended: false,
        });
        let place = BlockPlace { flow: number, block: 0, parent: None, owner, scope, role: Role::Body };
        self.add_block(place, known.into_iter().collect());
    }

    /// Has a timer set for the flow's deadline, if it has one.
    fn deadline(&mut self, owner: u32, graph: &FlowGraph) -> Option<(Timestamp, u32)> {
        if self.start.dry {
            return None;
        }
        let at = match graph.finish.as_ref()?.deadline {
            Deadline::Within(ms) => later(self.now, ms),
            Deadline::By { .. } => *self.start.deadlines.get(&graph.name)?,
        };
        let task = self.next_task(owner);
        self.command(Command::Timer { task, at });
        Some((at, task.turn))
    }

    fn deadline_passed(&mut self, scope: u32) {
        let state = &mut self.scopes[scope as usize];
        let Some((deadline, _)) = state.deadline.take() else { return };
        if state.ended {
            return;
        }
        state.late = true;
        let (owner, flow) = (state.owner, self.graphs[state.flow as usize].name.clone());
        self.contract_broken = true;
        self.contract(owner, ContractVerdict::Finish { flow, deadline });
        self.start_handlers(scope, HandlerEvent::Late);
    }

    /// Starts the handlers of an event, once for each flow.
    pub(crate) fn start_handlers(&mut self, scope: u32, event: HandlerEvent) {
        let state = &mut self.scopes[scope as usize];
        if state.started.contains(&event) || self.cancelled || self.start.dry {
            return;
        }
        state.started.push(event);
        let (flow, owner, body) = (state.flow, state.owner, state.body);
        let graph = self.graphs[flow as usize].clone();
        for (_, block) in graph.handlers.iter().filter(|(on, _)| *on == event) {
            self.scopes[scope as usize].handlers_open += 1;
            let place = BlockPlace { flow, block: *block, parent: Some(body), owner, scope, role: Role::Handler };
            self.add_block(place, vec![]);
        }
    }

    fn body_done(&mut self, scope: u32, outcome: Result<Value, Ending>) {
        let outcome = if self.scopes[scope as usize].skipping && !matches!(outcome, Err(Ending::Failed(_))) {
            Err(Ending::Skipped)
        } else {
            outcome
        };
        let failed = matches!(outcome, Err(Ending::Failed(_)));
        self.scopes[scope as usize].outcome = Some(outcome);
        if failed {
            self.start_handlers(scope, HandlerEvent::Failure);
        }
        self.end_flow_if_done(scope);
    }

    fn end_flow_if_done(&mut self, scope: u32) {
        let state = &mut self.scopes[scope as usize];
        if state.handlers_open > 0 || state.ended {
            return;
        }
        let Some(outcome) = state.outcome.take() else { return };
        state.ended = true;
        let outcome = match (outcome, state.handler_failed) {
            (Ok(_) | Err(Ending::Skipped), Some(cause)) => Err(Ending::Failed(cause)),
            (outcome, _) => outcome,
        };
        let (owner, body) = (state.owner, state.body);
        let data_time = self.blocks[body as usize].data_time;
        if owner == ROOT {
            return self.settle_as(owner, outcome, How::Ran);
        }
        let instance = &mut self.instances[owner as usize];
        instance.data_time = crate::state::oldest(instance.data_time, data_time);
        match (&self.node(owner).op, outcome) {
            // Whether it helped is seen by looking at the data.
            (Op::RequireFresh { .. }, Ok(_) | Err(Ending::Skipped)) => self.look_again(owner),
            (Op::Flow { recover: Some(_), .. }, Err(Ending::Failed(cause))) if !self.cancelled => {
                let failure = self.failures.get(&cause).map(|failure| (**failure).clone());
                let failure = failure.unwrap_or_else(|| failures::plan_is_wrong("it failed"));
                self.call_failed(owner, failure);
            }
            (_, outcome) => self.settle_as(owner, outcome, How::Ran),
        }
    }

    /// A `require … else skip`: what has not started in this flow is left undone.
    pub(crate) fn skip_flow(&mut self, id: u32) {
        let scope = self.scope_of(id);
        self.scopes[scope as usize].skipping = true;
        self.settle(id, Settled::Skipped);
        for other in 1..self.instances.len() as u32 {
            let block = self.instances[other as usize].block;
            let waits = matches!(self.instances[other as usize].phase, Phase::Waiting);
            if waits && self.blocks[block as usize].scope == scope && !self.in_handler(block) {
                self.settle(other, Settled::Skipped);
            }
        }
    }

    /// Stops what is under way and starts nothing more.
    pub(crate) fn cancel(&mut self) {
        if self.cancelled {
            return;
        }
        // Before it has begun there is nothing to end; when it begins, nothing starts.
        self.cancelled = true;
        for id in 1..self.instances.len() as u32 {
            match &self.instances[id as usize].phase {
                Phase::Waiting | Phase::Queued | Phase::Sharing => self.settle(id, Settled::Cancelled),
                Phase::Sleeping => {
                    self.sleeping -= 1;
                    self.settle(id, Settled::Cancelled);
                }
                Phase::Asked => self.question_cancelled(id),
                // Both are answered soon; what is only queued is ended all the same.
                Phase::Working | Phase::Evaluating(_) => {
                    let turn = self.instances[id as usize].turn;
                    self.command(Command::Stop { task: Task { instance: id, turn } });
                }
                Phase::Asking | Phase::Inside | Phase::Settled(_) => {}
            }
        }
    }

    pub(crate) fn scope_of(&self, id: u32) -> u32 {
        self.blocks.get(self.instances[id as usize].block as usize).map_or(0, |block| block.scope)
    }

    /// The graph of a flow, made when it is first needed.
    pub(crate) fn graph(&mut self, name: &Name) -> Option<u32> {
        if let Some(number) = self.graph_numbers.get(name) {
            return Some(*number);
        }
        let graph = FlowGraph::new(self.program.flows.get(name)?, &self.program.types);
        let number = self.graphs.len() as u32;
        self.graphs.push(Arc::new(graph));
        self.graph_numbers.insert(name.clone(), number);
        Some(number)
    }
}

/// Where a block's instance belongs.
struct BlockPlace {
    flow: u32,
    block: u32,
    parent: Option<u32>,
    owner: u32,
    scope: u32,
    role: Role,
}
