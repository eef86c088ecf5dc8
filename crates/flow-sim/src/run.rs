//! One run in virtual time: the driver's commands are done at once, or put on an agenda for their time.

use crate::{facts::RunFacts, mocks::Mocks, real::RealWork, world::World};
use flow_driver::{Command, Driver, Event, Forced, RunEnd, RunStart, RunStatus, Task};
use flow_expr::{Context, Name, Value, VarId, evaluate};
use flow_plan::{ErrorClass, Failure, NodeKind, Program, deadlines};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

/// Things that are done at once in a test.
const JOBS: u32 = 4;

/// Events after which a run is given up: no test waits for so much.
const MOST_EVENTS: usize = 1_000_000;

/// What a run needs.
pub(crate) struct Stage<'a> {
    pub(crate) program: Arc<Program>,
    pub(crate) world: &'a mut World,
    pub(crate) mocks: &'a mut Mocks,
    pub(crate) real: &'a dyn RealWork,
}

/// Runs a flow from a time on.
pub(crate) fn run(
    stage: Stage<'_>,
    flow: &Name,
    params: BTreeMap<Arc<str>, Value>,
    started: Timestamp,
    number: u32,
) -> RunFacts {
    let start = RunStart {
        run: format!("run-{number}").into(),
        seed: 42,
        started,
        jobs: JOBS,
        forced: Forced::None,
        unselected: vec![],
        deadlines: deadlines(&stage.program, started),
        retry: None,
        dry: false,
    };
    let written = written_by(&stage.program, flow);
    let driver = Driver::with_program(stage.program.clone(), flow.clone(), params, HashSet::new(), start.clone());
    Going {
        stage,
        driver,
        start,
        written,
        agenda: BTreeSet::new(),
        events: vec![],
        running: HashMap::new(),
        notes: vec![],
    }
    .go(flow)
}

/// The datasets that a flow writes, itself or through flows inside it.
fn written_by(program: &Program, flow: &Name) -> BTreeSet<Name> {
    let part = program.part(flow);
    let nodes = part.flows.values().flat_map(|flow| flow.nodes());
    let written = nodes.filter_map(|node| match &node.kind {
        NodeKind::Write { dataset, .. } => Some(dataset.clone()),
        _ => None,
    });
    written.collect()
}

struct Going<'a> {
    stage: Stage<'a>,
    driver: Driver,
    start: RunStart,
    written: BTreeSet<Name>,
    /// When, and the number of the event.
    agenda: BTreeSet<(Timestamp, usize)>,
    events: Vec<Event>,
    /// Attempts under way, and the number of their end.
    running: HashMap<Task, usize>,
    notes: Vec<(Timestamp, flow_driver::Note)>,
}

impl Going<'_> {
    fn go(mut self, flow: &Name) -> RunFacts {
        let started = self.start.started;
        let mut now = started;
        self.plan(now, Event::Begin);
        let mut seen = 0;
        while let Some((time, number)) = self.agenda.pop_first() {
            now = time;
            seen += 1;
            let event = self.events[number].clone();
            if let Event::Ran { task, .. } = &event {
                self.running.remove(task);
            }
            for command in self.driver.on(event, now) {
                self.obey(command, now);
            }
            if self.driver.ended().is_some() || seen > MOST_EVENTS {
                break;
            }
        }
        let end = self.driver.ended().cloned().unwrap_or_else(given_up);
        let failure = self.driver.root_failures().into_iter().next().map(|(_, _, failure)| (*failure).clone());
        let result = self.driver.result().cloned();
        let values = self.driver.values();
        RunFacts { flow: flow.clone(), started, ended: now, end, notes: self.notes, values, result, failure }
    }

    fn plan(&mut self, when: Timestamp, event: Event) -> usize {
        self.events.push(event);
        let number = self.events.len() - 1;
        self.agenda.insert((when, number));
        number
    }

    fn obey(&mut self, command: Command, now: Timestamp) {
        match command {
            Command::Note(note) => {
                self.stage.world.keep(&note);
                self.stage.world.settle(&self.start.run, &note);
                self.notes.push((now, note));
            }
            Command::Recall { task, node, cache, identity } => {
                let (last, cached) = self.stage.world.recall(&node, cache.as_deref(), identity.as_deref());
                self.plan(now, Event::Recalled { task, last, cached });
            }
            Command::Look { task, dataset, partition, previous } => {
                let (program, run) = (self.stage.program.clone(), self.start.run.clone());
                let result = match program.datasets.get(&dataset) {
                    Some(dataset) => self.stage.world.look(dataset, &partition, previous, &run, &self.written),
                    None => Err(no_dataset(&dataset)),
                };
                self.plan(now, Event::Looked { task, result: result.map(Box::new) });
            }
            Command::Read { task, dataset, partition } => {
                let program = self.stage.program.clone();
                let result = match program.datasets.get(&dataset) {
                    Some(dataset) => self.stage.world.read(dataset, &partition, &program, self.start.started),
                    None => Err(no_dataset(&dataset)),
                };
                self.plan(now, Event::Read { task, result: result.map(Box::new) });
            }
            Command::Write { task, dataset, partition, value } => {
                let program = self.stage.program.clone();
                let result = match program.datasets.get(&dataset) {
                    Some(dataset) => self.stage.world.write(dataset, &partition, value, &program, now),
                    None => Err(no_dataset(&dataset)),
                };
                self.plan(now, Event::Written { task, result: result.map(Box::new) });
            }
            Command::Compute { task, expr, bindings } => {
                let result = self.compute(&expr, bindings);
                self.plan(now, Event::Computed { task, result });
            }
            Command::Run(run) => {
                let (program, real) = (self.stage.program.clone(), self.stage.real);
                let attempt = self.stage.mocks.attempt(&run, &program, real, (self.start.started, now));
                let event = Event::Ran { task: run.task, result: attempt.result, ask: attempt.ask };
                let end = self.plan(later(now, attempt.takes_ms), event);
                self.running.insert(run.task, end);
            }
            Command::Render(run) => {
                let (program, real) = (&self.stage.program, self.stage.real);
                let result = self.stage.mocks.rendered(&run, program, real, self.start.started);
                self.plan(now, Event::Rendered { task: run.task, result });
            }
            Command::Reserve { task, reservation } => {
                let result = self.stage.world.reserve(&self.start.run, &reservation, now);
                self.plan(now, Event::Reserved { task, result });
            }
            Command::Ask(question) => {
                let program = self.stage.program.clone();
                if let Some((at, result)) =
                    self.stage.mocks.answer(&question, self.driver.arguments(question.task), &program, now)
                {
                    self.plan(at.max(now), Event::Answered { task: question.task, result: result.map(Box::new) });
                }
            }
            Command::Timer { task, at } => {
                self.plan(at.max(now), Event::Timer { task });
            }
            Command::Stop { task } => self.stop(task, now),
        }
    }

    fn compute(&self, expr: &flow_expr::Expr, bindings: Vec<(VarId, Value)>) -> Result<Value, Failure> {
        let program = &self.stage.program;
        let context = Context::new(&program.functions, &program.types, self.start.started);
        let scope: BTreeMap<VarId, Value> = bindings.into_iter().collect();
        let found = evaluate(expr, &scope, &context).map_err(|error| {
            let message = format!("the expression has no value: {error}");
            Failure::new(ErrorClass::ClientError, flow_diag::codes::R0312.as_str(), message).at(error.at)
        })?;
        Ok(crate::tables::settled(found, &program.types))
    }

    /// Ends an attempt before its time.
    fn stop(&mut self, task: Task, now: Timestamp) {
        let Some(end) = self.running.get(&task).copied() else { return };
        self.agenda.retain(|(_, number)| *number != end);
        let failure = Failure::new(ErrorClass::Internal, flow_diag::codes::R0742.as_str(), "it was cancelled");
        let end = self.plan(now, Event::Ran { task, result: Err(failure), ask: None });
        self.running.insert(task, end);
    }
}

fn given_up() -> RunEnd {
    RunEnd {
        status: RunStatus::Failed,
        contract_broken: false,
        only_contracts: false,
        late: false,
        counts: flow_driver::Counts::default(),
    }
}

fn no_dataset(name: &Name) -> Failure {
    Failure::new(ErrorClass::Internal, flow_diag::codes::R0701.as_str(), format!("there is no dataset `{name}`"))
}

pub(crate) fn later(now: Timestamp, ms: u64) -> Timestamp {
    now.checked_add(SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))).unwrap_or(Timestamp::MAX)
}
