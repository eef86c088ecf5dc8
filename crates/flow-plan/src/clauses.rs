//! Steps, datasets and flows clause by clause: a hash of what each clause means, and its text.
//!
//! Reasons ("code changed: `body`, old → new") and differences are made of these. Hashes here cover the
//! clause alone; what the clause mentions (functions, types, connections) is followed by [`crate::Meanings`].

use crate::{
    AiBody, Body, CachePolicy, DataTimeSource, Dataset, Deadline, Flow, Format, GuardAction, Idempotency, Location,
    Node, NodeKind, Param, RetryPolicy, StaleAction, Step, meaning_hash,
    words::{self, Variables, duration},
};
use flow_expr::{Name, Part};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

/// What a clause means and how it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Hash of its meaning.
    pub hash: Arc<str>,
    /// Its text, for people. [`words::difference`](crate::words::difference) cuts two of them down to what differs.
    pub text: Arc<str>,
}

impl Clause {
    pub(crate) fn new(meaning: &(impl Serialize + ?Sized), text: impl Into<Arc<str>>) -> Self {
        Self { hash: meaning_hash(meaning), text: text.into() }
    }
}

/// Clauses by name. Absent clauses are absent.
pub type Clauses = BTreeMap<Arc<str>, Clause>;

/// Whether a step's clause takes part in what its result is.
///
/// The others (how long, how often, where, who answers) say how the result is come by. A change of
/// those is no reason to run again.
#[must_use]
pub fn decides_result(clause: &str) -> bool {
    matches!(clause, "params" | "returns" | "body" | "guard" | "fallback") || clause.contains(' ')
}

/// The clauses of a step.
#[must_use]
pub fn clause_hashes(step: &Step) -> Clauses {
    let variables = Variables::of(&step.params);
    let expr = |expr| words::expr(expr, &variables);
    let mut clauses = Clauses::new();
    let mut add = |name: &str, clause: Clause| clauses.insert(name.into(), clause);
    // A default is filled in where the step is called, so it is the call that means it.
    let params: Vec<_> = step.params.iter().map(|param| (&param.name, &param.ty, param.var)).collect();
    add("params", Clause::new(&params, param_list(&step.params)));
    add("returns", Clause::new(&step.returns, step.returns.to_string()));
    add("body", Clause::new(&step.body, body_text(&step.body, &variables)));
    add("timeout", Clause::new(&step.timeout_ms, duration(step.timeout_ms)));
    add("effect", Clause::new(&step.effect, snake(&step.effect)));
    add("cache", Clause::new(&step.cache, cache_text(step.cache)));
    if let Some(retry) = &step.retry {
        add("retry", Clause::new(retry, retry_text(retry)));
    }
    match &step.idempotent {
        Some(Idempotency::Harmless) => drop(add("idempotent", Clause::new(&true, "yes"))),
        Some(Idempotency::By(key)) => drop(add("idempotent", Clause::new(key, format!("by {}", expr(key))))),
        None => {}
    }
    if !step.guards.is_empty() {
        let texts = step.guards.iter().map(|guard| {
            let action = match &guard.action {
                GuardAction::Retry(_) => "retry".into(),
                GuardAction::Fail(_) => "fail".into(),
                GuardAction::Warn(_) => "warn".into(),
                GuardAction::Fallback(value) => format!("fallback {}", expr(value)),
                GuardAction::Ask { who, within_ms, .. } => {
                    format!("ask {} within {}", expr(who), duration(*within_ms))
                }
            };
            format!("{} else {action}", guard.text)
        });
        let texts = texts.collect::<Vec<_>>().join("; ");
        // The text of a condition is for messages; its meaning is the condition.
        let meaning: Vec<_> = step.guards.iter().map(|guard| (&guard.condition, &guard.action)).collect();
        add("guard", Clause::new(&meaning, texts));
    }
    if let Some(budget) = &step.budget {
        add("budget", Clause::new(budget, words::budget(budget)));
    }
    if let Some(fallback) = &step.fallback {
        add("fallback", Clause::new(fallback, expr(fallback)));
    }
    if let Some(pool) = &step.pool {
        add("pool", Clause::new(pool, pool.short()));
    }
    if let Some(needs) = &step.needs {
        let cpu = needs.cpu.map(|n| format!("cpu {n}"));
        let memory = needs.memory_bytes.map(|n| format!("memory {n} bytes"));
        add("needs", Clause::new(needs, [cpu, memory].into_iter().flatten().collect::<Vec<_>>().join(", ")));
    }
    people(&mut clauses, step.owner.as_ref(), &step.tags);
    clauses
}

/// The clauses of a dataset.
#[must_use]
pub fn dataset_clauses(dataset: &Dataset) -> Clauses {
    let variables = Variables::of(&dataset.partition);
    let mut clauses = Clauses::new();
    let mut add = |name: &str, clause: Clause| clauses.insert(name.into(), clause);
    add("type", Clause::new(&dataset.ty, dataset.ty.to_string()));
    add("at", Clause::new(&dataset.location, location_text(&dataset.location, &variables)));
    if !dataset.partition.is_empty() {
        add("partition", Clause::new(&dataset.partition, param_list(&dataset.partition)));
    }
    if let Some(fresh) = &dataset.fresh {
        let by = match &fresh.by {
            DataTimeSource::Column(column) => format!(" by {column}"),
            DataTimeSource::Modified => " by modified".into(),
            DataTimeSource::Derived => String::new(),
        };
        add("fresh", Clause::new(fresh, format!("within {}{by}", duration(fresh.within_ms))));
    }
    if let Some(arrival) = &dataset.arrives {
        let text = match (&arrival.schedule, &arrival.after[..]) {
            (Some(schedule), _) => words::schedule(schedule),
            (None, []) => "at any time".into(),
            (None, after) => format!("when {} updates", words::names(after)),
        };
        add("arrives", Clause::new(arrival, text));
    }
    if !dataset.expect.is_empty() {
        let meaning: Vec<_> = dataset.expect.iter().map(|rule| (&rule.rule, rule.share, rule.warn)).collect();
        let texts = dataset.expect.iter().map(|rule| {
            let warn = if rule.warn { " else warn" } else { "" };
            let share = (rule.share * rust_decimal::Decimal::ONE_HUNDRED).normalize();
            if share == rust_decimal::Decimal::ONE_HUNDRED {
                format!("{}{warn}", rule.text)
            } else {
                format!("{} for {share}%{warn}", rule.text)
            }
        });
        let texts = texts.collect::<Vec<_>>().join("; ");
        add("expect", Clause::new(&meaning, texts));
    }
    if let Some(keep) = dataset.keep_versions {
        add("keep", Clause::new(&keep, format!("{keep} versions")));
    }
    if let Some(keep_ms) = dataset.keep_ms {
        add("keep", Clause::new(&("for", keep_ms), words::duration(keep_ms)));
    }
    if !dataset.accepts.is_empty() {
        add("accepts", Clause::new(&dataset.accepts, words::names(&dataset.accepts)));
    }
    if let Some(writer) = &dataset.writer {
        add("written by", Clause::new(writer, writer.short()));
    }
    people(&mut clauses, dataset.owner.as_ref(), &dataset.tags);
    clauses
}

/// The clauses of a flow, and each of its statements by label.
#[must_use]
pub fn flow_clauses(flow: &Flow) -> Clauses {
    let mut variables = Variables::of(&flow.params);
    flow.nodes().for_each(|node| variables.add(node.var, &node.label));
    let mut clauses = Clauses::new();
    let mut add = |name: String, clause: Clause| clauses.insert(name.into(), clause);
    add("params".into(), Clause::new(&flow.params, param_list(&flow.params)));
    add("returns".into(), Clause::new(&flow.returns, flow.returns.to_string()));
    if !flow.starts.is_empty() {
        let texts: Vec<String> = flow.starts.iter().map(|start| words::trigger(&start.trigger)).collect();
        add("start".into(), Clause::new(&flow.starts, texts.join("; ")));
    }
    if let Some(finish) = &flow.finish {
        let text = match &finish.deadline {
            Deadline::Within(ms) => format!("within {}", duration(*ms)),
            Deadline::By { minutes, zone } => {
                let zone = zone.as_ref().map(|zone| format!(" in \"{zone}\"")).unwrap_or_default();
                format!("by {}{zone}", words::time_of_day(*minutes))
            }
        };
        add("finish".into(), Clause::new(finish, text));
    }
    if !flow.budgets.is_empty() {
        let texts: Vec<String> = flow.budgets.iter().map(words::flow_budget).collect();
        add("budget".into(), Clause::new(&flow.budgets, texts.join("; ")));
    }
    add("overlap".into(), Clause::new(&flow.overlap, snake(&flow.overlap)));
    add("catch up".into(), Clause::new(&flow.catch_up, snake(&flow.catch_up)));
    for node in &flow.body.nodes {
        add(format!("`{}`", node.label), Clause::new(&node.kind, node_text(node, &variables)));
    }
    for handler in &flow.handlers {
        let text = format!("{} statements", handler.body.nodes.len());
        add(format!("on {}", snake(&handler.on)), Clause::new(&handler.body, text));
    }
    people(&mut clauses, flow.owner.as_ref(), &flow.tags);
    clauses
}

fn people(clauses: &mut Clauses, owner: Option<&Arc<str>>, tags: &[Arc<str>]) {
    if let Some(owner) = owner {
        clauses.insert("owner".into(), Clause::new(owner, owner.clone()));
    }
    if !tags.is_empty() {
        clauses.insert("tags".into(), Clause::new(tags, tags.join(", ")));
    }
}

fn param_list(params: &[Param]) -> String {
    params.iter().map(|param| format!("{}: {}", param.name, param.ty)).collect::<Vec<_>>().join(", ")
}

fn body_text(body: &Body, variables: &Variables) -> String {
    match body {
        Body::Sql { text, connection: None } => text.to_string(),
        Body::Sql { text, connection: Some(connection) } => format!("on {} {text}", connection.short()),
        Body::Shell { script } => script.to_string(),
        Body::Python { source, .. } => source.to_string(),
        Body::Http { method, url, headers, query, body, .. } => {
            let names = headers.iter().map(|(name, _)| name).chain(query.iter().map(|(name, _)| name));
            let names: Vec<&str> = names.map(|name| &**name).collect();
            let body = body.as_ref().map(|body| format!(" body {}", words::expr(body, variables))).unwrap_or_default();
            format!("{method} {} [{}]{body}", parts_text(url, variables), names.join(", "))
        }
        Body::Ai(ai) => ai_text(ai, variables),
        Body::Ask { who, message } => {
            format!("{} {}", words::expr(who, variables), words::expr(message, variables))
        }
        Body::Other { keyword } => keyword.to_string(),
    }
}

fn ai_text(ai: &AiBody, variables: &Variables) -> String {
    let models: Vec<&str> = ai.models.iter().map(Name::short).collect();
    let system = parts_text(&ai.system, variables);
    let system = if system.is_empty() { system } else { format!("{system}\n") };
    format!("{}\n{system}{}", models.join(", "), parts_text(&ai.prompt, variables))
}

fn parts_text(parts: &[Part], variables: &Variables) -> String {
    let texts = parts.iter().map(|part| match part {
        Part::Text(text) => text.to_string(),
        Part::Hole(hole, _) => format!("{{{}}}", words::expr(hole, variables)),
    });
    texts.collect()
}

pub(crate) fn location_text(location: &Location, variables: &Variables) -> String {
    match location {
        Location::File { format, path, .. } => format!("{}(\"{}\")", format_word(*format), parts_text(path, variables)),
        Location::Table { connection, table } => format!("{}.table(\"{table}\")", connection.short()),
    }
}

fn format_word(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Parquet => "parquet",
        Format::Jsonl => "jsonl",
        Format::Json => "json",
        Format::Text => "text",
    }
}

fn retry_text(retry: &RetryPolicy) -> String {
    let on: Vec<String> = retry.on.iter().map(snake).collect();
    let within = retry.within_ms.map(|ms| format!(", within {}", duration(ms))).unwrap_or_default();
    let backoff = format!("{}..{}", duration(retry.backoff_min_ms), duration(retry.backoff_max_ms));
    format!("up to {} times, on {}, backoff {backoff}{within}", retry.times, on.join(", "))
}

fn cache_text(cache: CachePolicy) -> String {
    match cache {
        CachePolicy::Never => "never".into(),
        CachePolicy::Unchanged => "while unchanged".into(),
        CachePolicy::For(ms) => format!("for {}", duration(ms)),
    }
}

/// A plain enum's word, as the language writes it; `exit(3)` for one with a number.
fn snake(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(serde_json::Value::Object(entries)) => {
            entries.iter().next().map(|(word, number)| format!("{word}({number})")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn node_text(node: &Node, variables: &Variables) -> String {
    let expr = |expr: &flow_expr::Expr| words::expr(expr, variables);
    let list = |items: &[flow_expr::Expr]| items.iter().map(&expr).collect::<Vec<_>>().join(", ");
    match &node.kind {
        NodeKind::Read { dataset, previous: false, .. } => format!("read {}", dataset.short()),
        NodeKind::Read { dataset, previous: true, .. } => format!("previous({})", dataset.short()),
        NodeKind::Compute { expr: value, .. } => expr(value),
        NodeKind::Call { step: called, args, recover } | NodeKind::Flow { flow: called, args, recover } => {
            let recover = if recover.is_some() { " else …" } else { "" };
            format!("{}({}){recover}", called.short(), list(args))
        }
        NodeKind::If { condition, then, otherwise } => {
            format!("if {} … {} and {} statements", expr(condition), then.nodes.len(), otherwise.nodes.len())
        }
        NodeKind::Match { subject, arms } => format!("match {} … {} arms", expr(subject), arms.len()),
        NodeKind::For { items, limit, parallel, body, .. } => {
            format!("for … in {} limit {limit} parallel {parallel} … {} statements", expr(items), body.nodes.len())
        }
        NodeKind::Wait { duration } => format!("wait for {}", expr(duration)),
        NodeKind::Write { dataset, value, .. } => format!("write {} = {}", dataset.short(), expr(value)),
        NodeKind::RequireFresh { dataset, within_ms, action, .. } => {
            let action = match action {
                StaleAction::Wait(ms) => format!("wait up to {}", duration(*ms)),
                other => snake(other),
            };
            format!("require {} fresh within {} else {action}", dataset.short(), duration(*within_ms))
        }
        NodeKind::Require { text, warn, .. } => format!("require {text} else {}", if *warn { "warn" } else { "fail" }),
    }
}
