//! What must hold: looked at after every event and command, after every cut, and when a run is over.
//!
//! It sees what the world was done to, what people were told and what the disk has synced, and holds the journal and
//! the driver against that. A complaint is a sentence. What is spent is in [`super::budget`].

use super::{
    budget::Spending,
    facts::{RunFacts, needs},
    kinds,
    process::Stage,
    program::Case,
    store::Store,
    tables::{DoubtKey, Key},
    world::Course,
    world::World,
};
use flow_driver::{
    Answer, Command, Driver, Event, How, NodeStatus, Note, QuestionEnd, Resolved, RunStart, RunStep, Task,
    recovery::{IN_DOUBT, Replayed, is_durable_first, replay},
};
use flow_expr::{Name, Value};
use flow_plan::{Body, Effect, Idempotency};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Nothing to complain of, or a complaint.
pub(super) type Check = Result<(), String>;

/// How the nodes of a run ended, and with what: by their paths.
pub(super) type Outcome = BTreeMap<String, String>;

/// All that is held against what happens.
#[derive(Debug)]
pub(super) struct Audit {
    case: Case,
    runs: BTreeMap<Arc<str>, RunFacts>,
    /// How often a person has had an attempt made again: run, path, attempt.
    agains: BTreeMap<(Arc<str>, Arc<str>, u32), usize>,
    pub(super) spending: Spending,
    /// Whether something happened that may lead to another end than without faults.
    pub(super) disturbed: bool,
    pub(super) ended_runs: usize,
    /// What kinds of things have happened.
    pub(super) kinds: BTreeSet<&'static str>,
    /// How the first run ended.
    pub(super) outcome: Option<Outcome>,
}

impl Audit {
    pub(super) fn new(case: &Case) -> Self {
        Self {
            case: case.clone(),
            runs: BTreeMap::new(),
            agains: BTreeMap::new(),
            spending: Spending::new(case),
            disturbed: false,
            ended_runs: 0,
            kinds: BTreeSet::new(),
            outcome: None,
        }
    }

    fn facts(&mut self, run: &Arc<str>) -> &mut RunFacts {
        self.runs.entry(run.clone()).or_default()
    }

    pub(super) fn run_begins(&mut self, start: &RunStart) {
        self.runs.insert(start.run.clone(), RunFacts::default());
    }

    /// An event is taken in.
    pub(super) fn happens(&mut self, run: &Arc<str>, at: Timestamp, event: &Event) -> Check {
        self.kinds.extend(kinds::of_event(event));
        let facts = self.facts(run);
        if let Some((before, _)) = facts.journal.last().filter(|(before, _)| *before > at) {
            return Err(format!("the time of the journal goes back, from {before} to {at}"));
        }
        if let Event::Timer { task } = event
            && let Some(set) = facts.timers.get(task).filter(|set| at < **set)
        {
            return Err(format!("a timer that was set for {set} comes at {at}"));
        }
        facts.journal.push((at, event.clone()));
        facts.took(event);
        if let Event::Ran { result: Err(failure), .. } = event {
            self.disturbed |= &*failure.code == "R0801";
        }
        Ok(())
    }

    /// Something is commanded, for the first time or once more.
    pub(super) fn commanded(&mut self, run: &Arc<str>, command: &Command) -> Check {
        self.kinds.insert(kinds::of_command(command));
        let facts = self.facts(run);
        match command {
            Command::Timer { task, at } => match facts.timers.insert(*task, *at) {
                Some(before) if before != *at => Err(format!("a timer for {before} is set once more, for {at}")),
                _ => Ok(()),
            },
            Command::Ask(question) => {
                let key = (question.path.clone(), question.number);
                match facts.questions.insert(key, (**question).clone()) {
                    Some(before) if before != **question => {
                        Err(format!("a question is another one when it is asked again: {before:?}, {question:?}"))
                    }
                    _ => Ok(()),
                }
            }
            Command::Write { task, .. } => {
                facts.writes.push((*task, command.clone()));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The last write that was commanded and answered.
    pub(super) fn last_write(&self, run: &Arc<str>) -> Option<Command> {
        let facts = self.runs.get(run)?;
        facts.writes.iter().rev().find(|(task, _)| facts.answered.contains(task)).map(|(_, command)| command.clone())
    }

    /// A version is about to be published.
    pub(super) fn publishes(&mut self, run: &Arc<str>, task: Task, dataset: &Name, _: &Value) -> Check {
        self.facts(run).begins(task, format!("publishing {dataset}").into())
    }

    /// An attempt is about to begin.
    pub(super) fn begins(
        &mut self,
        run: &Arc<str>,
        step: &RunStep,
        key: Option<String>,
        (world, store): (&World, &Store),
        course: &Course,
    ) -> Check {
        let what: Arc<str> = format!("{} {} attempt {}", step.step.name, step.path, step.attempt).into();
        let needed = needs(&self.case, &step.path);
        let facts = self.facts(run);
        if is_durable_first(&Command::Run(Box::new(step.clone()))) {
            facts.begins(step.task, what.clone())?;
        } else if facts.answered.contains(&step.task) {
            return Err(format!("{what} is done again though it had ended"));
        } else if facts.is_cancelled {
            return Err(format!("{what} begins though the run was cancelled"));
        }
        if let Some(Idempotency::By(_)) = &step.step.idempotent {
            let arguments = format!("{:?}", step.args);
            let Some(key) = key else { return Err(format!("{what} has no key")) };
            let known = facts.keys.entry((step.path.clone(), step.step.name.clone(), arguments));
            let known = known.or_insert_with(|| key.clone());
            if *known != key {
                return Err(format!("{what} has the key {key}, and had {known}"));
            }
        }
        let settled = &facts.settled;
        for need in needed {
            if !settled.contains(&*need) {
                return Err(format!("{what} begins before {need} has ended"));
            }
        }
        let before = world.of_attempt(run, &step.path, step.attempt).filter(|one| one.step == step.step.name).count();
        let again = self.agains.get(&(run.clone(), step.path.clone(), step.attempt)).copied().unwrap_or(0);
        let once = step.ask.is_some() || (step.step.effect >= Effect::Write && step.step.idempotent.is_none());
        if once && before > again {
            return Err(format!("{what} is made {} times, and a person has said so {again} times", before + 1));
        }
        if let Some(report) = &course.ask {
            self.spending.sends(run, step, report, &store.tables)?;
        }
        Ok(())
    }

    /// What an attempt does has been done.
    pub(super) fn landed(&self, world: &World, execution: usize) -> Check {
        let one = &world.executions[execution];
        if one.may_repeat || one.effect < Effect::Write || one.is_ask {
            return Ok(());
        }
        let same = world.of_attempt(&one.run, &one.path, one.attempt).filter(|other| other.step == one.step);
        let count = same.filter(|one| one.landed).count();
        let again = self.agains.get(&(one.run.clone(), one.path.clone(), one.attempt)).copied().unwrap_or(0);
        if count > 1 + again {
            return Err(format!("{} {} attempt {} took effect {count} times", one.step, one.path, one.attempt));
        }
        Ok(())
    }

    /// People or projections are told something.
    pub(super) fn noted(&mut self, run: &Arc<str>, note: &Note) -> Check {
        self.kinds.extend(kinds::of_note(note));
        let facts = self.facts(run);
        match note {
            Note::Settled(end) if !facts.settled.insert(end.path.clone()) => {
                Err(format!("{} has ended twice", end.path))
            }
            Note::AnswerRefused { path, number, answer, .. } => {
                let key = (path.clone(), *number);
                if facts.told.get(&key) == Some(&**answer) {
                    facts.told.remove(&key);
                }
                Ok(())
            }
            Note::QuestionEnded { path, number, end, .. } => {
                let told = facts.told.get(&(path.clone(), *number));
                match (&**end, told) {
                    (QuestionEnd::Unanswered, Some(answer)) => {
                        Err(format!("the answer {:?} to {number} of {path} was taken, and is lost", answer.says))
                    }
                    (QuestionEnd::Answered(taken), Some(answer)) if taken != answer => {
                        Err(format!("to {number} of {path} {answer:?} was said, and {taken:?} is taken"))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// A person was told that an answer is written down.
    pub(super) fn told(&mut self, (run, path, number): &Key, answer: &Answer) {
        self.facts(run).told.insert((path.clone(), *number), answer.clone());
    }

    /// A person has said what became of a step in doubt.
    pub(super) fn resolved(&mut self, (run, path, attempt, _): &DoubtKey, says: &Resolved) {
        if *says == Resolved::Again {
            *self.agains.entry((run.clone(), path.clone(), *attempt)).or_default() += 1;
        }
    }

    /// A transaction is durable.
    pub(super) fn synced(&mut self, store: &Store) {
        if let Some(row) = store.tables.runs.last() {
            let count = row.journal.len();
            self.facts(&row.start.run).durable = count;
        }
    }

    /// What the disk has kept is read back.
    pub(super) fn opened(&mut self, store: &Store) -> Check {
        for (run, facts) in &mut self.runs {
            let kept = store.tables.run(run).map_or(&[][..], |row| &row.journal);
            if kept.len() < facts.durable {
                return Err(format!("{} events of {run} were durable, and {} are left", facts.durable, kept.len()));
            }
            if facts.journal.get(..kept.len()) != Some(kept) {
                return Err(format!("the journal of {run} is not what happened"));
            }
            facts.journal.truncate(kept.len());
        }
        // A run of which nothing was written down never was, and did nothing.
        for (run, facts) in &self.runs {
            if facts.journal.is_empty() && !facts.begun.is_empty() {
                return Err(format!("run {run} is lost, and had begun {:?}", facts.begun.values()));
            }
        }
        Ok(())
    }

    /// A journal was replayed: it must know all that has begun, and what waits must wait as it did.
    pub(super) fn reopened(&mut self, run: &Arc<str>, replayed: &Replayed, store: &Store) -> Check {
        let facts = self.facts(run);
        // What nobody has seen, and no timer that was set by what is lost, counts any more.
        facts
            .questions
            .retain(|(path, number), _| store.tables.questions.contains_key(&(run.clone(), path.clone(), *number)));
        facts.timers = replayed
            .open
            .iter()
            .filter_map(|open| match &open.command {
                Command::Timer { task, at } => Some((*task, *at)),
                _ => None,
            })
            .collect();
        let journal = std::mem::take(&mut facts.journal);
        (facts.answered, facts.settled, facts.is_cancelled) = (BTreeSet::new(), BTreeSet::new(), false);
        journal.iter().for_each(|(_, event)| facts.took(event));
        facts.journal = journal;
        for (_, note) in &replayed.notes {
            if let Note::Settled(end) = note
                && !facts.settled.insert(end.path.clone())
            {
                return Err(format!("{} has ended twice", end.path));
            }
        }
        for (task, what) in &facts.begun {
            let is_open = replayed.open.iter().any(|open| match &open.command {
                Command::Run(step) => step.task == *task,
                Command::Write { task: open, .. } => open == task,
                _ => false,
            });
            if !is_open && !facts.answered.contains(task) {
                return Err(format!("{what} had begun, and the journal does not know it"));
            }
        }
        facts.begun.clear();
        Ok(())
    }

    /// A run is over, durably. If a process lives that has driven it, its journal must lead to where that is.
    pub(super) fn run_over(
        &mut self,
        run: &Arc<str>,
        (fresh, reached): (Driver, Option<&Driver>),
        stage: &Stage<'_>,
    ) -> Check {
        self.ended_runs += 1;
        let row = stage.store.tables.run(run).ok_or("the run is gone")?;
        let replayed = replay(fresh, row.journal.clone());
        if replayed.driver.ended() != row.end.as_ref() {
            return Err(format!("{run} has ended as {:?}, its journal says {:?}", row.end, replayed.driver.ended()));
        }
        if reached.is_some_and(|reached| reached.snapshot() != replayed.driver.snapshot()) {
            return Err(format!("the journal of {run} leads to another state than the one that was reached"));
        }
        let mut outcome = Outcome::new();
        for (_, note) in &replayed.notes {
            self.noted_of_all(run, note, stage)?;
            if let Note::Settled(end) = note {
                outcome.insert(end.path.to_string(), format!("{:?}", end.status));
            }
        }
        for (path, _, value) in replayed.driver.values() {
            // When somebody approved is another time.
            if !matches!(value, Value::Record(_)) {
                outcome.insert(format!("{path} ="), format!("{value:?}"));
            }
        }
        outcome.insert("all".into(), format!("{:?}", row.end.as_ref().map(|end| end.status)));
        if self.ended_runs == 1 {
            self.outcome = Some(outcome);
        }
        self.spending.over(run, &replayed.notes, &stage.store.tables)
    }

    fn noted_of_all(&mut self, run: &Arc<str>, note: &Note, stage: &Stage<'_>) -> Check {
        match note {
            Note::Version { dataset, version, .. } if version.written && version.run == *run => {
                let versions = stage.store.tables.versions.get(dataset).map_or(&[][..], Vec::as_slice);
                let is_it = |known: &&flow_driver::VersionRecord| {
                    known.run == *run && (known.at, &known.content) == (version.at, &version.content)
                };
                match versions.iter().filter(is_it).count() {
                    1 => Ok(()),
                    count => Err(format!("{run} has published {dataset}, and the catalogue has {count} such versions")),
                }
            }
            Note::Settled(end) if end.status == NodeStatus::Succeeded && end.how == Some(How::Ran) => {
                let step = end.subject.as_ref().filter(|_| &*end.kind == "call");
                let step = step.and_then(|name| stage.case.program.steps.get(name));
                let Some(step) = step.filter(|step| !matches!(step.body, Body::Ask { .. })) else { return Ok(()) };
                let mut executions = stage.world.executions.iter();
                let is_it = |one: &super::world::Execution| one.run == *run && one.path == end.path;
                if executions.any(is_it) {
                    return Ok(());
                }
                Err(format!("{} {} has a result and was never done", step.name, end.path))
            }
            Note::Attempted { failure: Some(failure), .. } => {
                self.facts(run).is_doubtful |= failure.details.iter().any(|detail| detail == IN_DOUBT);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether a run was ended while something of it was in doubt.
    pub(super) fn is_doubtful(&self, run: &Arc<str>) -> bool {
        self.runs.get(run).is_some_and(|facts| facts.is_doubtful)
    }
}
