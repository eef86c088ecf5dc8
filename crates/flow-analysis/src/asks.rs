//! What bounds the asks of AI steps: re-asks end, money has a price, and what a model calls changes nothing.
//!
//! Looks at steps and models alone; what becomes of a draft is another family's matter.

use flow_diag::{Problem, Problems, Span, codes};
use flow_plan::{AiBody, Body, Effect, GuardAction, Model, Program, Step};

/// All checks of the family.
#[must_use]
pub fn check(program: &Program) -> Problems {
    let mut problems = Problems::default();
    for step in program.steps.values() {
        let Body::Ai(ai) = &step.body else { continue };
        let reasks = step.guards.iter().find(|guard| matches!(guard.action, GuardAction::Retry(_)));
        if let Some(guard) = reasks.filter(|_| !is_bounded(step)) {
            problems.push(EndlessReasks { at: guard.condition.at, step });
        }
        for model in unpriced(program, step, ai) {
            problems.push(MoneyWithoutPrice { step, model });
        }
        for tool in ai.tools.iter().filter_map(|tool| program.steps.get(tool)) {
            if tool.effect >= Effect::Write {
                problems.push(ToolChanges { step, tool });
            }
        }
    }
    problems
}

/// Whether something says how often the model may be asked again.
fn is_bounded(step: &Step) -> bool {
    step.retry.is_some() || step.budget.as_ref().is_some_and(|budget| budget.asks.is_some())
}

/// The models of a step with a budget in money whose tokens have no price.
fn unpriced<'p>(program: &'p Program, step: &Step, ai: &'p AiBody) -> impl Iterator<Item = &'p Model> {
    let in_money = step.budget.as_ref().is_some_and(|budget| budget.micro_dollars.is_some());
    let models = ai.models.iter().filter_map(|model| program.models.get(model));
    models.filter(move |model| in_money && model.price.is_none())
}

fn clause(step: &Step, keyword: &str) -> Span {
    step.clauses_at.iter().find(|(name, _)| &**name == keyword).map_or(step.at, |(_, at)| *at)
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
            .label(clause(step, "body"), "this is what is asked")
            .help("bound it with `budget 3 asks`, or with a retry policy: `retry { up to 2 times }`")
            .help("say what then becomes of the step with `fallback`; without one it fails")
    }
}

/// A budget in money on a model without a price.
struct MoneyWithoutPrice<'a> {
    step: &'a Step,
    model: &'a Model,
}

impl From<MoneyWithoutPrice<'_>> for Problem {
    fn from(found: MoneyWithoutPrice<'_>) -> Self {
        let MoneyWithoutPrice { step, model } = found;
        let name = model.name.short();
        let title = format!("a budget in money needs the price of `{name}`");
        Self::error(codes::E0901, clause(step, "budget"), title, "cannot be kept: nobody knows what an ask costs")
            .label(model.at, format!("`{name}` has no `price`"))
            .help("write it into the model: `price input $0.25, output $2.00 per 1M tokens`; `$0` for one that costs nothing")
    }
}

/// A step with an effect that a model may call.
struct ToolChanges<'a> {
    step: &'a Step,
    tool: &'a Step,
}

impl From<ToolChanges<'_>> for Problem {
    fn from(found: ToolChanges<'_>) -> Self {
        let ToolChanges { step, tool } = found;
        let name = tool.name.short();
        let title = format!("a model may not call `{name}`, which changes the world");
        Self::error(codes::E0504, clause(step, "body"), title, "its arguments are what the model says: a draft")
            .label(tool.at, "its effect is `write` or `irreversible`")
            .help("let the model return what is to be done, guard it, and call the step in the flow; or say `effect read` if it only looks")
    }
}
