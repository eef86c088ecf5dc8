//! How the worst case of a step comes about, as a sum: `2 × 50m + 1m of pauses`.
//!
//! The same terms as [`crate::time`] adds up, in words. What caps them (`within`, a budget of asks) is said behind them.
//! Knows neither queues nor what is around the step. Tested in `tests/it/terms.rs`.

use crate::{
    spell,
    spend::{judges_of, most_calls},
    time::{Tries, backoffs_ms, call_bound, most_asked, people_in_all},
};
use flow_plan::{Body, Program, Step};

/// The sum; none where the step is tried once and nothing else counts.
#[must_use]
pub fn of_step(program: &Program, step: &Step) -> Option<String> {
    let tries = Tries::of(step);
    let pauses = step.retry.as_ref().map_or(0, backoffs_ms).saturating_mul(tries.models);
    let people = people_in_all(step);
    let mut terms = vec![times(tries.attempts, step.timeout_ms)];
    if pauses > 0 {
        terms.push(format!("{} of pauses", spell::length(pauses)));
    }
    if people > 0 {
        terms.push(format!("{} for people", times(most_asked(step), people / most_asked(step).max(1))));
    }
    for judge in judges_of(program, step) {
        let each = call_bound(program, judge).worst_ms;
        terms.push(format!("{} for the judge `{}`", times(tries.results, each), judge.name.short()));
    }
    if let Body::Ai(ai) = &step.body
        && !ai.tools.is_empty()
    {
        terms.push(format!("up to {} calls of tools", most_calls(ai)));
    }
    let mut caps = vec![];
    if let Some(within) = step.retry.as_ref().and_then(|policy| policy.within_ms) {
        caps.push(format!("`within {}`", spell::length(within)));
    }
    if let Some(asks) = step.budget.as_ref().and_then(|budget| budget.asks) {
        caps.push(format!("`budget {asks} asks`"));
    }
    if terms.len() == 1 && tries.attempts == 1 {
        return None;
    }
    let sum = terms.join(" + ");
    Some(if caps.is_empty() { sum } else { format!("{sum}, capped by {}", caps.join(" and ")) })
}

fn times(count: u64, each_ms: u64) -> String {
    let each = spell::length(each_ms);
    if count == 1 { each } else { format!("{count} × {each}") }
}
