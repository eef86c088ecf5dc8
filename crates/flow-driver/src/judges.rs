//! Judges: guards whose verdict is a model's.
//!
//! A judge is asked like a step with an `ai` body, inside the call of the step whose result it looks at: the same
//! conversation, retries, guards, fallback and ledger, and when it ends its verdict takes the place of the question in
//! the guard. Each question is asked once of each result. A judge that gives no verdict leaves its guard failed.
//! Knows no model; what asks cost is in [`crate::budgets`].

use crate::{
    Driver, Judged,
    asks::Asking,
    failures,
    inner::{Inside, Role},
    state::{Activity, CallState},
};
use flow_expr::{Expr, Name, Value};
use flow_plan::{Failure, Program, with_verdicts, words};
use std::{collections::BTreeMap, sync::Arc};

/// What became of one question to a judge.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// What tells the question from others.
    key: Arc<str>,
    judge: Name,
    /// The verdict, and whether it is the judge's fallback.
    said: Result<(Value, bool), Failure>,
}

/// What is next for an expression that may ask judges.
#[derive(Debug)]
pub(crate) enum Next {
    /// A judge is to be asked about these.
    Ask(Vec<Arc<Expr>>),
    /// All verdicts are there, and stand in the expression.
    Known(Expr),
    /// A judge was asked and gave none.
    NoVerdict,
}

/// Looks which question of an expression is open.
pub(crate) fn next(expr: &Expr, verdicts: &[Verdict], program: &Program) -> Next {
    let mut known = BTreeMap::new();
    for call in program.judges_asked(expr) {
        match verdicts.iter().find(|verdict| verdict.key == call.key).map(|verdict| &verdict.said) {
            None => return Next::Ask(call.args.iter().cloned().map(Arc::new).collect()),
            Some(Ok((value, _))) => drop(known.insert(call.key, value.clone())),
            Some(Err(_)) => return Next::NoVerdict,
        }
    }
    Next::Known(with_verdicts(expr, &known))
}

impl CallState {
    /// For the record of a guard: whose result it looks at, and what judges said to it.
    pub(crate) fn said_to(&self, condition: &Expr, program: &Program) -> (Inside, Vec<Judged>) {
        let asked = program.judges_asked(condition).into_iter();
        let said = asked.filter_map(|call| self.verdicts.iter().find(|verdict| verdict.key == call.key));
        let judges = said.map(|verdict| Judged {
            judge: verdict.judge.clone(),
            verdict: verdict.said.as_ref().ok().map(|(value, _)| words::value(value).into()),
            fallback: matches!(verdict.said, Ok((_, true))),
            failure: verdict.said.as_ref().err().cloned(),
        });
        (self.inside(), judges.collect())
    }

    /// The first question of the guard that nobody has asked yet: its key, and the judge.
    fn open_question(&self, program: &Program) -> Option<(Arc<str>, Name)> {
        let guard = self.step.guards.get(self.guard)?;
        let is_open = |key: &Arc<str>| self.verdicts.iter().all(|verdict| verdict.key != *key);
        let mut calls = program.judges_asked(&guard.condition).into_iter();
        calls.find(|call| is_open(&call.key)).map(|call| (call.key, call.judge.clone()))
    }
}

impl Driver {
    /// What the judge is asked about is known: it is asked.
    pub(crate) fn ask_judge(&mut self, id: u32, args: Vec<Value>) {
        let program = self.program.clone();
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let judge = call.open_question(&program).and_then(|(_, judge)| program.judges.get(&judge));
        let Some(judge) = judge else {
            return self.fail(id, failures::plan_is_wrong("it asks a judge that there is not"));
        };
        let Some(asking) = Asking::of(&judge.body, judge.budget.as_ref()) else {
            return self.fail(id, failures::plan_is_wrong(format!("the judge `{}` asks nobody", judge.name)));
        };
        let judging = CallState::new(Arc::new(judge.clone()), call.meaning.clone(), args, Some(asking));
        self.enter_inner(id, Role::Judge, judging);
        self.attempt(id);
    }

    /// The judge is done: with a verdict (its own, or its fallback), or for good without one.
    pub(crate) fn judged(&mut self, id: u32, said: Result<(Value, bool), Failure>) {
        let program = self.program.clone();
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let Some((key, judge)) = call.open_question(&program) else { return };
        call.verdicts.push(Verdict { key, judge, said });
        self.next_guard(id);
    }
}
