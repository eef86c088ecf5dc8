//! What a span of time brings, by what is proved: which flows start when, by when they and what they write are there.
//!
//! A start is an instant of a flow's calendar; what follows from it is the worst case from there. What has happened is
//! not looked at: that is for who knows the journal.

use crate::{bounds::SystemBounds, calendar::Calendar};
use flow_expr::Name;
use flow_plan::{Deadline, Flow, NodeKind, Schedule};
use std::sync::Arc;

/// A span of time, in milliseconds since 1970; its end is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: i64,
    /// The one behind the last.
    pub until: i64,
}

/// A start of a flow, with what follows from it at the latest. Instants are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The flow.
    pub flow: Name,
    /// The instant of its calendar.
    pub at: i64,
    /// When it has begun: later than that if it follows another flow, or waits for its own run before.
    pub begins_by: i64,
    /// When it has ended; none if nothing bounds it.
    pub ends_by: Option<i64>,
    /// When it is to have ended.
    pub due: Option<i64>,
    /// When each dataset that it writes outside of branches and loops is there, in the order of time.
    pub writes: Vec<(Name, i64)>,
    /// The zone in which people speak of it.
    pub zone: Arc<str>,
}

/// What a span of time brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The starts in the order of time.
    pub starts: Vec<Start>,
    /// How many more starts of a flow there are than are listed.
    pub more: Vec<(Name, u64)>,
    /// Flows of which nobody knows when they start, and why.
    pub unknown: Vec<(Name, String)>,
}

/// What the flows that are wanted will do, with at most so many starts of each.
#[must_use]
pub fn forecast(
    bounds: &mut SystemBounds<'_>,
    span: Span,
    most_of_each: usize,
    is_wanted: impl Fn(&Flow) -> bool,
) -> Forecast {
    let mut found = Forecast::default();
    let flows: Vec<&Flow> = bounds.program().flows.values().filter(|flow| is_wanted(flow)).collect();
    for flow in flows {
        let rhythm = match bounds.rhythm(&flow.name) {
            Ok(rhythm) => rhythm.clone(),
            Err(none) => {
                found.unknown.push((flow.name.clone(), none.why.clone()));
                continue;
            }
        };
        let deadlines = deadlines(bounds, flow, &rhythm.zone);
        let delay = signed(rhythm.delay_ms.saturating_add(rhythm.waits_ms));
        let (mut at, mut count) = (span.from - 1, 0);
        while let Some(next) = rhythm.calendar.first_after(at).filter(|next| *next < span.until) {
            at = next;
            count += 1;
            if count <= most_of_each {
                found.starts.push(start(bounds, flow, at, (delay, &rhythm.zone, &deadlines)));
            } else if let Calendar::Every(period) = &*rhythm.calendar {
                // The rest are counted without going through them.
                let rest = (span.until - 1 - at).div_euclid((*period).max(1));
                count += usize::try_from(rest).unwrap_or(0);
                break;
            }
        }
        if count > most_of_each {
            found.more.push((flow.name.clone(), (count - most_of_each) as u64));
        }
    }
    found.starts.sort_by(|a, b| (a.at, &a.flow).cmp(&(b.at, &b.flow)));
    found
}

/// When a run is to have ended.
enum Deadlines {
    None,
    Within(u64),
    At(Arc<Calendar>),
}

fn deadlines(bounds: &mut SystemBounds<'_>, flow: &Flow, zone: &Arc<str>) -> Deadlines {
    match flow.finish.as_ref().map(|finish| &finish.deadline) {
        None => Deadlines::None,
        Some(Deadline::Within(ms)) => Deadlines::Within(*ms),
        Some(Deadline::By { minutes, zone: own }) => {
            let zone = own.clone().unwrap_or_else(|| zone.clone());
            let schedule = Schedule::Days { days: (1..=7).collect(), minutes: vec![*minutes], zone };
            bounds.calendars.of(&schedule).map_or(Deadlines::None, Deadlines::At)
        }
    }
}

fn start(
    bounds: &SystemBounds<'_>,
    flow: &Flow,
    at: i64,
    (delay, zone, deadlines): (i64, &Arc<str>, &Deadlines),
) -> Start {
    let begins_by = at.saturating_add(delay);
    let worst = bounds.durations.get(&flow.name).and_then(|bounds| bounds.flow.as_ref());
    let ends_by = worst.map(|worst| begins_by.saturating_add(signed(worst.worst_ms)));
    let due = match deadlines {
        Deadlines::None => None,
        Deadlines::Within(ms) => Some(begins_by.saturating_add(signed(*ms))),
        Deadlines::At(calendar) => calendar.first_after(at),
    };
    let timeline = bounds.timelines.get(&flow.name);
    let written = flow.body.nodes.iter().enumerate().filter_map(|(place, node)| match &node.kind {
        NodeKind::Write { dataset, .. } => Some((dataset.clone(), signed(timeline?.end(place)))),
        _ => None,
    });
    // Where nothing bounds the run, its timeline has holes.
    let mut writes: Vec<(Name, i64)> =
        written.filter(|_| ends_by.is_some()).map(|(dataset, ms)| (dataset, begins_by.saturating_add(ms))).collect();
    writes.sort_by_key(|(_, at)| *at);
    Start { flow: flow.name.clone(), at, begins_by, ends_by, due, writes, zone: zone.clone() }
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
