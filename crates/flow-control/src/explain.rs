//! What a flow, a step or a dataset is and does, in plain sentences: from the program, and from what is known of its runs.
//!
//! The same program and the same records give the same sentences. Bodies of steps are named, not shown: what is in them is
//! in the program's text. Values are never shown.

use crate::{
    names::{Named, Unclear, named},
    status::{Facts, next_starts},
};
use flow_expr::{Name, Part};
use flow_plan::{
    Body, CachePolicy, CatchUp, Dataset, Deadline, Effect, Flow, Location, NodeKind, Overlap, Program, StaleAction,
    Step, Trigger, words,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::collections::BTreeSet;

/// What was asked about, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Its name.
    pub of: Name,
    /// `flow`, `step` or `dataset`.
    pub kind: &'static str,
    /// What it is and does.
    pub sentences: Vec<String>,
    /// What is known of it now.
    pub now: Vec<String>,
}

/// Explains what a name is of, as of an instant in milliseconds since 1970.
///
/// # Errors
/// There is nothing of that name, or several things are called so.
pub fn explain(program: &Program, facts: &Facts, wanted: &str, now: i64) -> Result<Explained, Unclear> {
    let (of, kind) = named(program, wanted)?;
    let none = || Unclear { why: format!("there is no flow, step or dataset `{wanted}`"), known: vec![] };
    let (kind, sentences, now) = match kind {
        Named::Flow => {
            let flow = program.flows.get(&of).ok_or_else(none)?;
            ("flow", self::flow(program, flow), flow_now(program, facts, flow, now))
        }
        Named::Step => ("step", step(program, program.steps.get(&of).ok_or_else(none)?), vec![]),
        Named::Dataset => {
            let dataset = program.datasets.get(&of).ok_or_else(none)?;
            ("dataset", self::dataset(program, dataset), dataset_now(facts, dataset, now))
        }
        Named::Model => return Err(none()),
    };
    Ok(Explained { of, kind, sentences, now })
}

fn flow(program: &Program, flow: &Flow) -> Vec<String> {
    let mut says = vec![starts(flow)];
    if let Some(finish) = &flow.finish {
        says.push(match &finish.deadline {
            Deadline::Within(ms) => format!("A run is to end within {}.", words::duration(*ms)),
            Deadline::By { minutes, zone } => {
                let zone = zone.as_ref().map(|zone| format!(" in {zone}")).unwrap_or_default();
                format!("A run is to end by {}{zone}.", words::time_of_day(*minutes))
            }
        });
    }
    says.extend(overlap(flow));
    for node in flow.nodes() {
        if let NodeKind::RequireFresh { dataset, within_ms, action, .. } = &node.kind {
            let otherwise = match action {
                StaleAction::Fail => "else it fails".to_owned(),
                StaleAction::Warn => "else that is recorded".to_owned(),
                StaleAction::Skip => "else it does nothing".to_owned(),
                StaleAction::Refresh => "else what writes it runs first".to_owned(),
                StaleAction::Wait(ms) => format!("else it waits for up to {}, and then fails", words::duration(*ms)),
            };
            let within = words::duration(*within_ms);
            says.push(format!("It needs {} that is no older than {within}; {otherwise}.", quoted([dataset])));
        }
    }
    let (mut reads, mut writes, mut steps, mut flows) =
        <(BTreeSet<_>, BTreeSet<_>, BTreeSet<_>, BTreeSet<_>)>::default();
    for node in flow.nodes() {
        match &node.kind {
            NodeKind::Read { dataset, .. } => drop(reads.insert(dataset)),
            NodeKind::Write { dataset, .. } => drop(writes.insert(dataset)),
            NodeKind::Call { step, .. } => drop(steps.insert(step)),
            NodeKind::Flow { flow, .. } => drop(flows.insert(flow)),
            _ => {}
        }
    }
    if !reads.is_empty() {
        says.push(format!("It reads {}.", quoted(reads)));
    }
    if !steps.is_empty() {
        let each = steps.iter().map(|name| {
            let body = program.steps.get(*name).map_or("a step", |step| does(&step.body));
            format!("`{}` ({body})", name.short())
        });
        says.push(format!("It runs {}.", listed(each.collect())));
    }
    if !flows.is_empty() {
        says.push(format!("It runs the flows {}.", quoted(flows)));
    }
    for dataset in &writes {
        let readers = readers(program, dataset);
        let read = if readers.is_empty() {
            "which no flow reads".into()
        } else {
            format!("which {} read{}", quoted(&readers), plural(&readers))
        };
        says.push(format!("It writes {}, {read}.", quoted([*dataset])));
    }
    owner(&mut says, flow.owner.as_deref());
    says
}

/// What happens to a start while a run is under way, and to starts that are missed.
fn overlap(flow: &Flow) -> Option<String> {
    if flow.starts.is_empty() {
        return None;
    }
    let overlap = match flow.overlap {
        Overlap::Skip => "A start while a run is under way is dropped",
        Overlap::Queue => "A start while a run is under way waits for it",
        Overlap::Allow => "Runs may overlap",
        Overlap::Replace => "A start while a run is under way ends that run",
    };
    let missed = match flow.catch_up {
        CatchUp::None => "starts that were missed are not made up for",
        CatchUp::Last => "of starts that were missed the last is made up for",
        CatchUp::All => "starts that were missed are all made up for",
    };
    Some(format!("{overlap}; {missed}."))
}

fn starts(flow: &Flow) -> String {
    let mut all = flow.starts.iter().map(|start| match &start.trigger {
        Trigger::Schedule(schedule) => words::schedule(schedule),
        Trigger::Updates(datasets) => {
            format!("when {} {} updated", quoted(datasets), if datasets.len() == 1 { "is" } else { "are" })
        }
        Trigger::Webhook(path) => format!("on a request to {path}"),
    });
    let name = flow.name.short();
    match all.next() {
        None => format!("`{name}` is a flow that starts by hand."),
        Some(first) => {
            let all: Vec<String> = std::iter::once(first).chain(all).collect();
            format!("`{name}` is a flow that starts {}.", listed(all))
        }
    }
}

fn flow_now(program: &Program, facts: &Facts, flow: &Flow, now: i64) -> Vec<String> {
    let mut says = vec![];
    if let Some(last) = facts.last.get(&flow.name) {
        let how = last.failure.as_ref().map_or_else(|| "went well".to_owned(), |why| format!("failed: {why}"));
        says.push(format!("Its last run, {}, ended {} and {how}.", last.run, moment(last.ended)));
    } else {
        says.push("It has never run.".to_owned());
    }
    if let Some(usual) = facts.histories.get(&flow.name).and_then(crate::chance::History::median_ms) {
        says.push(format!("A run takes {} as a rule.", words::duration(usual)));
    }
    for open in facts.open.iter().filter(|open| open.flow == flow.name) {
        says.push(format!("Run {} is under way since {}.", open.run, moment(open.started)));
    }
    if let Some(next) = next_starts(program, now).get(&flow.name) {
        let served = if facts.is_served { "" } else { ", if `flowc serve` is there" };
        says.push(format!("It starts next {}{served}.", moment(*next)));
    }
    says
}

fn step(program: &Program, step: &Step) -> Vec<String> {
    let takes = step.params.iter().map(|param| format!("`{}`", param.name)).collect::<Vec<_>>();
    let takes = if takes.is_empty() { "takes nothing".to_owned() } else { format!("takes {}", listed(takes)) };
    let mut says = vec![format!(
        "`{}` is a step: {}. It {takes} and gives a {}.",
        step.name.short(),
        does(&step.body),
        step.returns
    )];
    if let Body::Ai(ai) = &step.body {
        says.push(format!("It asks {}, one after the other where one cannot answer.", quoted(&ai.models)));
    }
    let declared = if step.timeout_declared { "" } else { ", as nothing else is said" };
    says.push(format!("An attempt may take {}{declared}.", words::duration(step.timeout_ms)));
    match &step.retry {
        Some(retry) => {
            let most = retry.within_ms.map(|ms| format!(", all within {}", words::duration(ms))).unwrap_or_default();
            let (least, longest) = (words::duration(retry.backoff_min_ms), words::duration(retry.backoff_max_ms));
            says.push(format!(
                "What fails is tried again up to {} times, after {least} to {longest}{most}.",
                retry.times
            ));
        }
        None => says.push("What fails is not tried again.".to_owned()),
    }
    for guard in &step.guards {
        says.push(format!("Its result is to satisfy `{}`, else: {}.", guard.text, guard.action.word()));
    }
    if let Some(budget) = &step.budget {
        says.push(format!("One execution may use {}.", words::budget(budget)));
    }
    if step.fallback.is_some() {
        says.push("When all else is exhausted, its fallback gives the result.".to_owned());
    }
    says.push(match step.effect {
        Effect::None => "It does nothing to the world.".to_owned(),
        Effect::Read => "It only looks at the world.".to_owned(),
        Effect::Write if step.idempotent.is_some() => "It changes the world; doing so twice is harmless.".to_owned(),
        Effect::Write => "It changes the world.".to_owned(),
        Effect::Irreversible => "It changes the world in a way that cannot be undone.".to_owned(),
    });
    says.push(match step.cache {
        CachePolicy::Never => "It runs each time.".to_owned(),
        CachePolicy::Unchanged => "Its result is used again while code and inputs are the same.".to_owned(),
        CachePolicy::For(ms) => {
            format!("Its result is used again for {} while code and inputs are the same.", words::duration(ms))
        }
    });
    let callers: Vec<&Name> =
        program.flows.values().filter(|flow| calls(flow, &step.name)).map(|flow| &flow.name).collect();
    says.push(match callers.is_empty() {
        true => "No flow runs it.".to_owned(),
        false => format!("{} run{} it.", quoted(callers.iter().copied()), plural(&callers)),
    });
    owner(&mut says, step.owner.as_deref());
    says
}

fn dataset(program: &Program, dataset: &Dataset) -> Vec<String> {
    let name = dataset.name.short();
    let place = match &dataset.location {
        Location::Table { connection, table } => format!("in the table `{table}` of `{}`", connection.short()),
        Location::File { path, .. } => {
            let part = |part: &Part| match part {
                Part::Text(text) => text.to_string(),
                Part::Hole(..) => "…".to_owned(),
            };
            format!("at {}", path.iter().map(part).collect::<String>())
        }
    };
    let mut says = vec![format!("`{name}` is a {} {place}.", dataset.ty)];
    match (&dataset.writer, &dataset.arrives) {
        (Some(writer), _) => says.push(format!("The flow {} writes it.", quoted([writer]))),
        (None, Some(arrival)) => says.push(match &arrival.schedule {
            Some(schedule) => format!("Others bring it, {} at the latest.", words::schedule(schedule)),
            None if !arrival.after.is_empty() => format!("Others bring it after {}.", quoted(&arrival.after)),
            None => "Others bring it, at any time.".to_owned(),
        }),
        (None, None) => {}
    }
    if let Some(fresh) = &dataset.fresh {
        says.push(format!("It is promised to be no older than {}.", words::duration(fresh.within_ms)));
    }
    for rule in &dataset.expect {
        let kind = if rule.warn { "is to satisfy" } else { "must satisfy" };
        says.push(format!("A version {kind} `{}`.", rule.text));
    }
    let readers = readers(program, &dataset.name);
    says.push(match readers.is_empty() {
        true => "No flow reads it.".to_owned(),
        false => format!("{} read{} it.", quoted(&readers), plural(&readers)),
    });
    let started: Vec<&Name> =
        program.flows.values().filter(|flow| starts_with(flow, &dataset.name)).map(|flow| &flow.name).collect();
    if !started.is_empty() {
        says.push(format!("When it is updated, {} start{}.", quoted(started.iter().copied()), plural(&started)));
    }
    if !dataset.accepts.is_empty() {
        says.push(format!("It may hold what is labelled {}.", quoted(&dataset.accepts)));
    }
    owner(&mut says, dataset.owner.as_deref());
    says
}

fn dataset_now(facts: &Facts, dataset: &Dataset, now: i64) -> Vec<String> {
    let Some(time) = facts.data_times.get(&dataset.name) else {
        return vec!["Nothing is known of a version of it.".to_owned()];
    };
    let age = u64::try_from(now - time).unwrap_or(0);
    let old = words::duration(age / 1000 * 1000);
    let kept = dataset
        .fresh
        .as_ref()
        .map_or("", |fresh| if age <= fresh.within_ms { ", as promised" } else { ", older than promised" });
    vec![format!("Its data is of {}: it is {old} old{kept}.", moment(*time))]
}

/// What a body does, in a few words.
fn does(body: &Body) -> &'static str {
    match body {
        Body::Sql { connection: None, .. } => "a query",
        Body::Sql { .. } => "a query in a database",
        Body::Shell { .. } => "a shell script",
        Body::Python { .. } => "a Python program",
        Body::Http { .. } => "a request",
        Body::Ai(_) => "a question to a model",
        Body::Ask { .. } => "a question to a person",
        Body::Other { .. } => "work that is done elsewhere",
    }
}

fn readers(program: &Program, dataset: &Name) -> Vec<Name> {
    let reads = |flow: &&Flow| {
        flow.nodes().any(|node| matches!(&node.kind, NodeKind::Read { dataset: read, .. } if read == dataset))
    };
    program.flows.values().filter(reads).map(|flow| flow.name.clone()).collect()
}

fn calls(flow: &Flow, step: &Name) -> bool {
    flow.nodes().any(|node| matches!(&node.kind, NodeKind::Call { step: called, .. } if called == step))
}

fn starts_with(flow: &Flow, dataset: &Name) -> bool {
    flow.starts.iter().any(|start| matches!(&start.trigger, Trigger::Updates(datasets) if datasets.contains(dataset)))
}

fn owner(says: &mut Vec<String>, owner: Option<&str>) {
    says.extend(owner.map(|owner| format!("{owner} answers for it.")));
}

fn quoted<'n>(names: impl IntoIterator<Item = &'n Name>) -> String {
    listed(names.into_iter().map(|name| format!("`{}`", name.short())).collect())
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: Vec<String>) -> String {
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}

/// One does, several do.
fn plural<T>(subjects: &[T]) -> &'static str {
    if subjects.len() == 1 { "s" } else { "" }
}

fn moment(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::system()).strftime("%a %F %H:%M").to_string()
}
