//! The worst that one execution of a step may spend: its own asks, those of its judges, those of the steps that its
//! model calls.

use super::{Amount, Curve, Judged, Measure, Spend};
use crate::{
    bounds::{Bounded, Unbounded},
    failures::TRANSPORT,
};
use flow_expr::Name;
use flow_plan::{AiBody, Body, ErrorClass, GuardAction, MOST_CALLS, Model, Program, Provenance, Provider, Step};
use std::collections::{BTreeMap, BTreeSet};

/// How often a step's own models are asked at most, and how many results its guards may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asks {
    pub(crate) asks: u64,
    pub(crate) results: u64,
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
    let again = by_guards.max(by_reading);
    let results = again.saturating_add(1);
    let answers = results.saturating_mul(u64::from(ai.most_answers()));
    let failures = (ai.models.len().max(1) as u64).saturating_mul(times(&TRANSPORT) + 1) - 1;
    let turns = if ai.tools.is_empty() { 0 } else { u64::from(ai.turns).saturating_sub(1) };
    let all = answers.saturating_add(failures).saturating_add(turns);
    let asks = cap.map_or(all, |cap| cap.min(all));
    Asks { asks, results: results.min(asks) }
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
        let mut asks = Asks { asks: times + 1, results: times + 1 };
        if let Body::Ai(ai) = &step.body {
            asks = own_asks(step, ai);
            own = self::own(program, step, ai, asks.asks);
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
fn own(program: &Program, step: &Step, ai: &AiBody, asks: u64) -> Spend {
    let models: Vec<&Model> = ai.models.iter().filter_map(|name| program.models.get(name)).collect();
    let cap = step.budget.as_ref().and_then(|budget| budget.tokens);
    let declared = |most| Ok(Amount { most, provenance: Provenance::Declared });
    let windows: Option<Vec<u64>> = models.iter().map(|model| model.context).collect();
    let window = windows.and_then(|windows| windows.into_iter().max());
    let tokens_each = window.or(cap).unwrap_or(0);
    let tokens = match (window.map(|window| window.saturating_mul(asks)), cap) {
        (None, None) => Err(endless(step)),
        (Some(all), Some(cap)) if all < cap => Ok(Amount { most: all, provenance: Provenance::Assumed }),
        (Some(all), None) => Ok(Amount { most: all, provenance: Provenance::Assumed }),
        (_, Some(cap)) => declared(cap),
    };
    let mut money: Bounded<Amount> = declared(0);
    let mut money_each = 0;
    for model in models {
        money = match (money, dollars(step, ai, model, asks)) {
            (Ok(one), Ok((each, other))) => {
                money_each = each.max(money_each);
                Ok(if other.most > one.most { other } else { one })
            }
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
    }
    let mut spend = Spend::nothing();
    spend.all[Measure::Asks as usize] = declared(asks);
    spend.all[Measure::Tokens as usize] = tokens;
    spend.all[Measure::Dollars as usize] = money;
    spend.by_ask = super::TAKEN.map(|measure| {
        let of_all = spend.of(measure).as_ref().ok()?;
        let each = if measure == Measure::Tokens { tokens_each } else { money_each };
        Some(Curve::each(asks, each.min(of_all.most), of_all.provenance).clamped(of_all.most))
    });
    spend
}

/// What one and so many asks of one model cost at most: by its window, or by the tokens that the step may use.
fn dollars(step: &Step, ai: &AiBody, model: &Model, asks: u64) -> Bounded<(u64, Amount)> {
    let free = Ok((0, Amount { most: 0, provenance: Provenance::Declared }));
    let Some(price) = model.price else {
        // Nobody is asked. Where there is a price, recorded answers are charged like those that they stand for.
        if matches!(model.provider, Provider::Replay { .. } | Provider::Scripted) {
            return free;
        }
        let name = model.name.short();
        let help =
            "write it into the model: `price input $0.25, output $2.00 per 1M tokens`; `$0` for one that costs nothing";
        return Err(Unbounded::new(model.at, format!("nobody knows what an ask of `{name}` costs"), help));
    };
    if price.input == 0 && price.output == 0 {
        return free;
    }
    let by_window = model.context.map(|window| {
        let answer = ai.answer_tokens(model).min(window);
        let whole = price.micro_dollars(window - answer, answer).max(price.micro_dollars(window, 0));
        // That every prompt fills the window is the worst, and nobody has said so.
        (whole, Amount { most: whole.saturating_mul(asks), provenance: Provenance::Assumed })
    });
    let by_tokens = step.budget.as_ref().and_then(|budget| budget.tokens).map(|tokens| {
        let dearest = price.micro_dollars(tokens, 0).max(price.micro_dollars(0, tokens));
        // Each ask is rounded up by itself.
        let most = Amount { most: dearest.saturating_add(asks), provenance: Provenance::Declared };
        (dearest.saturating_add(1), most)
    });
    let known = || [by_window, by_tokens].into_iter().flatten();
    let each = known().map(|(each, _)| each).min().unwrap_or(0);
    known().map(|(_, all)| (each, all)).min_by_key(|(_, all)| all.most).ok_or_else(|| endless(step))
}

fn endless(step: &Step) -> std::sync::Arc<Unbounded> {
    let name = step.name.short();
    Unbounded::new(
        step.place_of("body"),
        format!("nothing bounds how long a prompt of `{name}` gets"),
        format!("give `{name}` a budget, such as `budget 3 asks, 20_000 tokens, $0.05`; or its model a `context`"),
    )
}
