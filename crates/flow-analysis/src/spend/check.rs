//! E0905, W0901: a budget of a flow that its own worst case passes, where that ends the run.
//!
//! A budget that may run out is no mistake where something stands in for what is not asked: every `fallback` and `else`
//! says that it may. Where nothing does, the run fails half done. It is a warning where the sum assumes that prompts fill
//! the windows of their models: then the steps lack budgets of their own.

use super::{Measure, Part, Spend, Spending};
use crate::{asks::room, bounds::SystemBounds, calendar::Horizon, spell};
use flow_diag::{Problem, Problems, codes};
use flow_plan::{Flow, FlowBudget, Program, Provenance, words};

/// How many parts of a sum a report shows.
const SHOWN: usize = 4;

/// All checks of the family, if some flow has a budget.
#[must_use]
pub fn check(program: &Program, horizon: Horizon) -> Problems {
    let mut problems = Problems::default();
    let has_budget = |flow: &&Flow| !flow.budgets.is_empty();
    if !program.flows.values().any(|flow| has_budget(&flow)) {
        return problems;
    }
    let mut bounds = SystemBounds::of(program, horizon);
    let spending = Spending::of(&mut bounds);
    for flow in program.flows.values().filter(has_budget) {
        let Some(run) = spending.run(&flow.name) else { continue };
        if !run.parts.iter().any(|part| part.ends_run) {
            continue;
        }
        // One that a single ask is more than is reported as that.
        let budgets = flow.budgets.iter().filter(|budget| room::of_flow(program, flow, budget).is_none());
        let mut passed = budgets.filter_map(|budget| passed(&spending, &bounds, flow, budget));
        if let Some(found) = passed.next() {
            problems.push(found);
        }
    }
    problems
}

/// The first cap of a budget that the worst case passes.
fn passed<'a>(
    spending: &'a Spending<'a>,
    bounds: &SystemBounds<'a>,
    flow: &'a Flow,
    budget: &'a FlowBudget,
) -> Option<Passed<'a>> {
    let run = spending.run(&flow.name)?;
    let (all, runs) = match budget.per_ms {
        // Once it has failed, no budget makes it fail.
        None => (run.body.clone(), 1),
        Some(per_ms) => {
            // What one run may spend by its own budget, as often as it may run.
            let own = flow.budgets.iter().filter(|other| other.per_ms.is_none());
            let each = own.fold(run.need.clone(), |each, own| each.capped(&own.caps));
            let runs = spending.runs_within(bounds, &flow.name, per_ms).ok()?;
            (each.times(runs), runs)
        }
    };
    let over = |measure: &Measure| {
        let amount = all.of(*measure).as_ref().ok()?;
        let cap = measure.cap(&budget.caps)?;
        (amount.most > cap).then_some((*measure, *amount, cap))
    };
    let (measure, amount, cap) = Measure::ALL.iter().rev().find_map(over)?;
    let takes =
        bounds.durations.get(&flow.name).and_then(|bounds| bounds.flow.as_ref()).map_or(0, |bound| bound.worst_ms);
    let is_assumed = amount.provenance == Provenance::Assumed;
    let most = amount.most;
    Some(Passed { flow, budget, measure, most, is_assumed, cap, runs, takes_ms: takes, parts: &run.parts })
}

/// A budget that the worst case passes.
struct Passed<'a> {
    flow: &'a Flow,
    budget: &'a FlowBudget,
    measure: Measure,
    most: u64,
    /// Whether prompts are assumed to fill the windows of their models.
    is_assumed: bool,
    cap: u64,
    runs: u64,
    takes_ms: u64,
    parts: &'a [Part<'a>],
}

impl From<Passed<'_>> for Problem {
    fn from(found: Passed<'_>) -> Self {
        let Passed { flow, budget, measure, most, is_assumed, cap, runs, takes_ms, parts } = found;
        let name = flow.name.short();
        let (spent, allowed) = (measure.amount(most), measure.amount(cap));
        let title = match budget.per_ms {
            None => format!("a run of `{name}` may need {spent}, and its budget is {allowed}"),
            Some(per) => {
                format!(
                    "runs of `{name}` may need {spent} within {}, and their budget is {allowed}",
                    words::duration(per)
                )
            }
        };
        let label = "where it leaves no room, the run fails";
        let mut problem = match is_assumed {
            true => Self::warning(codes::W0901, budget.at, title, label)
                .note("assumed, not declared: that each prompt fills the `context` of its model")
                .help(bounded(parts, measure)),
            false => Self::error(codes::E0905, budget.at, title, label),
        };
        let mut largest: Vec<&Part<'_>> = parts.iter().collect();
        largest.sort_by_key(|part| std::cmp::Reverse(share(part, measure)));
        for part in largest.iter().filter(|part| part.ends_run).take(SHOWN) {
            problem = problem.label(part.at, format!("nothing stands in for `{}` here", part.name.short()));
        }
        problem = problem.note(sum(parts, measure, runs, most));
        if let Some(per) = budget.per_ms {
            problem = problem.note(format!(
                "{runs} run{} may ask within {}: a budget for a time is counted back from each ask, and a run may take {}",
                if runs == 1 { "" } else { "s" },
                words::duration(per),
                spell::length(takes_ms)
            ));
        }
        let per = budget.per_ms.map(|per| format!(" per {}", words::duration(per))).unwrap_or_default();
        problem.help("say what then becomes of it: `else VALUE` behind the call, or a `fallback` in the step").help(
            format!(
                "or allow what may be needed: `budget {}{per}`; or let the steps ask for less",
                measure.amount(most)
            ),
        )
    }
}

/// What would bound the steps of which nothing says how long their prompts get.
fn bounded(parts: &[Part<'_>], measure: Measure) -> String {
    let is_assumed =
        |part: &&Part<'_>| part.each.of(measure).as_ref().is_ok_and(|each| each.provenance == Provenance::Assumed);
    let names: Vec<String> =
        parts.iter().filter(is_assumed).take(SHOWN).map(|part| format!("`{}`", part.name.short())).collect();
    format!("give {} a budget that says tokens or money, such as `budget 20_000 tokens, $0.05`", names.join(", "))
}

fn share(part: &Part<'_>, measure: Measure) -> u64 {
    part.each.of(measure).as_ref().map_or(u64::MAX, |each| each.most.saturating_mul(part.times))
}

/// `2 × summary $0.01 + 1 × judge $0.02 = $0.04`, the largest first.
#[must_use]
pub fn sum(parts: &[Part<'_>], measure: Measure, runs: u64, most: u64) -> String {
    let mut largest: Vec<&Part<'_>> = parts.iter().filter(|part| share(part, measure) > 0).collect();
    largest.sort_by_key(|part| std::cmp::Reverse(share(part, measure)));
    let each =
        |spend: &Spend| spend.of(measure).as_ref().map_or("no bound".to_owned(), |each| measure.amount(each.most));
    let mut terms: Vec<String> = largest
        .iter()
        .take(SHOWN)
        .map(|part| match part.times {
            1 => format!("`{}` {}", part.name.short(), each(&part.each)),
            times => format!("{times} × `{}` {}", part.name.short(), each(&part.each)),
        })
        .collect();
    if largest.len() > SHOWN {
        terms.push(format!("{} more", largest.len() - SHOWN));
    }
    let terms = terms.join(" + ");
    match runs {
        1 => format!("{terms} = {}", measure.amount(most)),
        runs => format!("{runs} × ({terms}) = {}", measure.amount(most)),
    }
}
