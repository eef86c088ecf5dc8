//! E0501–E0503: what a model says is a draft until a guard has passed it, and drafts do not reach the world.
//!
//! [`steps`] says what a step makes of what it is given, [`walk`] follows drafts through one flow, [`trail`] keeps
//! the way that each came, [`person`] what somebody has said yes to, [`report`] says it. Flows are summed up once, callees first: which parameters reach the
//! result, and which reach the world; so a flow that is called with a draft here and with a checked value there is
//! judged for each call. Linear in the nodes (times the parameters of their flow). Knows no syntax and no values;
//! an expression that mentions a draft in any way makes a draft, a dataset holds none, since writing one is refused.

mod person;
mod report;
mod steps;
mod trail;
mod walk;

use crate::Mentions;
use flow_diag::Problems;
use flow_expr::Name;
use flow_plan::{NodeKind, Program};

pub(crate) use steps::{asks_sound, fallbacks, looks_at_it};
pub use steps::{is_checked, is_sound};

/// All checks of the family.
#[must_use]
pub fn check(program: &Program, mentions: &Mentions) -> Problems {
    if !program.steps.values().any(|step| steps::gives_draft(program, step)) {
        return Problems::default();
    }
    let mut walk = walk::Walk::new(program);
    for flow in callees_first(program) {
        walk.flow(flow);
    }
    report::problems(program, mentions, walk)
}

/// All flows, each after those that it calls; where they call in a circle (E0301) some order.
pub(crate) fn callees_first(program: &Program) -> Vec<&Name> {
    crate::order::callees_first(program.flows.keys(), |name| {
        let called = program.flows.get(name)?.nodes().filter_map(|node| match &node.kind {
            NodeKind::Flow { flow, .. } => Some(flow),
            _ => None,
        });
        Some(called.collect())
    })
}
