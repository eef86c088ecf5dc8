//! How a flow starts: its calendar, what comes between the calendar and the run, and the longest time between runs.
//!
//! A flow that starts when a dataset has a new version, or that another one calls, has the calendar of that flow and
//! a delay: the start comes at any time from the calendar's instant until then.

use super::{Bounded, SystemBounds, Ties, Unbounded, surely::Surely, writes};
use crate::{
    calendar::{Calendar, Gap},
    spell, time,
};
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::{Dataset, Flow, Node, NodeKind, Overlap, Program, Schedule, Start, Trigger, meaning_hash};
use std::{collections::BTreeSet, sync::Arc};

/// How a flow starts.
#[derive(Clone, Debug)]
pub struct Rhythm {
    /// The instants that its starts go back to.
    pub calendar: Arc<Calendar>,
    /// How long after them it may begin.
    pub delay_ms: u64,
    /// The zone in which people speak of them.
    pub zone: Arc<str>,
    /// The clause, or the call, that makes it start.
    pub at: Span,
    /// How long a run may wait besides for the ones before it (`overlap queue`).
    pub waits_ms: u64,
    /// The longest time between instants whose runs both come to their end, or begin late for want of room.
    pub gap: Gap,
    /// Whether each start makes a run that comes to its end.
    pub keeps_all: bool,
    /// The dataset each of whose versions starts a run of its own.
    pub follows: Option<Name>,
    /// How long a run may take.
    pub duration_ms: u64,
}

/// One way in which a flow starts.
#[derive(Clone)]
struct Source {
    calendar: Arc<Calendar>,
    delay_ms: u64,
    zone: Arc<str>,
    at: Span,
    /// What tells apart starts that give different values to parameters.
    given: Arc<str>,
    /// The longest time between those that come, if what makes them loses starts of its own calendar.
    thinned: Option<Gap>,
}

impl<'a> SystemBounds<'a> {
    pub(super) fn find_rhythm(&mut self, name: &'a Name, ties: &Ties<'a>) {
        let Some(flow) = self.program.flows.get(name) else { return };
        let found = self.sources(flow, ties).and_then(|sources| self.joined(flow, sources));
        self.rhythms.insert(name, found);
    }

    /// All ways in which the flow starts that a calendar knows; why there are none.
    fn sources(&mut self, flow: &'a Flow, ties: &Ties<'a>) -> Bounded<Vec<Source>> {
        let (mut found, mut none) = (vec![], None);
        for start in &flow.starts {
            match self.of_start(flow, start) {
                Ok(mut sources) => {
                    sources.iter_mut().for_each(|source| source.given = meaning_hash(&start.with));
                    found.extend(sources);
                }
                Err(unbounded) => none = none.or(Some(unbounded)),
            }
        }
        for caller in ties.starts.get(&flow.name).into_iter().flatten() {
            match self.of_caller(flow, caller) {
                Ok(source) => found.push(source),
                Err(unbounded) => none = none.or(Some(unbounded)),
            }
        }
        match (found.is_empty(), none) {
            (false, _) => Ok(found),
            (true, Some(unbounded)) => Err(unbounded),
            (true, None) => Err(by_hand(flow, ties)),
        }
    }

    fn of_start(&mut self, flow: &Flow, start: &'a Start) -> Bounded<Vec<Source>> {
        match &start.trigger {
            Trigger::Schedule(schedule) => Ok(vec![self.by_the_clock(schedule, start.at)?]),
            Trigger::Updates(datasets) => {
                let known = datasets.iter().filter_map(|name| self.program.datasets.get(name));
                known.map(|dataset| self.of_update(start, dataset)).collect()
            }
            Trigger::Webhook(_) => Err(Unbounded::new(
                start.at,
                "nobody knows when a request comes",
                format!("give `{}` a `start` by the clock as well", flow.name.short()),
            )),
        }
    }

    fn by_the_clock(&mut self, schedule: &Schedule, at: Span) -> Bounded<Source> {
        let calendar = self.calendars.of(schedule).ok_or_else(|| never(at))?;
        Ok(Source { calendar, delay_ms: 0, zone: zone(schedule), at, given: "".into(), thinned: None })
    }

    /// A start when a dataset has a new version.
    fn of_update(&mut self, start: &Start, dataset: &'a Dataset) -> Bounded<Source> {
        let Some(writer) = &dataset.writer else {
            let arrives = dataset.arrives.as_ref();
            let Some(schedule) = arrives.and_then(|arrives| arrives.schedule.as_ref()) else {
                return Err(Unbounded::new(
                    arrives.map_or(dataset.at, |arrives| arrives.at),
                    format!("nobody says when `{}` arrives, which starts the flow", dataset.name.short()),
                    "say when it arrives, such as `arrives every day by 05:30 in \"UTC\"`",
                ));
            };
            // Taken to come at its latest time: what comes early one day and late the next is seen when it happens.
            return self.by_the_clock(schedule, start.at);
        };
        let rhythm = self.rhythm(writer)?.clone();
        let Some(flow) = self.program.flows.get(writer) else { return Err(self.circle(writer)) };
        let written = writes(self.program, flow).remove(&dataset.name);
        let Some(written) = written.filter(|written| written.always) else {
            return Err(only_sometimes(self.program, &dataset.name, flow));
        };
        let timeline = self.timelines.get(writer);
        let end = |place: &usize| timeline.map_or(0, |timeline| timeline.end(*place));
        let path_ms = written.places.iter().map(end).max().unwrap_or(0);
        let delay_ms = rhythm.late_ms().saturating_add(path_ms);
        let thinned = (!rhythm.keeps_all).then_some(rhythm.gap);
        Ok(Source { calendar: rhythm.calendar, delay_ms, zone: rhythm.zone, at: start.at, given: "".into(), thinned })
    }

    /// A start by another flow's call, wherever that stands, if each of its runs makes it.
    fn of_caller(&self, flow: &Flow, caller: &Name) -> Bounded<Source> {
        let rhythm = self.rhythm(caller)?;
        let Some(calling) = self.program.flows.get(caller) else { return Err(self.circle(caller)) };
        let calls = |node: &Node| matches!(&node.kind, NodeKind::Flow { flow: called, .. } if *called == flow.name);
        let takes = self.durations.get(&flow.name).and_then(|bounds| bounds.flow.as_ref());
        let takes = takes.map_or(0, |bound| bound.worst_ms);
        let begin = |place: usize| {
            let timeline = self.timelines.get(caller);
            match calls(&calling.body.nodes[place]) {
                true => timeline.map_or(0, |timeline| timeline.begin(place)),
                // In a block, the last call there may begin late enough to end with it.
                false => timeline.map_or(0, |timeline| timeline.end(place).saturating_sub(takes)),
            }
        };
        let (body, surely) = (&calling.body, Surely::of(self.program, calling));
        let places = (0..body.nodes.len()).filter(|place| surely.does(body, &body.nodes[*place], &calls));
        let Some((begin, place)) = places.map(|place| (begin(place), place)).min() else {
            return Err(calls_only_sometimes(flow, calling, calls));
        };
        let at = calling.body.nodes[place].at;
        Ok(Source {
            calendar: rhythm.calendar.clone(),
            delay_ms: rhythm.late_ms().saturating_add(begin),
            zone: rhythm.zone.clone(),
            at,
            given: "".into(),
            thinned: (!rhythm.keeps_all).then_some(rhythm.gap),
        })
    }

    /// All starts together, with what runs that are still under way make of them.
    fn joined(&self, flow: &Flow, mut sources: Vec<Source>) -> Bounded<Rhythm> {
        let bounds = self.durations.get(&flow.name);
        let Some(duration) = bounds.and_then(|bounds| bounds.flow.as_ref()) else {
            return Err(time::endless(self.program, flow));
        };
        // Starts that give different values each bring their own partition: those that come least often count.
        if sources.iter().any(|source| source.given != sources[0].given) && writes_partitions(self.program, flow) {
            let of = |given: &Arc<str>| {
                let calendars = sources.iter().filter(|source| source.given == *given).map(|source| &source.calendar);
                let all = calendars.fold(None, |all: Option<Calendar>, next| {
                    Some(all.map_or_else(|| (**next).clone(), |all| all.with(next)))
                });
                all.and_then(|all| all.longest_gap(0)).map_or(u64::MAX, Gap::ms)
            };
            let rarest = sources.iter().map(|source| source.given.clone()).rev().max_by_key(of);
            sources.retain(|source| Some(&source.given) == rarest.as_ref());
        }
        let follows = match &flow.starts[..] {
            [Start { trigger: Trigger::Updates(datasets), .. }] if datasets.len() == 1 && sources.len() == 1 => {
                datasets.first().cloned()
            }
            _ => None,
        };
        let Some(all) = together(sources.iter()) else { return Err(never(flow.at)) };
        let Some((gap, waits_ms, keeps_all)) = kept(flow, &all, &sources, duration.worst_ms) else {
            return Err(no_gap(flow, &all, duration.worst_ms));
        };
        let Source { calendar, delay_ms, zone, at, .. } = all;
        let duration_ms = duration.worst_ms;
        Ok(Rhythm { calendar, delay_ms, zone, at, waits_ms, gap, keeps_all, follows, duration_ms })
    }
}

impl Rhythm {
    /// How long after its instant a run may begin.
    #[must_use]
    pub fn late_ms(&self) -> u64 {
        self.delay_ms.saturating_add(self.waits_ms)
    }
}

/// The starts of all of them.
fn together<'s>(mut sources: impl Iterator<Item = &'s Source>) -> Option<Source> {
    let mut all = sources.next()?.clone();
    for source in sources {
        all.calendar = Arc::new(all.calendar.with(&source.calendar));
        all.delay_ms = all.delay_ms.max(source.delay_ms);
    }
    Some(all)
}

/// What runs that are still under way make of the starts: the longest time between instants whose runs come to their end,
/// how long one may wait for others, and whether all of them do come to their end. None if there is no such bound.
///
/// Where starts are lost on their way already (`thinned`), nobody knows which: the longest time without one counts from
/// the last that may come at a bad moment.
fn kept(flow: &Flow, all: &Source, sources: &[Source], worst_ms: u64) -> Option<(Gap, u64, bool)> {
    let calendar = &all.calendar;
    let reach = reach(sources)?;
    let comes_all = sources.iter().all(|source| source.thinned.is_none());
    let longer = |by_ms: u64| Gap::of(reach.ms().saturating_add(by_ms));
    // From its instant until a run has surely ended.
    let busy_ms = all.delay_ms.saturating_add(worst_ms);
    let keeps_all = comes_all && calendar.is_undisturbed(busy_ms);
    match flow.overlap {
        // Beside each other, what an earlier run writes last stands until a run that starts behind it writes.
        Overlap::Skip | Overlap::Allow if comes_all => Some((calendar.longest_gap(busy_ms)?, 0, keeps_all)),
        Overlap::Skip | Overlap::Allow => Some((longer(calendar.last_within(busy_ms)?), 0, false)),
        Overlap::Replace if comes_all => Some((calendar.undisturbed(busy_ms)?.longest_gap(0)?, 0, keeps_all)),
        Overlap::Replace => calendar.is_undisturbed(busy_ms).then_some((reach, 0, false)),
        // A start that comes late makes none behind it wait longer than if all came late.
        Overlap::Queue => {
            let (gap, waits_ms) = calendar.longest_queued(worst_ms)?;
            Some((if comes_all { gap } else { longer(waits_ms) }, waits_ms, comes_all))
        }
    }
}

/// The longest time between instants of which a start surely comes: of those of which none are lost on their way, else of
/// the way that loses the fewest.
fn reach(sources: &[Source]) -> Option<Gap> {
    match together(sources.iter().filter(|source| source.thinned.is_none())) {
        Some(whole) => whole.calendar.longest_gap(0),
        None => sources.iter().filter_map(|source| source.thinned).min_by_key(|gap| gap.ms()),
    }
}

/// That people start a flow, or another one where it finds too old what it writes.
fn by_hand(flow: &Flow, ties: &Ties<'_>) -> Arc<Unbounded> {
    let Some((other, at)) = ties.refreshed.get(&flow.name) else { return Unbounded::by_hand(flow) };
    let (name, other) = (flow.name.short(), other.short());
    let why = format!("`{other}` starts `{name}`, but only where it finds too old what `{name}` writes");
    Arc::new(Unbounded { at: *at, why, ..(*Unbounded::by_hand(flow)).clone() })
}

/// Whether a flow, or one that it calls, writes partitions of a dataset, and not always the whole of it.
fn writes_partitions(program: &Program, flow: &Flow) -> bool {
    let (mut seen, mut pending) = (BTreeSet::from([&flow.name]), vec![flow]);
    while let Some(flow) = pending.pop() {
        for node in flow.nodes() {
            match &node.kind {
                NodeKind::Write { partition, .. } if !partition.is_empty() => return true,
                NodeKind::Flow { flow, .. } if seen.insert(flow) => pending.extend(program.flows.get(flow)),
                _ => {}
            }
        }
    }
    false
}

/// The zone in which people speak of a schedule.
fn zone(schedule: &Schedule) -> Arc<str> {
    match schedule {
        Schedule::Days { zone, .. } | Schedule::Cron { zone, .. } => zone.clone(),
        Schedule::Every { .. } => "UTC".into(),
    }
}

fn never(at: Span) -> Arc<Unbounded> {
    Unbounded::new(at, "the calendar has no two such times", "look at the days that the calendar names")
}

/// A write that is not in every run.
pub(super) fn only_sometimes(program: &Program, dataset: &Name, flow: &Flow) -> Arc<Unbounded> {
    let at = writes(program, flow).get(dataset).map_or(flow.at, |written| written.at);
    let why = format!("a run may end without writing `{}`", dataset.short());
    Unbounded::new(
        at,
        why,
        "write it in the other branches as well, and not only in a loop that may have nothing to go over",
    )
}

/// A call that is not in every run.
fn calls_only_sometimes(flow: &Flow, calling: &Flow, calls: impl Fn(&Node) -> bool) -> Arc<Unbounded> {
    let (name, caller) = (flow.name.short(), calling.name.short());
    let at = calling.nodes().find(|node| calls(node)).map_or(calling.at, |node| node.at);
    let why = format!("a run of `{caller}` may end without calling `{name}`");
    Unbounded::new(at, why, format!("call it whatever happens, or give `{name}` a `start` of its own"))
}

/// Runs that never come to their end, or wait longer and longer.
fn no_gap(flow: &Flow, all: &Source, worst_ms: u64) -> Arc<Unbounded> {
    let name = flow.name.short();
    let takes = spell::length(worst_ms);
    let (why, help) = match flow.overlap {
        Overlap::Replace => (
            format!("each start may end the run before it, as a run of `{name}` may take {takes}"),
            "start less often, or let runs come to their end: `overlap skip`",
        ),
        Overlap::Queue => (
            format!("more and more starts may wait, as a run of `{name}` may take {takes}"),
            "start less often, or leave starts out: `overlap skip`",
        ),
        Overlap::Skip | Overlap::Allow => {
            (format!("a run of `{name}` may take {takes}, longer than the year looked at"), "start more often")
        }
    };
    let is_backlog = flow.overlap == Overlap::Queue;
    Arc::new(Unbounded { at: all.at, why, help: help.to_owned(), is_backlog, is_by_hand: false })
}
