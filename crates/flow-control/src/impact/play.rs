//! The coming time, played: starts, arrivals and runs in virtual time, and what becomes of every promise.
//!
//! A run takes what runs of its flow take as a rule. It reads what is there when it starts (after what it requires), and
//! what it writes is as old as the oldest of that (`Derived`, as a run would say of it). Steps are not looked at: what
//! matters here is when data moves. Deterministic; the same play twice is the same.

use super::Supposition;
use flow_expr::Name;
use flow_plan::{
    Flow, NodeKind, Overlap, Program, StaleAction, Trigger,
    calendar::{Calendar, Calendars, Horizon},
    deadline,
};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    sync::Arc,
};

/// Events of one play at most; what would come after them is not looked at.
const MOST_EVENTS: usize = 200_000;

/// What is known at the beginning. Instants are in milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The data time of each dataset's newest version.
    pub data_times: BTreeMap<Name, i64>,
    /// How long a run of each flow takes, milliseconds.
    pub durations_ms: BTreeMap<Name, u64>,
}

/// A promise that is not kept, or a run that does not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// A dataset is older than it promises.
    Stale(Name),
    /// A run ends after its deadline.
    Late(Name),
    /// A run fails.
    Fails(Name),
    /// A dataset is made from what is bad.
    Bad(Name),
    /// A flow does not start when it should, or does nothing.
    Skips(Name),
}

/// When a breach begins, when it ends as far as was looked, and in words what leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its first instant.
    pub from: i64,
    /// When it is over; none if it is not within what was looked at.
    pub until: Option<i64>,
    /// What leads to it.
    pub because: String,
}

/// What a play comes to.
pub(super) type Outcome = BTreeMap<Breach, Found>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Outside data comes.
    Arrives(Name),
    /// A flow is due.
    Due(Name),
    /// It begins, having waited for what it requires.
    Begins(Name, i64),
    /// A run ends; when it was due, and what it read.
    Ends(Name, i64),
}

/// A dataset's newest version.
#[derive(Clone, Copy, Debug, Default)]
struct Version {
    data_time: Option<i64>,
    is_bad: bool,
}

/// What one flow takes and makes.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    pub(super) reads: BTreeSet<Name>,
    pub(super) writes: BTreeSet<Name>,
    requires: Vec<(Name, u64, StaleAction)>,
    pub(super) steps: BTreeSet<Name>,
    pub(super) models: BTreeSet<Name>,
}

impl Shape {
    pub(super) fn of(program: &Program, flow: &Flow) -> Self {
        let mut shape = Self::default();
        shape.add(program, flow, 0);
        shape
    }

    fn add(&mut self, program: &Program, flow: &Flow, depth: usize) {
        for node in flow.nodes() {
            match &node.kind {
                NodeKind::Read { dataset, .. } => drop(self.reads.insert(dataset.clone())),
                NodeKind::Write { dataset, .. } => drop(self.writes.insert(dataset.clone())),
                NodeKind::RequireFresh { dataset, within_ms, action, .. } => {
                    self.reads.insert(dataset.clone());
                    self.requires.push((dataset.clone(), *within_ms, *action));
                }
                NodeKind::Call { step, .. } => {
                    self.steps.insert(step.clone());
                    if let Some(flow_plan::Body::Ai(ai)) = program.steps.get(step).map(|step| &step.body) {
                        self.models.extend(ai.models.iter().cloned());
                    }
                }
                // The checker has refused flows that run themselves.
                NodeKind::Flow { flow, .. } if depth < 32 => {
                    if let Some(inner) = program.flows.get(flow) {
                        self.add(program, inner, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Plays the coming time with those flows.
pub(super) fn play(
    program: &Program,
    shapes: &BTreeMap<Name, Shape>,
    known: &Known,
    suppositions: &[Supposition],
    (now, until): (i64, i64),
) -> Outcome {
    let year = timestamp(now).to_zoned(TimeZone::UTC).year();
    let mut play = Play {
        program,
        shapes,
        known,
        suppositions,
        until,
        calendars: Calendars::new(Horizon::starting(year)),
        versions: BTreeMap::new(),
        open: BTreeMap::new(),
        taken: BTreeMap::new(),
        running: BTreeSet::new(),
        queued: BTreeMap::new(),
        events: BinaryHeap::new(),
        number: 0,
        used: BTreeSet::new(),
        outcome: Outcome::new(),
    };
    play.begin(now);
    play.go();
    play.end(now)
}

struct Play<'a> {
    program: &'a Program,
    shapes: &'a BTreeMap<Name, Shape>,
    known: &'a Known,
    suppositions: &'a [Supposition],
    until: i64,
    calendars: Calendars,
    versions: BTreeMap<Name, Version>,
    /// Since when a dataset is too old, and why it was not renewed.
    open: BTreeMap<Name, String>,
    /// What runs under way have read: the oldest data time, and whether something was bad.
    taken: BTreeMap<Name, Version>,
    running: BTreeSet<Name>,
    queued: BTreeMap<Name, i64>,
    events: BinaryHeap<Reverse<(i64, u64, Event)>>,
    number: u64,
    /// Suppositions of one occurrence that have had it.
    used: BTreeSet<usize>,
    outcome: Outcome,
}

impl Play<'_> {
    fn at(&mut self, at: i64, event: Event) {
        if at < self.until && self.number < MOST_EVENTS as u64 {
            self.number += 1;
            self.events.push(Reverse((at, self.number, event)));
        }
    }

    fn begin(&mut self, now: i64) {
        for (dataset, time) in &self.known.data_times {
            let is_bad = self.suppositions.iter().any(|one| matches!(one, Supposition::Bad(of) if of == dataset));
            self.versions.insert(dataset.clone(), Version { data_time: Some(*time), is_bad });
        }
        for supposition in self.suppositions {
            if let Supposition::Bad(of) = supposition {
                self.versions.entry(of.clone()).or_default().is_bad = true;
                self.breach(Breach::Bad(of.clone()), now, "it is supposed so".to_owned());
            }
        }
        for flow in self.shapes.keys() {
            self.next_due(&flow.clone(), now);
        }
        let outside: BTreeSet<Name> = self.shapes.values().flat_map(|shape| shape.reads.iter().cloned()).collect();
        for dataset in outside {
            self.next_arrival(&dataset, now);
            // Of what came in since, flows that start with it have been told.
            let bad = self.versions.get(&dataset).is_some_and(|version| version.is_bad);
            if bad {
                self.updated(&dataset, now);
            }
        }
    }

    fn calendar(&mut self, flow: &Name) -> Option<Vec<Arc<Calendar>>> {
        let flow = self.program.flows.get(flow)?;
        let schedules = flow.starts.iter().filter_map(|start| match &start.trigger {
            Trigger::Schedule(schedule) => Some(schedule),
            _ => None,
        });
        Some(schedules.filter_map(|schedule| self.calendars.of(schedule)).collect())
    }

    fn next_due(&mut self, flow: &Name, after: i64) {
        let calendars = self.calendar(flow).unwrap_or_default();
        if let Some(next) = calendars.iter().filter_map(|calendar| calendar.first_after(after)).min() {
            self.at(next, Event::Due(flow.clone()));
        }
    }

    fn next_arrival(&mut self, dataset: &Name, after: i64) {
        let arrival = self.program.datasets.get(dataset).and_then(|dataset| dataset.arrives.as_ref());
        let Some(schedule) = arrival.and_then(|arrival| arrival.schedule.clone()) else { return };
        if let Some(next) = self.calendars.of(&schedule).and_then(|calendar| calendar.first_after(after)) {
            self.at(next, Event::Arrives(dataset.clone()));
        }
    }

    fn go(&mut self) {
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            match event {
                Event::Arrives(dataset) => self.arrives(&dataset, at),
                Event::Due(flow) => self.due(&flow, at),
                Event::Begins(flow, due) => self.begins(&flow, due, at),
                Event::Ends(flow, due) => self.ends(&flow, due, at),
            }
        }
    }

    fn arrives(&mut self, dataset: &Name, at: i64) {
        for (place, supposition) in self.suppositions.iter().enumerate() {
            match supposition {
                Supposition::Late(of, by) if of == dataset && self.used.insert(place) => {
                    self.open.insert(dataset.clone(), format!("`{}` is late", dataset.short()));
                    self.at(at.saturating_add(*by), Event::Arrives(dataset.clone()));
                    return;
                }
                Supposition::Failed(of) if of == dataset && self.used.insert(place) => {
                    self.open.insert(dataset.clone(), format!("`{}` does not come", dataset.short()));
                    self.next_arrival(dataset, at);
                    return;
                }
                Supposition::Stale(of) if of == dataset => return,
                _ => {}
            }
        }
        self.renew(dataset, Version { data_time: Some(at), is_bad: false }, at);
        self.next_arrival(dataset, at);
    }

    /// A new version is there.
    fn renew(&mut self, dataset: &Name, version: Version, at: i64) {
        self.age(dataset, at);
        self.open.remove(dataset);
        let before = self.versions.insert(dataset.clone(), version).unwrap_or_default();
        if version.is_bad {
            self.breach(Breach::Bad(dataset.clone()), at, "it is made from what is bad".to_owned());
        } else if before.is_bad
            && let Some(found) = self.outcome.get_mut(&Breach::Bad(dataset.clone()))
        {
            found.until.get_or_insert(at);
        }
        self.updated(dataset, at);
    }

    /// Flows that start when a dataset is updated are due.
    fn updated(&mut self, dataset: &Name, at: i64) {
        let starts = |flow: &Name| {
            self.program.flows.get(flow).is_some_and(|flow| {
                flow.starts
                    .iter()
                    .any(|start| matches!(&start.trigger, Trigger::Updates(datasets) if datasets.contains(dataset)))
            })
        };
        let due: Vec<Name> = self.shapes.keys().filter(|flow| starts(flow)).cloned().collect();
        due.into_iter().for_each(|flow| self.at(at, Event::Due(flow)));
    }

    fn due(&mut self, flow: &Name, at: i64) {
        self.next_due(flow, at);
        for (place, supposition) in self.suppositions.iter().enumerate() {
            match supposition {
                Supposition::Late(of, by) if of == flow && self.used.insert(place) => {
                    self.at(at.saturating_add(*by), Event::Begins(flow.clone(), at));
                    return;
                }
                Supposition::Stale(of) if of == flow => {
                    self.breach(Breach::Skips(flow.clone()), at, "it is supposed not to run".to_owned());
                    return;
                }
                _ => {}
            }
        }
        self.begins(flow, at, at);
    }

    fn begins(&mut self, flow: &Name, due: i64, at: i64) {
        if self.running.contains(flow) {
            let overlap = self.program.flows.get(flow).map_or(Overlap::Skip, |flow| flow.overlap);
            if overlap == Overlap::Queue {
                self.queued.insert(flow.clone(), due);
            }
            if overlap != Overlap::Allow {
                return;
            }
        }
        let Some(shape) = self.shapes.get(flow) else { return };
        for (dataset, within_ms, action) in &shape.requires {
            let version = self.versions.get(dataset).copied().unwrap_or_default();
            let Some(time) = version.data_time else { continue };
            if at - time <= signed(*within_ms) {
                continue;
            }
            let why = format!("`{}` is too old when it starts", dataset.short());
            match action {
                StaleAction::Warn | StaleAction::Refresh => {}
                StaleAction::Skip => {
                    self.breach(Breach::Skips(flow.clone()), at, why.clone());
                    self.not_renewed(flow, &why);
                    return;
                }
                StaleAction::Wait(most) if at < due.saturating_add(signed(*most)) => {
                    // It is looked at every now and then: ten times are fine enough to see what waiting comes to.
                    let step = (signed(*most) / 10).max(1000);
                    self.at(at.saturating_add(step), Event::Begins(flow.clone(), due));
                    return;
                }
                StaleAction::Fail | StaleAction::Wait(_) => {
                    self.breach(Breach::Fails(flow.clone()), at, why.clone());
                    self.not_renewed(flow, &why);
                    return;
                }
            }
        }
        let read = shape.reads.iter().map(|dataset| self.versions.get(dataset).copied().unwrap_or_default());
        let taken = read.fold(Version { data_time: Some(at), is_bad: false }, |sum, version| Version {
            data_time: sum.data_time.zip(version.data_time.or(sum.data_time)).map(|(one, other)| one.min(other)),
            is_bad: sum.is_bad || version.is_bad,
        });
        self.taken.insert(flow.clone(), taken);
        self.running.insert(flow.clone());
        let takes = self.takes(flow, at);
        let end = at.saturating_add(takes);
        if end >= self.until {
            // It does not end within what is looked at; its deadline may.
            self.deadline(flow, due, self.until);
        }
        self.at(end, Event::Ends(flow.clone(), due));
    }

    /// How long a run takes that begins then.
    fn takes(&self, flow: &Name, at: i64) -> i64 {
        let mut takes = signed(self.known.durations_ms.get(flow).copied().unwrap_or(0));
        let Some(shape) = self.shapes.get(flow) else { return takes };
        for supposition in self.suppositions {
            match supposition {
                Supposition::Takes(of, factor) if of == flow || shape.steps.contains(of) => {
                    takes = takes.saturating_mul(i64::from(*factor));
                }
                // What needs a model waits until it is there again.
                Supposition::Down(of, from, length) if shape.models.contains(of) || shape.steps.contains(of) => {
                    takes = takes.saturating_add((from + length - at).max(0));
                }
                _ => {}
            }
        }
        takes
    }

    fn ends(&mut self, flow: &Name, due: i64, at: i64) {
        self.running.remove(flow);
        self.deadline(flow, due, at);
        let taken = self.taken.remove(flow).unwrap_or_default();
        let fails = self
            .suppositions
            .iter()
            .enumerate()
            .find(|(place, one)| matches!(one, Supposition::Failed(of) if of == flow) && !self.used.contains(place))
            .map(|(place, _)| place);
        if let Some(place) = fails {
            self.used.insert(place);
            self.breach(Breach::Fails(flow.clone()), at, "it is supposed so".to_owned());
            self.not_renewed(flow, &format!("`{}` fails", flow.short()));
        } else {
            let writes = self.shapes.get(flow).map(|shape| shape.writes.clone()).unwrap_or_default();
            for dataset in writes {
                let is_kept_old = self.suppositions.iter().any(|one| match one {
                    Supposition::Stale(of) => *of == dataset,
                    _ => false,
                });
                if !is_kept_old {
                    self.renew(&dataset, taken, at);
                }
            }
        }
        if let Some(due) = self.queued.remove(flow) {
            self.at(at, Event::Begins(flow.clone(), due));
        }
    }

    fn deadline(&mut self, flow: &Name, due: i64, end: i64) {
        let deadline = self.program.flows.get(flow).and_then(|flow| deadline(flow, timestamp(due)));
        if let Some(deadline) = deadline.map(Timestamp::as_millisecond).filter(|deadline| *deadline < end) {
            let because = "its run has not ended by then".to_owned();
            let until = Some(end).filter(|end| *end < self.until);
            self.outcome.entry(Breach::Late(flow.clone())).or_insert(Found { from: deadline, until, because });
        }
    }

    fn not_renewed(&mut self, flow: &Name, why: &str) {
        for dataset in self.shapes.get(flow).map(|shape| shape.writes.clone()).unwrap_or_default() {
            self.open.insert(dataset, why.to_owned());
        }
    }

    fn breach(&mut self, breach: Breach, from: i64, because: String) {
        self.outcome.entry(breach).or_insert(Found { from, until: None, because });
    }

    /// Whether a dataset has become too old since it was renewed, up to an instant.
    fn age(&mut self, dataset: &Name, at: i64) {
        let Some(fresh) = self.program.datasets.get(dataset).and_then(|dataset| dataset.fresh.as_ref()) else { return };
        let Some(time) = self.versions.get(dataset).and_then(|version| version.data_time) else { return };
        let too_old = time.saturating_add(signed(fresh.within_ms));
        if too_old < at {
            let because = self.open.get(dataset).cloned().unwrap_or_else(|| self.why_old(dataset));
            let ends = (at < self.until).then_some(at);
            let found = self.outcome.entry(Breach::Stale(dataset.clone()));
            let found = found.or_insert(Found { from: too_old, until: None, because });
            if found.until.is_none() {
                found.until = ends;
            }
        }
    }

    fn why_old(&self, dataset: &Name) -> String {
        let writer = self.shapes.iter().find(|(_, shape)| shape.writes.contains(dataset));
        let oldest = writer.and_then(|(_, shape)| {
            let times = shape.reads.iter().filter_map(|read| Some((self.versions.get(read)?.data_time?, read)));
            times.min().map(|(_, read)| read)
        });
        oldest
            .map_or_else(|| "it is not renewed".to_owned(), |read| format!("it is made from an old `{}`", read.short()))
    }

    fn end(mut self, now: i64) -> Outcome {
        let datasets: Vec<Name> = self.versions.keys().cloned().collect();
        for dataset in datasets {
            self.age(&dataset, self.until);
        }
        for found in self.outcome.values_mut() {
            found.from = found.from.max(now);
        }
        self.outcome
    }
}

pub(super) fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
