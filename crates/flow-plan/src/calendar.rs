//! Calendars: every start of a schedule over a year, and the longest time between two of them.
//!
//! Pure: the year is given, so that a program means the same on every day of it. Zones are those of the database that is
//! built in. Times that a clock skips happen as much later as it jumps; times that it shows twice happen the first time;
//! cron is as [`croner`] reads it. Both sides look at it: proofs when compiling, the scheduler when running.
//! Knows nothing of flows. Tested minute by minute against a clock that is looked at, for ten zones.

use crate::{Schedule, words};
use croner::{
    Cron, Direction,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time, date},
    tz::{TimeZone, TimeZoneDatabase},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Milliseconds of a day of 24 hours.
pub const DAY_MS: i64 = 86_400_000;

/// A cron that matches fewer days in the year is looked at over more years: leap days, months that have a 31st.
const RARE: usize = 40;

/// From one day to another, which is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// The first day.
    pub from: Date,
    /// The day after the last.
    pub until: Date,
}

impl Default for Horizon {
    fn default() -> Self {
        Self::YEAR
    }
}

impl Horizon {
    /// A year, and two weeks more, so that each gap of it is whole: for callers that do not say which.
    pub const YEAR: Self = Self { from: date(2026, 1, 1), until: date(2027, 1, 15) };

    /// A year and the next one, and two weeks more: at least a year from any day of the first.
    #[must_use]
    pub fn starting(year: i16) -> Self {
        let first = |year: i16| Date::new(year, 1, 1).ok();
        let until = || Date::new(year.checked_add(2)?, 1, 15).ok();
        match (first(year), until()) {
            (Some(from), Some(until)) => Self { from, until },
            _ => Self::YEAR,
        }
    }

    /// The same beginning, with two leap days.
    fn long(self) -> Self {
        Self { from: self.from, until: self.until.checked_add(8.years()).unwrap_or(self.until) }
    }
}

/// When something starts, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// Every so many milliseconds.
    Every(i64),
    /// At these instants, in order, each once.
    Listed(Arc<[i64]>),
}

/// The time between two starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first.
    pub from: i64,
    /// The next one.
    pub to: i64,
}

impl Gap {
    /// One of that length, of which nobody knows when it is.
    #[must_use]
    pub fn of(ms: u64) -> Self {
        Self { from: 0, to: i64::try_from(ms).unwrap_or(i64::MAX) }
    }

    /// Its length.
    #[must_use]
    pub fn ms(self) -> u64 {
        u64::try_from(self.to.saturating_sub(self.from)).unwrap_or(0)
    }
}

impl Calendar {
    /// Whether instants can be told: a period that does not divide a day may be counted from anywhere.
    #[must_use]
    pub fn has_phase(&self) -> bool {
        match self {
            Self::Every(period) => *period > 0 && DAY_MS % period == 0,
            Self::Listed(_) => true,
        }
    }

    /// How many starts there are after one instant, up to another.
    #[must_use]
    pub fn count(&self, after: i64, until: i64) -> u64 {
        let before = |at: i64| match self {
            Self::Every(period) => at.div_euclid(*period),
            Self::Listed(all) => all.partition_point(|start| *start <= at) as i64,
        };
        u64::try_from(before(until).saturating_sub(before(after))).unwrap_or(0)
    }

    /// The last start that is not after an instant.
    #[must_use]
    pub fn last_until(&self, at: i64) -> Option<i64> {
        match self {
            Self::Every(period) => Some(at.div_euclid(*period) * period),
            Self::Listed(all) => all.partition_point(|start| *start <= at).checked_sub(1).map(|place| all[place]),
        }
    }

    /// The first start after an instant.
    #[must_use]
    pub fn first_after(&self, at: i64) -> Option<i64> {
        match self {
            Self::Every(period) => Some((at.div_euclid(*period) + 1) * period),
            Self::Listed(all) => all.get(all.partition_point(|start| *start <= at)).copied(),
        }
    }

    /// The longest time from a start to the next one that finds it done, if each keeps busy for so long. The first
    /// such, if several are as long; none if there is no next one.
    #[must_use]
    pub fn longest_gap(&self, busy_ms: u64) -> Option<Gap> {
        let busy = i64::try_from(busy_ms).ok()?;
        let all = match self {
            Self::Every(period) => {
                let rounds = busy.saturating_add(period - 1) / period;
                return Some(Gap { from: 0, to: period.checked_mul(rounds.max(1))? });
            }
            Self::Listed(all) => all,
        };
        let mut worst = Worst::default();
        let mut next = 0;
        for (place, from) in all.iter().enumerate() {
            next = next.max(place + 1);
            while all.get(next).is_some_and(|to| *to < from.saturating_add(busy)) {
                next += 1;
            }
            let Some(to) = all.get(next) else { break };
            worst.add(Gap { from: *from, to: *to });
        }
        worst.0
    }

    /// How many starts one time of that length holds at most.
    #[must_use]
    pub fn most_within(&self, window_ms: u64) -> u64 {
        let window = i64::try_from(window_ms).unwrap_or(i64::MAX);
        match self {
            Self::Every(period) => window_ms.div_ceil(u64::try_from(*period).unwrap_or(u64::MAX).max(1)),
            Self::Listed(all) => {
                let (mut first, mut most) = (0, 0);
                for (place, start) in all.iter().enumerate() {
                    while start.saturating_sub(all[first]) >= window && first < place {
                        first += 1;
                    }
                    most = most.max(place - first + 1);
                }
                most as u64
            }
        }
    }

    /// Only the starts that are left alone for so long: the others are cut off by the next.
    #[must_use]
    pub fn undisturbed(&self, busy_ms: u64) -> Option<Self> {
        let busy = i64::try_from(busy_ms).ok()?;
        match self {
            Self::Every(period) => (busy <= *period).then(|| self.clone()),
            Self::Listed(all) => {
                let whole = all.windows(2).filter(|pair| pair[1] - pair[0] >= busy).map(|pair| pair[0]);
                Some(Self::Listed(whole.collect()))
            }
        }
    }

    /// Whether all starts are left alone for so long.
    #[must_use]
    pub fn is_undisturbed(&self, busy_ms: u64) -> bool {
        let Ok(busy) = i64::try_from(busy_ms) else { return false };
        match self {
            Self::Every(period) => busy <= *period,
            Self::Listed(all) => all.windows(2).all(|pair| pair[1] - pair[0] >= busy),
        }
    }

    /// The longest time from a start to the last one that comes less than so long after it.
    #[must_use]
    pub fn last_within(&self, busy_ms: u64) -> Option<u64> {
        let busy = i64::try_from(busy_ms).ok()?.max(1);
        let all = match self {
            Self::Every(period) => return u64::try_from((busy - 1) / period * period).ok(),
            Self::Listed(all) => all,
        };
        let mut last = 0;
        let longest = all.iter().map(|from| {
            while all.get(last + 1).is_some_and(|next| *next < from.saturating_add(busy)) {
                last += 1;
            }
            all[last] - from
        });
        u64::try_from(longest.max()?).ok()
    }

    /// If each start waits for the one before, which keeps busy for so long: the longest time from a start to when
    /// the next one begins, and how long one waits at most. None if more and more are waiting.
    #[must_use]
    pub fn longest_queued(&self, busy_ms: u64) -> Option<(Gap, u64)> {
        let busy = i64::try_from(busy_ms).ok()?;
        let all = match self {
            Self::Every(period) => return (busy <= *period).then_some((Gap { from: 0, to: *period }, 0)),
            Self::Listed(all) => all,
        };
        let span = all.last()?.checked_sub(*all.first()?)?;
        let busy_in_all = busy.checked_mul(i64::try_from(all.len()).ok()? - 1)?;
        if busy_in_all > span {
            return None;
        }
        let (mut worst, mut waits) = (Worst::default(), 0);
        let mut done = i64::MIN;
        for (place, start) in all.iter().enumerate() {
            let begins = done.max(*start);
            waits = waits.max(begins - start);
            if let Some(before) = place.checked_sub(1) {
                worst.add(Gap { from: all[before], to: begins });
            }
            done = begins.saturating_add(busy);
        }
        Some((worst.0?, u64::try_from(waits).ok()?))
    }

    /// The starts of both. Where the instants of one cannot be listed, the denser one alone, which has no shorter gaps.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Listed(one), Self::Listed(other)) => {
                let mut all: Vec<i64> = one.iter().chain(other.iter()).copied().collect();
                all.sort_unstable();
                all.dedup();
                Self::Listed(all.into())
            }
            (one, other) if one.longest_gap(0).map(Gap::ms) <= other.longest_gap(0).map(Gap::ms) => one.clone(),
            (_, other) => other.clone(),
        }
    }

    /// The longest time from the begin of what a reader sees at its start to that start, if what `self` begins may
    /// be there only so long after. None where the two cannot be laid side by side.
    #[must_use]
    pub fn seen_by(&self, reader: &Self, there_after_ms: u64) -> Option<Gap> {
        let mut worst = Worst::default();
        self.newest_at_looks(reader, i64::try_from(there_after_ms).ok()?, |newest, look| {
            worst.add(Gap { from: newest, to: look });
        });
        worst.0
    }

    /// What comes at any time since the instant before, and at an instant of `self` at the latest: the longest time
    /// since when what a reader sees may have come.
    #[must_use]
    pub fn arrived_before(&self, reader: &Self) -> Option<Gap> {
        let mut worst = Worst::default();
        self.newest_at_looks(reader, 0, |newest, look| {
            if let Some(before) = self.last_until(newest - 1) {
                worst.add(Gap { from: before, to: look });
            }
        });
        worst.0
    }

    /// Tells for the reader's starts the newest instant that is past by so long. Of several starts that see the same
    /// the last one is enough.
    fn newest_at_looks(&self, reader: &Self, after: i64, mut tell: impl FnMut(i64, i64)) {
        if !self.has_phase() || !reader.has_phase() {
            return;
        }
        match (self, reader) {
            (_, Self::Listed(looks)) => {
                for look in looks.iter() {
                    if let Some(newest) = self.last_until(look.saturating_sub(after)) {
                        tell(newest, *look);
                    }
                }
            }
            (Self::Listed(all), Self::Every(_)) => {
                for pair in all.windows(2) {
                    let there = pair[0].saturating_add(after);
                    let last = reader.last_until(pair[1].saturating_add(after) - 1).filter(|look| *look >= there);
                    last.into_iter().for_each(|look| tell(pair[0], look));
                }
            }
            (Self::Every(_), Self::Every(_)) => {}
        }
    }

    /// The instants over the days of a horizon; none where they cannot be told, or are more than one a minute.
    #[must_use]
    pub fn instants(&self, horizon: Horizon) -> Option<Arc<[i64]>> {
        match self {
            Self::Listed(all) => Some(all.clone()),
            Self::Every(period) if self.has_phase() && *period >= 60_000 => {
                let at = |day: Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok().map(Timestamp::as_millisecond);
                let (from, until) = (at(horizon.from)?, at(horizon.until)?);
                Some((from..until).step_by(usize::try_from(*period).ok()?).collect())
            }
            Self::Every(_) => None,
        }
    }
}

/// The longest gap so far, the first of several.
#[derive(Default)]
struct Worst(Option<Gap>);

impl Worst {
    fn add(&mut self, gap: Gap) {
        if self.0.is_none_or(|worst| gap.ms() > worst.ms()) {
            self.0 = Some(gap);
        }
    }
}

/// A day in a zone.
#[derive(Clone, Copy, Debug)]
struct Day {
    date: Date,
    /// Its first instant.
    midnight: i64,
    /// Whether its clock runs through without a jump.
    is_plain: bool,
}

/// Calendars of schedules, each computed once.
#[derive(Debug)]
pub struct Calendars {
    horizon: Horizon,
    days: BTreeMap<(Arc<str>, bool), Arc<[Day]>>,
    known: BTreeMap<String, Option<Arc<Calendar>>>,
}

impl Default for Calendars {
    fn default() -> Self {
        Self::new(Horizon::YEAR)
    }
}

impl Calendars {
    /// The days that are looked at.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// None yet, over those days.
    #[must_use]
    pub fn new(horizon: Horizon) -> Self {
        Self { horizon, days: BTreeMap::new(), known: BTreeMap::new() }
    }

    /// All starts of a schedule. None if the zone or the expression is not one, which is reported elsewhere, or if
    /// there is never a start.
    pub fn of(&mut self, schedule: &Schedule) -> Option<Arc<Calendar>> {
        let key = words::schedule(schedule);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let made = self.make(schedule).map(Arc::new);
        self.known.insert(key, made.clone());
        made
    }

    /// How many starts one day of a zone holds at most. Where clocks go back it is an hour longer.
    pub fn most_a_day(&mut self, calendar: &Calendar, zone: &Arc<str>) -> u64 {
        let Calendar::Listed(all) = calendar else { return calendar.most_within(DAY_MS.unsigned_abs()) };
        let Ok(tz) = ZONES.get(zone) else { return calendar.most_within(DAY_MS.unsigned_abs()) };
        let days = self.days(zone, &tz, all.len() < RARE);
        let mut most = 0;
        let mut from = 0;
        for next in days.iter().skip(1).map(|day| day.midnight).chain([i64::MAX]) {
            let until = from + all[from..].partition_point(|start| *start < next);
            most = most.max(until - from);
            from = until;
        }
        most as u64
    }

    fn make(&mut self, schedule: &Schedule) -> Option<Calendar> {
        match schedule {
            Schedule::Every { period_ms } => {
                i64::try_from(*period_ms).ok().filter(|period| *period > 0).map(Calendar::Every)
            }
            Schedule::Days { days, minutes, zone } => {
                let tz = ZONES.get(zone).ok()?;
                let all = self.days(zone, &tz, false);
                let matching =
                    all.iter().filter(|day| days.contains(&(day.date.weekday().to_monday_one_offset() as u8)));
                let starts = matching.flat_map(|day| minutes.iter().filter_map(|minute| instant(&tz, day, *minute)));
                listed(starts.collect())
            }
            Schedule::Cron { expression, zone } => {
                let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
                let cron = parser.parse(expression).ok()?;
                let tz = ZONES.get(zone).ok()?;
                let year = matching_days(&cron, &self.days(zone, &tz, false));
                let matching = match year.len() < RARE {
                    true => matching_days(&cron, &self.days(zone, &tz, true)),
                    false => year,
                };
                listed(cron_starts(&cron, &tz, &matching))
            }
        }
    }

    /// The days of the horizon in a zone.
    fn days(&mut self, zone: &Arc<str>, tz: &TimeZone, long: bool) -> Arc<[Day]> {
        let key = (zone.clone(), long);
        if let Some(known) = self.days.get(&key) {
            return known.clone();
        }
        let horizon = if long { self.horizon.long() } else { self.horizon };
        let mut days: Vec<Day> = vec![];
        let mut here = horizon.from;
        while here <= horizon.until {
            let Ok(midnight) = tz.to_timestamp(here.at(0, 0, 0, 0)).map(Timestamp::as_millisecond) else { break };
            let offset = offset(tz, midnight);
            if let Some(before) = days.last_mut() {
                before.is_plain = midnight - before.midnight == DAY_MS && offset == self::offset(tz, before.midnight);
            }
            days.push(Day { date: here, midnight, is_plain: false });
            let Ok(next) = here.tomorrow() else { break };
            here = next;
        }
        days.pop();
        let days: Arc<[Day]> = days.into();
        self.days.insert(key, days.clone());
        days
    }
}

fn offset(tz: &TimeZone, at: i64) -> i32 {
    Timestamp::from_millisecond(at).map_or(0, |at| tz.to_offset(at).seconds())
}

/// A time of day on a day.
fn instant(tz: &TimeZone, day: &Day, minute: u16) -> Option<i64> {
    if day.is_plain {
        return Some(day.midnight + i64::from(minute) * 60_000);
    }
    let time = Time::new((minute / 60) as i8, (minute % 60) as i8, 0, 0).ok()?;
    tz.to_timestamp(day.date.to_datetime(time)).ok().map(Timestamp::as_millisecond)
}

fn listed(mut starts: Vec<i64>) -> Option<Calendar> {
    starts.sort_unstable();
    starts.dedup();
    (!starts.is_empty()).then(|| Calendar::Listed(starts.into()))
}

fn matching_days(cron: &Cron, days: &[Day]) -> Vec<Day> {
    let matches = |day: &&Day| {
        let (year, month, of_month) = (i32::from(day.date.year()), day.date.month() as u32, day.date.day() as u32);
        let weekday = match day.date.weekday() {
            jiff::civil::Weekday::Monday => croner::Weekday::Monday,
            jiff::civil::Weekday::Tuesday => croner::Weekday::Tuesday,
            jiff::civil::Weekday::Wednesday => croner::Weekday::Wednesday,
            jiff::civil::Weekday::Thursday => croner::Weekday::Thursday,
            jiff::civil::Weekday::Friday => croner::Weekday::Friday,
            jiff::civil::Weekday::Saturday => croner::Weekday::Saturday,
            jiff::civil::Weekday::Sunday => croner::Weekday::Sunday,
        };
        cron.pattern.month_match(month).unwrap_or(false)
            && cron.pattern.day_match(year, month, of_month, weekday).unwrap_or(false)
    };
    days.iter().filter(matches).copied().collect()
}

/// The starts of a cron on the days that it matches: by sums where the clock runs through, else as `croner` says.
fn cron_starts(cron: &Cron, tz: &TimeZone, days: &[Day]) -> Vec<i64> {
    let (hours, minutes) = (cron.pattern.hours.values(), cron.pattern.minutes.values());
    let mut starts = vec![];
    for day in days {
        if day.is_plain {
            for hour in &hours {
                let hour = day.midnight + i64::from(*hour) * 3_600_000;
                starts.extend(minutes.iter().map(|minute| hour + i64::from(*minute) * 60_000));
            }
            continue;
        }
        let Ok(first) = Timestamp::from_millisecond(day.midnight) else { continue };
        let on_day =
            cron.iter_from(first.to_zoned(tz.clone()), Direction::Forward).take_while(|at| at.date() == day.date);
        starts.extend(on_day.map(|at| at.timestamp().as_millisecond()));
    }
    starts
}

/// An instant as people of a zone say it: `Friday 2026-10-23 06:00`.
#[must_use]
pub fn moment(at: i64, zone: &str) -> String {
    let tz = ZONES.get(zone).unwrap_or(TimeZone::UTC);
    Timestamp::from_millisecond(at)
        .map_or_else(|_| String::new(), |at| at.to_zoned(tz).strftime("%A %F %H:%M").to_string())
}

/// What makes a gap as long as it is: the days between, and what the clocks do in it. Nothing to say of a plain one.
#[must_use]
pub fn why_so_long(gap: Gap, zone: &str) -> Option<String> {
    let tz = ZONES.get(zone).ok()?;
    let (from, to) = (Timestamp::from_millisecond(gap.from).ok()?, Timestamp::from_millisecond(gap.to).ok()?);
    let clocks = clocks(gap, zone);
    let days = (to.to_zoned(tz.clone()).date() - from.to_zoned(tz).date()).get_days();
    let names = || format!("{} to {}", moment(gap.from, zone), moment(gap.to, zone));
    match (days, clocks) {
        (1, clocks) => clocks,
        (_, None) => Some(names()),
        (_, Some(clocks)) => Some(format!("{}, {clocks}", names())),
    }
}

/// `clocks go back on 2026-10-25`, if they do between two times, or forward.
#[must_use]
pub fn clocks(gap: Gap, zone: &str) -> Option<String> {
    let tz = ZONES.get(zone).ok()?;
    let (from, to) = (Timestamp::from_millisecond(gap.from).ok()?, Timestamp::from_millisecond(gap.to).ok()?);
    let turned = tz.to_offset(from).seconds() - tz.to_offset(to).seconds();
    let change = || tz.following(from).find(|change| change.timestamp() <= to && change.offset() != tz.to_offset(from));
    match turned {
        0 => None,
        turned => change().map(|change| {
            let way = if turned > 0 { "back" } else { "forward" };
            format!("clocks go {way} on {}", change.timestamp().to_zoned(tz.clone()).date())
        }),
    }
}
