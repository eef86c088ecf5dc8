//! One run of a flow by the driver, in virtual time.

use super::system::{Random, System, attempts};
use flow_driver::{Command, Driver, Event, Forced, Last, Product, Published, RunStart, RunStep, Sighting, Task};
use flow_expr::{Name, Type, Value};
use flow_plan::{AskReport, Body, ErrorClass, Failure, Fingerprint, Rendered};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

/// How steps go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Anything: quick or slow, failing or not.
    Any,
    /// Every attempt fails as late as it may, but for the last one.
    Worst,
    /// As any, and the last attempt brings a result.
    Ends,
}

/// What a run was.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) took_ms: u64,
    pub(super) asks: u64,
    pub(super) micro_dollars: u64,
    pub(super) succeeded: bool,
    /// When each dataset was looked at first, and when it was published last.
    pub(super) read: BTreeMap<Name, Timestamp>,
    pub(super) written: BTreeMap<Name, Timestamp>,
}

pub(super) fn run(system: &System, flow: &Name, started: Timestamp, mood: Mood, seed: u64) -> Played {
    let start = RunStart {
        run: "r".into(),
        seed,
        started,
        jobs: 100_000,
        forced: Forced::None,
        unselected: vec![],
        deadlines: BTreeMap::new(),
        retry: None,
        dry: false,
    };
    let program = Arc::new(system.program.clone());
    let driver = Driver::with_program(program, flow.clone(), BTreeMap::new(), HashSet::new(), start);
    let going = Going {
        driver,
        mood,
        random: Random::of(seed),
        most: attempts(&system.program),
        agenda: BTreeSet::new(),
        events: vec![],
        running: HashMap::new(),
        tries: HashMap::new(),
        played: Played::default(),
    };
    going.go(started)
}

struct Going {
    driver: Driver,
    mood: Mood,
    random: Random,
    /// How often each step may be tried.
    most: BTreeMap<Name, u64>,
    agenda: BTreeSet<(Timestamp, usize)>,
    events: Vec<Event>,
    running: HashMap<Task, usize>,
    /// Attempts of each call so far.
    tries: HashMap<(Arc<str>, Name), u64>,
    played: Played,
}

impl Going {
    fn go(mut self, started: Timestamp) -> Played {
        self.plan(started, Event::Begin);
        let mut now = started;
        while let Some((time, number)) = self.agenda.pop_first() {
            now = time;
            let event = self.events[number].clone();
            if let Event::Ran { task, .. } = &event {
                self.running.remove(task);
            }
            for command in self.driver.on(event, now) {
                self.obey(command, now);
            }
            if self.driver.ended().is_some() {
                break;
            }
        }
        let end = self.driver.ended().expect("the run ends");
        self.played.succeeded = end.status == flow_driver::RunStatus::Succeeded;
        self.played.took_ms = (now.as_millisecond() - started.as_millisecond()) as u64;
        self.played
    }

    fn plan(&mut self, when: Timestamp, event: Event) -> usize {
        self.events.push(event);
        self.agenda.insert((when, self.events.len() - 1));
        self.events.len() - 1
    }

    fn obey(&mut self, command: Command, now: Timestamp) {
        match command {
            Command::Note(_) | Command::Ask(_) => {}
            Command::Recall { task, identity, .. } => {
                let last = Last::of(None, identity.as_deref());
                _ = self.plan(now, Event::Recalled { task, last, cached: None });
            }
            Command::Look { task, dataset, .. } => {
                self.played.read.entry(dataset).or_insert(now);
                let fingerprint = Some(fingerprint(now));
                let sighting = Sighting { fingerprint, last: None, unseen: false };
                _ = self.plan(now, Event::Looked { task, result: Ok(Box::new(sighting)) });
            }
            Command::Read { task, dataset, .. } => {
                self.played.read.entry(dataset).or_insert(now);
                let read = published(Some(Value::Int(1)), now);
                _ = self.plan(now, Event::Read { task, result: Ok(Box::new(read)) });
            }
            Command::Write { task, dataset, .. } => {
                self.played.written.insert(dataset, now);
                _ = self.plan(now, Event::Written { task, result: Ok(Box::new(published(None, now))) });
            }
            Command::Compute { task, .. } => _ = self.plan(now, Event::Computed { task, result: Ok(Value::Int(7)) }),
            Command::Run(step) => self.attempt(&step, now),
            Command::Render(step) => {
                // As much as a window of 10,000 holds beside an answer of 1,000.
                _ = self.plan(now, Event::Rendered { task: step.task, result: Ok(Rendered { tokens: 9_000 }) });
            }
            Command::Reserve { task, .. } => _ = self.plan(now, Event::Reserved { task, result: Ok(()) }),
            Command::Timer { task, at } => _ = self.plan(at.max(now), Event::Timer { task }),
            Command::Stop { task } => {
                if let Some(end) = self.running.get(&task).copied() {
                    self.agenda.retain(|(_, number)| *number != end);
                    let failure = Failure::new(ErrorClass::Internal, "R0000", "cancelled");
                    let end = self.plan(now, Event::Ran { task, result: Err(failure), ask: None });
                    self.running.insert(task, end);
                }
            }
        }
    }

    fn attempt(&mut self, step: &RunStep, now: Timestamp) {
        let tries = self.tries.entry((step.path.clone(), step.step.name.clone())).or_insert(0);
        *tries += 1;
        let (tries, most) = (*tries, self.most[&step.step.name]);
        let is_last = tries >= most;
        let fails = match self.mood {
            Mood::Any => self.random.chance(35),
            Mood::Worst => !is_last,
            Mood::Ends => !is_last && self.random.chance(35),
        };
        let whole = self.mood == Mood::Worst || self.random.chance(25);
        let takes = if whole { step.timeout_ms } else { self.random.below(step.timeout_ms + 1) };
        let class = self.class(step, tries);
        let result = match fails {
            true => Err(Failure::new(class, "R0000", "so it goes")),
            false => Ok(Product { value: self.value(step), rows: None }),
        };
        let ask = step.ask.as_ref().map(|ask| {
            let (input, output) = match self.mood {
                Mood::Worst => (9_000, 1_000),
                _ => (self.random.below(9_001), self.random.below(1_001)),
            };
            // What fails on the way may have cost all of it.
            let micro_dollars = input + 2 * output;
            self.played.asks += 1;
            self.played.micro_dollars += micro_dollars;
            Box::new(report(&ask.model, input, output, micro_dollars))
        });
        let end = now.checked_add(SignedDuration::from_millis(takes as i64)).expect("a time");
        let end = self.plan(end, Event::Ran { task: step.task, result, ask });
        self.running.insert(step.task, end);
    }

    /// What a step gives: of a judge, mostly that it is sent back.
    fn value(&mut self, step: &RunStep) -> Value {
        match step.step.returns {
            Type::Bool => Value::Bool(self.mood != Mood::Worst && self.random.chance(40)),
            _ => Value::Int(self.random.below(10) as i64),
        }
    }

    /// In the worst case a model's answers are sent back as often as they may be before its transport fails.
    fn class(&mut self, step: &RunStep, tries: u64) -> ErrorClass {
        let Body::Ai(_) = &step.step.body else { return ErrorClass::Timeout };
        let is_sent_back = match self.mood {
            Mood::Worst => tries <= step.step.most_re_asks(ErrorClass::Malformed),
            _ => self.random.chance(50),
        };
        if is_sent_back { ErrorClass::Malformed } else { ErrorClass::Timeout }
    }
}

fn report(model: &Name, input_tokens: u64, output_tokens: u64, micro_dollars: u64) -> AskReport {
    AskReport {
        model: model.clone(),
        served: "served".into(),
        input_tokens,
        output_tokens,
        micro_dollars,
        known: true,
        finish: "".into(),
        asked: "".into(),
        answer: "7".into(),
        leniencies: vec![],
        calls: vec![],
    }
}

fn published(value: Option<Value>, now: Timestamp) -> Published {
    Published { value, fingerprint: fingerprint(now), rows: None, expectations: vec![] }
}

fn fingerprint(now: Timestamp) -> Fingerprint {
    Fingerprint { hash: "h".into(), modified: Some(now), data_time: None }
}
