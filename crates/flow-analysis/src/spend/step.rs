//! The worst that one execution of a step may spend: its own asks, those of its judges, those of the steps that its
//! model calls.

use super::{Amount, Curve, Judged, Spend};
use crate::{
    bounds::{Bounded, Unbounded},
    failures::TRANSPORT,
};
use flow_expr::Name;
use flow_plan::{AiBody, Body, ErrorClass, GuardAction, MOST_CALLS, Model, Price, Program, Provenance, Provider, Step};
use std::collections::{BTreeMap, BTreeSet};

/// How often a step's own models are asked at most, and how many results its guards may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asks {
    pub(crate) asks: u64,
    pub(crate) results: u64,
    /// Those that bring an answer or a call of a tool, whichever model gives it.
    answers: u64,
    /// Tries again of one model where its transport fails; one more of each model but the last.
    again: u64,
}

impl Asks {
    /// What they take at most where an ask of each model takes so much: every model fails as often as it may, and the
    /// dearest gives all answers.
    fn curve(self, each: &[u64], provenance: Provenance) -> Curve {
        let dearest = each.iter().copied().max().unwrap_or(0);
        let failing = |(place, amount): (usize, &u64)| {
            let is_last = place + 1 == each.len();
            Curve::each(self.again + u64::from(!is_last), *amount, provenance)
        };
        let answers = Curve::each(self.answers, dearest, provenance);
        let all = each.iter().enumerate().map(failing).fold(answers, |all, one| all.and(&one)).limited(self.asks);
        all.clamped(self.in_order(each))
    }

    /// The most that all of them take as they come: a model is asked once those before it have failed so often.
    fn in_order(self, each: &[u64]) -> u64 {
        let (mut left, mut before, mut dearest, mut most) = (self.asks, 0_u64, 0_u64, 0_u64);
        for each in each {
            dearest = dearest.max(*each);
            most = most.max(before.saturating_add(left.saturating_mul(dearest)));
            let failing = left.min(self.again + 1);
            before = before.saturating_add(failing.saturating_mul(*each));
            left -= failing;
        }
        most
    }
}

/// Counted as the driver counts: answers that do not fit or are sent back, and for each model what its transport fails.
/// A budget of asks ends both.
pub(crate) fn own_asks(step: &Step, ai: &AiBody) -> Asks {
    let cap = step.budget.as_ref().and_then(|budget| budget.asks);
    let times = |classes: &[ErrorClass]| {
        let policy = step.retry.as_ref().filter(|policy| classes.iter().any(|class| policy.covers(*class)));
        policy.map_or(0, |policy| u64::from(policy.times))
    };
    let is_sent_back = step.guards.iter().any(|guard| matches!(guard.action, GuardAction::Retry(_)));
    let by_guards = if is_sent_back { step.most_re_asks(ErrorClass::GuardFailed) } else { 0 };
    // Of several answers, one that does not fit agrees with none; too few that agree are asked for anew.
    let by_reading = match ai.samples {
        Some(_) => times(&[ErrorClass::GuardFailed]),
        None => step.most_re_asks(ErrorClass::Malformed),
    };
    let results = by_guards.max(by_reading).saturating_add(1);
    let answers = results.saturating_mul(u64::from(ai.most_answers()));
    let again = times(&TRANSPORT);
    let failures = (ai.models.len().max(1) as u64).saturating_mul(again + 1) - 1;
    let turns = if ai.tools.is_empty() { 0 } else { u64::from(ai.turns).saturating_sub(1) };
    let answers = answers.saturating_add(turns);
    let all = answers.saturating_add(failures);
    let asks = cap.map_or(all, |cap| cap.min(all));
    Asks { asks, results: results.min(asks), answers, again }
}

/// How many steps one execution may have its model call.
pub(crate) fn most_calls(ai: &AiBody) -> u64 {
    if ai.tools.is_empty() { 0 } else { u64::from(ai.turns).saturating_sub(1).saturating_mul(MOST_CALLS as u64) }
}

/// Steps and judges, each found once.
pub(super) struct Steps<'a> {
    program: &'a Program,
    known: BTreeMap<&'a Name, Spend>,
    open: BTreeSet<&'a Name>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        Self { program, known: BTreeMap::new(), open: BTreeSet::new() }
    }

    /// What one execution may spend. Goes as deep as tools call tools; a circle of those (E0904) ends where it closes.
    pub(super) fn of(&mut self, step: &'a Step) -> Spend {
        if let Some(known) = self.known.get(&step.name) {
            return known.clone();
        }
        if !self.open.insert(&step.name) {
            return Spend::nothing();
        }
        let found = self.find(step);
        self.open.remove(&step.name);
        self.known.insert(&step.name, found.clone());
        found
    }

    fn find(&mut self, step: &'a Step) -> Spend {
        let program = self.program;
        let (mut own, mut tools) = (Spend::nothing(), Spend::nothing());
        let times = step.retry.as_ref().map_or(0, |policy| u64::from(policy.times));
        let mut asks = Asks { asks: times + 1, results: times + 1, answers: times + 1, again: 0 };
        if let Body::Ai(ai) = &step.body {
            asks = own_asks(step, ai);
            own = self::own(program, step, ai, asks);
            for tool in ai.tools.iter().filter_map(|tool| program.steps.get(tool)) {
                tools = tools.or(&self.of(tool));
            }
            tools = tools.times(most_calls(ai));
        }
        let mut judges = Spend::nothing();
        for judge in judges_of(program, step) {
            judges = judges.and(&self.of(judge));
        }
        let all = own.and(&judges.times(asks.results)).and(&tools);
        let Some(budget) = &step.budget else { return all };
        let mut capped = all.capped(budget);
        let Some(cap) = budget.asks.filter(|_| !judges.is_nothing()) else { return capped };
        // Judges are asked about results, which take asks as well.
        for (place, measure) in super::TAKEN.into_iter().enumerate() {
            let curves = [&own, &judges, &tools].map(|spend| spend.by_ask[place].as_ref());
            let ([Some(own), Some(judges), Some(tools)], Ok(known)) = (curves, capped.of(measure)) else { continue };
            let (most_own, each_takes) = (asks.asks, asks_of_result(step));
            let judged = Judged { own, most_own, each_takes, judges, results: asks.results, tools };
            let most = Amount { most: judged.at(cap), provenance: known.provenance };
            capped = capped.at_most(measure, most);
        }
        capped
    }
}

/// The judges that a step's guards ask about one result, one for each question.
pub(crate) fn judges_of<'a>(program: &'a Program, step: &'a Step) -> Vec<&'a Step> {
    let mut questions = BTreeSet::new();
    let asked = step.guards.iter().flat_map(|guard| program.judges_asked(&guard.condition));
    asked.filter(|call| questions.insert(call.key.clone())).filter_map(|call| program.judges.get(call.judge)).collect()
}

/// How many answers one result takes at least.
pub(crate) fn asks_of_result(step: &Step) -> u64 {
    match &step.body {
        Body::Ai(ai) => ai.samples.as_ref().map_or(1, |samples| u64::from(samples.agree)),
        _ => 1,
    }
}

/// What so many asks of a step's own models may spend.
fn own(program: &Program, step: &Step, ai: &AiBody, asks: Asks) -> Spend {
    let models: Vec<&Model> = ai.models.iter().filter_map(|name| program.models.get(name)).collect();
    let taken = [tokens(step, &models, asks), dollars(step, ai, &models, asks)];
    let [tokens, dollars] = taken.each_ref().map(|curve| {
        let (most, provenance) = curve.as_ref().map_err(std::sync::Arc::clone)?.at(asks.asks);
        Ok(Amount { most, provenance })
    });
    let all = Ok(Amount { most: asks.asks, provenance: Provenance::Declared });
    Spend { all: [all, tokens, dollars], by_ask: taken.map(Result::ok) }
}

/// The tokens that asks take: what the models read and write at once, and no more than the step's budget.
fn tokens(step: &Step, models: &[&Model], asks: Asks) -> Bounded<Curve> {
    let cap = step.budget.as_ref().and_then(|budget| budget.tokens);
    let windows: Option<Vec<u64>> = models.iter().map(|model| model.context).collect();
    // That every prompt fills the window is the worst, and nobody has said so.
    let by_window = windows.map(|windows| asks.curve(&windows, Provenance::Assumed));
    match (by_window, cap) {
        (None, None) => Err(endless(step)),
        (Some(all), Some(cap)) if all.at(asks.asks).0 >= cap => {
            let each = models.iter().filter_map(|model| model.context).map(|window| window.min(cap));
            Ok(asks.curve(&each.collect::<Vec<_>>(), Provenance::Declared).clamped(cap))
        }
        (Some(all), _) => Ok(all),
        (None, Some(cap)) => Ok(Curve::each(asks.asks, cap, Provenance::Declared).clamped(cap)),
    }
}

/// The money that asks cost: by the windows of the models, or by the tokens that the step may use.
fn dollars(step: &Step, ai: &AiBody, models: &[&Model], asks: Asks) -> Bounded<Curve> {
    let cap = step.budget.as_ref().and_then(|budget| budget.tokens);
    let mut each = vec![];
    let (mut dearest, mut by_window, mut rounded) = (0_u64, true, false);
    for model in models {
        let Some(price) = price(model)? else {
            each.push(0);
            continue;
        };
        let window = model.context.map(|window| {
            let answer = ai.answer_tokens(model).min(window);
            price.micro_dollars(window - answer, answer).max(price.micro_dollars(window, 0))
        });
        let all_tokens = cap.map(|tokens| price.micro_dollars(tokens, 0).max(price.micro_dollars(0, tokens)));
        dearest = dearest.max(all_tokens.unwrap_or(0));
        by_window &= window.is_some();
        // Each ask is rounded up by itself, where there is something to round.
        let is_whole = price.input.is_multiple_of(1_000_000) && price.output.is_multiple_of(1_000_000);
        rounded |= !is_whole;
        let by_tokens = all_tokens.map(|all| all.saturating_add(u64::from(!is_whole)));
        each.push(window.into_iter().chain(by_tokens).min().ok_or_else(|| endless(step))?);
    }
    let all = asks.curve(&each, Provenance::Assumed);
    let by_tokens = cap.map(|_| dearest.saturating_add(if rounded { asks.asks } else { 0 }));
    Ok(match by_tokens.filter(|by_tokens| !by_window || *by_tokens <= all.at(asks.asks).0) {
        Some(by_tokens) => asks.curve(&each, Provenance::Declared).clamped(by_tokens),
        None => all,
    })
}

/// What tokens of a model cost; none where they cost nothing.
fn price(model: &Model) -> Bounded<Option<Price>> {
    let Some(price) = model.price else {
        // Nobody is asked. Where there is a price, recorded answers are charged like those that they stand for.
        if matches!(model.provider, Provider::Replay { .. } | Provider::Scripted) {
            return Ok(None);
        }
        let name = model.name.short();
        let help =
            "write it into the model: `price input $0.25, output $2.00 per 1M tokens`; `$0` for one that costs nothing";
        return Err(Unbounded::new(model.at, format!("nobody knows what an ask of `{name}` costs"), help));
    };
    Ok(Some(price).filter(|price| price.input > 0 || price.output > 0))
}

fn endless(step: &Step) -> std::sync::Arc<Unbounded> {
    let name = step.name.short();
    Unbounded::new(
        step.place_of("body"),
        format!("nothing bounds how long a prompt of `{name}` gets"),
        format!("give `{name}` a budget, such as `budget 3 asks, 20_000 tokens, $0.05`; or its model a `context`"),
    )
}
