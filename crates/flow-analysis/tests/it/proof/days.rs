//! Weeks of a system: its flows start when their calendars say, read what is there then, and publish what they make.

use super::{
    play::{self, Mood},
    system::{PROMISE_MS, Random, System, writes},
};
use flow_analysis::{
    bounds::SystemBounds,
    calendar::{Calendar, Calendars, DAY_MS},
};
use flow_expr::Name;
use flow_plan::{Overlap, Trigger};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Weekends and the day on which clocks go back lie in it.
const FIRST: i64 = 1_792_108_800_000;
const DAYS: i64 = 16;

/// What was seen of each dataset.
#[derive(Debug, Default)]
pub(super) struct Weeks {
    pub(super) oldest: BTreeMap<Name, u64>,
    pub(super) executions: u64,
}

/// One version: when it was there, and from when its data is.
type Version = (i64, i64);

pub(super) fn play(system: &System, _bounds: &SystemBounds<'_>, mood: Mood, seed: u64) -> Weeks {
    let mood = if mood == Mood::Any { Mood::Ends } else { mood };
    let mut random = Random::of(seed);
    let mut weeks = Weeks::default();
    let mut versions: BTreeMap<Name, Vec<Version>> = BTreeMap::new();
    // Flows read only what earlier ones write, so each can be played through before the next.
    for flow in system.program.flows.values() {
        let mut free = i64::MIN;
        let mut published: Vec<Version> = vec![];
        let (starts, is_whole) = starts(system, flow, &versions);
        let mut all_succeed = is_whole;
        for start in starts {
            let begin = match flow.overlap {
                Overlap::Skip if start < free => continue,
                Overlap::Queue => free.max(start),
                _ => start,
            };
            let at = Timestamp::from_millisecond(begin).expect("a time");
            weeks.executions += 1;
            let run = play::run(system, &flow.name, at, mood, random.below(u64::MAX));
            free = begin + run.took_ms as i64;
            all_succeed &= run.succeeded;
            let data = run.read.iter().filter_map(|(dataset, read)| {
                let read = read.as_millisecond();
                if dataset.as_str() == "source" {
                    let old = if mood == Mood::Worst { PROMISE_MS } else { random.below(PROMISE_MS + 1) };
                    return Some(Some(read - old as i64));
                }
                let known = versions.get(dataset)?;
                Some(known.iter().rev().find(|(there, _)| *there <= read).map(|(_, data)| *data))
            });
            // Nothing was there yet: the time before the weeks that are played.
            let data: Option<Vec<i64>> = data.collect();
            let Some(oldest) = data.and_then(|data| data.into_iter().min()) else { continue };
            for dataset in writes(flow) {
                if let Some(written) = run.written.get(dataset) {
                    published.push((written.as_millisecond(), oldest));
                }
            }
        }
        published.sort_unstable();
        for dataset in writes(flow) {
            if all_succeed {
                let ages = published.windows(2).map(|pair| (pair[1].0 - pair[0].1).max(0) as u64);
                if let Some(oldest) = ages.max() {
                    weeks.oldest.insert(dataset.clone(), oldest);
                }
            }
            versions.insert(dataset.clone(), published.clone());
        }
        if !all_succeed {
            // What rests on versions that never came says nothing of runs that succeed.
            return weeks;
        }
    }
    weeks
}

/// When a flow starts in these weeks; whether all of those starts are known.
fn starts(system: &System, flow: &flow_plan::Flow, versions: &BTreeMap<Name, Vec<Version>>) -> (Vec<i64>, bool) {
    let is_called = system
        .program
        .flows
        .values()
        .flat_map(|other| other.nodes())
        .any(|node| matches!(&node.kind, flow_plan::NodeKind::Flow { flow: called, .. } if *called == flow.name));
    let mut all = vec![];
    for start in &flow.starts {
        match &start.trigger {
            Trigger::Schedule(schedule) => {
                if let Some(calendar) = Calendars::default().of(schedule)
                    && let Calendar::Listed(listed) = &*calendar
                {
                    let here = listed.iter().copied().filter(|at| (FIRST..FIRST + DAYS * DAY_MS).contains(at));
                    all.extend(here);
                }
            }
            Trigger::Updates(datasets) => {
                let known = datasets.iter().filter_map(|dataset| versions.get(dataset)).flatten();
                all.extend(known.map(|(there, _)| *there));
            }
            Trigger::Webhook(_) => {}
        }
    }
    all.sort_unstable();
    // A flow that another one calls writes at more times than these.
    (all, !is_called)
}
