//! How all of a project stands: what needs a person, what is broken, late or at risk, what runs and what comes.
//!
//! Pure: what is known of runs and data is given as [`Facts`]. A promise is at risk where it is less likely to be kept than
//! [`LIKELY`], by what runs took before, or where nothing that could keep it is due in time.

use crate::{
    chance::{Chance, History},
    schedule::{Ruling, Why},
};
use flow_expr::Name;
use flow_plan::{
    Flow, NodeKind, Program, Trigger,
    calendar::{Calendars, Horizon},
    deadline, words,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// A promise that is kept with at least this chance is not at risk.
pub const LIKELY: f64 = 0.8;

/// What is known of a project's runs and data. Instants are in milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The last run of each flow that has ended.
    pub last: BTreeMap<Name, Last>,
    /// How long runs of each flow took.
    pub histories: BTreeMap<Name, History>,
    /// Runs that have not ended.
    pub open: Vec<Open>,
    /// The newest version of each dataset without partitions: its data time.
    pub data_times: BTreeMap<Name, i64>,
    /// Starts that wait: the flow, why, and since when.
    pub waiting: Vec<(Name, String, i64)>,
    /// The last start of a flow that was dropped, if nothing was decided after it.
    pub dropped: BTreeMap<Name, (i64, Ruling)>,
    /// Questions to people.
    pub questions: Vec<Asked>,
    /// Whether somebody starts flows when they are due.
    pub is_served: bool,
}

/// The last run of a flow that has ended.
#[derive(Clone, Debug)]
pub struct Last {
    /// Its id.
    pub run: Arc<str>,
    /// When it ended.
    pub ended: i64,
    /// What went wrong, if something did.
    pub failure: Option<String>,
}

/// A run that has not ended.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its id.
    pub run: Arc<str>,
    /// Its flow.
    pub flow: Name,
    /// When it began.
    pub started: i64,
    /// How far it is.
    pub state: State,
}

/// How far a run is that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A process drives it.
    UnderWay,
    /// Its process is gone.
    CutOff,
    /// As well, and somebody must say what became of a step.
    InDoubt,
    /// As well, and the service could not go on with it.
    Left,
}

/// A question to a person.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The run.
    pub run: Arc<str>,
    /// The step's label.
    pub step: Arc<str>,
    /// Who is asked.
    pub who: Arc<str>,
    /// How long is waited.
    pub until: i64,
}

/// What kind of thing is said, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody has to answer or decide.
    NeedsPerson,
    /// The last run failed.
    Broken,
    /// A promise is broken now.
    Late,
    /// A promise may not be kept.
    AtRisk,
    /// A start waits for the run before it.
    Waits,
    /// It runs.
    Runs,
    /// It starts next.
    Next,
}

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its kind.
    pub kind: Kind,
    /// The flow, dataset or step.
    pub of: Arc<str>,
    /// In words.
    pub says: String,
    /// The instant that it is about, milliseconds since 1970: since when, or by when.
    pub at: i64,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Arc<str>>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
    /// The chance that the promise is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<Chance>,
    /// What can be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_out: Option<String>,
}

/// How all of it stands, the most urgent first, and then in the order of time.
#[must_use]
pub fn status(program: &Program, facts: &Facts, now: i64) -> Vec<Item> {
    let mut standing = Standing { program, facts, now, items: vec![], next: next_starts(program, now) };
    standing.people();
    standing.runs();
    standing.broken();
    standing.freshness();
    standing.coming();
    let mut items = standing.items;
    items.sort_by(|a, b| (a.kind, a.at, &a.of).cmp(&(b.kind, b.at, &b.of)));
    items
}

/// When each flow starts next by its schedules.
#[must_use]
pub fn next_starts(program: &Program, now: i64) -> BTreeMap<Name, i64> {
    let year = timestamp(now).to_zoned(jiff::tz::TimeZone::UTC).year();
    let mut calendars = Calendars::new(Horizon::starting(year));
    let own = program.flows.values().filter(|flow| !flow.name.as_str().starts_with("std."));
    let next = own.filter_map(|flow| {
        let schedules = flow.starts.iter().filter_map(|start| match &start.trigger {
            Trigger::Schedule(schedule) => calendars.of(schedule)?.first_after(now),
            _ => None,
        });
        Some((flow.name.clone(), schedules.min()?))
    });
    next.collect()
}

struct Standing<'a> {
    program: &'a Program,
    facts: &'a Facts,
    now: i64,
    items: Vec<Item>,
    next: BTreeMap<Name, i64>,
}

impl Standing<'_> {
    fn say(&mut self, kind: Kind, of: &Name, at: i64, says: String) -> &mut Item {
        let flow = self.program.flows.get(of).and_then(|flow| flow.owner.clone());
        let owner = flow.or_else(|| self.program.datasets.get(of).and_then(|dataset| dataset.owner.clone()));
        let of = of.short().into();
        self.items.push(Item { kind, of, says, at, run: None, owner, chance: None, way_out: None });
        let last = self.items.len() - 1;
        &mut self.items[last]
    }

    fn people(&mut self) {
        let facts = self.facts;
        for Asked { run, step, who, until } in &facts.questions {
            let left = length(until - self.now);
            let says = format!("{who} is asked, for {left} more");
            let item = self.say(Kind::NeedsPerson, &Name::new(step.as_ref()), *until, says);
            (item.run, item.way_out) = (Some(run.clone()), Some(format!("flowc approve {run} {step}")));
        }
        for open in &facts.open {
            let (says, way_out) = match open.state {
                State::InDoubt => ("nobody knows whether a step took effect", format!("flowc show {}", open.run)),
                // Who serves the project goes on with what was cut off.
                State::CutOff => ("it was cut off", format!("flowc resume {}", open.run)),
                State::Left => ("the service could not go on with it", format!("flowc show {}", open.run)),
                State::UnderWay => continue,
            };
            let item = self.say(Kind::NeedsPerson, &open.flow, open.started, says.to_owned());
            (item.run, item.way_out) = (Some(open.run.clone()), Some(way_out));
        }
    }

    fn runs(&mut self) {
        let facts = self.facts;
        for open in facts.open.iter().filter(|open| open.state == State::UnderWay) {
            let elapsed = self.now - open.started;
            let due = self.program.flows.get(&open.flow).and_then(|flow| due(flow, open.started));
            let history = facts.histories.get(&open.flow);
            let chance = due.and_then(|due| history?.chance(unsigned(elapsed), unsigned(due - open.started)));
            let (kind, at, says) = match due {
                Some(due) if due < self.now => {
                    (Kind::Late, due, format!("it runs, and was to end {} ago", length(self.now - due)))
                }
                Some(due) if chance.is_some_and(|chance| chance.kept < LIKELY) => (
                    Kind::AtRisk,
                    due,
                    format!("it runs since {}, and is to end within {}", length(elapsed), length(due - self.now)),
                ),
                _ => {
                    let usual =
                        history.and_then(History::median_ms).map(|ms| format!(", {} as a rule", words::duration(ms)));
                    (Kind::Runs, open.started, format!("since {}{}", length(elapsed), usual.unwrap_or_default()))
                }
            };
            let item = self.say(kind, &open.flow, at, says);
            (item.run, item.chance) = (Some(open.run.clone()), chance);
        }
        for (flow, why, since) in &facts.waiting {
            let says = format!("since {}, for the run before it: {why}", length(self.now - since));
            self.say(Kind::Waits, flow, *since, says);
        }
    }

    fn broken(&mut self) {
        let facts = self.facts;
        for (flow, last) in facts.last.iter().filter(|(flow, _)| self.program.flows.contains_key(*flow)) {
            let Some(failure) = &last.failure else { continue };
            let says = format!("failed {} ago: {failure}", length(self.now - last.ended));
            let item = self.say(Kind::Broken, flow, last.ended, says);
            (item.run, item.way_out) = (Some(last.run.clone()), Some(format!("flowc show {}", last.run)));
        }
        for (flow, (at, ruling)) in &facts.dropped {
            let Ruling::Drop(why @ (Why::Wrong(_) | Why::TooMany(_))) = ruling else { continue };
            let says = format!("could not start {} ago: {why}", length(self.now - at));
            self.say(Kind::Broken, flow, *at, says);
        }
    }

    /// Data that is too old, or will be before anything renews it.
    fn freshness(&mut self) {
        let program = self.program;
        for dataset in program.datasets.values().filter(|dataset| dataset.partition.is_empty()) {
            let (Some(fresh), Some(time)) = (&dataset.fresh, self.facts.data_times.get(&dataset.name)) else {
                continue;
            };
            let (within, age) = (signed(fresh.within_ms), self.now - time);
            let until = time.saturating_add(within);
            if age > within {
                let says = format!("is {} old, promised {}", length(age), words::duration(fresh.within_ms));
                let writer = writer(program, &dataset.name).map(|flow| format!("flowc run {}", flow.name.short()));
                self.say(Kind::Late, &dataset.name, until, says).way_out = writer;
                continue;
            }
            let Some(writer) = writer(program, &dataset.name) else { continue };
            let (chance, when) = self.renewed(writer, until);
            let is_at_risk = chance.map_or(when.is_none(), |chance| chance.kept < LIKELY);
            // What starts when somebody or something else says so may start in time.
            let is_by_clock = self.next.contains_key(&writer.name) || self.runs_now(&writer.name).is_some();
            if is_at_risk && is_by_clock {
                let when = when.map_or_else(
                    || format!("`{}` does not start before that", writer.name.short()),
                    |start| format!("`{}` starts {}", writer.name.short(), in_time(start - self.now)),
                );
                let says = format!("is too old in {}: {when}", length(until - self.now));
                self.say(Kind::AtRisk, &dataset.name, until, says).chance = chance;
            }
        }
    }

    /// The chance that a flow has ended well by then, and when that run starts, or started.
    fn renewed(&self, flow: &Flow, until: i64) -> (Option<Chance>, Option<i64>) {
        let running = self.runs_now(&flow.name);
        let Some(start) = running.or_else(|| self.next.get(&flow.name).copied()).filter(|start| *start < until) else {
            return (None, None);
        };
        let history = self.facts.histories.get(&flow.name);
        let elapsed = unsigned(self.now - start);
        (history.and_then(|history| history.chance(elapsed, unsigned(until - start))), Some(start))
    }

    fn runs_now(&self, flow: &Name) -> Option<i64> {
        let mut open = self.facts.open.iter().filter(|open| open.flow == *flow && open.state == State::UnderWay);
        open.next().map(|open| open.started)
    }

    /// What starts next, and whether it is likely to end in time.
    fn coming(&mut self) {
        let (program, facts) = (self.program, self.facts);
        for (flow, start) in self.next.clone() {
            let Some(declared) = program.flows.get(&flow) else { continue };
            let chance = due(declared, start)
                .and_then(|due| Some((due, facts.histories.get(&flow)?.chance(0, unsigned(due - start))?)));
            if let Some((due, chance)) = chance.filter(|(_, chance)| chance.kept < LIKELY) {
                let says = format!("starts {} and is to end within {}", in_time(start - self.now), length(due - start));
                self.say(Kind::AtRisk, &flow, due, says).chance = Some(chance);
            }
            let served = if facts.is_served { "" } else { ", if somebody starts it: nothing is served here" };
            let says = format!("{}{served}", in_time(start - self.now));
            self.say(Kind::Next, &flow, start, says);
        }
    }
}

/// The flow that writes a dataset.
fn writer<'p>(program: &'p Program, dataset: &Name) -> Option<&'p Flow> {
    program.flows.values().find(|flow| {
        flow.nodes().any(|node| matches!(&node.kind, NodeKind::Write { dataset: written, .. } if written == dataset))
    })
}

/// When a run that starts then is to have ended.
fn due(flow: &Flow, started: i64) -> Option<i64> {
    deadline(flow, timestamp(started)).map(Timestamp::as_millisecond)
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `in 5m`, `now`.
fn in_time(ms: i64) -> String {
    if ms <= 0 { "now".to_owned() } else { format!("in {}", length(ms)) }
}

/// A length as people say it: no more than two parts, nothing below a second.
fn length(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let rounded = match seconds {
        0..600 => seconds,
        600..36_000 => seconds / 60 * 60,
        _ => seconds / 3600 * 3600,
    };
    if rounded == 0 { "0s".to_owned() } else { words::duration(unsigned(rounded * 1000)) }
}

fn unsigned(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
