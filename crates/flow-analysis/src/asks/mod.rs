//! What bounds the asks of AI steps: re-asks end, money has a price, and budgets have [`room`] for one result.
//!
//! Looks at steps and models alone; what becomes of a draft is another family's matter.

pub(crate) mod room;

use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::Name;
use flow_plan::{Body, Flow, GuardAction, Model, NodeKind, Program, StaleAction, Step};
use std::collections::{BTreeMap, BTreeSet};

/// All checks of the family.
#[must_use]
pub fn check(program: &Program) -> Problems {
    let mut problems = Problems::default();
    for step in program.steps.values().chain(program.judges.values()) {
        for model in unpriced(program, step) {
            problems.push(MoneyWithoutPrice { budget: step.place_of("budget"), model });
        }
        if !matches!(step.body, Body::Ai(_)) {
            continue;
        }
        let reasks = step.guards.iter().find(|guard| matches!(guard.action, GuardAction::Retry(_)));
        if let Some(guard) = reasks.filter(|_| !is_bounded(step)) {
            problems.push(EndlessReasks { at: guard.condition.at, step });
        }
    }
    problems.extend(room::check(program));
    for flow in program.flows.values() {
        let in_money = flow.budgets.iter().find(|budget| budget.caps.micro_dollars.is_some());
        let Some(budget) = in_money else { continue };
        for model in asked_in(program, flow).values().filter(|model| model.price.is_none()) {
            problems.push(MoneyWithoutPrice { budget: budget.at, model });
        }
    }
    problems
}

/// The models that a flow may ask, through its steps, their judges and the flows inside it.
fn asked_in<'p>(program: &'p Program, flow: &'p Flow) -> BTreeMap<&'p Name, &'p Model> {
    let mut models = BTreeMap::new();
    let mut seen = BTreeSet::from([&flow.name]);
    let mut pending = vec![flow];
    while let Some(flow) = pending.pop() {
        for node in flow.nodes() {
            match &node.kind {
                NodeKind::Call { step, .. } => {
                    let step = program.steps.get(step);
                    models.extend(step.into_iter().flat_map(|step| asked_by(program, step)));
                }
                NodeKind::Flow { flow, .. } if seen.insert(flow) => pending.extend(program.flows.get(flow)),
                NodeKind::RequireFresh { dataset, action: StaleAction::Refresh, .. } => {
                    let writer = program.datasets.get(dataset).and_then(|dataset| dataset.writer.as_ref());
                    pending.extend(writer.filter(|flow| seen.insert(flow)).and_then(|flow| program.flows.get(flow)));
                }
                _ => {}
            }
        }
    }
    models
}

/// The models that one execution of a step may ask, those of its judges and of the steps that a model calls included.
fn asked_by<'p>(program: &'p Program, step: &'p Step) -> Vec<(&'p Name, &'p Model)> {
    let mut models = vec![];
    let mut seen = BTreeSet::from([&step.name]);
    let mut pending = vec![step];
    while let Some(step) = pending.pop() {
        let judges = step.guards.iter().flat_map(|guard| program.judges_asked(&guard.condition));
        let judges = judges.filter_map(|call| program.judges.get(call.judge));
        pending.extend(judges.filter(|judge| seen.insert(&judge.name)));
        let Body::Ai(ai) = &step.body else { continue };
        let tools = ai.tools.iter().filter_map(|tool| program.steps.get(tool));
        pending.extend(tools.filter(|tool| seen.insert(&tool.name)));
        models.extend(ai.models.iter().filter_map(|model| program.models.get_key_value(model)));
    }
    models
}

/// Whether something says how often the model may be asked again.
fn is_bounded(step: &Step) -> bool {
    step.retry.is_some() || step.budget.as_ref().is_some_and(|budget| budget.asks.is_some())
}

/// The models of a step with a budget in money whose tokens have no price.
fn unpriced<'p>(program: &'p Program, step: &'p Step) -> impl Iterator<Item = &'p Model> {
    let in_money = step.budget.as_ref().is_some_and(|budget| budget.micro_dollars.is_some());
    let models: BTreeMap<_, _> = asked_by(program, step).into_iter().collect();
    models.into_values().filter(move |model| in_money && model.price.is_none())
}

/// `guard … else retry` that nothing ends.
struct EndlessReasks<'a> {
    at: Span,
    step: &'a Step,
}

impl From<EndlessReasks<'_>> for Problem {
    fn from(found: EndlessReasks<'_>) -> Self {
        let EndlessReasks { at, step } = found;
        let title = format!("nothing says how often `{}` may ask again", step.name.short());
        Self::error(codes::E0902, at, title, "when this does not hold, the model is asked again")
            .label(step.place_of("body"), "this is what is asked")
            .help("bound it with `budget 3 asks`, or with a retry policy: `retry { up to 2 times }`")
            .help("say what then becomes of the step with `fallback`; without one it fails")
    }
}

/// A budget in money on a model without a price.
struct MoneyWithoutPrice<'a> {
    budget: Span,
    model: &'a Model,
}

impl From<MoneyWithoutPrice<'_>> for Problem {
    fn from(found: MoneyWithoutPrice<'_>) -> Self {
        let MoneyWithoutPrice { budget, model } = found;
        let name = model.name.short();
        let title = format!("a budget in money needs the price of `{name}`");
        Self::error(codes::E0901, budget, title, "cannot be kept: nobody knows what an ask costs")
            .label(model.at, format!("`{name}` has no `price`"))
            .help("write it into the model: `price input $0.25, output $2.00 per 1M tokens`; `$0` for one that costs nothing")
    }
}
