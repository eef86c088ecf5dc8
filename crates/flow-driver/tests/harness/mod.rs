//! A world for the driver: programs made by hand, virtual time, a memory that lasts over runs.
//!
//! Knows what an engine does, and does it in no time: steps are closures that say how long they take.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use flow_driver::{
    Answer, AskStep, CachedResult, Command, DRIVER_FORMAT, Driver, Event, Forced, Kept, Last, NodeEnd, NodeRecord,
    NodeStatus, Note, Product, Published, Question, Retry, RunEnd, RunStart, RunStep, Sighting, Task, VersionRecord,
    recovery::{Next, Replayed},
};
use flow_expr::{BinaryOp, Expr, ExprKind, Name, Type, Value, VarId};
use flow_plan::{
    AskReport, Block, Body, CachePolicy, Dataset, Effect, Failure, Fingerprint, Flow, Format, Handler, HandlerEvent,
    Location, Model, Node, NodeId, NodeKind, Param, Program, Provider, Rendered, Step,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

pub fn name(text: &str) -> Name {
    Name::new(text)
}

pub fn int(value: i64) -> Expr {
    Expr::new(ExprKind::Const(Value::Int(value)), Default::default())
}

pub fn constant(value: Value) -> Expr {
    Expr::new(ExprKind::Const(value), Default::default())
}

pub fn var(number: u32) -> Expr {
    Expr::new(ExprKind::Var(VarId(number)), Default::default())
}

pub fn it() -> Expr {
    Expr::new(ExprKind::Var(VarId::IT), Default::default())
}

pub fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::new(ExprKind::Binary(op, Box::new(left), Box::new(right)), Default::default())
}

pub fn add(left: Expr, right: Expr) -> Expr {
    binary(BinaryOp::Add, left, right)
}

pub fn list(items: Vec<Expr>) -> Expr {
    Expr::new(ExprKind::List(items), Default::default())
}

/// A step over Ints: pure, so its results are kept, with the parameters `a`, `b`, ….
pub fn step(short: &str, params: u32) -> Step {
    Step {
        name: Name::new(format!("m.{short}")),
        params: (0..params)
            .map(|var| Param {
                name: char::from(b'a' + var as u8).to_string().into(),
                var: VarId(var),
                ty: Type::Int,
                default: None,
                labels: vec![],
            })
            .collect(),
        returns: Type::Int,
        body: Body::Sql { text: format!("select {short}").into(), connection: None },
        timeout_ms: 60_000,
        timeout_declared: false,
        retry: None,
        idempotent: None,
        effect: Effect::Read,
        guards: vec![],
        budget: None,
        fallback: None,
        cache: CachePolicy::Unchanged,
        pool: None,
        needs: None,
        owner: None,
        tags: vec![],
        at: Default::default(),
        clauses_at: vec![],
    }
}

/// A node; its variable has its number.
pub fn node(id: u32, label: &str, kind: NodeKind) -> Node {
    let needs = vec![];
    Node {
        id: NodeId(id),
        label: label.into(),
        var: VarId(id),
        ty: Type::Int,
        kind,
        needs,
        after: vec![],
        at: Default::default(),
    }
}

pub fn call(id: u32, label: &str, step: &str, args: Vec<Expr>) -> Node {
    node(id, label, NodeKind::Call { step: Name::new(format!("m.{step}")), args, recover: None })
}

pub fn compute(id: u32, label: &str, expr: Expr) -> Node {
    node(id, label, NodeKind::Compute { expr, data: false })
}

pub fn write(id: u32, dataset: &str, value: Expr) -> Node {
    let kind = NodeKind::Write { dataset: Name::new(format!("m.{dataset}")), value, partition: vec![] };
    Node { ty: Type::Unit, ..node(id, &format!("write {dataset}"), kind) }
}

pub fn read(id: u32, dataset: &str) -> Node {
    let kind = NodeKind::Read { dataset: Name::new(format!("m.{dataset}")), previous: false, partition: vec![] };
    node(id, dataset, kind)
}

pub fn after(mut node: Node, before: &[u32]) -> Node {
    node.after = before.iter().map(|id| NodeId(*id)).collect();
    node
}

pub fn block(nodes: Vec<Node>, result: Option<Expr>) -> Block {
    Block { nodes, result: result.map(Box::new) }
}

pub fn flow(short: &str, nodes: Vec<Node>, result: Option<Expr>) -> Flow {
    Flow {
        name: Name::new(format!("m.{short}")),
        params: vec![],
        returns: Type::Int,
        starts: vec![],
        finish: None,
        overlap: Default::default(),
        catch_up: Default::default(),
        budgets: vec![],
        body: block(nodes, result),
        handlers: vec![],
        owner: None,
        tags: vec![],
        at: Default::default(),
    }
}

pub fn handler(on: HandlerEvent, nodes: Vec<Node>) -> Handler {
    Handler { on, body: block(nodes, None) }
}

pub fn dataset(short: &str) -> Dataset {
    let path = vec![flow_expr::Part::Text(format!("{short}.json").into())];
    Dataset {
        name: Name::new(format!("m.{short}")),
        ty: Type::Int,
        location: Location::File { format: Format::Json, path, csv: Default::default() },
        partition: vec![],
        fresh: None,
        arrives: None,
        expect: vec![],
        owner: None,
        keep_versions: None,
        keep_ms: None,
        accepts: vec![],
        tags: vec![],
        writer: None,
        at: Default::default(),
    }
}

/// A program whose first flow is the one that runs.
pub fn program(steps: Vec<Step>, datasets: Vec<Dataset>, flows: Vec<Flow>) -> Program {
    Program {
        steps: steps.into_iter().map(|step| (step.name.clone(), step)).collect(),
        datasets: datasets.into_iter().map(|dataset| (dataset.name.clone(), dataset)).collect(),
        flows: flows.into_iter().map(|flow| (flow.name.clone(), flow)).collect(),
        ..Program::default()
    }
}

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
}

/// Milliseconds since the world began.
pub fn ms(time: Timestamp) -> i64 {
    time.as_millisecond() - 1_800_000_000_000
}

/// What lasts over runs: records, results, versions, and what is at the locations.
#[derive(Default)]
pub struct Memory {
    /// What was charged to budgets that runs share.
    pub charged: Vec<(Timestamp, flow_driver::Charge)>,
    pub records: HashMap<Arc<str>, NodeRecord>,
    pub results: HashMap<Arc<str>, CachedResult>,
    pub versions: HashMap<Name, Vec<VersionRecord>>,
    /// Content and data time of what is there.
    pub places: HashMap<Name, (Value, Option<Timestamp>)>,
    runs: u32,
}

impl Memory {
    /// As a store does it; nothing is ever settled, so each charge counts with its worst.
    pub fn reserve(
        &mut self,
        reservation: &flow_driver::Reservation,
        now: Timestamp,
    ) -> Result<(), Box<flow_driver::OverBudget>> {
        let wanted = reservation.charge.spent();
        for budget in &reservation.budgets {
            let since = later(now, -(budget.per_ms as i64));
            let counted = self.charged.iter().filter(|(at, charge)| *at > since && charge.flows.contains(&budget.flow));
            let used =
                counted.fold(Default::default(), |used: flow_driver::Spent, (_, charge)| used.and(charge.spent()));
            if let Some(over) = budget.refuses(used, wanted) {
                return Err(Box::new(over));
            }
        }
        self.charged.push((now, reservation.charge.clone()));
        Ok(())
    }
}

/// How a step goes: how long it takes, and what it gives.
pub type Steps<'a> = Box<dyn FnMut(&RunStep, Timestamp) -> (u64, Result<Value, Failure>) + 'a>;

/// What a model says when it is asked, and what that costs.
pub type Answers<'a> = Box<dyn FnMut(&RunStep, &AskStep, &Result<Value, Failure>) -> AskReport + 'a>;

/// What a person answers, and how long that takes; nothing: nobody answers.
pub type People<'a> = Box<dyn FnMut(&Question, Timestamp) -> Option<(i64, Answer)> + 'a>;

/// What every prompt is long.
pub const PROMPT_TOKENS: u64 = 100;

/// An answer of 50 tokens.
pub fn report(ask: &AskStep, answer: &str) -> AskReport {
    AskReport {
        model: ask.model.clone(),
        served: "served".into(),
        input_tokens: PROMPT_TOKENS,
        output_tokens: 50,
        micro_dollars: 0,
        known: true,
        finish: "".into(),
        asked: "".into(),
        answer: answer.into(),
        leniencies: vec![],
        calls: vec![],
    }
}

/// One run in virtual time.
pub struct World<'a> {
    pub memory: &'a mut Memory,
    pub steps: Steps<'a>,
    pub answers: Answers<'a>,
    pub people: People<'a>,
    pub jobs: u32,
    pub forced: Forced,
    pub unselected: HashSet<u32>,
    pub params: BTreeMap<Arc<str>, Value>,
    pub dry: bool,
    pub cancel_at: Option<i64>,
    pub deadlines: BTreeMap<Name, Timestamp>,
    pub began: Timestamp,
    /// The catalogue lags behind: it does not show what this run has written.
    pub forgets: bool,
    /// A plan that looks nowhere.
    pub blind: bool,
    /// Changes at the locations while the run goes on.
    pub arrivals: Vec<(i64, Name, Value, Timestamp)>,
    /// The run that this one retries, and what is kept of it.
    pub retries: Option<(Retry, Vec<Kept>)>,
}

/// What a run was.
#[derive(Debug)]
pub struct Run {
    pub driver: Driver,
    pub end: RunEnd,
    pub start: RunStart,
    pub journal: Vec<(Timestamp, Event)>,
    pub notes: Vec<(Timestamp, Note)>,
    /// When each attempt began: milliseconds, label, attempt.
    pub attempts: Vec<(i64, Arc<str>, u32)>,
    pub timeouts: Vec<u64>,
    /// What was asked of models, in order.
    pub asks: Vec<AskStep>,
    /// What people were asked, in order.
    pub questions: Vec<Question>,
    pub keys: Vec<Option<String>>,
    pub most_at_once: usize,
    pub stopped: Vec<Task>,
    pub commands: usize,
}

impl<'a> World<'a> {
    pub fn new(memory: &'a mut Memory) -> Self {
        let began = at(i64::from(memory.runs) * 3_600_000);
        memory.runs += 1;
        Self {
            memory,
            steps: Box::new(|run, _| (10, Ok(run.args.first().map_or(Value::Int(1), |(_, value)| value.clone())))),
            answers: Box::new(|_, ask, result| report(ask, &format!("{result:?}"))),
            people: Box::new(|_, _| None),
            jobs: 4,
            forced: Forced::None,
            unselected: HashSet::new(),
            params: BTreeMap::new(),
            dry: false,
            cancel_at: None,
            deadlines: BTreeMap::new(),
            began,
            forgets: false,
            blind: false,
            arrivals: vec![],
            retries: None,
        }
    }

    pub fn steps(mut self, steps: impl FnMut(&RunStep, Timestamp) -> (u64, Result<Value, Failure>) + 'a) -> Self {
        self.steps = Box::new(steps);
        self
    }

    pub fn answers(
        mut self,
        answers: impl FnMut(&RunStep, &AskStep, &Result<Value, Failure>) -> AskReport + 'a,
    ) -> Self {
        self.answers = Box::new(answers);
        self
    }

    pub fn people(mut self, people: impl FnMut(&Question, Timestamp) -> Option<(i64, Answer)> + 'a) -> Self {
        self.people = Box::new(people);
        self
    }

    pub fn run(self, program: &Program, flow: &str) -> Run {
        let start = RunStart {
            run: format!("r{}", self.memory.runs).into(),
            seed: 42,
            started: self.began,
            jobs: self.jobs,
            forced: self.forced.clone(),
            unselected: vec![],
            deadlines: self.deadlines.clone(),
            retry: self.retries.as_ref().map(|(retry, _)| retry.clone()),
            dry: self.dry,
        };
        assert_eq!(DRIVER_FORMAT, 2);
        let flow = Name::new(format!("m.{flow}"));
        let (program, unselected) = (Arc::new(program.clone()), self.unselected.clone());
        let driver = Driver::with_program(program, flow, self.params.clone(), unselected, start.clone());
        Going::new(self, driver, start).go()
    }

    /// A run that was cut off goes on at this time.
    pub fn go_on(self, start: RunStart, replayed: Replayed, next: Vec<Next>, now: Timestamp) -> Run {
        let mut going = Going::new(self, replayed.driver, start);
        for next in next {
            match next {
                Next::Happened(event) => going.happen(event, now),
                Next::Give(command) => going.obey(command, now),
            }
        }
        going.work_off()
    }
}

impl<'a> Going<'a> {
    fn new(world: World<'a>, driver: Driver, start: RunStart) -> Self {
        let run = Run {
            driver,
            end: RunEnd {
                status: flow_driver::RunStatus::Failed,
                contract_broken: false,
                only_contracts: false,
                late: false,
                counts: Default::default(),
            },
            start,
            journal: vec![],
            notes: vec![],
            attempts: vec![],
            timeouts: vec![],
            asks: vec![],
            questions: vec![],
            keys: vec![],
            most_at_once: 0,
            stopped: vec![],
            commands: 0,
        };
        Going { world, run, agenda: BTreeSet::new(), events: vec![], running: HashMap::new() }
    }
}

struct Going<'a> {
    world: World<'a>,
    run: Run,
    /// When, and the number of the event.
    agenda: BTreeSet<(Timestamp, usize)>,
    events: Vec<Event>,
    /// Steps under way, and the number of their end.
    running: HashMap<Task, usize>,
}

impl Going<'_> {
    fn go(mut self) -> Run {
        let began = self.world.began;
        if let Some((_, results)) = self.world.retries.take() {
            self.plan(began, Event::Kept { results });
        }
        self.plan(began, Event::Begin);
        if let Some(cancel) = self.world.cancel_at {
            self.plan(later(began, cancel), Event::Cancel);
        }
        self.work_off()
    }

    fn work_off(mut self) -> Run {
        let began = self.world.began;
        while self.run.driver.ended().is_none() {
            let Some((now, number)) = self.agenda.pop_first() else { break };
            for (when, name, value, time) in &self.world.arrivals {
                if ms(now) - ms(began) >= *when {
                    self.world.memory.places.insert(name.clone(), (value.clone(), Some(*time)));
                }
            }
            let event = self.events[number].clone();
            self.happen(event, now);
        }
        self.run.end = self.run.driver.ended().expect("the run ends").clone();
        self.run
    }

    fn happen(&mut self, event: Event, now: Timestamp) {
        if let Event::Ran { task, .. } = &event {
            self.running.remove(task);
        }
        self.run.journal.push((now, event.clone()));
        for command in self.run.driver.on(event, now) {
            self.run.commands += 1;
            self.obey(command, now);
        }
        self.run.most_at_once = self.run.most_at_once.max(self.running.len());
    }

    fn plan(&mut self, when: Timestamp, event: Event) -> usize {
        self.events.push(event);
        self.agenda.insert((when, self.events.len() - 1));
        self.events.len() - 1
    }

    fn obey(&mut self, command: Command, now: Timestamp) {
        match command {
            Command::Note(note) => self.keep(note, now),
            Command::Recall { task, node, cache, identity } => {
                let last = Last::of(self.world.memory.records.get(&node).cloned(), identity.as_deref());
                let cached = cache.and_then(|key| self.world.memory.results.get(&key).cloned());
                self.plan(now, Event::Recalled { task, last, cached: cached.map(Box::new) });
            }
            Command::Look { task, dataset, previous, .. } => {
                let sighting = self.look(&dataset, previous);
                self.plan(now, Event::Looked { task, result: Ok(Box::new(sighting)) });
            }
            Command::Read { task, dataset, .. } => {
                let result = match self.world.memory.places.get(&dataset) {
                    Some((value, time)) => Ok(Box::new(Published {
                        value: Some(value.clone()),
                        fingerprint: fingerprint(value, *time),
                        rows: None,
                        expectations: vec![],
                    })),
                    None => Err(Failure::new(flow_plan::ErrorClass::Internal, "R0000", "no such file")),
                };
                self.plan(later(now, 5), Event::Read { task, result });
            }
            Command::Write { task, dataset, value, .. } => {
                let fingerprint = fingerprint(&value, Some(now));
                self.world.memory.places.insert(dataset, (value, Some(now)));
                let published = Published { value: None, fingerprint, rows: None, expectations: vec![] };
                self.plan(later(now, 5), Event::Written { task, result: Ok(Box::new(published)) });
            }
            Command::Compute { task, .. } => {
                self.plan(later(now, 5), Event::Computed { task, result: Ok(Value::Int(7)) });
            }
            Command::Run(step) => {
                self.run.attempts.push((ms(now) - ms(self.world.began), step.label.clone(), step.attempt));
                self.run.timeouts.push(step.timeout_ms);
                self.run.keys.push(step.idempotency_key.clone());
                let (takes, result) = (self.world.steps)(&step, now);
                let ask = step.ask.as_ref().map(|ask| Box::new((self.world.answers)(&step, ask, &result)));
                let result = result.map(|value| Product { value, rows: None });
                self.run.asks.extend(step.ask.as_deref().cloned());
                let end = self.plan(later(now, takes as i64), Event::Ran { task: step.task, result, ask });
                self.running.insert(step.task, end);
            }
            Command::Render(step) => {
                let result = Ok(Rendered { tokens: PROMPT_TOKENS });
                self.plan(later(now, 1), Event::Rendered { task: step.task, result });
            }
            Command::Reserve { task, reservation } => {
                let result = self.world.memory.reserve(&reservation, now);
                self.plan(now, Event::Reserved { task, result });
            }
            Command::Ask(question) => self.ask(*question, now),
            Command::Timer { task, at } => {
                self.plan(at.max(now), Event::Timer { task });
            }
            Command::Stop { task } => {
                self.run.stopped.push(task);
                if let Some(end) = self.running.get(&task).copied() {
                    let failure = Failure::new(flow_plan::ErrorClass::Internal, "R0000", "cancelled");
                    self.agenda.retain(|(_, number)| *number != end);
                    let end = self.plan(now, Event::Ran { task, result: Err(failure), ask: None });
                    self.running.insert(task, end);
                }
            }
        }
    }

    fn look(&self, dataset: &Name, previous: bool) -> Sighting {
        let memory = &self.world.memory;
        let versions = memory.versions.get(dataset).map_or(&[][..], Vec::as_slice);
        let hidden = previous || self.world.forgets;
        let last = versions.iter().rev().find(|version| !hidden || version.run != self.run.start.run).cloned();
        let fingerprint = memory.places.get(dataset).map(|(value, time)| fingerprint(value, *time));
        let unseen = self.world.blind;
        Sighting { fingerprint: fingerprint.filter(|_| !unseen), last, unseen }
    }

    fn ask(&mut self, question: Question, now: Timestamp) {
        if let Some((after, answer)) = (self.world.people)(&question, now) {
            let event = Event::Answered { task: question.task, result: Ok(Box::new(answer)) };
            self.plan(later(now, after), event);
        }
        self.run.questions.push(question);
    }

    fn keep(&mut self, note: Note, now: Timestamp) {
        match &note {
            Note::Settled(end) => {
                if let Some(record) = &end.record {
                    self.world.memory.records.insert(end.key.clone(), record.clone());
                    if let (Some(key), Some(value)) = (&end.cache_key, &record.value) {
                        let result = CachedResult { value: value.clone(), run: record.run.clone(), at: record.at };
                        self.world.memory.results.insert(key.clone(), result);
                    }
                }
            }
            Note::Version { dataset, version, .. } => {
                self.world.memory.versions.entry(dataset.clone()).or_default().push((**version).clone());
            }
            _ => {}
        }
        self.run.notes.push((now, note));
    }
}

fn fingerprint(value: &Value, time: Option<Timestamp>) -> Fingerprint {
    Fingerprint { hash: flow_expr::digest(value).into(), modified: time, data_time: None }
}

pub fn later(now: Timestamp, ms: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_millis(ms)).unwrap()
}

impl Run {
    /// How the nodes ended.
    pub fn ends(&self) -> impl Iterator<Item = &NodeEnd> {
        self.notes.iter().filter_map(|(_, note)| match note {
            Note::Settled(end) => Some(&**end),
            _ => None,
        })
    }

    pub fn end_of(&self, label: &str) -> &NodeEnd {
        self.ends().find(|end| *end.label == *label).unwrap_or_else(|| panic!("no node {label}"))
    }

    pub fn status(&self, label: &str) -> NodeStatus {
        self.end_of(label).status
    }

    /// Labels of the attempts made, in order.
    pub fn ran(&self) -> Vec<&str> {
        self.attempts.iter().map(|(_, label, _)| &**label).collect()
    }

    /// Milliseconds from the start to the end.
    pub fn took(&self) -> i64 {
        ms(self.journal.last().unwrap().0) - ms(self.start.started)
    }
}

/// A program whose flow calls the step `count` of these, which asks the model `first`.
pub fn counting(steps: Vec<Step>) -> Program {
    let flows = vec![flow("main", vec![call(1, "count", "count", vec![])], Some(var(1)))];
    let mut program = program(steps, vec![], flows);
    let named = Model::new(name("m.first"), Provider::Openai, "first");
    program.models = [(named.name.clone(), Model { max_tokens: Some(50), ..named })].into();
    program
}
