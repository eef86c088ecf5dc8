//! A process that drives a run, as the engine does: an event is written down, given to the driver, and what it commands
//! is done. What must be durable first waits for the disk.
//!
//! Decides nothing that `flow_driver` could. It follows `flow-engine/src/run.rs` and `work.rs`; a mutation makes it break
//! one of their rules. How it goes on with a run is in [`super::resume`].

use super::{
    Mutation,
    audit::Check,
    clock::Clock,
    disk::Cut,
    play::{Due, Play},
    program::Case,
    scenario::Moment,
    store::{DiskFault, Store},
    tables::Record,
    world::World,
};
use flow_driver::{
    Command, Driver, Event, Last, Note, Product, Published, RunStart, RunStep, Sighting, Task,
    recovery::is_durable_first,
};
use flow_expr::{Name, Value};
use flow_plan::{ErrorClass, Failure, Rendered};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How often a process looks whether a person has answered.
pub(super) const LOOK_FOR_ANSWERS: i64 = 200;

/// What there is to look at when a run is over.
pub(super) struct Stage<'s> {
    pub(super) store: &'s Store,
    pub(super) world: &'s World,
    pub(super) case: &'s Case,
}

/// One process.
pub(super) struct Life {
    pub(super) number: u32,
    pub(super) start: RunStart,
    pub(super) driver: Driver,
    pub(super) clock: Clock,
    pub(super) seq: u64,
    /// Events that this process has taken in.
    events: u64,
    /// Transactions that others had begun before.
    commits_before: u64,
    /// What waits until so much is durable.
    waiting: Vec<(u64, Command)>,
    running: BTreeSet<Task>,
    /// Questions to people that are open: path and number.
    pub(super) asked: BTreeMap<Task, (Arc<str>, u32)>,
}

impl Life {
    pub(super) fn new(number: u32, start: RunStart, driver: Driver, clock: Clock, commits_before: u64) -> Self {
        Self {
            number,
            start,
            driver,
            clock,
            seq: 0,
            events: 0,
            commits_before,
            waiting: vec![],
            running: BTreeSet::new(),
            asked: BTreeMap::new(),
        }
    }
}

impl Play<'_> {
    pub(super) fn queue(&mut self, records: Vec<Record>) {
        if let Some(recorded) = &mut self.recorded {
            recorded.push(records.clone());
        }
        self.store.queue(records);
        let Some(life) = &self.life else { return };
        let number = life.number;
        let after = if self.random.chance(70) { 0 } else { self.random.below(3) as i64 };
        self.plan(self.now + after, Due::Write(number));
    }

    /// Something comes to the process that lives, so many milliseconds later.
    pub(super) fn event_at(&mut self, after: i64, event: Event) {
        let Some(life) = &self.life else { return };
        let number = life.number;
        self.plan(self.now + after, Due::Event(number, Box::new(event)));
    }

    pub(super) fn clock_now(&mut self) -> Timestamp {
        let (now, wall) = (self.now, self.wall());
        self.life.as_mut().map_or_else(|| super::clock::instant(wall), |life| life.clock.now(now, wall))
    }

    /// Takes in an event.
    pub(super) fn happen(&mut self, event: Event) -> Check {
        if self.store.failed {
            self.say(|| "the process stops: its store has failed".into());
            // What of a sync that failed is on the disk nobody knows.
            let cut = if self.random.chance(50) { Cut::Killed } else { Cut::Power };
            let pause = self.death().map_or(1_000, |death| death.pause_ms);
            return self.end_life(cut, pause);
        }
        let at = self.clock_now();
        let event = self.instead_of(event);
        let Some(life) = &mut self.life else { return Ok(()) };
        if let Some(task) = task_of(&event) {
            life.running.remove(&task);
            life.asked.remove(&task);
        }
        let seq = life.seq;
        life.seq += 1;
        life.events += 1;
        self.events += 1;
        let stops_after = match self.death().map(|death| death.moment) {
            Some(Moment::Event(number, commands)) if self.life.as_ref().is_some_and(|life| life.events == number) => {
                Some(commands)
            }
            _ => None,
        };
        self.say(|| format!("event {seq}: {}", short(&event)));
        let run = self.run_id();
        self.audit.happens(&run, at, &event)?;
        let Some(life) = &mut self.life else { return Ok(()) };
        let commands = life.driver.on(event.clone(), at);
        let mut together = vec![Record::Event { seq, at, event: Box::new(event) }];
        if self.mutation != Some(Mutation::NotesApart) {
            together.extend(commands.iter().filter_map(|command| match command {
                Command::Note(note) => Some(Record::Note(at, Arc::new(note.clone()))),
                _ => None,
            }));
        }
        self.queue(together);
        for (number, command) in (0..).zip(commands) {
            if stops_after == Some(number) {
                return self.die(&format!("between two commands of event {seq}"));
            }
            self.obey(command, at)?;
        }
        match stops_after {
            Some(_) => self.die(&format!("after event {seq}")),
            None => self.end_if_done(),
        }
    }

    pub(super) fn run_id(&self) -> Arc<str> {
        self.life.as_ref().map_or_else(|| "".into(), |life| life.start.run.clone())
    }

    /// The run is over when its end is durable.
    pub(super) fn end_if_done(&mut self) -> Check {
        let Some(life) = &self.life else { return Ok(()) };
        let is_flushed = self.store.durable == self.store.queued;
        if life.driver.ended().is_some() && is_flushed {
            let run = life.start.run.clone();
            self.say(|| format!("run {run} is over"));
            return self.run_over(&run);
        }
        Ok(())
    }

    /// Does what the driver commands, or has it wait for the disk.
    pub(super) fn obey(&mut self, command: Command, at: Timestamp) -> Check {
        let run = self.run_id();
        self.audit.commanded(&run, &command)?;
        let waits = is_durable_first(&command) && self.mutation != Some(Mutation::NothingWaits);
        if waits {
            let Some(life) = &mut self.life else { return Ok(()) };
            life.waiting.push((self.store.queued, command));
            return Ok(());
        }
        self.start_command(command, at)
    }

    fn start_command(&mut self, command: Command, at: Timestamp) -> Check {
        let run = self.run_id();
        match command {
            Command::Note(note) => {
                self.audit.noted(&run, &note)?;
                if let Note::AnswerRefused { path, number, .. } = &note {
                    *self.people.refused.entry((run, path.clone(), *number)).or_default() += 1;
                }
                if self.mutation == Some(Mutation::NotesApart) {
                    self.queue(vec![Record::Note(at, Arc::new(note))]);
                }
            }
            Command::Recall { task, node, cache, identity } => {
                let tables = &self.store.tables;
                let last = Last::of(tables.records.get(&node).cloned(), identity.as_deref());
                let cached = cache.and_then(|key| tables.results.get(&key).cloned()).map(Box::new);
                self.event_at(0, Event::Recalled { task, last, cached });
            }
            Command::Look { task, dataset, previous, .. } => {
                let result = Ok(Box::new(self.look(&dataset, previous)));
                let after = self.random.below(20) as i64;
                self.event_at(after, Event::Looked { task, result });
            }
            Command::Read { task, dataset, .. } => self.read(task, &dataset),
            Command::Write { task, dataset, value, .. } => return self.publish(task, dataset, value),
            Command::Compute { task, .. } => self.event_at(5, Event::Computed { task, result: Ok(Value::Int(7)) }),
            Command::Run(step) => return self.attempt(&step),
            Command::Render(step) => {
                let result = Ok(Rendered { tokens: super::world::PROMPT_TOKENS });
                self.event_at(1, Event::Rendered { task: step.task, result });
            }
            Command::Reserve { task, reservation } => {
                self.store.reserve(task, at, reservation);
                let number = self.life.as_ref().map_or(0, |life| life.number);
                self.plan(self.now, Due::Write(number));
            }
            Command::Ask(question) => self.ask(&question),
            Command::Timer { task, at } => self.sleep(task, at),
            Command::Stop { task } => self.stop(task),
        }
        Ok(())
    }

    fn sleep(&mut self, task: Task, at: Timestamp) {
        let (now, wall) = (self.now, self.wall());
        let Some(life) = &mut self.life else { return };
        let number = life.number;
        let after = match self.mutation {
            Some(Mutation::TimersBegin) if number > 0 => 0,
            _ => life.clock.until(at, now, wall),
        };
        self.plan(now + after, Due::Timer(number, task, at));
    }

    /// A timer has been slept for. Its time may not have come, if the clock stands; then something is wrong with that.
    pub(super) fn timer(&mut self, task: Task, at: Timestamp) -> Check {
        let now = self.clock_now();
        if now < at && self.mutation == Some(Mutation::ClockStands) {
            return Err(format!("a timer for {at} has been slept for, and the clock tells {now}"));
        }
        self.happen(Event::Timer { task })
    }

    fn look(&self, dataset: &Name, previous: bool) -> Sighting {
        let versions = self.store.tables.versions.get(dataset).map_or(&[][..], Vec::as_slice);
        let run = self.run_id();
        let last = versions.iter().rev().find(|version| !previous || version.run != run).cloned();
        let there = self.world.places.get(dataset).filter(|_| !previous);
        Sighting { fingerprint: there.map(super::world::Content::fingerprint), last, unseen: false }
    }

    fn read(&mut self, task: Task, dataset: &Name) {
        let result = match self.world.places.get(dataset) {
            Some(content) => Ok(Box::new(Published {
                value: Some(content.value.clone()),
                fingerprint: content.fingerprint(),
                rows: None,
                expectations: vec![],
            })),
            None => Err(Failure::new(ErrorClass::Internal, "R0000", "nothing is there")),
        };
        let after = self.random.below(50) as i64;
        self.event_at(after, Event::Read { task, result });
    }

    /// Publishes a version: it is there at once, whole.
    fn publish(&mut self, task: Task, dataset: Name, value: Value) -> Check {
        let run = self.run_id();
        self.say(|| format!("{dataset} is published as {value:?}"));
        self.audit.publishes(&run, task, &dataset, &value)?;
        let (lands, ends) = (self.random.below(300) as i64, self.random.below(300) as i64);
        let hash = flow_expr::digest(&value).into();
        let modified = Some(super::clock::instant(self.wall() + lands));
        let fingerprint = flow_plan::Fingerprint { hash, modified, data_time: None };
        self.plan(self.now + lands, Due::Published(dataset, value));
        let published = Published { value: None, fingerprint, rows: None, expectations: vec![] };
        self.event_at(lands + ends, Event::Written { task, result: Ok(Box::new(published)) });
        Ok(())
    }

    /// Begins an attempt, which goes its way in the world.
    fn attempt(&mut self, step: &RunStep) -> Check {
        let run = self.run_id();
        let course = self.world.course(step, &self.case.program);
        let key = match self.mutation {
            Some(Mutation::OtherKey) => step.idempotency_key.as_ref().map(|key| format!("{key}{}", self.events)),
            _ => step.idempotency_key.clone(),
        };
        self.say(|| format!("{} {} attempt {} begins", step.step.name, step.path, step.attempt));
        self.audit.begins(&run, step, key, (&self.world, &self.store), &course)?;
        let execution = self.world.begin(&run, step, &course);
        if let Some(after) = course.lands_ms.filter(|_| step.ask.is_none()) {
            self.plan(self.now + after as i64, Due::Lands(execution));
        }
        let result = course.result.map(|value| Product { value, rows: None });
        let event = Event::Ran { task: step.task, result, ask: course.ask.map(Box::new) };
        if let Some(after) = course.repeats_ms {
            self.event_at(after as i64, event.clone());
        }
        self.event_at(course.takes_ms as i64, event);
        let Some(life) = &mut self.life else { return Ok(()) };
        life.running.insert(step.task);
        Ok(())
    }

    /// What is under way is ended; it is still answered, perhaps by what it was about to give.
    fn stop(&mut self, task: Task) {
        let failure = Failure::new(ErrorClass::Internal, "R0742", "it was cancelled");
        let Some(life) = &mut self.life else { return };
        life.asked.remove(&task);
        let waited = life.waiting.iter().position(|(_, command)| match command {
            Command::Run(step) => step.task == task,
            Command::Write { task: writes, .. } => *writes == task,
            _ => false,
        });
        match waited.map(|place| life.waiting.remove(place).1) {
            Some(Command::Write { .. }) => self.event_at(0, Event::Written { task, result: Err(failure) }),
            Some(_) => self.event_at(0, Event::Ran { task, result: Err(failure), ask: None }),
            None if life.running.contains(&task) => {
                let after = self.random.below(30_000) as i64;
                self.event_at(after, Event::Ran { task, result: Err(failure), ask: None });
            }
            None => {}
        }
    }

    /// The writer takes what is queued to the disk.
    pub(super) fn write(&mut self) -> Check {
        if !self.store.has_work() {
            return Ok(());
        }
        let Some(life) = &self.life else { return Ok(()) };
        let (number, commit) = (life.number, self.store.commits + 1 - life.commits_before);
        let moment = self.death().map(|death| death.moment);
        if moment == Some(Moment::BeforeCommit(commit)) {
            return self.die(&format!("before transaction {commit}"));
        }
        let fault = self.disk_fault(self.store.commits + 1);
        self.store.begin_commit(&mut self.random, fault);
        if moment == Some(Moment::Written(commit)) {
            return self.die(&format!("when transaction {commit} was written, and not synced"));
        }
        let most = if self.faults.is_slow { 3_000 } else { 4 };
        let takes = self.random.below(most) as i64;
        self.plan(self.now + takes, Due::Synced(number));
        Ok(())
    }

    fn disk_fault(&self, commit: u64) -> Option<DiskFault> {
        self.faults.disk.iter().find(|(number, _)| *number == commit).map(|(_, fault)| *fault)
    }

    /// A transaction is durable, or is not.
    pub(super) fn synced(&mut self) -> Check {
        let Some(life) = &self.life else { return Ok(()) };
        let (number, commit) = (life.number, self.store.commits - life.commits_before);
        let fault = self.disk_fault(self.store.commits);
        let committed = self.store.end_commit(fault);
        self.audit.synced(&self.store);
        if committed.failed {
            self.say(|| format!("fault: transaction {commit} fails: {fault:?}"));
            // What waited for it is told so, and that ends the process.
            self.event_at(0, Event::Cancel);
            return Ok(());
        }
        if self.death().is_some_and(|death| death.moment == Moment::Synced(commit)) {
            return self.die(&format!("when transaction {commit} was durable"));
        }
        if let Some((task, result)) = committed.reserved {
            self.event_at(0, Event::Reserved { task, result });
        }
        self.plan(self.now, Due::Write(number));
        self.people_see();
        let at = self.clock_now();
        while let Some(command) = self.next_durable() {
            self.start_command(command, at)?;
        }
        self.end_if_done()
    }

    /// What need not wait any more.
    fn next_durable(&mut self) -> Option<Command> {
        let durable = self.store.durable;
        let life = self.life.as_mut()?;
        let place = life.waiting.iter().position(|(until, _)| *until <= durable)?;
        Some(life.waiting.remove(place).1)
    }
}

pub(super) fn task_of(event: &Event) -> Option<Task> {
    match event {
        Event::Recalled { task, .. }
        | Event::Looked { task, .. }
        | Event::Read { task, .. }
        | Event::Written { task, .. }
        | Event::Computed { task, .. }
        | Event::Ran { task, .. }
        | Event::Rendered { task, .. }
        | Event::Reserved { task, .. }
        | Event::Answered { task, .. }
        | Event::Timer { task }
        | Event::Resolved { task, .. }
        | Event::WouldRun { task } => Some(*task),
        Event::Begin | Event::Kept { .. } | Event::Cancel => None,
    }
}

/// An event in few words.
fn short(event: &Event) -> String {
    let mut text = format!("{event:?}");
    if text.len() > 160 {
        text = text.chars().take(160).collect::<String>() + " …";
    }
    text
}
