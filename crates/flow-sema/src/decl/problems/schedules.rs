//! Zones, cron expressions, times.

use crate::problems::nearest;
use flow_diag::{Problem, Span, codes};

/// A zone that does not exist.
pub(crate) struct UnknownZone {
    name: String,
    at: Span,
    nearest: Option<String>,
}

impl UnknownZone {
    pub(crate) fn new<'a>(name: &str, at: Span, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.collect();
        // `London` for `Europe/London`.
        let city =
            known.iter().find(|zone| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name)));
        let nearest = city.copied().or_else(|| nearest(name, known.iter().copied())).map(str::to_owned);
        Self { name: name.to_owned(), at, nearest }
    }
}

impl From<UnknownZone> for Problem {
    fn from(found: UnknownZone) -> Self {
        let UnknownZone { name, at, nearest } = found;
        let problem =
            Self::error(codes::E0163, at, format!("there is no time zone `{name}`"), "not in the database of zones");
        match nearest {
            Some(near) => {
                problem.help(format!("did you mean `{near}`?")).fix(format!("use `{near}`"), at, format!("\"{near}\""))
            }
            None => problem.help("zones are named like `Europe/London` or `UTC`"),
        }
    }
}

/// A local time without a zone.
pub(crate) struct NoZone {
    pub(crate) at: Span,
}

impl From<NoZone> for Problem {
    fn from(found: NoZone) -> Self {
        let end = Span::new(found.at.file, found.at.end, found.at.end);
        Self::error(codes::E0164, found.at, "a time of day needs a time zone", "in which zone?")
            .help("add `in \"Europe/London\"`, or `in \"UTC\"`")
            .fix("take UTC", end, " in \"UTC\"")
    }
}

/// A cron expression that means nothing.
pub(crate) struct BadCron<'a> {
    pub(crate) at: Span,
    pub(crate) expression: &'a str,
    pub(crate) why: String,
}

impl From<BadCron<'_>> for Problem {
    fn from(found: BadCron<'_>) -> Self {
        let BadCron { at, expression, why } = found;
        Self::error(codes::E0165, at, format!("`{expression}` is no cron expression"), why)
            .help("five fields: minute, hour, day of the month, month, day of the week, as in `0 6 * * 1-5`")
    }
}

/// A cron expression that no date fits.
pub(crate) struct NeverComes<'a> {
    pub(crate) at: Span,
    pub(crate) expression: &'a str,
    /// The same on the last day of its months, if there is such a one.
    pub(crate) last_day: Option<String>,
}

impl From<NeverComes<'_>> for Problem {
    fn from(found: NeverComes<'_>) -> Self {
        let NeverComes { at, expression, last_day } = found;
        let title = format!("the time `{expression}` never comes");
        let problem = Self::error(codes::E0703, at, title, "no month that it names has such a day");
        match last_day {
            Some(text) => problem.help("for the last day of a month write `L`").fix(
                "take the last day of the month",
                at,
                format!("\"{text}\""),
            ),
            None => problem.help("look at its third and fourth field: the day of the month, and the month"),
        }
    }
}

/// Seconds where minutes are counted.
pub(crate) struct WholeMinutes {
    pub(crate) at: Span,
}

impl From<WholeMinutes> for Problem {
    fn from(found: WholeMinutes) -> Self {
        Self::error(codes::E0261, found.at, "schedules count whole minutes", "has seconds").help("write `06:00`")
    }
}
