//! How often a flow runs: the starts of its calendar, of the flows that call it, and of those that write what starts it.
//!
//! Counted is what the text starts. A run by hand, a resumed one, and a start that was missed and is made up for
//! ("catch up") count for the day that they are for.

use crate::{
    bounds::{Bounded, SystemBounds, Unbounded},
    calendar::{Calendar, Calendars},
    time::{endless, in_order},
};
use flow_expr::Name;
use flow_plan::{Block, Flow, NodeKind, Program, Schedule, StaleAction, Trigger};
use std::{collections::BTreeMap, sync::Arc};

/// All starts of a flow.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources(Vec<Source>);

/// Starts that go back to one calendar.
#[derive(Clone, Debug)]
struct Source {
    calendar: Arc<Calendar>,
    zone: Arc<str>,
    /// How long after its instants they may come.
    delay_ms: u64,
    /// How many come of each instant.
    times: u64,
    /// Whether another flow calls this one, so that its run pays.
    is_call: bool,
}

impl Sources {
    /// Starts in one time of that length; without those by a call from another flow, if so.
    pub(super) fn most_within(&self, window_ms: u64, calls: bool) -> u64 {
        let of = |source: &Source| {
            let starts = source.calendar.most_within(window_ms.saturating_add(source.delay_ms));
            starts.saturating_mul(source.times)
        };
        self.0.iter().filter(|source| calls || !source.is_call).map(of).fold(0, u64::saturating_add)
    }

    /// Starts that go back to one day.
    pub(super) fn most_a_day(&self, calendars: &mut Calendars) -> u64 {
        let of = |source: &Source| calendars.most_a_day(&source.calendar, &source.zone).saturating_mul(source.times);
        self.0.iter().map(of).fold(0, u64::saturating_add)
    }

    fn add(&mut self, source: Source) {
        let same = |known: &&mut Source| {
            Arc::ptr_eq(&known.calendar, &source.calendar)
                && known.zone == source.zone
                && known.is_call == source.is_call
        };
        match self.0.iter_mut().find(same) {
            Some(known) => {
                known.delay_ms = known.delay_ms.max(source.delay_ms);
                known.times = known.times.saturating_add(source.times);
            }
            None => self.0.push(source),
        }
    }
}

/// What starts each flow besides its own calendar.
type Ties<'a> = BTreeMap<&'a Name, Vec<Tie<'a>>>;

/// Another flow that starts one.
#[derive(Clone, Copy, Debug)]
struct Tie<'a> {
    from: &'a Name,
    /// How often one run of it does.
    times: u64,
    /// By a call, not by what it writes.
    is_call: bool,
}

/// Of all flows; those in a circle are left out.
pub(super) fn sources<'a>(bounds: &mut SystemBounds<'a>) -> BTreeMap<&'a Name, Bounded<Sources>> {
    let program = bounds.program();
    let ties = ties(program);
    let names: Vec<&Name> = program.flows.keys().collect();
    let place = |name: &Name| u32::try_from(names.binary_search(&name).ok()?).ok();
    let waits: Vec<Vec<u32>> = names
        .iter()
        .map(|name| ties.get(name).into_iter().flatten().filter_map(|tie| place(tie.from)).collect())
        .collect();
    let mut found: BTreeMap<&Name, Bounded<Sources>> = BTreeMap::new();
    for place in in_order(&waits) {
        let name = names[place];
        if let Some(flow) = program.flows.get(name) {
            let sources = of_flow(bounds, flow, ties.get(name).map_or(&[], Vec::as_slice), &found);
            found.insert(name, sources);
        }
    }
    found
}

fn ties(program: &Program) -> Ties<'_> {
    let mut ties = Ties::new();
    for flow in program.flows.values() {
        for (called, times) in times_in(flow, &|kind| called(program, kind)) {
            ties.entry(called).or_default().push(Tie { from: &flow.name, times, is_call: true });
        }
        for start in &flow.starts {
            let Trigger::Updates(datasets) = &start.trigger else { continue };
            for dataset in datasets.iter().filter_map(|dataset| program.datasets.get(dataset)) {
                let Some(writer) = dataset.writer.as_ref().and_then(|writer| program.flows.get(writer)) else {
                    continue;
                };
                let written = times_in(writer, &|kind| match kind {
                    NodeKind::Write { dataset, .. } => Some(dataset),
                    _ => None,
                });
                let times = written.get(&dataset.name).copied().unwrap_or(1);
                ties.entry(&flow.name).or_default().push(Tie { from: &writer.name, times, is_call: false });
            }
        }
    }
    ties
}

fn called<'a>(program: &'a Program, kind: &'a NodeKind) -> Option<&'a Name> {
    match kind {
        NodeKind::Flow { flow, .. } => Some(flow),
        NodeKind::RequireFresh { dataset, action: StaleAction::Refresh, .. } => {
            program.datasets.get(dataset)?.writer.as_ref()
        }
        _ => None,
    }
}

/// How often each of the names that a node may stand for comes up in one run, its handlers included.
fn times_in<'a>(flow: &'a Flow, name: &dyn Fn(&'a NodeKind) -> Option<&'a Name>) -> BTreeMap<&'a Name, u64> {
    let mut all = times_of(&flow.body, name);
    for handler in &flow.handlers {
        for (name, times) in times_of(&handler.body, name) {
            let known = all.entry(name).or_insert(0);
            *known = known.saturating_add(times);
        }
    }
    all
}

/// How often each of them comes up in a block. Blocks nest at most as deeply as the
/// parser allows (256).
fn times_of<'a>(block: &'a Block, name: &dyn Fn(&'a NodeKind) -> Option<&'a Name>) -> BTreeMap<&'a Name, u64> {
    let mut all = BTreeMap::new();
    for node in &block.nodes {
        let mut here = BTreeMap::new();
        for inside in node.blocks() {
            for (name, times) in times_of(inside, name) {
                // Of branches one happens; what recovers stands alone.
                let known = here.entry(name).or_insert(0);
                *known = times.max(*known);
            }
        }
        if let NodeKind::For { limit, .. } = &node.kind {
            here.values_mut().for_each(|times| *times = times.saturating_mul(*limit));
        }
        if let Some(name) = name(&node.kind) {
            *here.entry(name).or_insert(0) += 1;
        }
        for (name, times) in here {
            let known: &mut u64 = all.entry(name).or_insert(0);
            *known = known.saturating_add(times);
        }
    }
    all
}

fn of_flow<'a>(
    bounds: &mut SystemBounds<'a>,
    flow: &'a Flow,
    ties: &[Tie<'a>],
    known: &BTreeMap<&'a Name, Bounded<Sources>>,
) -> Bounded<Sources> {
    let mut found = Sources::default();
    let name = flow.name.short();
    for start in &flow.starts {
        match &start.trigger {
            Trigger::Schedule(schedule) => {
                if let Some(calendar) = bounds.calendars.of(schedule) {
                    found.add(Source { calendar, zone: zone(schedule), delay_ms: 0, times: 1, is_call: false });
                }
            }
            Trigger::Updates(datasets) => {
                let program = bounds.program();
                for dataset in datasets.iter().filter_map(|dataset| program.datasets.get(dataset)) {
                    let arrives = dataset.arrives.as_ref().filter(|_| dataset.writer.is_none());
                    let Some(arrives) = arrives else { continue };
                    let Some(schedule) = &arrives.schedule else {
                        let why =
                            format!("nobody says how often `{}` arrives, which starts `{name}`", dataset.name.short());
                        let help = "say when it arrives, such as `arrives every day by 05:30 in \"UTC\"`";
                        return Err(Unbounded::new(arrives.at, why, or_budget(help)));
                    };
                    if let Some(calendar) = bounds.calendars.of(schedule) {
                        found.add(Source { calendar, zone: zone(schedule), delay_ms: 0, times: 1, is_call: false });
                    }
                }
            }
            Trigger::Webhook(_) => {
                let why = format!("a request starts `{name}`, and nobody knows how often one comes");
                return Err(Unbounded::new(start.at, why, or_budget("bound what it spends")));
            }
        }
    }
    for Tie { from, times, is_call } in ties {
        let Some(of_other) = known.get(from) else { continue };
        let of_other = of_other.as_ref().map_err(Arc::clone)?;
        let takes = bounds.durations.get(from).and_then(|bounds| bounds.flow.as_ref()).map(|bound| bound.worst_ms);
        let Some(takes) = takes else {
            let endless = bounds.program().flows.get(*from).map(|from| endless(bounds.program(), from));
            return Err(endless.unwrap_or_else(|| Unbounded::by_hand(flow)));
        };
        for source in &of_other.0 {
            let delay_ms = source.delay_ms.saturating_add(takes);
            let times = source.times.saturating_mul(*times);
            found.add(Source { delay_ms, times, is_call: *is_call, ..source.clone() });
        }
    }
    if flow.starts.is_empty() && ties.is_empty() {
        let why = format!("`{name}` is started by hand, as often as people like");
        return Err(Unbounded::new(flow.at, why, or_budget("give it a `start`")));
    }
    Ok(found)
}

fn or_budget(help: &str) -> String {
    format!("{help}, or write a budget for a time: `budget $50 per 1d`")
}

fn zone(schedule: &Schedule) -> Arc<str> {
    match schedule {
        Schedule::Days { zone, .. } | Schedule::Cron { zone, .. } => zone.clone(),
        Schedule::Every { .. } => "UTC".into(),
    }
}
