//! `finish by 06:30`: when that is for a run that starts now.
//!
//! The driver knows no calendar, so engines have the instants computed here, once, as part of the run's start.

use crate::{Deadline, Flow, Program, Schedule, Trigger};
use flow_expr::Name;
use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::Time,
    tz::{TimeZone, TimeZoneDatabase},
};
use std::{collections::BTreeMap, sync::LazyLock};

/// The copy of the zone database that is built in, as when compiling: the machine's own may be another one.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The next such time of day after the start, for every flow that must finish by one.
#[must_use]
pub fn deadlines(program: &Program, started: Timestamp) -> BTreeMap<Name, Timestamp> {
    program.flows.values().filter_map(|flow| Some((flow.name.clone(), by_time_of_day(flow, started)?))).collect()
}

/// When a run of the flow that starts then must be done, whichever way that is said.
#[must_use]
pub fn deadline(flow: &Flow, started: Timestamp) -> Option<Timestamp> {
    match flow.finish.as_ref()?.deadline {
        Deadline::Within(ms) => started.checked_add(SignedDuration::from_millis(i64::try_from(ms).ok()?)).ok(),
        Deadline::By { .. } => by_time_of_day(flow, started),
    }
}

fn by_time_of_day(flow: &Flow, started: Timestamp) -> Option<Timestamp> {
    let Deadline::By { minutes, zone: written } = &flow.finish.as_ref()?.deadline else { return None };
    let zone = written.as_deref().or(zone(flow)).and_then(|name| ZONES.get(name).ok()).unwrap_or(TimeZone::UTC);
    let time = Time::new((*minutes / 60) as i8, (*minutes % 60) as i8, 0, 0).ok()?;
    let day = started.to_zoned(zone.clone()).date();
    let on = |days: i32| day.checked_add(days.days()).ok()?.to_datetime(time).to_zoned(zone.clone()).ok();
    [on(0), on(1)].into_iter().flatten().map(|at| at.timestamp()).find(|at| *at > started)
}

/// The zone of the flow's schedule.
fn zone(flow: &Flow) -> Option<&str> {
    flow.starts.iter().find_map(|start| match &start.trigger {
        Trigger::Schedule(Schedule::Days { zone, .. } | Schedule::Cron { zone, .. }) => Some(&**zone),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finish, Start};

    fn flow(minutes: u16, zone: &str) -> Flow {
        let schedule = Schedule::Days { days: vec![1], minutes: vec![0], zone: zone.into() };
        Flow {
            name: Name::new("m.f"),
            params: vec![],
            returns: flow_expr::Type::Unit,
            starts: vec![Start { trigger: Trigger::Schedule(schedule), with: vec![], at: Default::default() }],
            finish: Some(Finish { deadline: Deadline::By { minutes, zone: None }, at: Default::default() }),
            overlap: Default::default(),
            catch_up: Default::default(),
            budgets: vec![],
            body: Default::default(),
            handlers: vec![],
            owner: None,
            tags: vec![],
            at: Default::default(),
        }
    }

    #[test]
    fn the_next_such_time_of_day_in_the_zone_of_the_schedule() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let london = flow(390, "Europe/London");
        assert_eq!(deadline(&london, at("2026-07-01T05:00:00Z")), Some(at("2026-07-01T05:30:00Z")));
        assert_eq!(deadline(&london, at("2026-07-01T05:30:00Z")), Some(at("2026-07-02T05:30:00Z")));
        assert_eq!(deadline(&london, at("2026-12-01T05:45:00Z")), Some(at("2026-12-01T06:30:00Z")));
    }

    #[test]
    fn the_zone_of_the_clause_itself_counts_before_that_of_the_schedule() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut flow = flow(390, "Europe/London");
        let tokyo = Deadline::By { minutes: 390, zone: Some("Asia/Tokyo".into()) };
        flow.finish = Some(Finish { deadline: tokyo, at: Default::default() });
        assert_eq!(deadline(&flow, at("2026-07-01T05:00:00Z")), Some(at("2026-07-01T21:30:00Z")));
        flow.starts.clear();
        assert_eq!(deadline(&flow, at("2026-07-01T05:00:00Z")), Some(at("2026-07-01T21:30:00Z")));
    }
}
