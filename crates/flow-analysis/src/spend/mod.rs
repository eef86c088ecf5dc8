//! What runs may spend on asks of models at most: asks, tokens, money; of one run, and of all runs in a time.
//!
//! [`step`] finds the worst of one execution of a step, [`flow`] adds them up over a flow, [`runs`] counts how often a
//! flow runs, [`check`] compares with budgets (E0905). A budget is a bound by itself, as the runtime charges before it
//! asks: so what has a cap has a bound, whatever is under it. Knows nothing of what was spent; tested with the sums
//! written out in `tests/it/spend.rs`.
//! [`curve`] says what a cap on asks leaves of the rest.

pub mod check;
mod curve;
mod flow;
mod runs;
mod step;

pub(crate) use curve::{Curve, Judged};
pub use flow::Part;
pub(crate) use step::{Asks, asks_of_result, judges_of, most_calls, own_asks};

use crate::{
    bounds::{Bounded, SystemBounds, Unbounded},
    time,
};
use flow_expr::Name;
use flow_plan::{Budget, Flow, FlowBudget, Program, Provenance, words};
use runs::Sources;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The most of something, with what that stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// How much.
    pub most: u64,
    /// The weakest ground of it.
    pub provenance: Provenance,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Asks of models.
    Asks,
    /// Tokens, sent and received.
    Tokens,
    /// Money, in millionths of a dollar.
    Dollars,
}

impl Measure {
    /// All of them, in the order in which budgets name them.
    pub const ALL: [Self; 3] = [Self::Asks, Self::Tokens, Self::Dollars];

    /// An amount of it as it is written in a budget.
    #[must_use]
    pub fn amount(self, most: u64) -> String {
        match self {
            Self::Asks if most == 1 => "1 ask".to_owned(),
            Self::Asks => format!("{} asks", grouped(most)),
            Self::Tokens => format!("{} tokens", grouped(most)),
            Self::Dollars => words::money(most),
        }
    }

    /// The cap on it.
    #[must_use]
    pub fn cap(self, budget: &Budget) -> Option<u64> {
        match self {
            Self::Asks => budget.asks,
            Self::Tokens => budget.tokens,
            Self::Dollars => budget.micro_dollars,
        }
    }
}

/// A number as programs write it: `12_000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// The most that is spent of each measure, or why nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spend {
    all: [Bounded<Amount>; 3],
    /// The tokens and the money of so many of its asks; none where nobody knows what one takes.
    by_ask: [Option<Curve>; 2],
}

/// The measures that asks take.
const TAKEN: [Measure; 2] = [Measure::Tokens, Measure::Dollars];

impl Spend {
    /// Nothing at all.
    #[must_use]
    pub fn nothing() -> Self {
        let none = Amount { most: 0, provenance: Provenance::Declared };
        Self { all: [Ok(none), Ok(none), Ok(none)], by_ask: [Some(Curve::default()), Some(Curve::default())] }
    }

    /// Nobody knows how much of anything.
    fn unknown(why: &Arc<Unbounded>) -> Self {
        Self { all: [Err(why.clone()), Err(why.clone()), Err(why.clone())], by_ask: [None, None] }
    }

    /// Nobody knows how often this is spent.
    fn endless(&self, why: &Arc<Unbounded>) -> Self {
        let by_ask = self.by_ask.each_ref().map(|curve| curve.as_ref().map(|curve| curve.times(u64::MAX)));
        Self { by_ask, ..Self::unknown(why) }
    }

    /// Of one measure.
    pub fn of(&self, measure: Measure) -> &Bounded<Amount> {
        &self.all[measure as usize]
    }

    /// Whether nobody is ever asked.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self.of(Measure::Asks), Ok(amount) if amount.most == 0)
    }

    fn both(&self, other: &Self, join: impl Fn(u64, u64) -> u64, curves: impl Fn(&Curve, &Curve) -> Curve) -> Self {
        let of = |measure| match (self.of(measure), other.of(measure)) {
            (Ok(one), Ok(other)) => {
                // What adds nothing weakens nothing.
                let grounds = [one, other].into_iter().filter(|amount| amount.most > 0);
                let provenance = grounds.map(|amount| amount.provenance).max().unwrap_or(Provenance::Declared);
                Ok(Amount { most: join(one.most, other.most), provenance })
            }
            (Err(why), _) | (_, Err(why)) => Err(why.clone()),
        };
        let taken = |place: usize| Some(curves(self.by_ask[place].as_ref()?, other.by_ask[place].as_ref()?));
        Self { all: Measure::ALL.map(of), by_ask: [0, 1].map(taken) }
    }

    /// One and the other.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.both(other, u64::saturating_add, Curve::and)
    }

    /// One or the other, whichever is worse.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.both(other, u64::max, Curve::or)
    }

    /// So many times.
    #[must_use]
    pub fn times(&self, times: u64) -> Self {
        if times == 0 {
            return Self::nothing();
        }
        let of = |measure| {
            let of_one: &Bounded<Amount> = self.of(measure);
            of_one.clone().map(|amount| Amount { most: amount.most.saturating_mul(times), ..amount })
        };
        let by_ask = self.by_ask.each_ref().map(|curve| curve.as_ref().map(|curve| curve.times(times)));
        Self { all: Measure::ALL.map(of), by_ask }
    }

    /// At most what a budget allows: a cap on asks is one on the tokens and the money of the dearest of them as well.
    #[must_use]
    pub fn capped(&self, budget: &Budget) -> Self {
        let mut capped = self.clone();
        if let Some(asks) = budget.asks
            && !self.of(Measure::Asks).as_ref().is_ok_and(|amount| amount.most <= asks)
        {
            capped.all[Measure::Asks as usize] = Ok(Amount { most: asks, provenance: Provenance::Declared });
            for (measure, curve) in TAKEN.into_iter().zip(&mut capped.by_ask) {
                let Some(curve) = curve else { continue };
                let (most, provenance) = curve.at(asks);
                lower(&mut capped.all[measure as usize], Amount { most, provenance });
                *curve = curve.limited(asks);
            }
        }
        for measure in TAKEN {
            if let Some(most) = measure.cap(budget) {
                capped = capped.at_most(measure, Amount { most, provenance: Provenance::Declared });
            }
        }
        capped
    }

    /// No more of one measure than that, which is the tokens or the money.
    fn at_most(mut self, measure: Measure, most: Amount) -> Self {
        lower(&mut self.all[measure as usize], most);
        for (taken, curve) in TAKEN.into_iter().zip(&mut self.by_ask) {
            if taken == measure {
                let known = curve.take().map(|curve| curve.clamped(most.most));
                *curve = Some(known.unwrap_or_else(|| Curve::each(1, most.most, most.provenance)));
            }
        }
        self
    }
}

fn lower(found: &mut Bounded<Amount>, most: Amount) {
    if !found.as_ref().is_ok_and(|amount| amount.most <= most.most) {
        *found = Ok(most);
    }
}

/// What one run of a flow may spend.
#[derive(Clone, Debug)]
pub struct OfRun<'a> {
    /// What its steps may spend together, its own budget left out.
    pub need: Spend,
    /// The same without what is done once it has failed.
    pub body: Spend,
    /// The same with its own budget.
    pub most: Spend,
    /// What that is made of.
    pub parts: Vec<Part<'a>>,
}

/// What all flows of a program may spend.
#[derive(Debug)]
pub struct Spending<'a> {
    program: &'a Program,
    runs: BTreeMap<&'a Name, OfRun<'a>>,
    sources: BTreeMap<&'a Name, Bounded<Sources>>,
}

impl<'a> Spending<'a> {
    /// Of all flows.
    #[must_use]
    pub fn of(bounds: &mut SystemBounds<'a>) -> Self {
        let program = bounds.program();
        let mut steps = step::Steps::new(program);
        let mut runs: BTreeMap<&Name, OfRun<'a>> = BTreeMap::new();
        for name in time::all_callees_first(program) {
            let Some(flow) = program.flows.get(name) else { continue };
            let flow::Need { need, body, parts } = flow::need(flow, program, &mut steps, &runs);
            let takes = bounds.durations.get(name).and_then(|bounds| bounds.flow.as_ref()).map(|bound| bound.worst_ms);
            let most = flow.budgets.iter().fold(need.clone(), |most, budget| match budget.per_ms {
                // A budget for a time longer than a run is one for each run as well.
                Some(per_ms) if takes.is_none_or(|takes| takes > per_ms) => most,
                _ => most.capped(&budget.caps),
            });
            runs.insert(name, OfRun { need, body, most, parts });
        }
        let asking: BTreeSet<&Name> =
            runs.iter().filter(|(_, run)| !run.need.is_nothing()).map(|(name, _)| *name).collect();
        let sources = if asking.is_empty() { BTreeMap::new() } else { runs::sources(bounds) };
        Self { program, runs, sources }
    }

    /// Of one run of a flow. None for one in a circle with itself.
    #[must_use]
    pub fn run(&self, flow: &Name) -> Option<&OfRun<'a>> {
        self.runs.get(flow)
    }

    /// How often a flow runs on one day of its calendar at most.
    ///
    /// # Errors
    /// Nothing bounds it.
    pub fn runs_per_day(&self, bounds: &mut SystemBounds<'a>, flow: &Name) -> Bounded<u64> {
        Ok(self.sources_of(flow)?.most_a_day(&mut bounds.calendars))
    }

    /// What a flow may spend on one day of its calendar.
    #[must_use]
    pub fn per_day(&self, bounds: &mut SystemBounds<'a>, flow: &'a Flow) -> Spend {
        let Some(run) = self.runs.get(&flow.name) else { return Spend::unknown(&never_known(flow)) };
        let all = match self.runs_per_day(bounds, &flow.name) {
            _ if run.most.is_nothing() => Spend::nothing(),
            Ok(runs) => run.most.times(runs),
            Err(why) => run.most.endless(&why),
        };
        let periods = flow.budgets.iter().filter_map(|budget| Some((budget, budget.per_ms?)));
        periods.fold(all, |all, (budget, per_ms)| {
            all.capped(&over(budget, per_ms, crate::calendar::DAY_MS.unsigned_abs()))
        })
    }

    /// How often a flow may run so that its asks fall into one time of that length.
    fn runs_within(&self, bounds: &SystemBounds<'a>, flow: &Name, window_ms: u64) -> Bounded<u64> {
        let takes =
            bounds.durations.get(flow).and_then(|bounds| bounds.flow.as_ref()).map_or(0, |bound| bound.worst_ms);
        Ok(self.sources_of(flow)?.most_within(window_ms.saturating_add(takes), true))
    }

    /// What the runs of a flow may spend within a time of that length; calls by other flows left out, which pay for them.
    #[must_use]
    pub fn started_within(&self, bounds: &SystemBounds<'a>, flow: &Flow, window_ms: u64) -> Spend {
        let Some(run) = self.runs.get(&flow.name) else { return Spend::unknown(&never_known(flow)) };
        if run.most.is_nothing() {
            return Spend::nothing();
        }
        let takes = bounds.durations.get(&flow.name).and_then(|bounds| bounds.flow.as_ref());
        let all = match (self.sources_of(&flow.name), takes) {
            (Ok(sources), Some(takes)) => {
                run.most.times(sources.most_within(window_ms.saturating_add(takes.worst_ms), false))
            }
            (Err(why), _) => run.most.endless(&why),
            (Ok(_), None) => run.most.endless(&time::endless(self.program, flow)),
        };
        let periods = flow.budgets.iter().filter_map(|budget| Some((budget, budget.per_ms?)));
        periods.fold(all, |all, (budget, per_ms)| all.capped(&over(budget, per_ms, window_ms)))
    }

    fn sources_of(&self, flow: &Name) -> Bounded<&Sources> {
        match self.sources.get(flow) {
            Some(found) => found.as_ref().map_err(Arc::clone),
            None => Err(self.program.flows.get(flow).map_or_else(
                || Unbounded::new(flow_diag::Span::default(), "there is no such flow", "look at its name"),
                never_known,
            )),
        }
    }
}

fn never_known(flow: &Flow) -> Arc<Unbounded> {
    Unbounded::new(flow.at, format!("`{}` is in a circle with itself", flow.name.short()), "break the circle first")
}

/// What a budget for some time allows within another time.
fn over(budget: &FlowBudget, per_ms: u64, window_ms: u64) -> Budget {
    let times = window_ms.div_ceil(per_ms.max(1));
    let of = |cap: Option<u64>| cap.map(|cap| cap.saturating_mul(times));
    Budget { asks: of(budget.caps.asks), tokens: of(budget.caps.tokens), micro_dollars: of(budget.caps.micro_dollars) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_programs_write_them() {
        assert_eq!(Measure::Tokens.amount(1_234_567), "1_234_567 tokens");
        assert_eq!(Measure::Asks.amount(1), "1 ask");
        assert_eq!(Measure::Dollars.amount(2_500_000), "$2.50");
        assert_eq!(grouped(999), "999");
    }
}
