//! Calls inside a call: a judge that is asked about a result, and a step that a model calls.
//!
//! Either is called like any step, with the same attempts, retries, guards, fallback and ledger, and takes the place
//! of the call around it until it ends; what it ends with goes back there. They nest: a tool's guard may ask a judge.
//! Asks inside are charged to every ledger around them. A tool ends within its caller's timeout; a judge's time is its
//! own. Knows neither why a judge is asked nor what a model wanted; tested in `tests/judging.rs` and `tests/tools.rs`.

use crate::{
    Driver, How,
    state::{Activity, CallState, Settled},
};
use flow_expr::{Expr, Name, Value, VarId};
use flow_plan::{Failure, Guard, every_expression};
use jiff::Timestamp;

/// What a call is for, if it goes on inside another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A guard wants to know.
    Judge,
    /// A model called it.
    Tool,
}

/// The call around one.
#[derive(Debug)]
pub(crate) struct Outer {
    pub(crate) role: Role,
    pub(crate) call: CallState,
}

/// Who is at work inside the call of a step: for records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inside {
    pub(crate) judge: Option<Name>,
    pub(crate) tool: Option<Name>,
}

impl CallState {
    /// What this call is for, if it goes on inside another one.
    pub(crate) fn role(&self) -> Option<Role> {
        self.outer.as_ref().map(|outer| outer.role)
    }

    /// Who is at work, the innermost judge and tool.
    pub(crate) fn inside(&self) -> Inside {
        let mut found = Inside::default();
        let mut call = self;
        while let Some(outer) = &call.outer {
            let place = match outer.role {
                Role::Judge => &mut found.judge,
                Role::Tool => &mut found.tool,
            };
            place.get_or_insert_with(|| call.step.name.clone());
            call = &outer.call;
        }
        found
    }

    /// Whether a guard is asked now. Of a step that a model calls, those that look at nothing but its parameters are
    /// asked before it runs, as what a model gives is a draft; the others look at the result.
    pub(crate) fn is_due(&self, guard: &Guard) -> bool {
        self.role() != Some(Role::Tool) || looks_at_it(&guard.condition) != self.before
    }

    /// The longest that an attempt may take for those around a tool, in milliseconds.
    pub(crate) fn time_around(&self, now: Timestamp) -> u64 {
        match &self.outer {
            Some(outer) if outer.role == Role::Tool => {
                outer.call.time_left(now).min(outer.call.step.timeout_ms).min(outer.call.time_around(now))
            }
            _ => u64::MAX,
        }
    }

    /// What is left of the time within which all attempts must be done.
    pub(crate) fn time_left(&self, now: Timestamp) -> u64 {
        let since = match &self.asking {
            // Each model has the time anew.
            Some(asking) if self.outer.is_some() => asking.since(),
            _ => self.since,
        };
        let within = self.step.retry.as_ref().and_then(|policy| policy.within_ms);
        let spent = since.map_or(0, |since| crate::retry::millis_between(since, now));
        within.map_or(u64::MAX, |within| within.saturating_sub(spent).max(1))
    }
}

/// Whether a condition looks at a result, and not only at parameters.
fn looks_at_it(condition: &Expr) -> bool {
    every_expression(condition).any(|expr| matches!(expr.kind, flow_expr::ExprKind::Var(VarId::IT)))
}

impl Driver {
    /// Who is at work inside the call of an instance.
    pub(crate) fn inside(&self, id: u32) -> Inside {
        match &self.instances[id as usize].activity {
            Activity::Call(call) => call.inside(),
            _ => Inside::default(),
        }
    }

    /// Puts a call into the place of the one that goes on.
    pub(crate) fn enter_inner(&mut self, id: u32, role: Role, inner: CallState) {
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let outer = std::mem::replace(&mut **call, inner);
        call.outer = Some(Box::new(Outer { role, call: outer }));
    }

    /// Goes back to the call around, if there is one.
    pub(crate) fn leave_inner(&mut self, id: u32) -> Option<Role> {
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return None };
        let outer = call.outer.take()?;
        **call = outer.call;
        Some(outer.role)
    }

    /// An inner call has ended: with a value and how it came about, or for good without one. Gives back what it ended
    /// with if there is no call around.
    pub(crate) fn inner_ended(
        &mut self,
        id: u32,
        ended: Result<(Value, How), Failure>,
    ) -> Option<Result<(Value, How), Failure>> {
        match self.leave_inner(id) {
            None => return Some(ended),
            Some(_) if self.cancelled => self.settle(id, Settled::Cancelled),
            Some(Role::Judge) => self.judged(id, ended.map(|(value, how)| (value, how == How::Fallback))),
            Some(Role::Tool) => self.tool_ended(id, ended.map(|(value, _)| value)),
        }
        None
    }
}
