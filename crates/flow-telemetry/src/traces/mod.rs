//! A run as an OpenTelemetry trace: a span for the run, for each step, attempt, ask of a model and tool call.
//!
//! Pure: a record goes in, spans in OTLP's JSON encoding come out, the same ones whenever they are made. Asks
//! carry the attributes of the GenAI semantic conventions 1.41. Knows not where they go.

mod asks;
mod attributes;

use crate::{
    Config, RunRecord,
    ids::{span_id, trace_id},
    place::{around, place, plain},
};
use attributes::{Attributes, span};
use flow_driver::{ContractVerdict, How, NodeEnd, NodeStatus, RunStatus};
use flow_plan::{ErrorClass, Failure, NodeKind};
use flow_store::{AttemptRow, ContractRow};
use serde_json::{Value as Json, json};

/// A span, and its id.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its id in hex.
    pub id: String,
    /// The span.
    pub json: Json,
}

/// Everything of a run that has ended by now, in the order of the journal, the run itself last.
#[must_use]
pub fn spans(record: &RunRecord, config: &Config) -> Vec<Span> {
    let teller = Teller { record, config };
    let mut found = vec![];
    for node in record.nodes.iter().filter(|node| is_told(node)) {
        found.push(teller.node(node));
        for attempt in record.attempts.iter().filter(|attempt| attempt.path == node.path) {
            found.push(teller.attempt(node, attempt));
            found.extend(teller.ask(node, attempt));
        }
    }
    found.extend(teller.run());
    found
}

/// Spans as one request of OTLP.
#[must_use]
pub fn request(spans: impl IntoIterator<Item = Json>, config: &Config) -> Json {
    let mut resource = Attributes::default();
    resource.text("service.name", &config.service);
    resource.text("telemetry.sdk.name", "flowc");
    resource.text("telemetry.sdk.language", "rust");
    resource.text("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
    config.resource.iter().for_each(|(name, value)| resource.text(name, value));
    let scope = json!({ "name": "flowc", "version": env!("CARGO_PKG_VERSION") });
    let spans: Vec<Json> = spans.into_iter().collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource.json() },
        "scopeSpans": [{
            "scope": scope,
            "spans": spans,
            "schemaUrl": "https://opentelemetry.io/schemas/1.41.0",
        }],
    }] })
}

/// Whether a node is something that was done, rather than a value on the way or what never began.
fn is_told(node: &NodeEnd) -> bool {
    let done = match node.status {
        NodeStatus::Succeeded => true,
        NodeStatus::Failed => return true,
        // What is around others has a span, since theirs are below it.
        NodeStatus::Cancelled => node.attempts > 0 || matches!(&*node.kind, "for" | "flow"),
        NodeStatus::NotRun | NodeStatus::Skipped | NodeStatus::Unknown => false,
    };
    done && !matches!(&*node.kind, "compute" | "if" | "match")
}

struct Teller<'a> {
    record: &'a RunRecord,
    config: &'a Config,
}

impl Teller<'_> {
    fn run_id(&self) -> &str {
        &self.record.run.run
    }

    fn trace(&self) -> String {
        self.config.parent.as_ref().map_or_else(|| trace_id(self.run_id()), |(trace, _)| trace.clone())
    }

    fn id(&self, what: &[&str]) -> String {
        span_id(self.run_id(), what)
    }

    /// The span around a node: the nearest one that has a span, else the run.
    fn parent(&self, path: &str) -> String {
        let mut outer = around(path);
        while let Some(path) = outer {
            // By the plan, not by what has ended: children are sent before the loop or flow around them.
            let is_told = !path.ends_with(']')
                && place(&self.record.plan, path)
                    .is_some_and(|place| !matches!(place.node.kind, NodeKind::If { .. } | NodeKind::Match { .. }));
            if is_told {
                return self.id(&["node", path]);
            }
            outer = around(path);
        }
        self.id(&["run"])
    }

    fn run(&self) -> Option<Span> {
        let (run, plan) = (&self.record.run, &self.record.plan);
        let (ended, end) = (run.ended?, run.end.as_ref()?);
        let mut attributes = Attributes::default();
        attributes.text("flow.run.id", &run.run);
        attributes.text("flow.name", plan.flow.as_str());
        attributes.text("flow.plan.hash", &run.plan);
        attributes.text("flow.status", status_word(end.status));
        attributes.flag("flow.late", end.late);
        attributes.number("flow.steps.ran", end.counts.ran);
        attributes.number("flow.steps.reused", end.counts.reused);
        attributes.number("flow.steps.failed", end.counts.failed);
        let failed = self.record.nodes.iter().find_map(|node| node.failure.as_ref());
        let failed = failed.filter(|_| end.status == RunStatus::Failed);
        if let Some(failure) = failed {
            attributes.text("error.type", &class_word(failure.class));
        }
        let id = self.id(&["run"]);
        let parent = self.config.parent.as_ref().map(|(_, span)| span.as_str());
        let name = format!("flow {}", plan.flow.short());
        let mut json = span(&self.trace(), &id, parent, &name, (run.start.started, ended));
        json["attributes"] = attributes.json();
        json["status"] = status(failed);
        Some(Span { id, json })
    }

    fn node(&self, node: &NodeEnd) -> Span {
        let mut attributes = Attributes::default();
        attributes.text("flow.node.path", &node.path);
        attributes.text("flow.node.label", &node.label);
        attributes.text("flow.node.kind", &node.kind);
        if let Some(subject) = &node.subject {
            attributes.text("flow.node.subject", subject.as_str());
        }
        if let Some(body) = node.subject.as_ref().and_then(|name| self.record.plan.program.steps.get(name)) {
            attributes.text("flow.step.body", body.body.keyword());
        }
        if let Some(how) = node.how {
            attributes.text("flow.how", how_word(how));
        }
        attributes.number("flow.attempts", u64::from(node.attempts));
        if let Some(rows) = node.rows {
            attributes.number("flow.rows", rows);
        }
        if let Some(failure) = &node.failure {
            attributes.text("error.type", &class_word(failure.class));
            attributes.text("flow.error.code", &failure.code);
        }
        let id = self.id(&["node", &node.path]);
        let kind = if &*node.kind == "call" { "step" } else { &*node.kind };
        let label = plain(&node.label);
        let name = if label.starts_with(kind) { label.to_owned() } else { format!("{kind} {label}") };
        let parent = self.parent(&node.path);
        let mut json = span(&self.trace(), &id, Some(&parent), &name, (node.began, node.ended));
        json["attributes"] = attributes.json();
        let events: Vec<Json> =
            self.record.contracts.iter().filter(|row| row.path == node.path).map(|row| self.contract(row)).collect();
        json["events"] = events.into();
        json["status"] = status(node.failure.as_ref());
        Span { id, json }
    }

    /// A promise that was looked at.
    fn contract(&self, row: &ContractRow) -> Json {
        let mut attributes = Attributes::default();
        let (kind, text) = match &row.verdict {
            ContractVerdict::Fresh { dataset, .. } => ("fresh", dataset.to_string()),
            ContractVerdict::Require { text, .. } => ("require", text.to_string()),
            ContractVerdict::Guard { text, action, .. } => {
                attributes.text("flow.contract.action", action);
                ("guard", text.to_string())
            }
            ContractVerdict::Expect { rule, .. } => ("expect", rule.rule.to_string()),
            ContractVerdict::Finish { flow, .. } => ("finish", flow.to_string()),
        };
        attributes.text("flow.contract.kind", kind);
        attributes.text("flow.contract.text", &text);
        attributes.flag("flow.contract.kept", row.verdict.kept());
        let message = match &row.verdict {
            ContractVerdict::Require { message, .. } | ContractVerdict::Guard { message, .. } => message.as_deref(),
            _ => None,
        };
        // What a guard says may quote the answer.
        if let Some(message) = message.filter(|_| self.config.content) {
            attributes.text("flow.contract.message", message);
        }
        json!({
            "name": "flow.contract",
            "timeUnixNano": row.at.as_nanosecond().to_string(),
            "attributes": attributes.json(),
        })
    }

    fn attempt(&self, node: &NodeEnd, attempt: &AttemptRow) -> Span {
        let mut attributes = Attributes::default();
        attributes.number("flow.attempt", u64::from(attempt.attempt));
        attributes.text("flow.node.path", &attempt.path);
        if let Some(failure) = &attempt.failure {
            attributes.text("error.type", &class_word(failure.class));
            attributes.text("flow.error.code", &failure.code);
        }
        let id = self.attempt_id(attempt);
        let name = format!("attempt {}", plain(&node.label));
        let parent = self.id(&["node", &node.path]);
        let mut json = span(&self.trace(), &id, Some(&parent), &name, (attempt.began, attempt.ended));
        json["attributes"] = attributes.json();
        json["status"] = status(attempt.failure.as_ref());
        Span { id, json }
    }

    fn attempt_id(&self, attempt: &AttemptRow) -> String {
        self.id(&["attempt", &attempt.path, &attempt.attempt.to_string()])
    }
}

/// The status of a span: not set, or an error and why.
fn status(failure: Option<&Failure>) -> Json {
    match failure {
        None => json!({}),
        Some(failure) => json!({ "code": 2, "message": format!("{} [{}]", failure.message, failure.code) }),
    }
}

fn status_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
        RunStatus::Skipped => "skipped",
    }
}

fn how_word(how: How) -> &'static str {
    match how {
        How::Ran => "ran",
        How::Reused => "reused",
        How::Fallback => "fallback",
        How::Recovered => "recovered",
        How::Given => "given",
    }
}

/// A class of failure as programs name it.
fn class_word(class: ErrorClass) -> String {
    match class {
        ErrorClass::Exit(status) => format!("exit({status})"),
        ErrorClass::Signal(number) => format!("signal({number})"),
        plain => plain.word().to_owned(),
    }
}
