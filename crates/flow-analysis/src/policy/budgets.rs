//! `budget $50 per 1d` in a policy: what all flows of the program may spend together at most; without a time, what each
//! run may.
//!
//! A flow that another one calls is paid for there. What nothing bounds breaks the budget, told with the clause that
//! would bound it.

use crate::{
    bounds::{self, SystemBounds},
    calendar::Horizon,
    spend::{Measure, Spending},
};
use flow_diag::{Problem, Problems, codes};
use flow_plan::{Flow, FlowBudget, Policy, Program, words};

/// How many flows a report shows.
const SHOWN: usize = 4;

/// The budgets of all policies.
pub(super) fn check(program: &Program, horizon: Horizon) -> Problems {
    let mut problems = Problems::default();
    if program.policies.iter().all(|policy| policy.budgets.is_empty()) {
        return problems;
    }
    let mut bounds = SystemBounds::of(program, horizon);
    let spending = Spending::of(&mut bounds);
    for policy in &program.policies {
        for budget in &policy.budgets {
            match budget.per_ms {
                None => of_runs(policy, budget, program, &spending, &mut problems),
                Some(per_ms) => together(policy, budget, per_ms, program, (&spending, &bounds), &mut problems),
            }
        }
    }
    problems
}

/// Each run of each flow.
fn of_runs(policy: &Policy, budget: &FlowBudget, program: &Program, spending: &Spending<'_>, problems: &mut Problems) {
    for flow in program.flows.values().filter(|flow| !flow.name.as_str().starts_with("std.")) {
        let Some(run) = spending.run(&flow.name) else { continue };
        for (measure, cap) in caps(budget) {
            match run.most.of(measure) {
                Ok(amount) if amount.most <= cap => continue,
                Ok(amount) => problems.push(TooDear { policy, budget, flow, measure, cap, most: amount.most }),
                Err(why) => problems.push(Unbounded { policy, budget, flow, measure, why }),
            }
            break;
        }
    }
}

/// All flows within one time.
fn together(
    policy: &Policy,
    budget: &FlowBudget,
    per_ms: u64,
    program: &Program,
    (spending, bounds): (&Spending<'_>, &SystemBounds<'_>),
    problems: &mut Problems,
) {
    'measures: for (measure, cap) in caps(budget) {
        let mut shares = vec![];
        for flow in program.flows.values() {
            match spending.started_within(bounds, flow, per_ms).of(measure) {
                Ok(amount) => shares.push((flow, amount.most)),
                Err(why) => {
                    problems.push(Unbounded { policy, budget, flow, measure, why });
                    continue 'measures;
                }
            }
        }
        let all = shares.iter().map(|(_, most)| *most).fold(0, u64::saturating_add);
        if all > cap {
            shares.retain(|(_, most)| *most > 0);
            shares.sort_by_key(|(_, most)| std::cmp::Reverse(*most));
            problems.push(TooMuch { policy, budget, measure, cap, all, shares });
            return;
        }
    }
}

fn caps(budget: &FlowBudget) -> impl Iterator<Item = (Measure, u64)> {
    Measure::ALL.into_iter().rev().filter_map(|measure| Some((measure, measure.cap(&budget.caps)?)))
}

/// `within 1d`, or nothing.
fn within(budget: &FlowBudget) -> String {
    budget.per_ms.map(|per| format!(" within {}", words::duration(per))).unwrap_or_default()
}

fn described(problem: Problem, policy: &Policy) -> Problem {
    match &policy.description {
        Some(description) => problem.note(description.to_string()),
        None => problem,
    }
}

/// A run that may spend more than the policy allows.
struct TooDear<'a> {
    policy: &'a Policy,
    budget: &'a FlowBudget,
    flow: &'a Flow,
    measure: Measure,
    cap: u64,
    most: u64,
}

impl From<TooDear<'_>> for Problem {
    fn from(found: TooDear<'_>) -> Self {
        let TooDear { policy, budget, flow, measure, cap, most } = found;
        let (name, allowed) = (flow.name.short(), measure.amount(cap));
        let title = format!(
            "a run of `{name}` may need {}, and the policy `{}` allows {allowed}",
            measure.amount(most),
            policy.name.short()
        );
        let problem = Self::error(codes::E1001, flow.at, title, format!("breaks the policy `{}`", policy.name.short()))
            .label(budget.at, "allowed here")
            .help(format!("let its steps ask for less, or give `{name}` a budget of its own, `budget {allowed}`, and an `else` where that ends"));
        described(problem, policy)
    }
}

/// Flows that together may spend more than the policy allows.
struct TooMuch<'a> {
    policy: &'a Policy,
    budget: &'a FlowBudget,
    measure: Measure,
    cap: u64,
    all: u64,
    shares: Vec<(&'a Flow, u64)>,
}

impl From<TooMuch<'_>> for Problem {
    fn from(found: TooMuch<'_>) -> Self {
        let TooMuch { policy, budget, measure, cap, all, shares } = found;
        let title = format!(
            "the flows may spend {}{}, and the policy `{}` allows {}",
            measure.amount(all),
            within(budget),
            policy.name.short(),
            measure.amount(cap)
        );
        // Told at what breaks it: the policy may stand in a file that is not the project's.
        let (first, rest) = shares.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
        let at = first.map_or(budget.at, |(flow, _)| flow.at);
        let share = |most: u64| format!("{} of it", measure.amount(most));
        let mut problem =
            Self::error(codes::E1001, at, title, first.map_or_else(String::new, |(_, most)| share(*most)))
                .label(budget.at, "allowed here");
        for (flow, most) in rest.iter().take(SHOWN - 1) {
            problem = problem.label(flow.at, share(*most));
        }
        let mut terms: Vec<String> = shares
            .iter()
            .take(SHOWN)
            .map(|(flow, most)| format!("`{}` {}", flow.name.short(), measure.amount(*most)))
            .collect();
        if shares.len() > SHOWN {
            terms.push(format!("{} more", shares.len() - SHOWN));
        }
        let per = budget.per_ms.map(words::duration).unwrap_or_default();
        let problem = problem.note(format!("{} = {}", terms.join(" + "), measure.amount(all))).help(format!(
            "give the flows budgets that add up to less, such as `budget {} per {per}`",
            measure.amount(cap)
        ));
        described(problem, policy)
    }
}

/// A flow of which nobody knows what it may spend.
struct Unbounded<'a> {
    policy: &'a Policy,
    budget: &'a FlowBudget,
    flow: &'a Flow,
    measure: Measure,
    why: &'a bounds::Unbounded,
}

impl From<Unbounded<'_>> for Problem {
    fn from(found: Unbounded<'_>) -> Self {
        let Unbounded { policy, budget, flow, measure, why } = found;
        let cap = measure.cap(&budget.caps).map(|cap| measure.amount(cap)).unwrap_or_default();
        let title = format!(
            "nothing bounds what `{}` may spend{}, and the policy `{}` allows {cap}",
            flow.name.short(),
            within(budget),
            policy.name.short()
        );
        let problem = Self::error(codes::E1001, flow.at, title, format!("breaks the policy `{}`", policy.name.short()))
            .label(budget.at, "allowed here")
            .note(why.why.clone())
            .help(why.help.clone());
        described(problem, policy)
    }
}
