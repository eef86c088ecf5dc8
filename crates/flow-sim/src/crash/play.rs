//! A scenario being played: the agenda of what happens when, processes that live and die, runs that follow each other.
//!
//! Virtual time alone. What a process does is in [`super::process`], what people do in [`super::people`], and what must
//! hold in [`super::audit`].

use super::{
    Mutation,
    audit::{Audit, Check},
    clock::instant,
    disk::Cut,
    people::People,
    process::{Life, Stage},
    program::Case,
    random::Random,
    scenario::{After, Death, Extent, Faults, Moment, Then},
    store::Store,
    world::World,
};
use flow_driver::{Driver, Event, Forced, Retry, RunStart, RunStatus, Task, recovery::replay};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// Events of all runs together; more is a run that does not end.
const MOST_EVENTS: u64 = 20_000;

/// Results in one event of the journal.
const KEPT_AT_ONCE: usize = 3;

/// Something that comes when its time has come.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// Something happened, for the process of this number.
    Event(u32, Box<Event>),
    /// A timer for this time has been slept for, for the process of this number.
    Timer(u32, Task, Timestamp),
    /// The writer takes what is queued.
    Write(u32),
    /// A sync comes back.
    Synced(u32),
    /// A process dies of a cut that was set for a time.
    Death(u32),
    /// A process looks whether a person has answered.
    Poll(u32, Task),
    /// What an attempt does is done, whoever lives.
    Lands(usize),
    /// A version is at its location, whoever lives.
    Published(flow_expr::Name, flow_expr::Value),
    /// A person answers a question.
    Answer(u64),
    /// People have looked, and say what became of what is in doubt.
    Resolve(Arc<str>),
    /// Somebody goes on with the run that was cut off.
    Reopen,
    /// Another process tries to take the run.
    Rival,
    /// The wall clock is set, by so much.
    Jump(i64),
    /// Somebody cancels what goes on.
    Cancel,
}

/// A simulation.
pub(super) struct Play<'p> {
    pub(super) case: &'p Case,
    pub(super) faults: &'p Faults,
    pub(super) mutation: Option<Mutation>,
    pub(super) seed: u64,
    pub(super) random: Random,
    /// True time, milliseconds since everything began.
    pub(super) now: i64,
    /// By how much the wall clock is ahead of it.
    pub(super) ahead: i64,
    agenda: BTreeMap<(i64, u64), Due>,
    number: u64,
    pub(super) store: Store,
    pub(super) world: World,
    pub(super) people: People,
    pub(super) audit: Audit,
    pub(super) life: Option<Life>,
    lives: u32,
    runs: usize,
    /// Whether what was to be done is done.
    over: bool,
    pub(super) events: u64,
    /// Processes that ended though their runs had not.
    pub(super) cuts: u64,
    /// What was queued for the store, for another one; none if nobody wants it.
    pub(super) recorded: Option<Vec<Vec<super::tables::Record>>>,
    /// What happened, for people; none if nobody wants to read it.
    pub(super) trace: Option<Vec<String>>,
}

impl<'p> Play<'p> {
    pub(super) fn new(case: &'p Case, seed: u64, faults: &'p Faults, mutation: Option<Mutation>) -> Self {
        Self {
            case,
            faults,
            mutation,
            seed,
            random: Random::about(seed, "play"),
            now: 0,
            ahead: 0,
            agenda: BTreeMap::new(),
            number: 0,
            store: Store::default(),
            world: World::of(seed, instant(-10_000_000)),
            people: People::default(),
            audit: Audit::new(case),
            life: None,
            lives: 0,
            runs: 0,
            over: false,
            events: 0,
            cuts: 0,
            recorded: None,
            trace: None,
        }
    }

    /// Plays it to its end.
    pub(super) fn play(&mut self) -> Check {
        for (at, by) in &self.faults.jumps {
            self.plan(*at, Due::Jump(*by));
        }
        for at in &self.faults.rivals {
            self.plan(*at, Due::Rival);
        }
        if let Some(at) = self.faults.cancel {
            self.plan(at, Due::Cancel);
        }
        self.begin_run(None)?;
        while !self.over {
            let Some(((at, _), due)) = self.agenda.pop_first() else {
                return Err("it waits for ever: nothing is under way and the run has not ended".into());
            };
            self.now = self.now.max(at);
            self.come(due)?;
            if self.events > MOST_EVENTS {
                return Err(format!("it has not ended after {MOST_EVENTS} events"));
            }
        }
        Ok(())
    }

    pub(super) fn extent(&self) -> Extent {
        Extent { events: self.events, commits: self.store.commits, took_ms: self.now }
    }

    pub(super) fn plan(&mut self, at: i64, due: Due) {
        self.number += 1;
        self.agenda.insert((at.max(self.now), self.number), due);
    }

    pub(super) fn wall(&self) -> i64 {
        self.now + self.ahead
    }

    pub(super) fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>10} ms  {}", self.now, line()));
        }
    }

    /// Whether a process of this number drives.
    fn lives(&self, number: u32) -> bool {
        self.life.as_ref().is_some_and(|life| life.number == number)
    }

    fn come(&mut self, due: Due) -> Check {
        match due {
            Due::Event(life, event) if self.lives(life) => self.happen(*event),
            Due::Timer(life, task, at) if self.lives(life) => self.timer(task, at),
            Due::Poll(life, task) if self.lives(life) => self.poll(task),
            Due::Write(life) if self.lives(life) => self.write(),
            Due::Synced(life) if self.lives(life) => self.synced(),
            Due::Death(life) if self.lives(life) => self.die("its time has come"),
            Due::Event(..) | Due::Timer(..) | Due::Poll(..) | Due::Write(_) | Due::Synced(_) | Due::Death(_) => Ok(()),
            Due::Lands(execution) => {
                self.world.executions[execution].landed = true;
                let of = self.world.executions[execution].clone();
                self.say(|| format!("the world: {} {} attempt {} takes effect", of.step, of.path, of.attempt));
                self.audit.landed(&self.world, execution)
            }
            Due::Published(dataset, value) => {
                self.say(|| format!("the world: {dataset} is {value:?}"));
                let content = super::world::Content { value, at: instant(self.wall()) };
                self.world.places.insert(dataset, content);
                Ok(())
            }
            Due::Answer(number) => self.answer(number),
            Due::Resolve(run) => self.resolve(&run),
            Due::Reopen => self.reopen(),
            Due::Rival => self.rival(),
            Due::Jump(by) => {
                self.ahead += by;
                self.say(|| format!("fault: the wall clock is set by {by} ms"));
                Ok(())
            }
            Due::Cancel => match &mut self.life {
                Some(life) if life.driver.ended().is_none() => {
                    self.audit.disturbed = true;
                    self.say(|| "somebody cancels the run".into());
                    self.happen(Event::Cancel)
                }
                _ => Ok(()),
            },
        }
    }

    /// Another process tries: while one lives it is refused, and where none does it goes on with the run.
    fn rival(&mut self) -> Check {
        match &self.life {
            Some(_) => {
                self.say(|| "another process is refused: the run is driven".into());
                Ok(())
            }
            None => {
                self.say(|| "another process takes the run".into());
                self.reopen()
            }
        }
    }

    fn start(&mut self, retry: Option<Retry>, clock_now: Timestamp) -> RunStart {
        self.runs += 1;
        let run = format!("r{}", self.runs);
        let mut random = Random::about(self.seed, &run);
        RunStart {
            run: run.into(),
            seed: random.next(),
            started: clock_now,
            jobs: random.between(1, 4) as u32,
            forced: Forced::None,
            unselected: vec![],
            deadlines: BTreeMap::new(),
            retry,
            dry: false,
        }
    }

    pub(super) fn driver(&self, start: &RunStart) -> Driver {
        let program = self.case.program.clone();
        Driver::with_program(program, self.case.flow.clone(), BTreeMap::new(), Default::default(), start.clone())
    }

    /// A process that has a death, until its time.
    pub(super) fn new_life(&mut self, start: RunStart, driver: Driver, not_before: Option<Timestamp>) -> Life {
        let number = self.lives;
        self.lives += 1;
        if let Some(Death { moment: Moment::Time(after), .. }) = self.faults.deaths.get(number as usize) {
            self.plan(self.now + after, Due::Death(number));
        }
        let not_before = not_before.filter(|_| self.mutation != Some(Mutation::ClockBegins));
        let mut clock = super::clock::Clock::start(self.now, self.wall(), not_before);
        clock.stands = self.mutation == Some(Mutation::ClockStands);
        Life::new(number, start, driver, clock, self.store.commits)
    }

    pub(super) fn death(&self) -> Option<Death> {
        let life = self.life.as_ref()?;
        self.faults.deaths.get(life.number as usize).copied()
    }

    /// A run begins, perhaps as the retry of the one before.
    fn begin_run(&mut self, from: Option<(Arc<str>, Option<Arc<str>>)>) -> Check {
        let mut first = vec![];
        let retry = from.map(|(of, from)| Retry { of, from });
        if let Some(retry) = &retry {
            let Some(row) = self.store.tables.run(&retry.of).cloned() else { return Err("the run is gone".into()) };
            let replayed = replay(self.driver(&row.start), row.journal);
            match replayed.driver.kept(retry.from.as_deref()) {
                Some(results) => {
                    first.extend(results.chunks(KEPT_AT_ONCE).map(|results| Event::Kept { results: results.to_vec() }))
                }
                // Nothing of that name was reached.
                None => {
                    self.over = true;
                    return Ok(());
                }
            }
        }
        let wall = self.wall();
        let mut clock = super::clock::Clock::start(self.now, wall, None);
        let started = clock.now(self.now, wall);
        let start = self.start(retry, started);
        self.say(|| format!("run {} begins", start.run));
        let driver = self.driver(&start);
        let life = self.new_life(start.clone(), driver, Some(started));
        self.audit.run_begins(&start);
        self.life = Some(life);
        self.queue(vec![super::tables::Record::Begin(Box::new(start))]);
        first.push(Event::Begin);
        for event in first {
            self.event_at(0, event);
        }
        Ok(())
    }

    /// The process ends though it is not done, and what was not durable may be lost.
    pub(super) fn die(&mut self, why: &str) -> Check {
        let Some(death) = self.death() else { return Ok(()) };
        self.say(|| format!("fault: {:?} {why}", death.cut));
        self.end_life(death.cut, death.pause_ms)
    }

    /// Nobody drives any more, until somebody goes on.
    pub(super) fn end_life(&mut self, cut: Cut, pause_ms: i64) -> Check {
        self.life = None;
        self.cuts += 1;
        self.audit.kinds.insert(if cut == Cut::Power { "power" } else { "killed" });
        self.store.cut(cut, &mut self.random)?;
        // Of what was under way some is done all the same, later, and some never.
        let random = &mut self.random;
        let is_outside = |due: &Due| matches!(due, Due::Lands(_) | Due::Published(..));
        self.agenda.retain(|_, due| !is_outside(due) || random.chance(50));
        self.plan(self.now + pause_ms, Due::Reopen);
        self.people_see();
        Ok(())
    }

    /// When the last of what is under way in the world is done.
    pub(super) fn quiet_at(&self) -> i64 {
        let of = |due: &Due| matches!(due, Due::Lands(_) | Due::Published(..));
        self.agenda.iter().rev().find(|(_, due)| of(due)).map_or(self.now, |((at, _), _)| *at + 1)
    }

    /// Somebody opens the store, and goes on with the run that was cut off or begins again.
    fn reopen(&mut self) -> Check {
        if self.life.is_some() || self.over {
            return Ok(());
        }
        if self.mutation == Some(Mutation::LostSuffix)
            && let Some(row) = self.store.tables.runs.last_mut()
        {
            let kept = row.journal.len().saturating_sub(2);
            row.journal.truncate(kept.max(1));
            row.end = None;
        }
        self.audit.opened(&self.store)?;
        let row = self.store.tables.runs.last().filter(|row| !row.journal.is_empty()).cloned();
        let Some(row) = row else {
            // It was cut off before anything was written down: nothing was done, and the flow is run once more.
            return self.begin_run(None);
        };
        if row.end.is_some() {
            return self.run_over(&row.start.run);
        }
        let then = self.faults.deaths.get(self.lives as usize - 1).map_or(Then::Resume, |death| death.then);
        self.go_on(row, then)
    }

    /// A run has ended, durably: everything is looked at, and the next one begins.
    pub(super) fn run_over(&mut self, run: &Arc<str>) -> Check {
        let reached = self.life.take().map(|life| life.driver);
        let row = self.store.tables.run(run).cloned().ok_or("the run is gone")?;
        let fresh = self.driver(&row.start);
        self.audit.run_over(
            run,
            (fresh, reached.as_ref()),
            &Stage { store: &self.store, world: &self.world, case: self.case },
        )?;
        let after = self.faults.after.get(self.audit.ended_runs - 1).copied();
        let failed = row.end.as_ref().is_some_and(|end| matches!(end.status, RunStatus::Failed | RunStatus::Cancelled));
        // People do not have something done again of which they do not know whether it was done.
        let doubtful = self.audit.is_doubtful(run);
        match after {
            Some(After::Run) => self.begin_run(None),
            Some(After::Retry) if failed && !doubtful => self.begin_run(Some((run.clone(), None))),
            Some(After::RetryFrom(number)) if !doubtful => {
                let id = number * 100;
                self.begin_run(Some((run.clone(), Some(id.to_string().into()))))
            }
            _ => {
                self.over = true;
                Ok(())
            }
        }
    }
}
