//! What follows if something is late, fails, grows old or is bad: who is hit, when, which promise, and the ways out.
//!
//! The coming time is played twice, as it is and as it is supposed ([`play`]); what the second play breaks and the first
//! does not, is the impact. Nothing is asked of the journal but what is there now and how long runs take as a rule.

mod play;
mod suppose;

pub use play::{Breach, Found, Known};
pub use suppose::{Supposition, suppose};

use flow_expr::Name;
use flow_plan::{Program, Trigger, words};
use play::{Outcome, Shape, play};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What follows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Impact {
    /// What breaks, in the order of time.
    pub hits: Vec<Hit>,
    /// What is made from it and keeps its promises, or promises nothing.
    pub reached: Vec<Reached>,
}

/// Something that breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// What breaks: `stale`, `late`, `fails`, `bad`, `skips`.
    pub breach: &'static str,
    /// The flow or dataset.
    pub of: Name,
    /// When it begins, milliseconds since 1970.
    pub from: i64,
    /// When it is over; none if that is not within what was looked at.
    pub until: Option<i64>,
    /// What is promised, in words; none where a run only fails.
    pub promise: Option<String>,
    /// What leads to it.
    pub because: String,
    /// Whose it is.
    pub owner: Option<Arc<str>>,
    /// What can be done.
    pub ways_out: Vec<String>,
}

/// Something that is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The flow or dataset.
    pub of: Name,
    /// Whose it is.
    pub owner: Option<Arc<str>>,
}

/// What follows from what is supposed, from now until an instant, milliseconds since 1970.
#[must_use]
pub fn impact(program: &Program, known: &Known, suppositions: &[Supposition], now: i64, until: i64) -> Impact {
    let all: BTreeMap<Name, Shape> = program
        .flows
        .values()
        .filter(|flow| !flow.name.as_str().starts_with("std."))
        .map(|flow| (flow.name.clone(), Shape::of(program, flow)))
        .collect();
    let (flows, datasets) = reached(program, &all, suppositions);
    let shapes: BTreeMap<Name, Shape> =
        all.iter().filter(|(flow, _)| is_played(flow, &flows, &all)).map(clone).collect();
    let as_it_is = play(program, &shapes, known, &[], (now, until));
    let as_supposed = play(program, &shapes, known, suppositions, (now, until));
    let mut hits = new_ones(program, &shapes, known, &as_it_is, &as_supposed);
    hits.retain(|hit| flows.contains(&hit.of) || datasets.contains(&hit.of));
    hits.sort_by(|a, b| (a.from, &a.of).cmp(&(b.from, &b.of)));
    let is_hit = |name: &Name| hits.iter().any(|hit| hit.of == *name);
    let reached = flows.iter().chain(&datasets).filter(|name| !is_hit(name));
    let reached = reached.map(|name| Reached { of: name.clone(), owner: owner(program, name) }).collect();
    Impact { hits, reached }
}

fn clone((flow, shape): (&Name, &Shape)) -> (Name, Shape) {
    (flow.clone(), shape.clone())
}

/// Flows that are reached are played, and those that write what these read.
fn is_played(flow: &Name, reached: &BTreeSet<Name>, all: &BTreeMap<Name, Shape>) -> bool {
    let feeds =
        |shape: &Shape| all.get(flow).is_some_and(|own| own.writes.iter().any(|written| shape.reads.contains(written)));
    reached.contains(flow) || reached.iter().filter_map(|other| all.get(other)).any(feeds)
}

/// The flows and datasets that what is supposed reaches.
fn reached(
    program: &Program,
    shapes: &BTreeMap<Name, Shape>,
    suppositions: &[Supposition],
) -> (BTreeSet<Name>, BTreeSet<Name>) {
    let (mut flows, mut datasets) = (BTreeSet::new(), BTreeSet::new());
    let mut open: Vec<Name> = suppositions.iter().map(|one| one.of().clone()).collect();
    for of in open.clone() {
        let uses = shapes.iter().filter(|(_, shape)| shape.steps.contains(&of) || shape.models.contains(&of));
        open.extend(uses.map(|(flow, _)| flow.clone()));
    }
    while let Some(name) = open.pop() {
        if let Some(shape) = shapes.get(&name) {
            if flows.insert(name) {
                open.extend(shape.writes.iter().cloned());
            }
        } else if program.datasets.contains_key(&name) && datasets.insert(name.clone()) {
            let readers =
                shapes.iter().filter(|(flow, shape)| shape.reads.contains(&name) || starts_with(program, flow, &name));
            open.extend(readers.map(|(flow, _)| flow.clone()));
        }
    }
    (flows, datasets)
}

fn starts_with(program: &Program, flow: &Name, dataset: &Name) -> bool {
    program.flows.get(flow).is_some_and(|flow| {
        flow.starts
            .iter()
            .any(|start| matches!(&start.trigger, Trigger::Updates(datasets) if datasets.contains(dataset)))
    })
}

/// What breaks that would not have, or earlier, or for longer.
fn new_ones(
    program: &Program,
    shapes: &BTreeMap<Name, Shape>,
    known: &Known,
    as_it_is: &Outcome,
    as_supposed: &Outcome,
) -> Vec<Hit> {
    let is_worse = |breach: &Breach, found: &Found| match as_it_is.get(breach) {
        None => true,
        Some(before) => {
            found.from < before.from || before.until.is_some_and(|end| found.until.is_none_or(|until| until > end))
        }
    };
    let worse = as_supposed.iter().filter(|(breach, found)| is_worse(breach, found));
    let hit = |(breach, found): (&Breach, &Found)| {
        let (word, of) = breach.parts();
        let (promise, ways_out) = promise(program, shapes, known, breach, found);
        let (of, owner) = (of.clone(), owner(program, of));
        let Found { from, until, because } = found.clone();
        Hit { breach: word, of, from, until, promise, because, owner, ways_out }
    };
    worse.map(hit).collect()
}

impl Breach {
    fn parts(&self) -> (&'static str, &Name) {
        match self {
            Self::Stale(of) => ("stale", of),
            Self::Late(of) => ("late", of),
            Self::Fails(of) => ("fails", of),
            Self::Bad(of) => ("bad", of),
            Self::Skips(of) => ("skips", of),
        }
    }
}

/// What a breach breaks, and what can be done about it.
fn promise(
    program: &Program,
    shapes: &BTreeMap<Name, Shape>,
    known: &Known,
    breach: &Breach,
    found: &Found,
) -> (Option<String>, Vec<String>) {
    let writer = |dataset: &Name| shapes.iter().find(|(_, shape)| shape.writes.contains(dataset)).map(|(flow, _)| flow);
    match breach {
        Breach::Stale(of) => {
            let within =
                program.datasets.get(of).and_then(|dataset| dataset.fresh.as_ref()).map(|fresh| fresh.within_ms);
            let mut ways = vec![];
            if let Some(flow) = writer(of) {
                let takes = known.durations_ms.get(flow).copied().unwrap_or(0);
                let takes = if takes > 0 { format!(", which takes {}", words::duration(takes)) } else { String::new() };
                ways.push(format!("`flowc start {}` as soon as its data is there{takes}", flow.short()));
            }
            if let (Some(within), Some(until)) = (within, found.until) {
                let needed = within.saturating_add(unsigned(until - found.from));
                ways.push(format!("promise `fresh within {}`", words::duration(up(needed))));
            }
            (within.map(|within| format!("fresh within {}", words::duration(within))), ways)
        }
        Breach::Late(of) => {
            let longer = found.until.map(|until| words::duration(up(unsigned(until - found.from))));
            let ways = longer.map(|longer| format!("a deadline {longer} later")).into_iter().collect();
            (program.flows.get(of).and_then(|flow| flow.finish.as_ref()).map(|_| "its deadline".to_owned()), ways)
        }
        Breach::Fails(of) | Breach::Skips(of) => {
            (None, vec![format!("`flowc start {}` when that is mended", of.short())])
        }
        Breach::Bad(of) => {
            let mut ways = vec![format!("`previous({})` is the version before", of.short())];
            ways.extend(writer(of).map(|flow| format!("`flowc start {}` when that is mended", flow.short())));
            (None, ways)
        }
    }
}

fn owner(program: &Program, name: &Name) -> Option<Arc<str>> {
    let of_flow = program.flows.get(name).and_then(|flow| flow.owner.clone());
    of_flow.or_else(|| program.datasets.get(name).and_then(|dataset| dataset.owner.clone()))
}

/// To the next minute, where it is a matter of minutes.
fn up(ms: u64) -> u64 {
    if ms < 60_000 { ms } else { ms.div_ceil(60_000) * 60_000 }
}

fn unsigned(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}
