//! The driver: what may start, what to retry and when, what a verdict means, and why.
//!
//! `on(event, now) -> commands`, deterministic: no clock, no I/O, no randomness but the run's seed. It
//! does not know how anything is done, stored or shown. One event costs what it sets free, not what the
//! flow is long: 100,000 nodes or loop items are fine. Tests feed it tables of events under virtual
//! time, random graphs, and its own journal.
//!
//! Here: the loop over what an event sets free, and settling. Evaluation, steps, datasets and blocks are
//! in their own files.

use crate::{
    Command, Counts, Event, How, NodeEnd, NodeStatus, Note, RunEnd, RunStart, RunStatus, Task,
    graph::{FlowGraph, NodeGraph, NodeRef, Op},
    meaning::NodeMeaning,
    slots::Slots,
    state::{Activity, BlockInstance, Ending, Instance, Phase, ROOT, Scope, Settled, Waiter, oldest},
};
use flow_expr::{Name, Value};
use flow_plan::{Decision, Failure, Plan, Program, Step};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

/// A run, as far as it has come.
#[derive(Debug)]
pub struct Driver {
    pub(crate) program: Arc<Program>,
    pub(crate) start: RunStart,
    pub(crate) flow: Name,
    pub(crate) params: BTreeMap<Arc<str>, Value>,
    /// Parameters that say which part of datasets is meant, as text: what is remembered is kept for each.
    pub(crate) part: String,
    /// Nodes of the root flow that are not selected.
    pub(crate) unselected: HashSet<u32>,
    pub(crate) now: Timestamp,

    pub(crate) graphs: Vec<Arc<FlowGraph>>,
    pub(crate) graph_numbers: HashMap<Name, u32>,
    pub(crate) steps: HashMap<Name, (Arc<Step>, Arc<NodeMeaning>)>,
    pub(crate) contracts: HashMap<Name, Arc<NodeMeaning>>,
    pub(crate) expressions: HashMap<(u32, NodeRef), Arc<NodeMeaning>>,

    pub(crate) instances: Vec<Instance>,
    pub(crate) blocks: Vec<BlockInstance>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) slots: Slots<(u32, crate::evaluate::Job)>,
    pub(crate) versions: BTreeMap<(Name, Arc<str>), crate::datasets::Version>,
    /// What this run has published or read: the catalogue may not know it yet.
    pub(crate) catalogued: BTreeMap<(Name, Arc<str>), crate::VersionRecord>,
    pub(crate) failures: BTreeMap<u32, Arc<Failure>>,
    /// Failures in the place of which a fallback or an `else` gives a result, until their instances have settled.
    pub(crate) instead_of: BTreeMap<u32, Arc<Failure>>,
    work: VecDeque<Work>,
    out: Vec<Command>,

    /// Requests without an answer, timers left out.
    pub(crate) outstanding: usize,
    /// Instances that wait for a time.
    pub(crate) sleeping: usize,
    /// Results of the run that this one retries.
    pub(crate) kept: crate::kept::Results,
    pub(crate) cancelled: bool,
    pub(crate) contract_broken: bool,
    pub(crate) failed_otherwise: bool,
    counts: Counts,
    ended: Option<RunEnd>,
}

/// What an event has set free.
#[derive(Debug)]
enum Work {
    /// All needs of an instance have settled.
    Ready(u32),
    /// An instance has settled: its dependents are to hear of it.
    Settled(u32),
    /// Everything in a block has settled.
    Block(u32),
}

impl Driver {
    /// A run of a plan that has not begun.
    #[must_use]
    pub fn new(plan: &Plan, start: RunStart) -> Self {
        let unselected = plan.decisions.iter().filter(|(_, decision)| is_unselected(decision)).map(|(node, _)| node.0);
        Self::with_program(
            Arc::new(plan.program.clone()),
            plan.flow.clone(),
            plan.params.clone(),
            unselected.collect(),
            start,
        )
    }

    /// As [`Driver::new`], from its parts: `unselected` are nodes of the root flow.
    #[must_use]
    pub fn with_program(
        program: Arc<Program>,
        flow: Name,
        params: BTreeMap<Arc<str>, Value>,
        unselected: HashSet<u32>,
        start: RunStart,
    ) -> Self {
        let slots = Slots::new(start.jobs, &program.pools);
        let part = program.flows.get(&flow).map_or_else(String::new, |flow| crate::names::part(flow, &params));
        Self {
            now: start.started,
            part,
            program,
            start,
            flow,
            params,
            unselected,
            graphs: vec![],
            graph_numbers: HashMap::new(),
            steps: HashMap::new(),
            contracts: HashMap::new(),
            expressions: HashMap::new(),
            instances: vec![],
            blocks: vec![],
            scopes: vec![],
            slots,
            versions: BTreeMap::new(),
            catalogued: BTreeMap::new(),
            failures: BTreeMap::new(),
            instead_of: BTreeMap::new(),
            work: VecDeque::new(),
            out: vec![],
            outstanding: 0,
            sleeping: 0,
            kept: Default::default(),
            cancelled: false,
            contract_broken: false,
            failed_otherwise: false,
            counts: Counts::default(),
            ended: None,
        }
    }

    /// What is to be done now that this has happened. Events that nobody waits for change nothing.
    pub fn on(&mut self, event: Event, now: Timestamp) -> Vec<Command> {
        self.now = now;
        if self.ended.is_some() {
            return vec![];
        }
        self.take_in(event);
        self.work_off();
        if self.outstanding == 0 && self.sleeping == 0 && self.ended.is_none() && !self.instances.is_empty() {
            self.break_deadlock();
        }
        std::mem::take(&mut self.out)
    }

    /// How the run ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<&RunEnd> {
        self.ended.as_ref()
    }

    /// The failures that others followed from, in the order of their places: path, label, failure.
    #[must_use]
    pub fn root_failures(&self) -> Vec<(Arc<str>, Arc<str>, Arc<Failure>)> {
        let own =
            |id: u32| matches!(self.instances[id as usize].settled(), Some(Settled::Failed { cause }) if *cause == id);
        let found = self.failures.iter().filter(|(id, _)| own(**id));
        found.map(|(id, failure)| (self.path(*id), self.label(*id), failure.clone())).collect()
    }

    /// The result of the flow, once the run has succeeded.
    #[must_use]
    pub fn result(&self) -> Option<&Value> {
        self.instances.first()?.value()
    }

    /// The results of all nodes that have one: path, label, value. What a run computed on the way is there too.
    #[must_use]
    pub fn values(&self) -> Vec<(Arc<str>, Arc<str>, Value)> {
        let ids = ROOT + 1..self.instances.len() as u32;
        let found = ids.filter_map(|id| Some((id, self.instances[id as usize].value()?.clone())));
        found.map(|(id, value)| (self.path(id), self.label(id), value)).collect()
    }

    /// Everything that events have changed, as text: two runs in the same state give the same one.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let things = (
            &self.instances,
            &self.blocks,
            &self.scopes,
            &self.slots,
            &self.versions,
            &self.failures,
            &self.instead_of,
        );
        let facts = (self.outstanding, self.sleeping, self.cancelled, self.counts, &self.ended, &self.work, &self.kept);
        format!("{things:?} {facts:?}")
    }

    fn take_in(&mut self, event: Event) {
        match event {
            Event::Begin => self.begin(),
            Event::Cancel => self.cancel(),
            Event::Kept { results } => self.keep(results),
            Event::Resolved { task, resolution } => self.resolved(task, *resolution),
            Event::Timer { task } => self.timer(task),
            Event::Answered { task, result } => self.person_answered(task, result.map(|answer| *answer)),
            Event::WouldRun { task } => {
                if self.answered(task) {
                    self.settle(task.instance, Settled::Unknown);
                }
            }
            Event::Recalled { task, last, cached } => {
                if self.answered(task) {
                    self.recalled(task.instance, last, cached.map(|cached| *cached));
                }
            }
            Event::Looked { task, result } => {
                if self.answered(task) {
                    self.looked(task.instance, result.map(|seen| *seen));
                }
            }
            Event::Read { task, result } => {
                if self.answered(task) {
                    self.read_done(task.instance, result.map(|version| *version));
                }
            }
            Event::Written { task, result } => {
                if self.answered(task) {
                    self.written(task.instance, result.map(|version| *version));
                }
            }
            Event::Computed { task, result } => {
                if self.answered(task) {
                    self.computed(task.instance, result);
                }
            }
            Event::Ran { task, result, ask } => {
                if self.answered(task) {
                    self.ran(task.instance, result, ask);
                }
            }
            Event::Reserved { task, result } => {
                if self.answered(task) {
                    self.reserved(task.instance, result.map_err(|over| *over));
                }
            }
            Event::Rendered { task, result } => {
                if self.answered(task) {
                    self.rendered(task.instance, result);
                }
            }
        }
    }

    /// Whether an attempt of a step is under way that this would answer.
    pub(crate) fn is_attempting(&self, task: Task) -> bool {
        self.instances.get(task.instance as usize).is_some_and(|instance| {
            instance.turn == task.turn
                && matches!(instance.phase, Phase::Working)
                && matches!(instance.activity, Activity::Call(_))
        })
    }

    /// Whether somebody waits for this answer; gives back the place that it took.
    pub(crate) fn answered(&mut self, task: Task) -> bool {
        let Some(instance) = self.instances.get(task.instance as usize) else { return false };
        if instance.turn != task.turn {
            return false;
        }
        match instance.phase {
            Phase::Asking => {}
            Phase::Working | Phase::Evaluating(_) => self.give_place(task.instance),
            _ => return false,
        }
        self.outstanding -= 1;
        // The same answer again would find nobody waiting.
        self.instances[task.instance as usize].turn += 1;
        true
    }

    fn begin(&mut self) {
        if !self.instances.is_empty() {
            return;
        }
        self.instances.push(Instance::new(u32::MAX, 0));
        let params = std::mem::take(&mut self.params);
        self.start_flow(ROOT, &self.flow.clone(), &|name| params.get(name).cloned());
        self.params = params;
    }

    fn work_off(&mut self) {
        loop {
            while let Some(work) = self.work.pop_front() {
                match work {
                    Work::Ready(id) => self.ready(id),
                    Work::Settled(id) => self.tell(id),
                    Work::Block(block) => self.block_done(block),
                }
            }
            self.dispatch();
            if self.work.is_empty() {
                return;
            }
        }
    }

    /// Starts an instance whose needs have settled, or settles it as they make it.
    fn ready(&mut self, id: u32) {
        if !matches!(self.instances[id as usize].phase, Phase::Waiting) {
            return;
        }
        if !self.cancelled && self.settle_kept(id) {
            return;
        }
        if self.not_selected(id) && !self.cancelled {
            return self.recall(id, None, None);
        }
        let (verdict, data_time) = self.look_at_needs(id);
        self.instances[id as usize].data_time = data_time;
        match verdict {
            Some(Settled::Skipped) if !self.unselected.is_empty() && !self.skips(id) => {
                self.fail_for_selection(id);
            }
            Some(settled) => self.settle(id, settled),
            None => self.start_node(id),
        }
    }

    /// What the needs of an instance make of it, if they do not let it run; and their oldest data time.
    fn look_at_needs(&self, id: u32) -> (Option<Settled>, Option<Timestamp>) {
        if self.cancelled {
            return (Some(Settled::Cancelled), None);
        }
        if self.skips(id) {
            return (Some(Settled::Skipped), None);
        }
        let (mut data_time, mut worst) = (None, None);
        let mut unknown = false;
        for need in &self.node(id).needs {
            let needed = &self.instances[self.resolve(self.instances[id as usize].block, need.node) as usize];
            let ending = match needed.settled() {
                Some(Settled::Value { .. }) | None => None,
                Some(Settled::Failed { cause } | Settled::NotRun { cause }) => Some(Ending::Failed(*cause)),
                Some(Settled::Cancelled) => Some(Ending::Cancelled),
                Some(Settled::Skipped) if need.data => Some(Ending::Skipped),
                Some(Settled::Skipped) => None,
                Some(Settled::Unknown) => {
                    unknown |= need.data;
                    None
                }
            };
            // The first failure is the reason, whatever follows.
            worst = match (worst, ending) {
                (Some(Ending::Failed(cause)), _) => Some(Ending::Failed(cause)),
                (worst, ending) => worst.max(ending),
            };
            if need.data {
                data_time = oldest(data_time, needed.data_time);
            }
        }
        let settled = match worst {
            Some(Ending::Failed(cause)) => Some(Settled::NotRun { cause }),
            Some(Ending::Cancelled) => Some(Settled::Cancelled),
            Some(Ending::Skipped) => Some(Settled::Skipped),
            _ if unknown && !self.takes_unknown(id) => Some(Settled::Unknown),
            _ => None,
        };
        (settled, data_time)
    }

    /// Whether its flow was ended by a `require … else skip`.
    fn skips(&self, id: u32) -> bool {
        let block = self.instances[id as usize].block;
        self.scopes[self.blocks[block as usize].scope as usize].skipping && !self.in_handler(block)
    }

    /// Whether, in a plan, something can be said of the node though what it uses is not known.
    fn takes_unknown(&self, id: u32) -> bool {
        match &self.node(id).op {
            Op::Call { .. } => true,
            Op::Write { .. } => true,
            Op::Compute { data, .. } => *data,
            _ => false,
        }
    }

    fn start_node(&mut self, id: u32) {
        let operands = match &self.node(id).op {
            Op::Compute { data: true, .. } => return self.start_data_compute(id),
            Op::Call { .. } if self.start.dry => return self.start_dry_call(id),
            Op::Write { .. } if self.start.dry => return self.start_dry_write(id),
            op => op.operands().cloned().collect(),
        };
        // For what is done by command the time counts from the first attempt, not from the wait for a place.
        if !matches!(self.node(id).op, Op::Call { .. } | Op::Read { .. } | Op::Write { .. }) {
            self.instances[id as usize].began = Some(self.now);
        }
        self.evaluate(id, operands, crate::state::Then::Operands);
    }

    /// Ends an instance. Its dependents hear of it in their turn, so a chain of any length is no recursion.
    pub(crate) fn settle(&mut self, id: u32, settled: Settled) {
        self.release_reserved(id);
        while self.leave_inner(id).is_some() {}
        self.instances[id as usize].phase = Phase::Settled(settled);
        self.note_settled(id);
        if id == ROOT {
            return self.end_run();
        }
        self.instances[id as usize].activity = Activity::None;
        self.work.push_back(Work::Settled(id));
    }

    /// Ends an instance by its own failure.
    pub(crate) fn fail(&mut self, id: u32, failure: Failure) {
        self.note_breach(id, &failure);
        self.failures.insert(id, Arc::new(failure));
        self.settle(id, Settled::Failed { cause: id });
    }

    fn tell(&mut self, id: u32) {
        let (block_number, local) = (self.instances[id as usize].block, self.instances[id as usize].local);
        let block = &self.blocks[block_number as usize];
        let (graph, first) = (self.graphs[block.flow as usize].clone(), block.first);
        let node = &graph.blocks[block.block as usize].nodes[local as usize];
        for dependent in &node.dependents {
            self.one_less(first + dependent);
        }
        for waiter in std::mem::take(&mut self.instances[id as usize].waiters) {
            match waiter {
                Waiter::Node(node) => self.one_less(node),
                Waiter::Block(block) => self.one_less_in_block(block),
            }
        }
        let instance = &self.instances[id as usize];
        let ending = match instance.settled() {
            Some(Settled::Failed { cause } | Settled::NotRun { cause }) => Some(Ending::Failed(*cause)),
            Some(Settled::Cancelled) => Some(Ending::Cancelled),
            _ => None,
        };
        let data_time = instance.data_time;
        let block = &mut self.blocks[block_number as usize];
        block.data_time = oldest(block.data_time, data_time);
        block.worst = match (block.worst, ending) {
            (Some(Ending::Failed(cause)), _) => Some(Ending::Failed(cause)),
            (worst, ending) => worst.max(ending),
        };
        self.one_less_in_block(block_number);
    }

    fn one_less(&mut self, id: u32) {
        let instance = &mut self.instances[id as usize];
        instance.waiting = instance.waiting.saturating_sub(1);
        if instance.waiting == 0 {
            self.work.push_back(Work::Ready(id));
        }
    }

    fn one_less_in_block(&mut self, block: u32) {
        let instance = &mut self.blocks[block as usize];
        instance.pending = instance.pending.saturating_sub(1);
        if instance.pending == 0 {
            self.work.push_back(Work::Block(block));
        }
    }

    pub(crate) fn push_ready(&mut self, id: u32) {
        self.work.push_back(Work::Ready(id));
    }

    pub(crate) fn push_block(&mut self, block: u32) {
        self.work.push_back(Work::Block(block));
    }

    /// Asks for something; the next answer with this task is the one that is waited for.
    pub(crate) fn next_task(&mut self, id: u32) -> Task {
        let instance = &mut self.instances[id as usize];
        instance.turn += 1;
        Task { instance: id, turn: instance.turn }
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.out.push(command);
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.out.push(Command::Note(note));
    }

    fn end_run(&mut self) {
        let status = match self.instances[ROOT as usize].settled() {
            Some(Settled::Failed { .. } | Settled::NotRun { .. }) => RunStatus::Failed,
            Some(Settled::Cancelled) => RunStatus::Cancelled,
            Some(Settled::Skipped) => RunStatus::Skipped,
            _ => RunStatus::Succeeded,
        };
        let end = RunEnd {
            status,
            contract_broken: self.contract_broken,
            only_contracts: self.contract_broken && !self.failed_otherwise,
            late: self.scopes.first().is_some_and(|scope| scope.late),
            counts: self.counts,
        };
        self.note(Note::Ended(end.clone()));
        self.ended = Some(end);
    }

    /// Nothing is under way and yet the run has not ended: nodes of a damaged plan wait for each other.
    fn break_deadlock(&mut self) {
        let mut next = ROOT + 1;
        while self.ended.is_none() && self.outstanding == 0 && self.sleeping == 0 {
            let stuck = (next..self.instances.len() as u32)
                .find(|id| matches!(self.instances[*id as usize].phase, Phase::Waiting | Phase::Sharing));
            let id = stuck.unwrap_or(ROOT);
            next = id + 1;
            let text = "it waits for something that waits for it: the plan is damaged";
            self.failures.insert(id, Arc::new(crate::failures::plan_is_wrong(text)));
            self.settle(id, Settled::Failed { cause: id });
            self.work_off();
        }
    }

    pub(crate) fn node(&self, id: u32) -> &NodeGraph {
        let instance = &self.instances[id as usize];
        let block = &self.blocks[instance.block as usize];
        &self.graphs[block.flow as usize].blocks[block.block as usize].nodes[instance.local as usize]
    }

    /// The instance of a node as it is seen from a block: in that block or in one around it.
    pub(crate) fn resolve(&self, from: u32, node: NodeRef) -> u32 {
        let mut block = &self.blocks[from as usize];
        while block.block != node.block {
            match block.parent {
                Some(parent) => block = &self.blocks[parent as usize],
                None => break,
            }
        }
        block.first + node.local
    }

    fn note_settled(&mut self, id: u32) {
        let instance = &self.instances[id as usize];
        let Phase::Settled(settled) = &instance.phase else { return };
        let (status, how) = match settled {
            Settled::Value { how, .. } => (NodeStatus::Succeeded, Some(*how)),
            Settled::Failed { .. } => (NodeStatus::Failed, None),
            Settled::NotRun { .. } => (NodeStatus::NotRun, None),
            Settled::Skipped => (NodeStatus::Skipped, None),
            Settled::Cancelled => (NodeStatus::Cancelled, None),
            Settled::Unknown => (NodeStatus::Unknown, None),
        };
        // Nobody reads the notes of a plan.
        if self.start.dry {
            return;
        }
        if id == ROOT {
            return self.note_own_failure();
        }
        if status == NodeStatus::Succeeded && matches!(self.node(id).op, Op::Compute { data: false, .. }) {
            return;
        }
        let stood_in = matches!(how, Some(How::Fallback | How::Recovered));
        let instead_of = self.instead_of.remove(&id).filter(|_| stood_in).map(Arc::unwrap_or_clone);
        let because = match settled {
            Settled::NotRun { cause } | Settled::Failed { cause } if *cause != id => {
                Some((self.path(*cause), self.label(*cause)))
            }
            _ => None,
        };
        let node = self.node(id);
        let (kind, counted) = (node.op.kind(), matches!(node.op, Op::Call { .. } | Op::Write { .. }));
        let (record, cache_key) = self.record(id);
        let rows = instance.value().and_then(|value| match value {
            Value::Table(table) => Some(table.rows),
            _ => None,
        });
        let end = NodeEnd {
            path: self.path(id),
            key: self.key(id),
            label: self.label(id),
            kind: kind.into(),
            subject: node.op.subject().cloned(),
            status,
            how,
            decision: instance.decision.as_deref().cloned(),
            failure: self.failures.get(&id).map(|failure| (**failure).clone()),
            instead_of,
            because,
            attempts: instance.attempts,
            began: instance.began.unwrap_or(self.now),
            ended: self.now,
            record,
            cache_key,
            rows,
        };
        self.count(status, how, counted, end.because.is_none());
        self.note(Note::Settled(Box::new(end)));
    }

    /// A run that fails by itself, as where its result has no value, and not by one of its nodes: its end is kept as
    /// that of a node, so that what went wrong can be asked for later.
    fn note_own_failure(&mut self) {
        let instance = &self.instances[ROOT as usize];
        if !matches!(instance.settled(), Some(Settled::Failed { cause: ROOT })) {
            return;
        }
        let end = NodeEnd {
            path: self.path(ROOT),
            key: self.key(ROOT),
            label: self.label(ROOT),
            kind: "flow".into(),
            subject: Some(self.flow.clone()),
            status: NodeStatus::Failed,
            how: None,
            decision: None,
            failure: self.failures.get(&ROOT).map(|failure| (**failure).clone()),
            instead_of: None,
            because: None,
            attempts: instance.attempts,
            began: instance.began.unwrap_or(self.now),
            ended: self.now,
            record: None,
            cache_key: None,
            rows: None,
        };
        self.count(NodeStatus::Failed, None, false, true);
        self.note(Note::Settled(Box::new(end)));
    }

    fn count(&mut self, status: NodeStatus, how: Option<How>, counted: bool, own_failure: bool) {
        let counts = &mut self.counts;
        let counter = match (status, how) {
            (NodeStatus::Failed, _) if own_failure => &mut counts.failed,
            _ if !counted => return,
            (NodeStatus::Succeeded, Some(How::Reused)) => &mut counts.reused,
            (NodeStatus::Succeeded, Some(How::Fallback | How::Recovered)) => &mut counts.recovered,
            (NodeStatus::Succeeded, _) => &mut counts.ran,
            (NodeStatus::NotRun, _) => &mut counts.not_run,
            (NodeStatus::Skipped, _) => &mut counts.skipped,
            (NodeStatus::Cancelled, _) => &mut counts.cancelled,
            (NodeStatus::Failed | NodeStatus::Unknown, _) => return,
        };
        *counter += 1;
    }
}

/// Whether a plan's decision says that a node was left out.
fn is_unselected(decision: &Decision) -> bool {
    decision.verdict == flow_plan::Verdict::Skip && decision.reasons.contains(&flow_plan::Reason::NotSelected)
}
