//! What happens when a step is tried: by its script, for real, or not at all.

use crate::{asks, people, real::RealWork, tables};
use flow_diag::{Span, codes};
use flow_driver::{Product, RunStep, Says};
use flow_expr::{Context, Expr, Name, Value, VarId, evaluate};
use flow_plan::{AskReport, Body, ErrorClass, Failure, Happening, Program, Rendered, Reply};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// An entry of a script, its value worked out.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Gives(Value),
    Answers {
        params: Vec<VarId>,
        value: Expr,
        scope: BTreeMap<VarId, Value>,
    },
    Replies {
        answer: Says,
        by: Arc<str>,
        note: Option<Arc<str>>,
        after_ms: u64,
    },
    Silent,
    /// The model calls these steps.
    Calls(Vec<(Name, Vec<Value>)>),
    Fails {
        class: ErrorClass,
        retry_after: Option<Duration>,
        text: Option<Arc<str>>,
    },
}

/// The scripts of a test.
#[derive(Debug, Default)]
pub(crate) struct Mocks {
    scripts: HashMap<Name, (Vec<Act>, usize)>,
    /// What people answer to the questions of a step.
    pub(crate) replies: HashMap<Name, (Vec<Act>, usize)>,
    real: BTreeSet<Name>,
    /// Steps that would have run and were not given.
    pub(crate) missing: BTreeMap<Name, Span>,
}

/// How an attempt goes.
pub(crate) struct Attempt {
    pub(crate) takes_ms: u64,
    pub(crate) result: Result<Product, Failure>,
    pub(crate) ask: Option<Box<AskReport>>,
}

impl Mocks {
    /// The script of a step. What people answer is taken out of it: attempts and questions each go on by themselves.
    pub(crate) fn script(&mut self, step: Name, acts: Vec<Act>, is_person: bool) {
        self.real.remove(&step);
        let is_reply = |act: &Act| is_person || matches!(act, Act::Replies { .. } | Act::Silent);
        let (replies, acts) = acts.into_iter().partition(is_reply);
        self.replies.insert(step.clone(), (replies, 0));
        self.scripts.insert(step, (acts, 0));
    }

    pub(crate) fn real(&mut self, step: Name) {
        self.scripts.remove(&step);
        self.replies.remove(&step);
        self.real.insert(step);
    }

    /// The next entry; the last one repeats.
    fn next(&mut self, step: &Name) -> Option<Act> {
        next(self.scripts.get_mut(step)?)
    }

    /// Whether a model is really asked for a step.
    fn is_asked(&self, run: &RunStep, program: &Program, real: &dyn RealWork) -> bool {
        let is_given = self.scripts.get(&run.step.name).is_some_and(|(acts, _)| !acts.is_empty());
        matches!(run.step.body, Body::Ai(_)) && real.asks(run, program, is_given)
    }

    /// How long the prompt of a step is.
    pub(crate) fn rendered(
        &self,
        run: &RunStep,
        program: &Arc<Program>,
        real: &dyn RealWork,
        now: Timestamp,
    ) -> Result<Rendered, Failure> {
        match self.is_asked(run, program, real) {
            true => real.render(run, program, now),
            false => asks::rendered(run, program, now),
        }
    }

    /// One attempt of a step, `at` this time of the run; `now` is what expressions see.
    pub(crate) fn attempt(
        &mut self,
        run: &RunStep,
        program: &Arc<Program>,
        real: &dyn RealWork,
        (now, at): (Timestamp, Timestamp),
    ) -> Attempt {
        let name = &run.step.name;
        if run.ask.is_some() && self.is_asked(run, program, real) {
            let done = real.ask(run, program, now, at);
            let types = &program.types;
            let result = done.result.map(|done| Product { value: tables::settled(done.value, types), rows: done.rows });
            return Attempt { takes_ms: done.took_ms, result, ask: done.report };
        }
        if let Some(act) = self.next(name) {
            return played(act, run, program, real, now);
        }
        let in_process = matches!(run.step.body, Body::Sql { connection: None, .. });
        let may = match &run.step.body {
            Body::Shell { .. } | Body::Python { .. } | Body::Sql { .. } => self.real.contains(name) || in_process,
            _ => false,
        };
        if may {
            let result = real.step(run, program, now);
            let types = &program.types;
            let result = result.map(|done| Product { value: tables::settled(done.value, types), rows: done.rows });
            return Attempt { takes_ms: 0, result, ask: None };
        }
        self.missing.entry(name.clone()).or_insert(run.step.at);
        Attempt { takes_ms: 0, result: Err(not_given(name, run.step.body.keyword())), ask: None }
    }
}

/// The next entry of a script; the last one repeats.
pub(crate) fn next((acts, position): &mut (Vec<Act>, usize)) -> Option<Act> {
    let act = acts.get(*position).or(acts.last()).cloned();
    *position += 1;
    act
}

/// Why a step is not run.
pub(crate) fn not_given(name: &Name, keyword: &str) -> Failure {
    let message = format!("`{0}` is not given: a test never runs `{keyword}` steps by itself", name.short());
    Failure::new(ErrorClass::Internal, codes::R0741.as_str(), message)
}

fn played(act: Act, run: &RunStep, program: &Arc<Program>, real: &dyn RealWork, now: Timestamp) -> Attempt {
    let (mut leniencies, mut calls) = (vec![], vec![]);
    let context = Context::new(&program.functions, &program.types, now);
    let worth = |value: Value| tables::fitted(value, &run.step.returns, &program.types);
    let (result, text) = match act {
        Act::Gives(value) => (Ok(worth(value)), None),
        Act::Answers { params, value, mut scope } => {
            scope.extend(params.iter().copied().zip(run.args.iter().map(|(_, value)| value.clone())));
            let result = evaluate(&value, &scope, &context).map_err(|error| {
                let message = format!("the answer that the test gives has no value: {error}");
                Failure::new(ErrorClass::Internal, codes::R0742.as_str(), message).at(error.at)
            });
            (result.map(worth), None)
        }
        Act::Calls(wanted) => {
            calls = wanted.into_iter().enumerate().map(|(number, call)| asks::called(number, call, program)).collect();
            (Ok(Value::Unit), Some("".into()))
        }
        // Taken out of scripts of attempts.
        Act::Replies { .. } | Act::Silent => (Err(failed(ErrorClass::Internal, None)), None),
        Act::Fails { class, retry_after, text } => {
            let (ty, name) = (&run.step.returns, run.step.name.short());
            let read = text.as_ref().filter(|_| run.ask.is_some()).map(|text| real.read(text, ty, name, &context));
            let result = match read {
                Some(Ok((value, lenient))) => {
                    leniencies = lenient;
                    Ok(worth(value))
                }
                Some(Err(failure)) => Err(failure),
                None => Err(failed(class, text.as_deref()).retry_after(retry_after)),
            };
            (result, text)
        }
    };
    let timed_out = matches!(&result, Err(failure) if failure.class == ErrorClass::Timeout);
    let takes_ms = if timed_out { run.timeout_ms } else { 0 };
    let ask = run.ask.as_ref().map(|ask| {
        let report = asks::report(run, ask, &result, text, program, now);
        Box::new(AskReport { leniencies, calls, ..report })
    });
    let rows = match &result {
        Ok(Value::Table(table)) => Some(table.rows),
        _ => None,
    };
    Attempt { takes_ms, result: result.map(|value| Product { value, rows }), ask }
}

/// The failure that a script wants.
fn failed(class: ErrorClass, text: Option<&str>) -> Failure {
    let what = match class {
        ErrorClass::Timeout => "it took longer than its timeout".to_owned(),
        ErrorClass::Connection => "there was no connection".to_owned(),
        ErrorClass::RateLimited => "the other side asked to slow down".to_owned(),
        ErrorClass::ServerError => "the other side failed".to_owned(),
        ErrorClass::ClientError => "the other side did not take the request".to_owned(),
        ErrorClass::Auth => "the credentials were refused".to_owned(),
        ErrorClass::Refused => "the model did not answer".to_owned(),
        ErrorClass::Malformed => "the result did not fit its type".to_owned(),
        ErrorClass::Exit(status) => format!("it ended with status {status}"),
        ErrorClass::Signal(signal) => format!("it was ended by signal {signal}"),
        ErrorClass::GuardFailed | ErrorClass::Stale | ErrorClass::Internal | ErrorClass::Any => "it failed".to_owned(),
    };
    let failure = Failure::new(class, codes::R0742.as_str(), format!("{what}, as the test says"));
    match text {
        Some(text) => failure.detail(format!("given: {text}")),
        None => failure,
    }
}

/// An entry with its value worked out.
pub(crate) fn act(
    happening: &Happening,
    scope: &BTreeMap<VarId, Value>,
    context: &Context<'_>,
) -> Result<Act, flow_expr::EvalError> {
    Ok(match happening {
        Happening::Gives { value } => Act::Gives(evaluate(value, scope, context)?),
        Happening::Answers { params, value } => {
            Act::Answers { params: params.clone(), value: value.clone(), scope: scope.clone() }
        }
        Happening::Replies { reply, by, note, after_ms } => {
            let answer = match reply {
                Reply::Approved => Says::Approved,
                Reply::Rejected => Says::Rejected,
                Reply::Gives(value) => Says::Gives(people::written(&evaluate(value, scope, context)?)),
            };
            Act::Replies { answer, by: by.clone(), note: note.clone(), after_ms: *after_ms }
        }
        Happening::Silent => Act::Silent,
        Happening::Calls { calls } => {
            let values = |args: &[Expr]| args.iter().map(|arg| evaluate(arg, scope, context)).collect::<Result<_, _>>();
            Act::Calls(calls.iter().map(|(step, args)| Ok((step.clone(), values(args)?))).collect::<Result<_, _>>()?)
        }
        Happening::Fails { class, retry_after_ms, text } => {
            Act::Fails { class: *class, retry_after: retry_after_ms.map(Duration::from_millis), text: text.clone() }
        }
    })
}
