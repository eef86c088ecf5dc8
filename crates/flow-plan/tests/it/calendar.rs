//! Calendars against a clock that is looked at minute by minute, and sums against searches.

use flow_plan::Schedule;
use flow_plan::calendar::{Calendar, Calendars, Gap, Horizon, why_so_long};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, date},
    tz::{TimeZone, TimeZoneDatabase},
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Santiago",
    "Africa/Cairo",
    "America/St_Johns",
];

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).expect("it is a zone")
}

fn starts(schedule: &Schedule, horizon: Horizon) -> Vec<i64> {
    let found = Calendars::new(horizon).of(schedule).expect("it starts");
    let Calendar::Listed(all) = &*found else { panic!("it is listed") };
    all.to_vec()
}

/// Looks at the clock each minute of the horizon: a time that is skipped happens as if the clock had gone on, one
/// that is shown twice happens the first time.
fn looked_up(schedule: &Schedule, horizon: Horizon) -> Vec<i64> {
    let Schedule::Days { days, minutes, zone: name, .. } = schedule else { panic!("days of the week") };
    let tz = zone(name);
    let matches = |at: DateTime| {
        let minute = u16::from(at.hour().unsigned_abs()) * 60 + u16::from(at.minute().unsigned_abs());
        days.contains(&(at.weekday().to_monday_one_offset().unsigned_abs())) && minutes.contains(&minute)
    };
    let minute = SignedDuration::from_mins(1);
    let first = tz.to_timestamp(horizon.from.at(0, 0, 0, 0)).expect("a day");
    let last = tz.to_timestamp(horizon.until.at(0, 0, 0, 0)).expect("a day");
    let mut found = BTreeSet::new();
    let mut before = tz.to_datetime(first - minute);
    // The clock's latest time so far: what it shows again, it has shown.
    let mut shown = before;
    let mut at = first;
    while at < last {
        let now = tz.to_datetime(at);
        let mut skipped = before + minute;
        let mut later = at;
        while skipped < now {
            if matches(skipped) {
                found.insert(later.as_millisecond());
            }
            skipped += minute;
            later += minute;
        }
        if now > shown {
            if matches(now) {
                found.insert(at.as_millisecond());
            }
            shown = now;
        }
        before = now;
        at += minute;
    }
    // What was skipped on the last day may happen on the next.
    found.into_iter().filter(|at| *at < last.as_millisecond()).collect()
}

#[test]
fn every_minute_of_a_year_in_ten_zones() {
    let days = Schedule::Days {
        days: vec![1, 4, 6, 7],
        minutes: vec![0, 29, 30, 60, 90, 119, 120, 150, 360, 1439],
        zone: "UTC".into(),
    };
    for name in ZONES {
        let Schedule::Days { days, minutes, .. } = &days else { continue };
        let schedule = Schedule::Days { days: days.clone(), minutes: minutes.clone(), zone: name.into() };
        let horizon = Horizon { from: date(2026, 1, 1), until: date(2027, 1, 1) };
        assert_eq!(starts(&schedule, horizon), looked_up(&schedule, horizon), "{name}");
    }
}

#[test]
fn a_day_that_a_zone_left_out() {
    let horizon = Horizon { from: date(2011, 12, 20), until: date(2012, 1, 10) };
    let schedule = Schedule::Days { days: (1..=7).collect(), minutes: vec![360], zone: "Pacific/Apia".into() };
    assert_eq!(starts(&schedule, horizon), looked_up(&schedule, horizon));
    assert_eq!(starts(&schedule, horizon).len(), 20);
}

/// All that `croner` gives, one by one.
fn one_by_one(expression: &str, name: &str, from: Date, until: Date) -> Vec<i64> {
    let cron: croner::Cron = expression.parse().expect("it is a cron");
    let begin = from.to_zoned(zone(name)).expect("a day");
    let all = cron.iter_from(begin, croner::Direction::Forward);
    all.take_while(|at| at.date() < until).map(|at| at.timestamp().as_millisecond()).collect()
}

#[test]
fn cron_is_what_croner_says() {
    let (from, until) = (date(2026, 1, 1), date(2027, 1, 1));
    for name in ZONES {
        for expression in ["30 1,2 * * *", "0 6 * * 1-5", "*/7 0-3 * * 0", "15 2 * * *", "0 * * * *", "5 4 1,15 * 5"] {
            let schedule = Schedule::Cron { expression: expression.into(), zone: name.into() };
            let all = one_by_one(expression, name, from, until);
            // Rare days are listed for more years.
            let mut found = starts(&schedule, Horizon { from, until });
            found.retain(|start| start <= all.last().expect("it starts"));
            let differ = found.iter().zip(&all).find(|(found, said)| found != said);
            assert_eq!((differ, found.len()), (None, all.len()), "{expression} in {name}");
        }
    }
}

#[test]
fn rare_days_are_looked_for_over_more_years() {
    let gap = |expression: &str| {
        let schedule = Schedule::Cron { expression: expression.into(), zone: "UTC".into() };
        Calendars::default().of(&schedule).and_then(|calendar| calendar.longest_gap(0)).map(|gap| gap.ms() / 86_400_000)
    };
    assert_eq!(gap("0 6 29 2 *"), Some(1461));
    assert_eq!(gap("0 6 31 * *"), Some(61));
    assert_eq!(gap("0 6 L * *"), Some(31));
    assert_eq!(gap("0 6 1 1 *"), Some(366));
    assert_eq!(gap("0 6 30 2 *"), None);
}

#[test]
fn gaps_with_what_makes_them() {
    let longest = |days: Vec<u8>, name: &str| {
        let schedule = Schedule::Days { days, minutes: vec![360], zone: name.into() };
        let gap = Calendars::default().of(&schedule).and_then(|calendar| calendar.longest_gap(0)).expect("a gap");
        (gap.ms() / 60_000, why_so_long(gap, name).unwrap_or_default())
    };
    let all = || (1..=7).collect();
    assert_eq!(longest(all(), "Europe/London"), (25 * 60, "clocks go back on 2026-10-25".into()));
    assert_eq!(longest(all(), "Australia/Lord_Howe"), (24 * 60 + 30, "clocks go back on 2026-04-05".into()));
    assert_eq!(longest(all(), "Asia/Kathmandu"), (24 * 60, String::new()));
    assert_eq!(
        longest((1..=5).collect(), "Europe/London"),
        (73 * 60, "Friday 2026-10-23 06:00 to Monday 2026-10-26 06:00, clocks go back on 2026-10-25".into())
    );
    assert_eq!(
        longest((1..=5).collect(), "UTC"),
        (72 * 60, "Friday 2026-01-02 06:00 to Monday 2026-01-05 06:00".into())
    );
}

#[test]
fn a_year_of_a_minute_is_quick() {
    let schedule = Schedule::Cron { expression: "* * * * *".into(), zone: "Europe/London".into() };
    assert!(starts(&schedule, Horizon::YEAR).len() > 500_000);
}

fn listed(mut all: Vec<i64>) -> Calendar {
    all.sort_unstable();
    all.dedup();
    Calendar::Listed(Arc::from(all))
}

proptest! {
    #[test]
    fn the_longest_gap_is_found(all in proptest::collection::vec(0..500_i64, 2..30), busy in 0..80_u64) {
        let calendar = listed(all.clone());
        let Calendar::Listed(sorted) = &calendar else { return Ok(()) };
        let next = |from: i64| sorted.iter().find(|to| **to > from && **to >= from + busy as i64);
        let gaps = sorted.iter().filter_map(|from| Some(next(*from)? - from));
        prop_assert_eq!(calendar.longest_gap(busy).map(Gap::ms), gaps.max().map(|gap| gap as u64));
    }

    #[test]
    fn queues_are_walked_through(all in proptest::collection::vec(0..500_i64, 2..30), busy in 0..80_u64) {
        let calendar = listed(all.clone());
        let Calendar::Listed(sorted) = &calendar else { return Ok(()) };
        // At each minute: whoever has come waits until the one before is done.
        let (mut free, mut begun) = (i64::MIN, vec![]);
        for start in sorted.iter() {
            let at = free.max(*start);
            begun.push(at);
            free = at + busy as i64;
        }
        let worst = (1..begun.len()).map(|place| begun[place] - sorted[place - 1]).max();
        let fits = busy as i64 * (sorted.len() as i64 - 1) <= sorted[sorted.len() - 1] - sorted[0];
        prop_assert_eq!(calendar.longest_queued(busy).map(|(gap, _)| gap.ms()), worst.filter(|_| fits).map(|gap| gap as u64));
    }

    #[test]
    fn readers_see_the_newest_that_is_there(
        writes in proptest::collection::vec(0..500_i64, 1..20),
        reads in proptest::collection::vec(0..500_i64, 1..20),
        after in 0..80_u64,
    ) {
        let (writer, reader) = (listed(writes.clone()), listed(reads.clone()));
        let seen = |read: &i64| writes.iter().filter(|write| **write + after as i64 <= *read).max();
        let ages = reads.iter().filter_map(|read| Some(read - seen(read)?));
        prop_assert_eq!(writer.seen_by(&reader, after).map(Gap::ms), ages.max().map(|age| age as u64));
    }

    #[test]
    fn a_steady_reader_is_the_same_as_its_list(
        writes in proptest::collection::vec(0..500_i64, 2..20),
        period in prop_oneof![Just(60_000_i64), Just(900_000), Just(3_600_000)],
        after in 0..7_200_000_u64,
    ) {
        let writes: Vec<i64> = writes.iter().map(|write| write * 600_000).collect();
        let writer = listed(writes.clone());
        let (first, last) = (*writes.iter().min().unwrap_or(&0), *writes.iter().max().unwrap_or(&0));
        let reader = Calendar::Every(period);
        let horizon = last + after as i64;
        let list: Vec<i64> = (0..).map(|at| at * period).skip_while(|at| *at < first).take_while(|at| *at < horizon).collect();
        let by_list = writer.seen_by(&listed(list), after);
        prop_assert_eq!(writer.seen_by(&reader, after).map(Gap::ms), by_list.map(Gap::ms));
    }
}

/// `finish by` counts to the same instant here as when running.
#[test]
fn deadlines_are_those_of_the_engine() {
    use flow_expr::{Name, Type};
    use flow_plan::{Deadline, Finish, Flow, Program, Start, Trigger};
    for name in ["Europe/London", "Australia/Lord_Howe", "Africa/Cairo"] {
        let schedule = Schedule::Days { days: (1..=7).collect(), minutes: vec![30, 90, 150], zone: name.into() };
        for minutes in [0, 60, 90, 150] {
            let flow = Flow {
                name: Name::new("m.f"),
                params: vec![],
                returns: Type::Unit,
                starts: vec![Start {
                    trigger: Trigger::Schedule(schedule.clone()),
                    with: vec![],
                    at: Default::default(),
                }],
                finish: Some(Finish { deadline: Deadline::By { minutes, zone: None }, at: Default::default() }),
                overlap: Default::default(),
                catch_up: Default::default(),
                budgets: vec![],
                body: Default::default(),
                handlers: vec![],
                owner: None,
                tags: vec![],
                at: Default::default(),
            };
            let program = Program { flows: BTreeMap::from([(flow.name.clone(), flow)]), ..Program::default() };
            let by = Schedule::Days { days: (1..=7).collect(), minutes: vec![minutes], zone: name.into() };
            let deadlines = Calendars::default().of(&by).expect("a calendar");
            let mut seen = 0;
            for start in starts(&schedule, Horizon { from: date(2026, 1, 1), until: date(2026, 12, 31) }) {
                let at = Timestamp::from_millisecond(start).expect("an instant");
                let engine = flow_plan::deadlines(&program, at).into_values().next().map(Timestamp::as_millisecond);
                assert_eq!(deadlines.first_after(start), engine, "{name} {minutes} {at}");
                seen += 1;
            }
            assert!(seen > 1000);
        }
    }
}

#[test]
fn a_time_holds_as_many_starts_as_fit_between_two_of_them() {
    let daily = Schedule::Days { days: (1..=7).collect(), minutes: vec![360], zone: "Europe/London".into() };
    let mut calendars = Calendars::default();
    let calendar = calendars.of(&daily).expect("a calendar");
    let hours = |hours: u64| hours * 3_600_000;
    // Where clocks go forward two starts are 23 hours apart.
    assert_eq!([23, 24, 48].map(|window| calendar.most_within(hours(window))), [1, 2, 3]);
    assert_eq!(calendars.most_a_day(&calendar, &"Europe/London".into()), 1);
    let often = Schedule::Cron { expression: "*/15 * * * *".into(), zone: "Europe/London".into() };
    let often = calendars.of(&often).expect("a calendar");
    assert_eq!(often.most_within(hours(24)), 96);
    // The day on which clocks go back has 25 hours.
    assert_eq!(calendars.most_a_day(&often, &"Europe/London".into()), 100);
    assert_eq!(Calendar::Every(900_000).most_within(hours(1)), 4);
    assert_eq!(Calendar::Every(900_000).most_within(1), 1);
}

#[test]
fn a_year_lies_ahead_on_any_day_of_the_first() {
    let horizon = Horizon::starting(2026);
    assert_eq!((horizon.from.to_string(), horizon.until.to_string()), ("2026-01-01".into(), "2028-01-15".into()));
    assert_eq!(Horizon::starting(i16::MAX), Horizon::YEAR);
}
