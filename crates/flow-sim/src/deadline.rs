//! `finish by 06:30`: when that is for a run that starts now. The driver knows no calendar.

use flow_expr::Name;
use flow_plan::{Deadline, Flow, Program, Schedule, Trigger};
use jiff::{Timestamp, ToSpan as _, civil::Time, tz::TimeZone};
use std::collections::BTreeMap;

/// The next such time of day after the start, for every flow that must finish by one.
pub(crate) fn deadlines(program: &Program, started: Timestamp) -> BTreeMap<Name, Timestamp> {
    program.flows.values().filter_map(|flow| Some((flow.name.clone(), deadline(flow, started)?))).collect()
}

fn deadline(flow: &Flow, started: Timestamp) -> Option<Timestamp> {
    let Deadline::By(minutes) = flow.finish.as_ref()?.deadline else { return None };
    let zone = flow.starts.iter().find_map(|start| match &start.trigger {
        Trigger::Schedule(Schedule::Days { zone, .. } | Schedule::Cron { zone, .. }) => TimeZone::get(zone).ok(),
        _ => None,
    });
    let zone = zone.unwrap_or(TimeZone::UTC);
    let time = Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()?;
    let day = started.to_zoned(zone.clone()).date();
    let on = |days: i32| day.checked_add(days.days()).ok()?.to_datetime(time).to_zoned(zone.clone()).ok();
    [on(0), on(1)].into_iter().flatten().map(|at| at.timestamp()).find(|at| *at > started)
}
