//! The scheduler: a state machine that is told what happens, and says which flows start, wait or do not start, and why.
//!
//! It knows calendars, `overlap` and `catch up`; it has no clock and starts nothing itself. Each decision is a [`Record`],
//! written down before it is obeyed. [`Scheduler::restore`] takes them back after a crash, so that what was decided is
//! decided once. Tested against random histories with crashes.

mod clock;
mod record;

pub use record::{Cause, Due, Record, Ruling, StartId, Why};

use clock::Clock;
use flow_expr::Name;
use flow_plan::{
    CatchUp, Flow, Overlap, Program, Trigger,
    calendar::{Calendar, Calendars, Horizon},
    words,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// Starts of one flow that wait at most.
pub const MOST_WAITING: usize = 1_000;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time has passed.
    Tick,
    /// This is what is at a dataset's place now, by its content.
    Seen {
        /// The dataset.
        dataset: Name,
        /// The digest of its content.
        content: Arc<str>,
    },
    /// Somebody asks for a start: by hand, or through a webhook.
    Asked(Due),
    /// A run has ended.
    Ended(StartId),
    /// A start that was to run cannot.
    Refused(StartId, Due, Arc<str>),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The start runs now.
    Run(StartId, Due),
    /// Its run is ended.
    Cancel(StartId),
}

/// What follows from an event: records to be made durable, and then commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Decisions.
    pub records: Vec<Record>,
    /// What is to be done when they are written down.
    pub commands: Vec<Command>,
}

/// Starts that are under way or wait, of one flow.
#[derive(Clone, Debug, Default)]
struct Queue {
    running: BTreeSet<StartId>,
    waiting: VecDeque<(StartId, Due)>,
}

/// A flow that starts by itself, or has been started.
#[derive(Clone, Debug, Default)]
struct Watched {
    clocks: Vec<Clock>,
    /// The datasets whose updates start it, with what is known to be there, and the clause.
    updates: BTreeMap<Name, (Option<Arc<str>>, usize)>,
    overlap: Overlap,
    catch_up: CatchUp,
    queue: Queue,
    /// Whether the program has it.
    is_there: bool,
}

/// When flows start.
#[derive(Clone, Debug, Default)]
pub struct Scheduler {
    flows: BTreeMap<Name, Watched>,
    /// The flow of each start that runs.
    of: BTreeMap<StartId, Name>,
    next: u64,
}

impl Scheduler {
    /// One that knows no flow; numbers of starts rise from here.
    #[must_use]
    pub fn new(first: StartId) -> Self {
        Self { next: first.0, ..Self::default() }
    }

    /// Takes in a program: at the beginning, and whenever it has changed. What is new is watched from now on; what is the
    /// same goes on; starts that wait and that the program does not have any more are dropped.
    pub fn adopt(&mut self, program: &Program, horizon: Horizon, now: i64) -> Turn {
        let mut calendars = Calendars::new(horizon);
        let mut turn = Turn::default();
        for watched in self.flows.values_mut() {
            watched.is_there = false;
        }
        for flow in program.flows.values().filter(|flow| !flow.name.as_str().starts_with("std.")) {
            self.watch(flow, &mut calendars, now, &mut turn);
        }
        let gone: Vec<Name> =
            self.flows.iter().filter(|(_, watched)| !watched.is_there).map(|(name, _)| name.clone()).collect();
        for name in gone {
            let Some(watched) = self.flows.get_mut(&name) else { continue };
            (watched.clocks, watched.updates) = (vec![], BTreeMap::new());
            let waiting = std::mem::take(&mut watched.queue.waiting);
            turn.records.extend(waiting.into_iter().map(|(id, due)| dropped(id, due, Why::Gone, now)));
            if watched.queue.running.is_empty() {
                self.flows.remove(&name);
            }
        }
        let flows: Vec<Name> = self.flows.keys().cloned().collect();
        flows.iter().for_each(|flow| self.go_on(flow, now, &mut turn));
        turn
    }

    /// Takes back what was decided before, the newest record of each start, in the order of their numbers, with whether it
    /// is over: as far as starts are not over, and the last one of each flow and cause. To be called before
    /// [`Self::adopt`]. What was to run is taken to be running: whoever calls knows whether it has begun.
    pub fn restore(&mut self, records: impl IntoIterator<Item = (Record, bool)>) {
        for (Record { id, due, ruling, .. }, is_over) in records {
            self.next = self.next.max(id.0 + 1);
            let watched = self.flows.entry(due.flow.clone()).or_default();
            match &due.cause {
                Cause::Clock(schedule) => {
                    let until = due.nominal;
                    match watched.clocks.iter_mut().find(|clock| clock.schedule == *schedule) {
                        Some(clock) => clock.until = clock.until.max(until),
                        None => watched.clocks.push(Clock {
                            schedule: schedule.clone(),
                            calendar: Arc::new(Calendar::Listed(Arc::new([]))),
                            clause: 0,
                            until,
                        }),
                    }
                }
                Cause::Update(dataset) => drop(watched.updates.insert(dataset.clone(), (due.mark.clone(), 0))),
                Cause::Webhook(_) | Cause::Hand(_) => {}
            }
            match ruling {
                _ if is_over => {}
                Ruling::Run => {
                    watched.queue.running.insert(id);
                    self.of.insert(id, due.flow);
                }
                Ruling::Wait { .. } => watched.queue.waiting.push_back((id, due)),
                Ruling::Drop(_) | Ruling::Watch => {}
            }
        }
    }

    /// Takes in what happens.
    pub fn on(&mut self, event: Event, now: i64) -> Turn {
        let mut turn = Turn::default();
        match event {
            Event::Tick => self.tick(now, &mut turn),
            Event::Seen { dataset, content } => self.seen(&dataset, &content, now, &mut turn),
            Event::Asked(due) => self.due(due, false, now, &mut turn),
            Event::Ended(id) => self.ended(id, now, &mut turn),
            Event::Refused(id, due, why) => self.refused((id, due), why, now, &mut turn),
        }
        turn
    }

    /// When [`Event::Tick`] is to be told next, milliseconds since 1970; none if no flow has a schedule.
    #[must_use]
    pub fn next_tick(&self) -> Option<i64> {
        self.flows.values().flat_map(|watched| &watched.clocks).filter_map(Clock::next).min()
    }

    /// When a flow starts next by its schedules.
    #[must_use]
    pub fn next_start(&self, flow: &Name) -> Option<i64> {
        self.flows.get(flow)?.clocks.iter().filter_map(Clock::next).min()
    }

    /// The datasets whose updates start a flow.
    #[must_use]
    pub fn watched(&self) -> BTreeSet<Name> {
        self.flows.values().flat_map(|watched| watched.updates.keys().cloned()).collect()
    }

    /// The starts of a flow that run, and those that wait, in order.
    #[must_use]
    pub fn under_way(&self, flow: &Name) -> (Vec<StartId>, Vec<(StartId, Due)>) {
        let queue = self.flows.get(flow).map(|watched| &watched.queue);
        queue.map_or((vec![], vec![]), |queue| {
            (queue.running.iter().copied().collect(), queue.waiting.iter().cloned().collect())
        })
    }

    fn watch(&mut self, flow: &Flow, calendars: &mut Calendars, now: i64, turn: &mut Turn) {
        let watched = self.flows.entry(flow.name.clone()).or_default();
        (watched.overlap, watched.catch_up, watched.is_there) = (flow.overlap, flow.catch_up, true);
        let known = std::mem::take(&mut watched.clocks);
        let seen = std::mem::take(&mut watched.updates);
        let mut new = vec![];
        for (clause, start) in flow.starts.iter().enumerate() {
            match &start.trigger {
                Trigger::Schedule(schedule) => {
                    let Some(calendar) = calendars.of(schedule) else { continue };
                    let schedule: Arc<str> = words::schedule(schedule).into();
                    let before = known.iter().find(|clock| clock.schedule == schedule);
                    if before.is_none() {
                        new.push((Cause::Clock(schedule.clone()), clause));
                    }
                    let until = before.map_or(now, |clock| clock.until);
                    watched.clocks.push(Clock { schedule, calendar, clause, until });
                }
                Trigger::Updates(datasets) => {
                    for dataset in datasets {
                        let content = seen.get(dataset).and_then(|(content, _)| content.clone());
                        watched.updates.insert(dataset.clone(), (content, clause));
                    }
                }
                Trigger::Webhook(_) => {}
            }
        }
        for (cause, clause) in new {
            let due = due(&flow.name, cause, now, None, Some(clause));
            let id = self.id();
            turn.records.push(Record { id, at: now, due, ruling: Ruling::Watch });
        }
    }

    fn tick(&mut self, now: i64, turn: &mut Turn) {
        let mut found = vec![];
        for (name, watched) in &mut self.flows {
            for clock in &mut watched.clocks {
                let elapsed = clock.elapse(now, watched.catch_up);
                let cause = Cause::Clock(clock.schedule.clone());
                let due = |nominal: i64| due(name, cause.clone(), nominal, None, Some(clock.clause));
                if let Some((count, last)) = elapsed.missed {
                    found.push((last, Err((due(last), count))));
                }
                found.extend(elapsed.late.into_iter().map(|at| (at, Ok((due(at), true)))));
                found.extend(elapsed.due.into_iter().map(|at| (at, Ok((due(at), false)))));
            }
        }
        found.sort_by_key(|(at, _)| *at);
        for (_, found) in found {
            match found {
                Ok((due, is_late)) => self.due(due, is_late, now, turn),
                Err((due, count)) => {
                    let id = self.id();
                    turn.records.push(dropped(id, due, Why::Missed(count), now));
                }
            }
        }
    }

    fn seen(&mut self, dataset: &Name, content: &Arc<str>, now: i64, turn: &mut Turn) {
        let mut found = vec![];
        for (flow, watched) in &mut self.flows {
            let Some((known, clause)) = watched.updates.get_mut(dataset) else { continue };
            if known.as_ref() == Some(content) {
                continue;
            }
            let is_new = known.replace(content.clone()).is_none();
            let cause = Cause::Update(dataset.clone());
            found.push((due(flow, cause, now, Some(content.clone()), Some(*clause)), is_new));
        }
        for (due, is_new) in found {
            if is_new {
                let id = self.id();
                turn.records.push(Record { id, at: now, due, ruling: Ruling::Watch });
            } else {
                self.due(due, false, now, turn);
            }
        }
    }

    /// Decides a start. One that is made up for waits for its turn, whatever overlaps.
    fn due(&mut self, due: Due, is_late: bool, now: i64, turn: &mut Turn) {
        let id = self.id();
        let Some(watched) = self.flows.get_mut(&due.flow).filter(|watched| watched.is_there) else {
            turn.records.push(dropped(id, due, Why::Gone, now));
            return;
        };
        let queue = &mut watched.queue;
        let is_free = queue.running.is_empty() && queue.waiting.is_empty();
        let keeps_newest = watched.overlap == Overlap::Replace
            || watched.overlap == Overlap::Skip && matches!(due.cause, Cause::Update(_));
        let waits = watched.overlap == Overlap::Queue || keeps_newest || is_late;
        if is_free || watched.overlap == Overlap::Allow {
            queue.running.insert(id);
            self.of.insert(id, due.flow.clone());
            turn.records.push(Record { id, at: now, due: due.clone(), ruling: Ruling::Run });
            turn.commands.push(Command::Run(id, due));
            return;
        }
        if !waits {
            let before = queue.running.iter().next().copied().or_else(|| queue.waiting.front().map(|(id, _)| *id));
            turn.records.push(dropped(id, due, Why::UnderWay(before.unwrap_or(id)), now));
            return;
        }
        if keeps_newest && !is_late {
            let older = std::mem::take(&mut queue.waiting);
            turn.records.extend(older.into_iter().map(|(older, due)| dropped(older, due, Why::Replaced(id), now)));
        }
        if queue.waiting.len() >= MOST_WAITING {
            turn.records.push(dropped(id, due, Why::TooMany(MOST_WAITING), now));
            return;
        }
        let behind = queue.running.iter().copied().chain(queue.waiting.iter().map(|(id, _)| *id)).collect();
        if watched.overlap == Overlap::Replace && !is_late {
            turn.commands.extend(queue.running.iter().map(|id| Command::Cancel(*id)));
        }
        queue.waiting.push_back((id, due.clone()));
        turn.records.push(Record { id, at: now, due, ruling: Ruling::Wait { behind } });
    }

    fn ended(&mut self, id: StartId, now: i64, turn: &mut Turn) {
        let Some(flow) = self.of.remove(&id) else { return };
        let Some(watched) = self.flows.get_mut(&flow) else { return };
        watched.queue.running.remove(&id);
        if !watched.is_there && watched.queue.running.is_empty() {
            self.flows.remove(&flow);
        } else {
            self.go_on(&flow, now, turn);
        }
    }

    /// Begins with what waits, if nothing of the flow runs.
    fn go_on(&mut self, flow: &Name, now: i64, turn: &mut Turn) {
        let Some(queue) = self.flows.get_mut(flow).map(|watched| &mut watched.queue) else { return };
        if queue.running.is_empty()
            && let Some((id, due)) = queue.waiting.pop_front()
        {
            queue.running.insert(id);
            self.of.insert(id, flow.clone());
            turn.records.push(Record { id, at: now, due: due.clone(), ruling: Ruling::Run });
            turn.commands.push(Command::Run(id, due));
        }
    }

    fn refused(&mut self, (id, due): (StartId, Due), why: Arc<str>, now: i64, turn: &mut Turn) {
        if self.of.contains_key(&id) {
            turn.records.push(dropped(id, due, Why::Wrong(why), now));
        }
        self.ended(id, now, turn);
    }

    fn id(&mut self) -> StartId {
        let id = StartId(self.next);
        self.next += 1;
        id
    }
}

fn due(flow: &Name, cause: Cause, nominal: i64, mark: Option<Arc<str>>, clause: Option<usize>) -> Due {
    Due { flow: flow.clone(), cause, nominal, mark, clause, params: BTreeMap::new() }
}

fn dropped(id: StartId, due: Due, why: Why, at: i64) -> Record {
    Record { id, at, due, ruling: Ruling::Drop(why) }
}
