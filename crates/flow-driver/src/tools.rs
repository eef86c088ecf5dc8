//! Steps that a model calls: each is a call inside the call of the step that asks.
//!
//! Its own clauses hold: timeout, retries, guards, fallback, budget, judges; each attempt is recorded, and asks are on
//! the ledger of whoever called. What it gives, or why it gives nothing, is told to the model; neither ends the step.
//! What a model gives is a draft, so guards that look at parameters alone are asked before anything runs. Knows no
//! provider; whether arguments fit their types was looked at where the answer was read.

use crate::{
    Driver,
    asks::Asking,
    failures,
    inner::Role,
    state::{CallState, Settled},
};
use flow_expr::{Name, Value, codec};
use flow_plan::{Body, Called, Failure, MOST_CALLS, Said};

/// Bytes of a result that a model is told.
const RESULT_LIMIT: usize = 64 << 10;

impl Driver {
    /// An answer calls steps: they run, unless no answer could follow.
    pub(crate) fn begin_tools(&mut self, id: u32) {
        let Some((asking, step)) = self.asking(id) else { return };
        match &step.body {
            Body::Ai(ai) if asking.turns >= ai.turns => {
                let failure = failures::turns_exhausted(ai.turns);
                self.exhausted(id, failure);
            }
            _ => self.next_tool(id),
        }
    }

    /// Runs the next step that the model wants called, or tells it the results.
    pub(crate) fn next_tool(&mut self, id: u32) {
        let Some((asking, _)) = self.asking(id) else { return };
        loop {
            let Some(mut called) = asking.calls.pop_front() else { return self.ask(id) };
            if let Some(refused) = called.refused.take() {
                asking.said.push(Said::Result { id: called.id, text: refused });
                continue;
            }
            asking.calling = Some(called.id.clone());
            return self.call_tool(id, called);
        }
    }

    fn call_tool(&mut self, id: u32, called: Called) {
        let Some((step, meaning)) = self.step(&Name::new(called.step.clone())) else {
            return self.fail(id, failures::plan_is_wrong(format!("there is no step `{}`", called.step)));
        };
        let asking = Asking::of(&step.body, step.budget.as_ref());
        let args = called.args.into_iter().map(|(_, value)| value).collect();
        let inner = CallState { before: true, ..CallState::new(step.clone(), meaning, args, asking) };
        self.enter_inner(id, Role::Tool, inner);
        match &step.body {
            Body::Other { keyword } => self.call_failed(id, failures::body_not_runnable(keyword)),
            _ => self.next_guard(id),
        }
    }

    /// A step that the model called has ended.
    pub(crate) fn tool_ended(&mut self, id: u32, result: Result<Value, Failure>) {
        if self.cancelled {
            return self.settle(id, Settled::Cancelled);
        }
        let Some((asking, _)) = self.asking(id) else { return };
        let Some(call) = asking.calling.take() else { return };
        let text = match result.map(|value| codec::encode(&value).to_string()) {
            Ok(text) if text.len() > RESULT_LIMIT => {
                format!("error: the result has {} bytes, and {RESULT_LIMIT} can be told: ask for less", text.len())
            }
            Ok(text) => text,
            Err(failure) => format!("error: {}", failure.message),
        };
        asking.said.push(Said::Result { id: call, text: text.into() });
        self.next_tool(id);
    }
}

/// Takes in the steps that a model calls in one answer: no more than it may.
pub(crate) fn bounded(mut calls: Vec<Called>) -> Vec<Called> {
    for called in calls.iter_mut().skip(MOST_CALLS) {
        called.refused = Some(format!("error: not called: one answer may call {MOST_CALLS} steps").into());
    }
    calls
}
