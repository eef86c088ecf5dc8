//! The program as policies see it: lists of records of the types in `stdlib/system.flow`.
//!
//! What belongs to the standard library is left out. A test holds the records against their declared types.

use super::{edges::Edges, proved::Proved};
use crate::{calendar::Horizon, time};
use flow_diag::Span;
use flow_expr::{Name, Record, Value, redact::labels_in};
use flow_plan::{
    Body, Bounds, Connection, ConnectionKind, Dataset, Deadline, Effect, Flow, Format, GuardAction, Location, Model,
    NodeKind, Program, Provider, SEEN, Step,
};
use jiff::SignedDuration;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Lists in the order of [`SEEN`], and where each of their things is declared.
pub(super) struct View {
    lists: Vec<Value>,
    places: HashMap<(Name, Arc<str>, Arc<str>), Span>,
}

impl View {
    pub(super) fn of(program: &Program, horizon: Horizon) -> Self {
        let mut view = Self { lists: vec![], places: HashMap::new() };
        let (durations, edges, mut proved) =
            (time::all_bounds(program), Edges::of(program), Proved::of(program, horizon));
        view.list(0, program.datasets.values().map(|one| (&one.name, one.at, dataset(one, program, &edges, &proved))));
        view.list(1, program.steps.values().map(|one| (&one.name, one.at, step(one, program, &edges))));
        let flows = program.flows.values();
        view.list(2, flows.map(|one| (&one.name, one.at, flow(one, durations.get(&one.name), &mut proved))));
        view.list(3, program.models.values().map(|one| (&one.name, one.at, model(one))));
        view.list(4, program.connections.values().map(|one| (&one.name, one.at, connection(one))));
        view
    }

    pub(super) fn lists(&self) -> &[Value] {
        &self.lists
    }

    /// Where the thing is declared that a value is the record of.
    pub(super) fn place(&self, value: &Value) -> Option<Span> {
        let Value::Record(record) = value else { return None };
        let (Some(Value::String(name)), Some(Value::String(module))) = (record.get("name"), record.get("module"))
        else {
            return None;
        };
        self.places.get(&(record.ty.clone(), module.clone(), name.clone())).copied()
    }

    fn list<'p>(&mut self, number: usize, things: impl Iterator<Item = (&'p Name, Span, Fields)>) {
        let ty = Name::new(SEEN[number].1);
        let mut items = vec![];
        for (name, at, of_kind) in things.filter(|(name, ..)| !name.as_str().starts_with("std.")) {
            let (short, module) = (Arc::<str>::from(name.short()), Arc::<str>::from(module_of(name)));
            let mut fields: Fields = vec![("name", text(&short)), ("module", text(&module))];
            fields.extend(of_kind);
            let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
            items.push(Value::Record(Arc::new(Record { ty: ty.clone(), fields })));
            self.places.insert((ty.clone(), module, short), at);
        }
        self.lists.push(Value::List(items.into()));
    }
}

/// Names and values in the order of the type's declaration, `name` and `module` left out.
type Fields = Vec<(&'static str, Value)>;

fn dataset(dataset: &Dataset, program: &Program, edges: &Edges<'_>, proved: &Proved<'_>) -> Fields {
    let format = match &dataset.location {
        Location::File { format: Format::Csv, .. } => "csv",
        Location::File { format: Format::Parquet, .. } => "parquet",
        Location::File { format: Format::Jsonl, .. } => "jsonl",
        Location::File { format: Format::Json, .. } => "json",
        Location::File { format: Format::Text, .. } => "text",
        Location::Table { .. } => "table",
    };
    let inside = labels_in(&dataset.ty, &program.types);
    let labels: BTreeSet<&str> = inside.iter().chain(&dataset.accepts).map(Name::short).collect();
    vec![
        ("owner", optional(dataset.owner.as_deref().map(text))),
        ("tags", texts(dataset.tags.iter().map(|tag| &**tag))),
        ("format", text(format)),
        ("arrives", Value::Bool(dataset.arrives.is_some())),
        ("writer", optional(dataset.writer.as_ref().map(|flow| text(flow.short())))),
        ("fresh_within", optional(dataset.fresh.as_ref().map(|fresh| duration(fresh.within_ms)))),
        ("expectations", count(dataset.expect.len())),
        ("keeps", optional(dataset.keep_ms.map(duration))),
        ("labels", texts(labels)),
        ("readers", names(edges.readers.get(&dataset.name))),
        ("max_age", optional(proved.max_age(&dataset.name).map(duration))),
    ]
}

fn step(step: &Step, program: &Program, edges: &Edges<'_>) -> Fields {
    let bound = time::step_bound(step);
    let of_params = step.params.iter().flat_map(|param| {
        let inside = labels_in(&param.ty, &program.types);
        inside.into_iter().chain(param.labels.iter().cloned()).collect::<Vec<_>>()
    });
    let labels: Vec<Name> = of_params.chain(labels_in(&step.returns, &program.types)).collect();
    let labels: BTreeSet<&str> = labels.iter().map(Name::short).collect();
    let edges = edges.steps.get(&step.name);
    let stops = step.guards.iter().filter(|guard| !matches!(guard.action, GuardAction::Warn(_))).count();
    let models = match &step.body {
        Body::Ai(body) => body.models.as_slice(),
        _ => &[],
    };
    let effect = match step.effect {
        Effect::None => "none",
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Irreversible => "irreversible",
    };
    vec![
        ("owner", optional(step.owner.as_deref().map(text))),
        ("tags", texts(step.tags.iter().map(|tag| &**tag))),
        ("body", text(step.body.keyword())),
        ("effect", text(effect)),
        ("timeout", duration(step.timeout_ms)),
        ("timeout_declared", Value::Bool(step.timeout_declared)),
        ("attempts", Value::Int(i64::try_from(bound.attempts).unwrap_or(i64::MAX))),
        ("worst_case", duration(bound.worst_ms)),
        ("guards", count(stops)),
        ("budgeted", Value::Bool(step.budget.is_some())),
        ("has_fallback", Value::Bool(step.fallback.is_some())),
        ("idempotent", Value::Bool(step.idempotent.is_some())),
        ("models", texts(models.iter().map(Name::short))),
        ("reads", names(edges.map(|edges| &edges.reads))),
        ("writes", names(edges.map(|edges| &edges.writes))),
        ("flows", names(edges.map(|edges| &edges.flows))),
        ("labels", texts(labels)),
    ]
}

fn flow<'a>(flow: &'a Flow, bounds: Option<&Bounds>, proved: &mut Proved<'a>) -> Fields {
    let worst = bounds.and_then(|bounds| bounds.flow.as_ref()).map(|bound| duration(bound.worst_ms));
    let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
    let (mut steps, mut calls) = (BTreeSet::new(), BTreeSet::new());
    for node in flow.nodes() {
        match &node.kind {
            NodeKind::Read { dataset, .. } => reads.insert(dataset.short()),
            NodeKind::Write { dataset, .. } => writes.insert(dataset.short()),
            NodeKind::Call { step, .. } => steps.insert(step.short()),
            NodeKind::Flow { flow, .. } => calls.insert(flow.short()),
            _ => false,
        };
    }
    let within = flow.finish.as_ref().and_then(|finish| match finish.deadline {
        Deadline::Within(ms) => Some(duration(ms)),
        Deadline::By { .. } => None,
    });
    let mut fields = vec![
        ("owner", optional(flow.owner.as_deref().map(text))),
        ("tags", texts(flow.tags.iter().map(|tag| &**tag))),
        ("starts", count(flow.starts.len())),
        ("finish_within", optional(within)),
        ("has_deadline", Value::Bool(flow.finish.is_some())),
        ("worst_case", optional(worst)),
        ("budgeted", Value::Bool(!flow.budgets.is_empty())),
        ("reads", texts(reads)),
        ("writes", texts(writes)),
        ("steps", texts(steps)),
        ("calls", texts(calls)),
    ];
    fields.extend(proved.flow(flow));
    fields
}

fn model(model: &Model) -> Fields {
    let provider = match model.provider {
        Provider::Openai => "openai",
        Provider::Anthropic => "anthropic",
        Provider::Ollama => "ollama",
        Provider::Replay { .. } => "replay",
        Provider::Scripted => "scripted",
    };
    vec![
        ("provider", text(provider)),
        ("model", text(&model.model)),
        ("floating", Value::Bool(model.floats())),
        ("priced", Value::Bool(model.price.is_some())),
        ("rate_limited", Value::Bool(model.limit.is_some())),
        ("accepts", texts(model.accepts.iter().map(Name::short))),
    ]
}

fn connection(connection: &Connection) -> Fields {
    let kind = match connection.kind {
        ConnectionKind::Postgres { .. } => "postgres",
        ConnectionKind::Sqlite { .. } => "sqlite",
        ConnectionKind::Http { .. } => "http",
    };
    vec![("kind", text(kind)), ("accepts", texts(connection.accepts.iter().map(Name::short)))]
}

fn module_of(name: &Name) -> &str {
    name.as_str().rsplit_once('.').map_or("", |(module, _)| module)
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

/// The short names of a set, in order, each once.
fn names(all: Option<&BTreeSet<&Name>>) -> Value {
    let all: BTreeSet<&str> = all.into_iter().flatten().map(|name| name.short()).collect();
    texts(all)
}

fn texts<'t>(all: impl IntoIterator<Item = &'t str>) -> Value {
    Value::List(all.into_iter().map(text).collect())
}

fn optional(value: Option<Value>) -> Value {
    value.unwrap_or(Value::Absent)
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Of milliseconds.
fn duration(ms: u64) -> Value {
    Value::Duration(SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)))
}
