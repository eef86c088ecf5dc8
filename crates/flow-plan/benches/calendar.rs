//! Calendars: a year of a start every minute, which should take less than ten milliseconds in all.

use divan::{Bencher, black_box};
use flow_plan::Schedule;
use flow_plan::calendar::{Calendars, Horizon};

fn main() {
    divan::main();
}

fn cron(expression: &str) -> Schedule {
    Schedule::Cron { expression: expression.into(), zone: "Europe/London".into() }
}

/// Every start of the year, and the longest time between two.
#[divan::bench(args = ["* * * * *", "*/15 * * * *", "0 6 * * 1-5", "0 0 31 * *"])]
fn a_year(bencher: Bencher<'_, '_>, expression: &str) {
    let schedule = cron(expression);
    bencher.bench(|| {
        let mut calendars = Calendars::new(Horizon::YEAR);
        calendars.of(black_box(&schedule)).and_then(|calendar| calendar.longest_gap(60_000))
    });
}

/// How many starts a day holds, of a calendar that is known.
#[divan::bench]
fn starts_a_day(bencher: Bencher<'_, '_>) {
    let mut calendars = Calendars::new(Horizon::YEAR);
    let calendar = calendars.of(&cron("* * * * *")).expect("a calendar");
    let zone = "Europe/London".into();
    bencher.bench_local(|| calendars.most_a_day(black_box(&calendar), &zone));
}
