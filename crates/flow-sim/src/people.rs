//! People in tests: they answer what the script of the step says, in virtual time, or not at all.

use crate::{
    mocks::{Act, Mocks, next, not_given},
    run::later,
};
use flow_diag::codes;
use flow_driver::{Answer, Question, Says};
use flow_expr::{Context, Value, VarId, codec, evaluate};
use flow_plan::{ErrorClass, Failure, Program};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// Who answers where the test does not say who.
const SOMEBODY: &str = "the test";

impl Mocks {
    /// When and what a person answers; nothing if nobody does.
    pub(crate) fn answer(
        &mut self,
        question: &Question,
        args: &[Value],
        program: &Program,
        now: Timestamp,
    ) -> Option<(Timestamp, Result<Answer, Failure>)> {
        let act = self.replies.get_mut(&question.step).and_then(next);
        let answered = |says, by: Arc<str>, note| Answer { by, says, note, digest: question.digest.clone() };
        Some(match act {
            Some(Act::Silent | Act::Fails { class: ErrorClass::Timeout, .. }) => return None,
            Some(Act::Replies { answer, by, note, after_ms }) => (later(now, after_ms), Ok(answered(answer, by, note))),
            Some(Act::Fails { .. } | Act::Calls(_)) => (now, Ok(answered(Says::Rejected, SOMEBODY.into(), None))),
            Some(Act::Gives(value)) => {
                let (at, says, by, note) = of_value(&value, now);
                (at, Ok(answered(says, by, note)))
            }
            Some(Act::Answers { params, value, scope }) => match worked_out(args, program, &params, &value, scope, now)
            {
                Ok(value) => {
                    let (at, says, by, note) = of_value(&value, now);
                    (at, Ok(answered(says, by, note)))
                }
                Err(failure) => (now, Err(failure)),
            },
            None => {
                let at = program.steps.get(&question.step).map(|step| step.at).unwrap_or_default();
                self.missing.entry(question.step.clone()).or_insert(at);
                let failure = match &question.draft {
                    None => not_given(&question.step, "ask"),
                    Some(draft) => nobody(question, &draft.guard),
                };
                (now, Err(failure))
            }
        })
    }
}

/// Why a question about a result has no answer.
fn nobody(question: &Question, guard: &str) -> Failure {
    let message = format!("nobody is given who answers `guard {guard} else ask` of `{}`", question.step.short());
    Failure::new(ErrorClass::Internal, codes::R0741.as_str(), message)
        .detail("add `approved`, `rejected` or `unanswered` to what is given for the step")
}

/// What a value that a test gives comes to: an approval at its time, or a choice.
fn of_value(value: &Value, now: Timestamp) -> (Timestamp, Says, Arc<str>, Option<Arc<str>>) {
    let Value::Record(approval) = value else { return (now, Says::Gives(written(value)), SOMEBODY.into(), None) };
    let text = |name: &str| match approval.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let at = match approval.get("at") {
        Some(Value::Timestamp(at)) => *at,
        _ => now,
    };
    (at, Says::Approved, text("by").unwrap_or_else(|| SOMEBODY.into()), text("note"))
}

/// A value as a person would write it on the command line.
pub(crate) fn written(value: &Value) -> Arc<str> {
    match value {
        Value::String(text) => text.clone(),
        Value::Variant(variant) if variant.fields.is_empty() => variant.variant.clone(),
        other => codec::encode(other).to_string().into(),
    }
}

/// The answer of a function of the step's parameters.
fn worked_out(
    args: &[Value],
    program: &Program,
    params: &[VarId],
    value: &flow_expr::Expr,
    mut scope: BTreeMap<VarId, Value>,
    now: Timestamp,
) -> Result<Value, Failure> {
    scope.extend(params.iter().copied().zip(args.iter().cloned()));
    let context = Context::new(&program.functions, &program.types, now);
    evaluate(value, &scope, &context).map_err(|error| {
        let message = format!("the answer that the test gives has no value: {error}");
        Failure::new(ErrorClass::Internal, codes::R0742.as_str(), message).at(error.at)
    })
}
