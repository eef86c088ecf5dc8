//! The most that so many asks may take of something: tokens, money, time.
//!
//! A budget of asks leaves room for the dearest of them, so sums alone do not say what it caps. A curve is concave by
//! its making, dearest asks first, and never less than what the driver may do: where it is simplified, upwards. Knows
//! nothing of steps; tested here and by the sums in `tests/it/spend.rs`.

use flow_plan::Provenance;

/// Different prices that are told apart. Programs have few; of more, the cheapest are taken as dear as their neighbours.
const MOST_PARTS: usize = 32;

/// Budgets of asks up to which each split between a step and its judges is looked at.
const MOST_SPLITS: u64 = 128;

/// The most that so many asks may take: asks by their price, the dearest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Curve(Vec<Part>);

/// So many times, so many asks that take so much together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    times: u64,
    asks: u64,
    amount: u64,
    provenance: Provenance,
}

impl Part {
    fn all_asks(self) -> u64 {
        self.times.saturating_mul(self.asks)
    }

    /// What so many of its asks take, rounded up.
    fn of(self, asks: u64) -> u128 {
        (u128::from(asks) * u128::from(self.amount)).div_ceil(u128::from(self.asks.max(1)))
    }

    fn is_dearer(self, other: Self) -> bool {
        u128::from(self.amount) * u128::from(other.asks) > u128::from(other.amount) * u128::from(self.asks)
    }
}

impl Curve {
    /// So many asks of which each takes so much.
    pub(crate) fn each(times: u64, amount: u64, provenance: Provenance) -> Self {
        Self::default().and_part(Part { times, asks: 1, amount, provenance })
    }

    fn and_part(mut self, part: Part) -> Self {
        if part.times > 0 && part.amount > 0 && part.asks > 0 {
            self.0.push(part);
        }
        self
    }

    /// The most that so many asks take, and what that stands on.
    pub(crate) fn at(&self, asks: u64) -> (u64, Provenance) {
        let (mut left, mut sum, mut provenance) = (asks, 0_u128, Provenance::Declared);
        for part in self.0.iter().filter(|part| part.amount > 0) {
            let taken = part.all_asks().min(left);
            if taken == 0 {
                break;
            }
            sum = sum.saturating_add(part.of(taken));
            provenance = provenance.max(part.provenance);
            left -= taken;
        }
        (u64::try_from(sum).unwrap_or(u64::MAX), provenance)
    }

    /// The asks of both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut all: Vec<Part> = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut one, mut two) = (self.0.iter().copied().peekable(), other.0.iter().copied().peekable());
        loop {
            let next = match (one.peek(), two.peek()) {
                (Some(first), Some(second)) if second.is_dearer(*first) => two.next(),
                (Some(_), _) => one.next(),
                (None, _) => two.next(),
            };
            let Some(next) = next else { break };
            match all.last_mut() {
                Some(last)
                    if (last.asks, last.amount, last.provenance) == (next.asks, next.amount, next.provenance) =>
                {
                    last.times = last.times.saturating_add(next.times);
                }
                _ => all.push(next),
            }
        }
        Self(all).simple()
    }

    /// With few enough parts.
    fn simple(mut self) -> Self {
        while self.0.len() > MOST_PARTS {
            let cheapest = self.0.pop();
            if let (Some(cheapest), Some(last)) = (cheapest, self.0.last_mut()) {
                let more = cheapest.all_asks().div_ceil(last.asks.max(1));
                last.times = last.times.saturating_add(more);
                last.provenance = last.provenance.max(cheapest.provenance);
            }
        }
        self
    }

    /// One or the other, whichever is worse: the least curve above both.
    pub(crate) fn or(&self, other: &Self) -> Self {
        if self == other || other.0.is_empty() {
            return self.clone();
        }
        if self.0.is_empty() {
            return other.clone();
        }
        let provenance = self.0.iter().chain(&other.0).map(|part| part.provenance).max();
        let provenance = provenance.unwrap_or(Provenance::Declared);
        let mut corners: Vec<(u64, u64)> = self.corners().chain(other.corners()).collect();
        corners.sort_unstable_by_key(|(asks, amount)| (*asks, std::cmp::Reverse(*amount)));
        let mut hull: Vec<(u64, u64)> = vec![(0, 0)];
        for (asks, amount) in corners {
            // Later ones that take no more say nothing new.
            if hull.last().is_some_and(|last| amount <= last.1) {
                continue;
            }
            while let [.., (a0, m0), (a1, m1)] = hull[..]
                && u128::from(m1 - m0) * u128::from(asks - a1) <= u128::from(amount - m1) * u128::from(a1 - a0)
            {
                hull.pop();
            }
            hull.push((asks, amount));
        }
        let parts = hull.windows(2).map(|pair| Part {
            times: 1,
            asks: pair[1].0 - pair[0].0,
            amount: pair[1].1 - pair[0].1,
            provenance,
        });
        Self(parts.collect()).simple()
    }

    /// Where the price changes: so many asks, and what they take.
    fn corners(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut here = (0_u64, 0_u64);
        self.0.iter().map(move |part| {
            let asks = part.all_asks();
            let amount = u64::try_from(part.of(asks)).unwrap_or(u64::MAX);
            here = (here.0.saturating_add(asks), here.1.saturating_add(amount));
            here
        })
    }

    /// So many times.
    pub(crate) fn times(&self, times: u64) -> Self {
        let of = |part: &Part| Part { times: part.times.saturating_mul(times), ..*part };
        Self(if times == 0 { vec![] } else { self.0.iter().map(of).collect() })
    }

    /// Of the same asks, no more than so much in all.
    pub(crate) fn clamped(&self, most: u64) -> Self {
        let mut left = u128::from(most);
        let mut kept = Self::default();
        for part in &self.0 {
            let all = part.of(part.all_asks());
            if all <= left {
                left -= all;
                kept = kept.and_part(*part);
                continue;
            }
            let whole = u64::try_from(left / u128::from(part.amount.max(1))).unwrap_or(u64::MAX);
            let rest = u64::try_from(left % u128::from(part.amount.max(1))).unwrap_or(u64::MAX);
            return kept.and_part(Part { times: whole, ..*part }).and_part(Part { times: 1, amount: rest, ..*part });
        }
        kept
    }

    /// The dearest asks, so many.
    pub(crate) fn limited(&self, asks: u64) -> Self {
        let mut left = asks;
        let mut kept = Self::default();
        for part in &self.0 {
            let taken = part.all_asks().min(left);
            let amount = |asks| u64::try_from(part.of(asks)).unwrap_or(u64::MAX);
            let (whole, rest) = (taken / part.asks.max(1), taken % part.asks.max(1));
            kept = kept.and_part(Part { times: whole, ..*part });
            kept = kept.and_part(Part { times: 1, asks: rest, amount: amount(rest), ..*part });
            left -= taken;
        }
        kept
    }
}

/// A step's own asks with those that come of them, under a budget of asks for all of them together.
pub(crate) struct Judged<'a> {
    /// Its own asks.
    pub(crate) own: &'a Curve,
    pub(crate) most_own: u64,
    /// Its own asks that one result takes at least.
    pub(crate) each_takes: u64,
    /// What judges may be asked about one result.
    pub(crate) judges: &'a Curve,
    /// Results that they may be asked about.
    pub(crate) results: u64,
    /// What the steps that its model calls may ask.
    pub(crate) tools: &'a Curve,
}

impl Judged<'_> {
    /// The most that so many asks take: a judge is asked only about a result, which takes asks of the step's own.
    pub(crate) fn at(&self, asks: u64) -> u64 {
        if asks > MOST_SPLITS {
            let all = self.own.and(&self.judges.times(self.results)).and(self.tools);
            return all.at(asks).0;
        }
        let split = |own: u64| {
            let results = (own / self.each_takes.max(1)).min(self.results);
            let others = self.judges.times(results).and(self.tools);
            self.own.at(own).0.saturating_add(others.at(asks - own).0)
        };
        (1..=asks.min(self.most_own)).map(split).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(parts: &[(u64, u64)]) -> Curve {
        let each = |(times, amount): &(u64, u64)| Curve::each(*times, *amount, Provenance::Declared);
        parts.iter().map(each).fold(Curve::default(), |all, part| all.and(&part))
    }

    fn all(curve: &Curve, until: u64) -> Vec<u64> {
        (0..=until).map(|asks| curve.at(asks).0).collect()
    }

    #[test]
    fn the_dearest_asks_come_first() {
        let both = curve(&[(2, 3), (1, 10), (1, 3)]);
        assert_eq!(all(&both, 5), [0, 10, 13, 16, 19, 19]);
        assert_eq!(all(&both.times(2), 3), [0, 10, 20, 23]);
        assert_eq!(all(&both.limited(2), 4), [0, 10, 13, 13, 13]);
        assert_eq!(all(&both.clamped(15), 5), [0, 10, 13, 15, 15, 15]);
        assert_eq!(both.times(u64::MAX).at(3).0, 30);
    }

    #[test]
    fn of_two_the_worse_and_never_less() {
        let (one, other) = (curve(&[(1, 10)]), curve(&[(5, 4)]));
        let worse = one.or(&other);
        for asks in 0..8 {
            assert!(worse.at(asks).0 >= one.at(asks).0.max(other.at(asks).0), "{asks}");
        }
        assert_eq!((worse.at(1).0, worse.at(5).0, worse.at(9).0), (10, 20, 20));
        assert_eq!(one.or(&one), one);
    }

    #[test]
    fn many_prices_are_rounded_up() {
        let many: Vec<(u64, u64)> = (1..=100).map(|price| (1, price)).collect();
        let all = curve(&many);
        assert!(all.0.len() <= MOST_PARTS);
        for asks in 0..=100_u64 {
            let exact: u64 = (0..asks).map(|place| 100 - place).sum();
            assert!(all.at(asks).0 >= exact, "{asks}");
        }
        assert_eq!(all.at(10).0, (91..=100).sum::<u64>());
    }

    #[test]
    fn a_judge_is_asked_about_results_only() {
        let (own, judges, none) = (curve(&[(4, 1)]), curve(&[(1, 10)]), Curve::default());
        let judged = Judged { own: &own, most_own: 4, each_takes: 1, judges: &judges, results: 4, tools: &none };
        // An ask of the step's own for each of its judge's.
        assert_eq!([1, 2, 3, 4].map(|asks| judged.at(asks)), [1, 11, 12, 22]);
        let sampled = Judged { each_takes: 2, ..judged };
        assert_eq!([1, 2, 3, 4].map(|asks| sampled.at(asks)), [1, 2, 12, 13]);
    }
}
