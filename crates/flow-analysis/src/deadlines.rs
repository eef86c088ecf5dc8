//! E07: deadlines that a run may miss, and starts that pile up.
//!
//! `finish within` is compared with the worst case; `finish by` for every start of the year, clock changes included.
//! Flows without a calendar have no start to compare `by` with.

use crate::{
    bounds::{Rhythm, SystemBounds, Unbounded},
    calendar::{Gap, clocks, moment},
    path::{Leg, gain},
    spell, terms,
    time::{self, call_bound},
};
use flow_diag::{Problem, Problems, codes};
use flow_plan::{Deadline, Finish, Flow, Overlap, Program, Provenance, Schedule, Step, Trigger, words};
use std::sync::Arc;

/// How many nodes of a path a report points at.
const SHOWN: usize = 4;

/// How deep a path is spelled out in one line.
const DEEPEST_NAMED: u32 = 3;

/// All checks of the family.
pub(crate) fn check(bounds: &mut SystemBounds<'_>) -> Problems {
    let mut problems = Problems::default();
    for flow in bounds.program.flows.values() {
        if flow.overlap == Overlap::Queue
            && let Some(Err(unbounded)) = bounds.rhythms.get(&flow.name)
            && unbounded.is_backlog
        {
            let problem = Backlog {
                program: bounds.program,
                flow,
                why: &unbounded.why,
                at: unbounded.at,
                path: path(bounds, flow),
            };
            problems.push(problem);
        }
        let Some(finish) = &flow.finish else { continue };
        if let Some(missed) = missed(bounds, flow, finish) {
            problems.push(missed);
        }
        // A time of day without a zone is an error of its own (E0164).
        if let (Deadline::By { minutes, zone }, Ok(rhythm)) = (&finish.deadline, bounds.rhythm(&flow.name))
            && (zone.is_some() || first_zone(flow).is_some())
            && !rhythm.calendar.has_phase()
        {
            let why = "a period that is no part of a day comes at other times each day";
            problems.push(NoTimeOfDay { flow, finish, minutes: *minutes, start: rhythm.at, why });
        }
        if let Deadline::By { minutes, zone: Some(_) } = &finish.deadline
            && let Some(start) = flow.starts.iter().find(|start| matches!(start.trigger, Trigger::Webhook(_)))
        {
            let why = "a request comes at any time of day";
            problems.push(NoTimeOfDay { flow, finish, minutes: *minutes, start: start.at, why });
        }
        let is_known = bounds.durations.get(&flow.name).is_some_and(|bounds| bounds.flow.is_some());
        // What a program lacks, and circles, are reported as what they are.
        if let Some(why) = time::computed_wait(bounds.program, flow).filter(|_| !is_known) {
            problems.push(NoBound { flow, finish, why });
        }
    }
    problems
}

/// The nodes of the flow's longest path.
#[must_use]
pub fn path(bounds: &SystemBounds<'_>, flow: &Flow) -> Vec<Leg> {
    let found = || {
        let timeline = bounds.timelines.get(&flow.name)?;
        Some(timeline.path(bounds.ways(), flow, bounds.durations.get(&flow.name)?, timeline.last()?))
    };
    found().unwrap_or_default()
}

/// The start that has the least time until its deadline, and that deadline. None without a calendar.
#[must_use]
pub fn tightest(bounds: &mut SystemBounds<'_>, flow: &Flow) -> Option<Gap> {
    let Deadline::By { minutes, zone } = &flow.finish.as_ref()?.deadline else { return None };
    // Without one it is an error of its own (E0164).
    let zone = zone.clone().or_else(|| first_zone(flow))?;
    let schedule = Schedule::Days { days: (1..=7).collect(), minutes: vec![*minutes], zone };
    let deadlines = bounds.calendars.of(&schedule)?;
    let horizon = bounds.calendars.horizon();
    let rhythm = bounds.rhythm(&flow.name).ok()?;
    let mut calendars = vec![(rhythm.calendar.clone(), i64::try_from(rhythm.delay_ms).ok()?)];
    // All starts by the clock, also those that the rhythm leaves out as they bring another partition.
    for start in flow.starts.iter().filter(|start| !start.with.is_empty()) {
        if let Trigger::Schedule(schedule) = &start.trigger {
            calendars.extend(bounds.calendars.of(schedule).map(|calendar| (calendar, 0)));
        }
    }
    let mut tightest: Option<Gap> = None;
    // Behind a run that goes on, one begins when that ends.
    let waits = flow.overlap == Overlap::Queue;
    let worst = bounds.durations.get(&flow.name).and_then(|bounds| bounds.flow.as_ref()).map_or(0, |all| all.worst_ms);
    let worst = i64::try_from(worst).unwrap_or(i64::MAX);
    for (calendar, delay) in calendars {
        let mut free = i64::MIN;
        for start in calendar.instants(horizon)?.iter() {
            let Some(to) = deadlines.first_after(*start) else { continue };
            let due = start.saturating_add(delay);
            let from = if waits { due.max(free) } else { due };
            free = from.saturating_add(worst);
            let gap = Gap { from, to };
            if tightest.is_none_or(|tightest| gap.to - gap.from < tightest.to - tightest.from) {
                tightest = Some(gap);
            }
        }
    }
    tightest
}

fn first_zone(flow: &Flow) -> Option<Arc<str>> {
    flow.starts.iter().find_map(|start| match &start.trigger {
        Trigger::Schedule(Schedule::Days { zone, .. } | Schedule::Cron { zone, .. }) => Some(zone.clone()),
        _ => None,
    })
}

fn missed<'a>(bounds: &mut SystemBounds<'a>, flow: &'a Flow, finish: &'a Finish) -> Option<Missed<'a>> {
    let worst_ms = bounds.durations.get(&flow.name)?.flow.as_ref()?.worst_ms;
    let (allowed_ms, start) = match &finish.deadline {
        Deadline::Within(within) => (*within, None),
        Deadline::By { .. } => {
            let tightest = tightest(bounds, flow)?;
            (tightest.ms(), Some(tightest))
        }
    };
    if worst_ms <= allowed_ms {
        return None;
    }
    let path = path(bounds, flow);
    let most = |leg: &&Leg| bounds.durations.get(&flow.name).map_or(0, |bounds| gain(flow, bounds, leg.node));
    let helps_most = path.iter().max_by_key(most).map(|leg| (leg.clone(), most(&leg)));
    let rhythm = bounds.rhythm(&flow.name).ok().cloned();
    let program = bounds.program;
    Some(Missed { program, flow, finish, worst_ms, allowed_ms, start, rhythm, path, helps_most })
}

/// A deadline that a run may miss.
struct Missed<'a> {
    program: &'a Program,
    flow: &'a Flow,
    finish: &'a Finish,
    worst_ms: u64,
    allowed_ms: u64,
    /// For `by`: the start that has the least time, with its deadline.
    start: Option<Gap>,
    rhythm: Option<Rhythm>,
    path: Vec<Leg>,
    /// The node of the path that is worth looking at first, and by how much the whole can get shorter there.
    helps_most: Option<(Leg, u64)>,
}

impl From<Missed<'_>> for Problem {
    fn from(found: Missed<'_>) -> Self {
        let (name, worst) = (found.flow.name.short(), spell::length(found.worst_ms));
        let allowed = spell::length(found.allowed_ms);
        let title = match &found.finish.deadline {
            Deadline::Within(_) => format!("`{name}` must finish within {allowed}, but may take {worst}"),
            Deadline::By { minutes, .. } => {
                let by = words::time_of_day(*minutes);
                format!("`{name}` must finish by {by}, but may take {worst} where it has {allowed}")
            }
        };
        let mut problem = Self::error(codes::E0701, found.finish.at, title, "promised here");
        if let (Some(start), Some(rhythm)) = (found.start, &found.rhythm) {
            let (from, to) = (moment(start.from, &rhythm.zone), moment(start.to, &rhythm.zone));
            let is_start = rhythm.calendar.first_after(start.from.saturating_sub(1)) == Some(start.from);
            let begins = if found.flow.overlap != Overlap::Queue || is_start {
                "starts on"
            } else {
                "behind the run before, it may begin on"
            };
            let turned = clocks(start, &rhythm.zone).map(|turned| format!(" ({turned})")).unwrap_or_default();
            let left = match u64::try_from(start.from.saturating_sub(start.to)) {
                Ok(late) if late > 0 => format!("{} after", spell::length(late)),
                _ => format!("{allowed} before"),
            };
            problem = problem.label(rhythm.at, format!("{begins} {from}: {left} {to}{turned}"));
            if rhythm.delay_ms > 0 {
                let begun = i64::try_from(rhythm.delay_ms).map_or(start.from, |delay| start.from.saturating_sub(delay));
                let (what, since) = (starters(found.program, found.flow), moment(begun, &rhythm.zone));
                let delay = spell::length(rhythm.delay_ms);
                problem = problem.note(format!("it begins up to {delay} after {since}, when {what} started"));
            }
            if start.to > start.from && rhythm.delay_ms == 0 && is_next_day(start, &rhythm.zone) {
                problem =
                    problem.note("that start is after the deadline of its own day, so the one of the next day counts");
            }
        }
        problem = point_at(problem, found.program, &found.path, found.worst_ms);
        problem = assumptions(problem, found.program, &found.path);
        if let Some((leg, gain)) = &found.helps_most {
            problem = problem.help(shorten(&found, leg, *gain));
        }
        match &found.finish.deadline {
            Deadline::Within(_) => {
                let kept = format!("finish within {}", spell::length(spell::round_up(found.worst_ms)));
                problem.help(format!("or promise what can be kept: `{kept}`"))
            }
            Deadline::By { .. } => {
                let earlier = spell::length(spell::round_up(found.worst_ms - found.allowed_ms));
                problem.help(format!("or start {earlier} earlier, or promise to finish {earlier} later"))
            }
        }
    }
}

/// What makes a flow start that no clock starts: `` `loads`, which writes `orders` ``.
fn starters(program: &Program, flow: &Flow) -> String {
    let datasets = flow.starts.iter().flat_map(|start| match &start.trigger {
        Trigger::Updates(datasets) => &datasets[..],
        _ => &[],
    });
    let writers = datasets.filter_map(|name| {
        let writer = program.datasets.get(name)?.writer.as_ref()?;
        Some(format!("`{}`, which writes `{}`,", writer.short(), name.short()))
    });
    let writers: Vec<String> = writers.take(SHOWN).collect();
    if writers.is_empty() { "what calls it".to_owned() } else { writers.join(" or ") }
}

fn is_next_day(start: Gap, zone: &str) -> bool {
    let day = |at: i64| moment(at, zone).split(' ').nth(1).map(ToOwned::to_owned);
    day(start.from) != day(start.to)
}

/// The one change that would help most.
fn shorten(found: &Missed<'_>, leg: &Leg, gain: u64) -> String {
    let too_much = found.worst_ms - found.allowed_ms;
    let Some(Heaviest { leaf, times, share_ms }) = heaviest(leg) else { return String::new() };
    let (name, share) = (named_in(leaf, leg), spell::length(share_ms));
    let waits = leg.waits_ms.max(leaf.waits_ms.saturating_mul(times));
    if waits >= too_much {
        let waits = spell::length(waits);
        return format!("what helps most: a pool with more slots for `{name}`, which may wait {waits} for a place");
    }
    let each = if times > 1 { format!(" ({times} × {})", spell::length(leaf.worst_ms)) } else { String::new() };
    if gain.min(share_ms) < too_much {
        return format!("no single step is enough; `{name}` helps most, with {share}{each} of it");
    }
    let kept = share_ms - too_much;
    let step = leaf.step.as_ref().and_then(|step| found.program.steps.get(step));
    match step {
        Some(step) if kept / times > 0 && times > 1 && leaf.waits_ms == 0 => {
            let (name, kept) = (step.name.short(), spell::length(spell::round_down(kept / times)));
            let now = spell::length(leaf.worst_ms);
            format!("what helps most: let each `{name}` take {kept} at most, in place of {now}")
        }
        Some(step) if kept > 0 && times == 1 && is_retried(step) => {
            let kept = spell::length(spell::round_down(kept));
            format!("what helps most: let `{}` be tried no longer, `within {kept}` in its `retry`", step.name.short())
        }
        Some(step) if kept > 0 && times == 1 && call_bound(found.program, step).attempts == 1 => {
            format!("what helps most: `timeout {}` for `{}`", spell::length(spell::round_down(kept)), step.name.short())
        }
        _ => {
            let sum = step.and_then(|step| terms::of_step(found.program, step)).map(|sum| format!(", which is {sum}"));
            let sum = sum.filter(|_| times == 1 && leaf.waits_ms == 0).unwrap_or_default();
            format!("what helps most: make `{name}` shorter than its {share}{each}{sum}")
        }
    }
}

/// What takes most of a part of a path: one step, however often and wherever in it.
struct Heaviest<'a> {
    /// The first of its calls.
    leaf: &'a Leg,
    times: u64,
    share_ms: u64,
}

fn heaviest(leg: &Leg) -> Option<Heaviest<'_>> {
    let mut all: Vec<Heaviest<'_>> = vec![];
    for (times, leaf) in leg.leaves() {
        let share_ms = leaf.worst_ms.saturating_mul(times);
        let same = |known: &&mut Heaviest<'_>| leaf.step.is_some() && known.leaf.step == leaf.step;
        match all.iter_mut().find(same) {
            Some(known) => {
                known.times = known.times.saturating_add(times);
                known.share_ms = known.share_ms.saturating_add(share_ms);
            }
            None => all.push(Heaviest { leaf, times, share_ms }),
        }
    }
    all.into_iter().max_by_key(|known| known.share_ms)
}

/// A leaf by its label, or by its step where it is inside of something.
fn named_in<'a>(leaf: &'a Leg, leg: &Leg) -> &'a str {
    match &leaf.step {
        Some(step) if !leg.inside.is_empty() => step.short(),
        _ => &leaf.label,
    }
}

/// The part of a path that shortening would gain most from, with the name of what takes most of it.
#[must_use]
pub fn helps_most(path: &[Leg], gain: impl Fn(&Leg) -> u64) -> Option<(String, u64)> {
    let (most, leg) = path.iter().map(|leg| (gain(leg), leg)).max_by_key(|(gain, _)| *gain)?;
    let Heaviest { leaf, share_ms, .. } = heaviest(leg)?;
    Some((named_in(leaf, leg).to_owned(), most.min(share_ms))).filter(|(_, gain)| *gain > 0)
}

fn is_retried(step: &Step) -> bool {
    step.retry.as_ref().is_some_and(|policy| policy.times > 0 && policy.within_ms.is_none())
}

/// Points at the parts of a path, the longest ones if there are many.
pub(crate) fn point_at(mut problem: Problem, program: &Program, path: &[Leg], whole_ms: u64) -> Problem {
    let whole = spell::length(whole_ms);
    let mut longest: Vec<(u64, &Leg)> = path.iter().flat_map(Leg::leaves).collect();
    let share = |(times, leg): &(u64, &Leg)| leg.worst_ms.saturating_mul(*times);
    longest.sort_by_key(|leaf| std::cmp::Reverse(share(leaf)));
    for leaf in longest.iter().take(SHOWN) {
        let (times, leg) = leaf;
        let each = match times {
            1 => String::new(),
            times => format!(" ({times} × {})", spell::length(leg.worst_ms)),
        };
        let text = match longest.len() {
            1 => format!("worst case of the path: {whole}{each}"),
            _ => format!("{}{each} of the path's {whole}", spell::length(share(leaf))),
        };
        let step = leg.step.as_ref().and_then(|step| program.steps.get(step));
        let text = match step.and_then(|step| terms::of_step(program, step)) {
            Some(sum) if *times > 1 => format!("{text}, each {sum}"),
            Some(sum) if longest.len() > 1 => format!("{text}: {sum}"),
            Some(sum) => format!("{text} = {sum}"),
            None => text,
        };
        let text = match leg.waits_ms {
            0 => text,
            waits => format!("{text}; {} of it may pass in waiting for a place in its pool", spell::length(waits)),
        };
        problem = problem.label(leg.at, text);
    }
    for leg in path.iter().filter(|leg| leg.waits_ms > 0 && !leg.inside.is_empty()).take(SHOWN) {
        let waits = spell::length(leg.waits_ms);
        problem = problem
            .note(format!("{waits} of `{}` may pass in waiting for places that others have, beside it", leg.label));
    }
    match longest.len() {
        0 | 1 => problem,
        _ => {
            let mut parts: Vec<String> = path.iter().take(3 * SHOWN).map(|leg| named(leg, DEEPEST_NAMED)).collect();
            if path.len() > 3 * SHOWN {
                parts.push(format!("{} more", path.len() - 3 * SHOWN));
            }
            problem.note(format!("the longest path: {} = {whole}", parts.join(" + ")))
        }
    }
}

/// A part of a path with what is inside: `` `for` 20m (4 × `load` 5m) ``.
fn named(leg: &Leg, depth: u32) -> String {
    let length = spell::length(leg.worst_ms);
    if leg.inside.is_empty() || depth == 0 {
        return format!("`{}` {length}", leg.label);
    }
    let mut inside: Vec<String> = leg.inside.iter().take(SHOWN).map(|leg| named(leg, depth - 1)).collect();
    if leg.inside.len() > SHOWN {
        inside.push(format!("{} more", leg.inside.len() - SHOWN));
    }
    let inside = inside.join(" + ");
    match (leg.rounds, leg.inside.len()) {
        (1, _) => format!("`{}` {length} ({inside})", leg.label),
        (rounds, 1) => format!("`{}` {length} ({rounds} × {inside})", leg.label),
        (rounds, _) => format!("`{}` {length} ({rounds} × ({inside}))", leg.label),
    }
}

/// Says which parts of a path nobody has declared.
pub(crate) fn assumptions(problem: Problem, program: &Program, path: &[Leg]) -> Problem {
    let leaves = path.iter().flat_map(Leg::leaves).map(|(_, leg)| leg);
    let assumed = leaves.filter(|leg| leg.provenance == Provenance::Assumed);
    let names: Vec<String> = assumed
        .take(SHOWN)
        .map(|leg| {
            let step = leg.step.as_ref().and_then(|step| program.steps.get(step));
            let timeout = step.map(|step| format!(" (a timeout of {})", spell::length(step.timeout_ms)));
            let named = step.map_or(&*leg.label, |step| step.name.short());
            format!("`{named}`{}", timeout.unwrap_or_default())
        })
        .collect();
    match names.is_empty() {
        true => problem,
        false => problem.note(format!(
            "assumed, not declared: the default for {}; a `timeout` of its own makes it certain",
            names.join(", ")
        )),
    }
}

/// A deadline of a flow that may take any time.
struct NoBound<'a> {
    flow: &'a Flow,
    finish: &'a Finish,
    why: Arc<Unbounded>,
}

impl From<NoBound<'_>> for Problem {
    fn from(found: NoBound<'_>) -> Self {
        let NoBound { flow, finish, why } = found;
        let title = format!("nothing bounds how long `{}` takes, and it has a deadline", flow.name.short());
        Self::warning(codes::W0701, finish.at, title, "promised here")
            .label(why.at, why.why.clone())
            .help(why.help.clone())
    }
}

/// A time of day to be done by, of a flow that starts at any.
struct NoTimeOfDay<'a> {
    flow: &'a Flow,
    finish: &'a Finish,
    minutes: u16,
    start: flow_diag::Span,
    why: &'static str,
}

impl From<NoTimeOfDay<'_>> for Problem {
    fn from(found: NoTimeOfDay<'_>) -> Self {
        let NoTimeOfDay { flow, finish, minutes, start, why } = found;
        let (name, by) = (flow.name.short(), words::time_of_day(minutes));
        let title = format!("`{name}` may start at any time of day, and must finish by {by}");
        Self::warning(codes::W0701, finish.at, title, "promised here, and nothing is proved of it")
            .label(start, why)
            .help("start at times of day, such as `every day at 06:00 in \"UTC\"`; or promise `finish within D`")
    }
}

/// Starts that wait for each other without end.
struct Backlog<'a> {
    program: &'a Program,
    flow: &'a Flow,
    why: &'a str,
    at: flow_diag::Span,
    path: Vec<Leg>,
}

impl From<Backlog<'_>> for Problem {
    fn from(found: Backlog<'_>) -> Self {
        let name = found.flow.name.short();
        let title = format!("starts of `{name}` may come faster than its runs end, and all of them wait");
        let whole = found.path.iter().map(|leg| leg.worst_ms).fold(0, u64::saturating_add);
        let problem = Self::error(codes::E0702, found.at, title, found.why);
        point_at(problem, found.program, &found.path, whole)
            .help("start less often, bound the steps more tightly, or leave starts out: `overlap skip`")
    }
}
