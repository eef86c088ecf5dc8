//! Days, times, instants and lengths of time: `std.time`.
//!
//! Where an instant becomes a day or a time of day, there is a zone; it is UTC if none is given. `now()` is
//! when the run started, so that all its steps agree and a repeated run can be given the same.
//! Rules of zones come from the copy that is built in, so that every machine has the same ones.

use super::{call::Call, number::read, text::builtins};
use crate::{EvalError, Type, Value, codec, eval::Fault, render};
use jiff::{
    SignedDuration, Span, Timestamp, ToSpan,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use rust_decimal::Decimal;

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.time";

builtins! {
    "now" "() -> Timestamp" "When the run started." => |call| Ok(Value::Timestamp(call.machine.context.now)),
    "today" "(zone: String = \"UTC\") -> Date" "The day on which the run started, in a zone such as `\"Europe/London\"`." => |call| day_of_run(call, 0),
    "yesterday" "(zone: String = \"UTC\") -> Date" "The day before the one on which the run started." => |call| day_of_run(call, -1),
    "tomorrow" "(zone: String = \"UTC\") -> Date" "The day after the one on which the run started." => |call| day_of_run(call, 1),
    "age" "(instant: Timestamp) -> Duration" "How long before the run's start it was." => |call| Ok(Value::Duration(call.machine.context.now.duration_since(instant(call, 0)?))),
    "add_days" "(day: Date, count: Int) -> Date" "So many days later, or earlier if negative." => |call| shifted(call, |count| Span::new().try_days(count)),
    "add_weeks" "(day: Date, count: Int) -> Date" "So many weeks later." => |call| shifted(call, |count| Span::new().try_weeks(count)),
    "add_months" "(day: Date, count: Int) -> Date" "The same day so many months later; the last of the month if it has no such day." => |call| shifted(call, |count| Span::new().try_months(count)),
    "add_years" "(day: Date, count: Int) -> Date" "The same day so many years later; 28 February for a leap day in another year." => |call| shifted(call, |count| Span::new().try_years(count)),
    "days_between" "(from: Date, to: Date) -> Int" "How many days after `from` `to` is." => |call| Ok(Value::Int(day(call, 1)?.duration_since(day(call, 0)?).as_hours() / 24)),
    "year" "(day: Date) -> Int" "The year." => |call| Ok(Value::Int(day(call, 0)?.year().into())),
    "month" "(day: Date) -> Int" "The month, 1 to 12." => |call| Ok(Value::Int(day(call, 0)?.month().into())),
    "day" "(day: Date) -> Int" "The day of the month, 1 to 31." => |call| Ok(Value::Int(day(call, 0)?.day().into())),
    "weekday" "(day: Date) -> Int" "The day of the week: 1 is Monday, 7 Sunday." => |call| Ok(Value::Int(day(call, 0)?.weekday().to_monday_one_offset().into())),
    "week" "(day: Date) -> Int" "The ISO week, 1 to 53." => |call| Ok(Value::Int(day(call, 0)?.iso_week_date().week().into())),
    "first_of_month" "(day: Date) -> Date" "The first day of its month." => |call| Ok(Value::Date(day(call, 0)?.first_of_month())),
    "last_of_month" "(day: Date) -> Date" "The last day of its month." => |call| Ok(Value::Date(day(call, 0)?.last_of_month())),
    "start_of_day" "(day: Date, zone: String = \"UTC\") -> Timestamp" "When the day begins in a zone; where clocks skip midnight, when they go on." => start_of_day,
    "instant" "(day: Date, time: Time, zone: String) -> Timestamp" "When clocks in a zone show this; the earlier time where they show it twice, the later reading where they skip it." => instant_of,
    "to_date" "(instant: Timestamp, zone: String = \"UTC\") -> Date" "The day that it is then in a zone." => |call| Ok(Value::Date(zone(call, 1)?.to_datetime(instant(call, 0)?).date())),
    "to_time" "(instant: Timestamp, zone: String = \"UTC\") -> Time" "The time of day that clocks in a zone show then." => |call| Ok(Value::Time(zone(call, 1)?.to_datetime(instant(call, 0)?).time())),
    "to_date" "(text: String) -> Date" "The day that a text is, in ISO 8601; an error if it is none. See `parse_date`." => |call| read(call, &Type::Date),
    "to_timestamp" "(text: String) -> Timestamp" "The instant that a text is, in RFC 3339; an error if it is none." => |call| read(call, &Type::Timestamp),
    "parse_date" "(text: String) -> Date?" "The day that a text is, in ISO 8601, if it is one." => |call| parse(call, &Type::Date),
    "parse_timestamp" "(text: String) -> Timestamp?" "The instant that a text is, in RFC 3339, if it is one." => |call| parse(call, &Type::Timestamp),
    "parse_duration" "(text: String) -> Duration?" "The duration that a text is (`1h30m`, `PT1H30M`), if it is one." => |call| parse(call, &Type::Duration),
    "from_unix" "(seconds: Int) -> Timestamp" "The instant so many seconds after 1970." => from_unix,
    "to_unix" "(instant: Timestamp) -> Int" "The whole seconds since 1970." => |call| Ok(Value::Int(instant(call, 0)?.as_second())),
    "format" "(day: Date, pattern: String) -> String" "The day by a `strftime` pattern: `\"%d %B %Y\"`." => |call| { let printed = jiff::fmt::strtime::format(&**call.text(1)?, day(call, 0)?); formatted(call, printed) },
    "format" "(instant: Timestamp, pattern: String, zone: String = \"UTC\") -> String" "The instant in a zone by a `strftime` pattern: `\"%H:%M on %A\"`." => format_instant,
    "milliseconds" "(count: Int) -> Duration" "A duration of so many milliseconds." => |call| length(call, 1_000_000),
    "seconds" "(count: Int) -> Duration" "A duration of so many seconds." => |call| length(call, 1_000_000_000),
    "minutes" "(count: Int) -> Duration" "A duration of so many minutes." => |call| length(call, 60_000_000_000),
    "hours" "(count: Int) -> Duration" "A duration of so many hours." => |call| length(call, 3_600_000_000_000),
    "days" "(count: Int) -> Duration" "A duration of so many days of 24 hours." => |call| length(call, 86_400_000_000_000),
    "in_seconds" "(length: Duration) -> Decimal" "The duration in seconds." => |call| measured(call, 1_000_000_000),
    "in_minutes" "(length: Duration) -> Decimal" "The duration in minutes." => |call| measured(call, 60_000_000_000),
    "in_hours" "(length: Duration) -> Decimal" "The duration in hours." => |call| measured(call, 3_600_000_000_000),
    "in_days" "(length: Duration) -> Decimal" "The duration in days of 24 hours." => |call| measured(call, 86_400_000_000_000),
}

fn parse(call: &mut Call<'_, '_, '_>, ty: &Type) -> Outcome {
    Ok(codec::parse_scalar(call.text(0)?, ty).unwrap_or(Value::Absent))
}

fn expected<T>(call: &Call<'_, '_, '_>, index: usize, kind: &str) -> Result<T, EvalError> {
    let found = render::kind(call.value(index)?);
    call.fail(Fault::kind(format!("expected {kind}, found {found}")))
}

fn day(call: &Call<'_, '_, '_>, index: usize) -> Result<Date, EvalError> {
    match call.value(index)? {
        Value::Date(day) => Ok(*day),
        _ => expected(call, index, "a Date"),
    }
}

fn instant(call: &Call<'_, '_, '_>, index: usize) -> Result<Timestamp, EvalError> {
    match call.value(index)? {
        Value::Timestamp(instant) => Ok(*instant),
        _ => expected(call, index, "a Timestamp"),
    }
}

/// The zone of that name from the built-in copy of the database: no file is read.
fn zone(call: &Call<'_, '_, '_>, index: usize) -> Result<TimeZone, EvalError> {
    static ZONES: std::sync::LazyLock<TimeZoneDatabase> = std::sync::LazyLock::new(TimeZoneDatabase::bundled);
    let name = call.text_or(index, "UTC")?;
    match ZONES.get(name) {
        Ok(zone) => Ok(zone),
        Err(_) => call.fail(Fault::argument(format!("there is no zone {name:?}; zones are like \"Europe/London\""))),
    }
}

fn calendar<T>(call: &Call<'_, '_, '_>, result: Result<T, jiff::Error>) -> Result<T, EvalError> {
    result.or_else(|_| call.fail(Fault::overflow("the result is outside the calendar (years -9999 to 9999)")))
}

fn day_of_run(call: &mut Call<'_, '_, '_>, offset: i64) -> Outcome {
    let day = zone(call, 0)?.to_datetime(call.machine.context.now).date();
    calendar(call, day.checked_add(offset.days())).map(Value::Date)
}

fn shifted(call: &mut Call<'_, '_, '_>, span: fn(i64) -> Result<Span, jiff::Error>) -> Outcome {
    let (day, count) = (day(call, 0)?, call.int(1)?);
    calendar(call, span(count).and_then(|span| day.checked_add(span))).map(Value::Date)
}

fn start_of_day(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (day, zone) = (day(call, 0)?, zone(call, 1)?);
    let start = day.to_zoned(zone).and_then(|start| start.start_of_day());
    calendar(call, start).map(|start| Value::Timestamp(start.timestamp()))
}

fn instant_of(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (day, zone) = (day(call, 0)?, zone(call, 2)?);
    let Value::Time(time) = call.value(1)? else { return expected(call, 1, "a Time") };
    calendar(call, zone.to_timestamp(day.to_datetime(*time))).map(Value::Timestamp)
}

fn from_unix(call: &mut Call<'_, '_, '_>) -> Outcome {
    let seconds = call.int(0)?;
    calendar(call, Timestamp::from_second(seconds)).map(Value::Timestamp)
}

fn format_instant(call: &mut Call<'_, '_, '_>) -> Outcome {
    let shown = instant(call, 0)?.to_zoned(zone(call, 2)?);
    let printed = jiff::fmt::strtime::format(&**call.text(1)?, &shown);
    formatted(call, printed)
}

fn formatted(call: &mut Call<'_, '_, '_>, printed: Result<String, jiff::Error>) -> Outcome {
    match printed {
        Ok(text) => call.string(text),
        Err(error) => call.fail(Fault::argument(format!("the pattern cannot be used here: {error}"))),
    }
}

fn length(call: &mut Call<'_, '_, '_>, nanoseconds: i128) -> Outcome {
    let count = i128::from(call.int(0)?);
    match count.checked_mul(nanoseconds).and_then(SignedDuration::try_from_nanos_i128) {
        Some(length) => Ok(Value::Duration(length)),
        None => call.fail(Fault::overflow("the duration is too long")),
    }
}

fn measured(call: &mut Call<'_, '_, '_>, nanoseconds: i64) -> Outcome {
    let Value::Duration(length) = call.value(0)? else { return expected(call, 0, "a Duration") };
    let total = Decimal::try_from_i128_with_scale(length.as_nanos(), 0).ok();
    match total.and_then(|total| total.checked_div(nanoseconds.into())) {
        Some(number) => Ok(Value::Decimal(number.normalize())),
        None => call.fail(Fault::overflow("the duration is too long")),
    }
}
