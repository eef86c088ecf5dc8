//! E0903: budgets that leave no room for one result, so that none ever comes.
//!
//! An ask is charged before it is sent, with the longest answer that it allows and with its prompt: what passes a budget
//! by that alone is never sent. Of a prompt only its own words are known here, not what its holes hold, so a budget that
//! prompts may use up while they run is not this check's matter.

use crate::spend::{Measure, asks_of_result};
use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::{Name, Part};
use flow_plan::{
    AiBody, Body, Budget, Flow, FlowBudget, GuardAction, Model, NodeKind, Program, StaleAction, Step, tokens_at_most,
    words,
};
use std::collections::{BTreeMap, BTreeSet};

/// All checks of the family.
pub(super) fn check(program: &Program) -> Problems {
    let mut problems = Problems::default();
    for step in program.steps.values().chain(program.judges.values()) {
        if let Some(found) = no_room(program, step) {
            problems.push(found);
        } else if let Some(found) = too_small(program, step) {
            problems.push(found);
        }
    }
    for flow in program.flows.values() {
        problems.0.extend(flow.budgets.iter().filter_map(|budget| of_flow(program, flow, budget)).map(Problem::from));
    }
    problems
}

/// A step's budget of asks that its first result and its judges need more than, so that no result ever passes.
fn no_room<'p>(program: &'p Program, step: &'p Step) -> Option<NoRoomForJudges<'p>> {
    let budget = step.budget.as_ref()?.asks?;
    let needed = step.guards.iter().filter(|guard| !matches!(guard.action, GuardAction::Warn(_)));
    let mut questions = BTreeMap::new();
    for guard in needed {
        questions.extend(program.judges_asked(&guard.condition).into_iter().map(|call| (call.key, call.judge)));
    }
    let of_judge = |judge: &&Name| program.judges.get(*judge).map_or(1, asks_of_result);
    let judges = questions.values().map(of_judge).fold(0, u64::saturating_add);
    let answers = asks_of_result(step);
    (answers + judges > 1 && budget < answers + judges).then_some(NoRoomForJudges { step, budget, answers, judges })
}

/// What one ask is charged at least, and what that is made of.
struct Charge<'p> {
    asking: &'p Step,
    model: &'p Model,
    /// Of the prompt, without what its holes hold.
    prompt: u64,
    /// The longest answer.
    answer: u64,
}

impl<'p> Charge<'p> {
    /// Of each model that a step may ask, the first one first.
    fn all(program: &'p Program, asking: &'p Step) -> impl Iterator<Item = Self> {
        let ai = match &asking.body {
            Body::Ai(ai) => Some(&**ai),
            _ => None,
        };
        ai.into_iter().flat_map(move |ai| {
            let models = ai.models.iter().filter_map(|model| program.models.get(model));
            models.map(move |model| Self { asking, model, prompt: least(ai), answer: ai.answer_tokens(model) })
        })
    }

    fn of(&self, measure: Measure) -> u64 {
        match measure {
            Measure::Asks => 1,
            Measure::Tokens => self.prompt.saturating_add(self.answer),
            Measure::Dollars => self.model.price.map_or(0, |price| price.micro_dollars(self.prompt, self.answer)),
        }
    }

    /// The first cap that it passes by itself.
    fn passes(&self, caps: &Budget) -> Option<(Measure, u64)> {
        let caps = Measure::ALL.into_iter().filter_map(|measure| Some((measure, measure.cap(caps)?)));
        caps.into_iter().find(|(measure, cap)| self.of(*measure) > *cap)
    }

    /// The longest answer that a cap leaves room for.
    fn longest(&self, measure: Measure, cap: u64) -> u64 {
        let tokens = match (measure, self.model.price) {
            (Measure::Dollars, Some(price)) if price.output > 0 => {
                let left = u128::from(cap) * 1_000_000;
                let left = left.saturating_sub(u128::from(price.input) * u128::from(self.prompt));
                u64::try_from(left / u128::from(price.output)).unwrap_or(u64::MAX)
            }
            (Measure::Tokens, _) => cap.saturating_sub(self.prompt),
            _ => 0,
        };
        tokens.min(self.answer)
    }
}

/// The tokens of a prompt's own words as they are counted before it is sent. Where a hole parts them, what is counted
/// together may be two tokens less.
fn least(ai: &AiBody) -> u64 {
    let texts = ai.system.iter().chain(&ai.prompt).filter_map(|part| match part {
        Part::Text(text) => Some(tokens_at_most(text).saturating_sub(2)),
        Part::Hole(..) => None,
    });
    texts.fold(0, u64::saturating_add)
}

/// A step's budget that an ask of its own, or one of a judge that its result must pass, is more than.
fn too_small<'p>(program: &'p Program, step: &'p Step) -> Option<NeverAsks<'p>> {
    let budget = step.budget.as_ref()?;
    let needed = step.guards.iter().filter(|guard| !matches!(guard.action, GuardAction::Warn(_)));
    let judges = needed.flat_map(|guard| program.judges_asked(&guard.condition));
    let judges = judges.filter_map(|call| Charge::all(program, program.judges.get(call.judge)?).next());
    let mut charges = Charge::all(program, step).chain(judges);
    charges.find_map(|charge| {
        let (measure, cap) = charge.passes(budget)?;
        let at = step.place_of("budget");
        Some(NeverAsks { name: &step.name, at, call: None, measure, cap, per_ms: None, charge })
    })
}

/// A flow's budget that one ask of a step in it is more than.
pub(crate) fn of_flow<'p>(program: &'p Program, flow: &'p Flow, budget: &'p FlowBudget) -> Option<NeverAsks<'p>> {
    let mut seen = BTreeSet::from([&flow.name]);
    let mut pending = vec![flow];
    while let Some(here) = pending.pop() {
        for node in here.nodes() {
            let called = match &node.kind {
                NodeKind::Call { step, .. } => {
                    let step = program.steps.get(step);
                    let charge = step.and_then(|step| Charge::all(program, step).next());
                    if let Some(charge) = charge
                        && let Some((measure, cap)) = charge.passes(&budget.caps)
                    {
                        let (at, call, per_ms) = (budget.at, Some(node.at), budget.per_ms);
                        return Some(NeverAsks { name: &flow.name, at, call, measure, cap, per_ms, charge });
                    }
                    None
                }
                NodeKind::Flow { flow, .. } => Some(flow),
                NodeKind::RequireFresh { dataset, action: StaleAction::Refresh, .. } => {
                    program.datasets.get(dataset).and_then(|dataset| dataset.writer.as_ref())
                }
                _ => None,
            };
            pending.extend(called.filter(|flow| seen.insert(flow)).and_then(|flow| program.flows.get(flow)));
        }
    }
    None
}

/// A budget that one ask is more than.
pub(crate) struct NeverAsks<'p> {
    /// Whose budget it is.
    name: &'p Name,
    at: Span,
    /// Where a flow calls who asks.
    call: Option<Span>,
    measure: Measure,
    cap: u64,
    per_ms: Option<u64>,
    charge: Charge<'p>,
}

impl From<NeverAsks<'_>> for Problem {
    fn from(found: NeverAsks<'_>) -> Self {
        let NeverAsks { name, at, call, measure, cap, per_ms, charge } = found;
        let (asking, model) = (charge.asking.name.short(), charge.model.name.short());
        let whom = if *name == charge.asking.name { String::new() } else { format!(" for `{asking}`") };
        let title = format!(
            "`{}` can never ask `{model}`{whom}: one ask is charged {}, and the budget is {}",
            name.short(),
            measure.amount(charge.of(measure)),
            measure.amount(cap)
        );
        let mut problem = Self::error(codes::E0903, at, title, "what may pass this is not sent")
            .label(charge.asking.place_of("body"), charge.words());
        if let Some(call) = call {
            problem = problem.label(call, "called here");
        }
        let per = per_ms.map(|per| format!(" per {}", words::duration(per))).unwrap_or_default();
        let longest = charge.longest(measure, cap);
        if longest > 0 {
            problem = problem.help(format!("allow shorter answers: `max_tokens {longest}` is the most that fits"));
        }
        problem.help(format!("`budget {}{per}` is the least", measure.amount(charge.of(measure))))
    }
}

impl Charge<'_> {
    fn words(&self) -> String {
        let Self { prompt, answer, .. } = self;
        let price = match self.model.price {
            Some(price) => format!(", at {} and {} per million", words::money(price.input), words::money(price.output)),
            None => String::new(),
        };
        format!("before it is sent: {prompt} tokens and more for the prompt, {answer} for the longest answer{price}")
    }
}

/// A budget of asks that leaves no room for the judges.
struct NoRoomForJudges<'a> {
    step: &'a Step,
    budget: u64,
    /// That one result takes.
    answers: u64,
    /// That the judges take for it.
    judges: u64,
}

impl From<NoRoomForJudges<'_>> for Problem {
    fn from(found: NoRoomForJudges<'_>) -> Self {
        let NoRoomForJudges { step, budget, answers, judges } = found;
        let name = step.name.short();
        let needed = answers + judges;
        if judges == 0 {
            let title = format!("`{name}` may ask {budget} times, and {answers} answers must agree");
            return Self::error(codes::E0903, step.place_of("budget"), title, "so many answers are never asked for")
                .label(step.place_of("body"), format!("one result takes {needed} asks"))
                .help(format!("`budget {needed} asks` is the least"));
        }
        let title = format!("`{name}` may ask {budget} times, and its judges are never all asked");
        Self::error(codes::E0903, step.place_of("budget"), title, "a judge's asks count for the step that it judges")
            .label(step.place_of("guard"), format!("one result and its judges take {needed} asks"))
            .help(format!("`budget {needed} asks` lets one result pass; each further one takes as many"))
    }
}
