//! A run's facts as the value that a test looks at. The fields are those that the checker typed.

use crate::facts::{RunFacts, class_word};
use flow_diag::codes;
use flow_driver::{ContractVerdict, How, NodeEnd, NodeStatus, Note, RunStatus};
use flow_expr::{Record, Value};
use flow_plan::{ErrorClass, Failure, NodeFacts, Outcome};
use jiff::SignedDuration;
use rust_decimal::Decimal;
use std::{collections::HashMap, sync::Arc};

/// The value of `run …`.
pub(crate) fn value(outcome: &Outcome, facts: &RunFacts) -> Value {
    let labels = facts.labels();
    let all = Counted::of(facts, &|_| true, true);
    let succeeded = matches!(facts.end.status, RunStatus::Succeeded | RunStatus::Skipped);
    let mut fields: Vec<(Arc<str>, Value)> = vec![
        ("succeeded".into(), Value::Bool(succeeded)),
        ("failed".into(), Value::Bool(facts.end.status == RunStatus::Failed)),
        ("cancelled".into(), Value::Bool(facts.end.status == RunStatus::Cancelled)),
        ("skipped".into(), Value::Bool(facts.end.status == RunStatus::Skipped)),
        ("late".into(), Value::Bool(facts.end.late)),
        ("took".into(), Value::Duration(facts.ended.duration_since(facts.started))),
        ("cost".into(), Value::Decimal(Decimal::new(all.micro_dollars, 6).normalize())),
        ("asks".into(), Value::Int(all.asks)),
        ("attempts".into(), Value::Int(all.attempts)),
        ("warnings".into(), Value::Int(warnings(facts))),
        ("failure".into(), class(facts.failure.as_ref())),
        ("message".into(), message(facts.failure.as_ref())),
    ];
    fields.push(("result".into(), facts.result.clone().unwrap_or(Value::Absent)));
    for node in &outcome.nodes {
        fields.push((node.field.clone(), part(node, facts, &labels)));
    }
    Value::Record(Arc::new(Record { ty: outcome.ty.clone(), fields }))
}

/// What attempts came to.
#[derive(Default)]
struct Counted {
    asks: i64,
    attempts: i64,
    micro_dollars: i64,
    last: Option<Failure>,
}

impl Counted {
    /// `with_inner` also counts what judges were asked, and the tools of models; what they failed with is no failure of
    /// the step.
    fn of(facts: &RunFacts, wanted: &dyn Fn(&Arc<str>) -> bool, with_inner: bool) -> Self {
        let mut counted = Self::default();
        for (_, note) in &facts.notes {
            // A result that a guard did not take is a failure too.
            if let Note::Contract { path, verdict, .. } = note
                && let ContractVerdict::Guard { text, kept: false, action, message, of: None, tool: None, .. } =
                    &**verdict
                && wanted(path)
                && &**action != "warn"
            {
                let why = message.as_ref().unwrap_or(text);
                counted.last = Some(Failure::new(ErrorClass::GuardFailed, codes::R0705.as_str(), &**why));
            }
            let Note::Attempted { path, failure, ask, judge, tool, .. } = note else { continue };
            if !wanted(path) || ((judge.is_some() || tool.is_some()) && !with_inner) {
                continue;
            }
            if judge.is_none() && tool.is_none() {
                counted.attempts += 1;
                counted.last.clone_from(failure);
            }
            if let Some(ask) = ask {
                counted.asks += 1;
                counted.micro_dollars += i64::try_from(ask.micro_dollars).unwrap_or(i64::MAX);
            }
        }
        counted
    }
}

/// Whether a label is one of a node's: in a loop it has the item's number behind it, `rate[3]`.
fn goes_by(node: &NodeFacts, label: &str) -> bool {
    let of_node = |label: &str| node.labels.iter().any(|known| **known == *label);
    of_node(label) || label.split_once('[').is_some_and(|(base, _)| of_node(base))
}

fn part(node: &NodeFacts, facts: &RunFacts, labels: &HashMap<Arc<str>, Arc<str>>) -> Value {
    let is_meant = |path: &Arc<str>| labels.get(path).is_some_and(|label| goes_by(node, label));
    let counted = Counted::of(facts, &is_meant, false);
    let ends: Vec<&NodeEnd> = facts
        .notes
        .iter()
        .filter_map(|(_, note)| match note {
            Note::Settled(end) if goes_by(node, &end.label) => Some(&**end),
            _ => None,
        })
        .collect();
    let values: Vec<Value> =
        facts.values.iter().filter(|(_, label, _)| goes_by(node, label)).map(|(.., value)| value.clone()).collect();
    let how = |wanted: &[How]| ends.iter().any(|end| end.how.is_some_and(|how| wanted.contains(&how)));
    let failed = ends.iter().find_map(|end| end.failure.clone());
    let recovered = how(&[How::Fallback, How::Recovered]);
    // Of what was recovered from, the last attempt says why that was needed.
    let failure =
        failed.or(counted.last).filter(|_| recovered || ends.iter().any(|end| end.status == NodeStatus::Failed));
    let settled_well = ends.iter().all(|end| end.status == NodeStatus::Succeeded);
    let took = ends.iter().map(|end| end.ended.duration_since(end.began)).max().unwrap_or(SignedDuration::ZERO);
    let mut fields: Vec<(Arc<str>, Value)> = vec![
        ("asks".into(), Value::Int(counted.asks)),
        ("attempts".into(), Value::Int(counted.attempts)),
        ("succeeded".into(), Value::Bool(settled_well && !values.is_empty())),
        ("reused".into(), Value::Bool(how(&[How::Reused]))),
        ("recovered".into(), Value::Bool(recovered)),
        ("ran".into(), Value::Bool(counted.attempts > 0 || how(&[How::Ran]))),
        ("failure".into(), class(failure.as_ref())),
        ("message".into(), message(failure.as_ref())),
        ("took".into(), Value::Duration(took)),
    ];
    if node.many {
        fields.push(("results".into(), Value::List(values.into())));
    } else {
        fields.push(("result".into(), values.into_iter().next().unwrap_or(Value::Absent)));
    }
    Value::Record(Arc::new(Record { ty: node.ty.clone(), fields }))
}

fn class(failure: Option<&Failure>) -> Value {
    failure.map_or(Value::Absent, |failure| Value::String(class_word(failure.class).into()))
}

fn message(failure: Option<&Failure>) -> Value {
    failure.map_or(Value::Absent, |failure| Value::String(failure.message.as_str().into()))
}

/// Promises that were not kept, and only recorded.
fn warnings(facts: &RunFacts) -> i64 {
    let warned = facts.notes.iter().filter(|(_, note)| {
        use ContractVerdict as Verdict;
        let Note::Contract { verdict, .. } = note else { return false };
        !verdict.kept()
            && match &**verdict {
                Verdict::Require { warn, .. } => *warn,
                Verdict::Fresh { action, .. } | Verdict::Guard { action, .. } => &**action == "warn",
                Verdict::Expect { rule, .. } => rule.warn,
                Verdict::Finish { .. } => false,
            }
    });
    i64::try_from(warned.count()).unwrap_or(i64::MAX)
}
