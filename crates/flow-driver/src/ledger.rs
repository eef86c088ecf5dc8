//! The ledger of one execution of an AI step: every ask, whatever its cause, is charged before it is sent.
//!
//! Charged with the worst that it can cost, settled with what it did cost; an ask of which nobody knows what
//! it cost stays charged with the worst. Pure; knows neither models nor why something is asked.

use flow_plan::Budget;
use serde::{Deserialize, Serialize};

/// What asks use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Asks.
    pub asks: u64,
    /// Tokens, sent and received.
    pub tokens: u64,
    /// Money, in millionths of a dollar; 0 where there is no price.
    pub micro_dollars: u64,
}

impl Spent {
    /// What is left of it without the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self {
            asks: self.asks.saturating_sub(other.asks),
            tokens: self.tokens.saturating_sub(other.tokens),
            micro_dollars: self.micro_dollars.saturating_sub(other.micro_dollars),
        }
    }

    /// The first cap that is passed by this much.
    pub(crate) fn passes(self, caps: &Budget) -> Option<Passed> {
        let caps = [
            ("asks", caps.asks, self.asks),
            ("tokens", caps.tokens, self.tokens),
            ("dollars", caps.micro_dollars, self.micro_dollars),
        ];
        caps.into_iter().find_map(|(what, cap, wanted)| {
            let cap = cap.filter(|cap| wanted > *cap)?;
            Some(Passed { what, cap, wanted })
        })
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            asks: self.asks.saturating_add(other.asks),
            tokens: self.tokens.saturating_add(other.tokens),
            micro_dollars: self.micro_dollars.saturating_add(other.micro_dollars),
        }
    }
}

/// A cap that an ask would pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// `asks`, `tokens`, `dollars`.
    pub(crate) what: &'static str,
    pub(crate) cap: u64,
    /// What would have been used with it.
    pub(crate) wanted: u64,
}

/// What an execution may use and has used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    caps: Budget,
    spent: Spent,
    charged: Option<Spent>,
}

impl Ledger {
    pub(crate) fn new(caps: Budget) -> Self {
        Self { caps, ..Self::default() }
    }

    /// What was used, what is charged included.
    pub(crate) fn spent(&self) -> Spent {
        self.charged.map_or(self.spent, |charged| self.spent.and(charged))
    }

    /// What the ask that is under way was charged.
    pub(crate) fn charged(&self) -> Spent {
        self.charged.unwrap_or_default()
    }

    /// Charges the worst that an ask can cost.
    pub(crate) fn charge(&mut self, worst: Spent) -> Result<(), Passed> {
        if let Some(passed) = self.spent().and(worst).passes(&self.caps) {
            return Err(passed);
        }
        self.settle(None);
        self.charged = Some(worst);
        Ok(())
    }

    /// Takes back what an ask was charged that is not sent.
    pub(crate) fn release(&mut self) {
        self.charged = None;
    }

    /// Puts what the ask did cost in the place of what it was charged; `None` where nobody knows.
    pub(crate) fn settle(&mut self, actual: Option<Spent>) {
        if let Some(charged) = self.charged.take() {
            self.spent = self.spent.and(actual.unwrap_or(charged));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(tokens: u64) -> Spent {
        Spent { asks: 1, tokens, micro_dollars: tokens * 2 }
    }

    #[test]
    fn what_is_charged_counts_until_it_is_settled() {
        let mut ledger = Ledger::new(Budget { asks: Some(3), tokens: Some(1000), micro_dollars: None });
        assert_eq!(ledger.charge(ask(600)), Ok(()));
        assert_eq!(ledger.charge(ask(600)).map_err(|passed| passed.what), Err("tokens"));
        ledger.settle(Some(ask(100)));
        assert_eq!(ledger.charge(ask(600)), Ok(()));
        // Nobody knows what it cost: it stays charged with the worst.
        ledger.settle(None);
        assert_eq!(ledger.spent(), Spent { asks: 2, tokens: 700, micro_dollars: 1400 });
        assert_eq!(ledger.charge(ask(300)), Ok(()));
        ledger.settle(Some(ask(0)));
        assert_eq!(ledger.charge(ask(0)).map_err(|passed| passed.what), Err("asks"));
    }

    #[test]
    fn money_is_a_cap_of_its_own() {
        let mut ledger = Ledger::new(Budget { asks: None, tokens: None, micro_dollars: Some(100) });
        assert_eq!(ledger.charge(ask(50)), Ok(()));
        ledger.settle(Some(ask(50)));
        let passed = Passed { what: "dollars", cap: 100, wanted: 102 };
        assert_eq!(ledger.charge(ask(1)), Err(passed));
    }
}
