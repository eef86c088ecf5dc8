//! What asks have cost over the runs of one test, for budgets that runs share; as the store keeps it, in memory.

use crate::world::World;
use flow_driver::{Charge, Note, OverBudget, Reservation, Spent};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Charges, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Spending(Vec<Charged>);

#[derive(Debug)]
struct Charged {
    run: Arc<str>,
    at: Timestamp,
    charge: Charge,
    spent: Spent,
}

impl Spending {
    fn reserve(&mut self, run: &Arc<str>, reservation: &Reservation, now: Timestamp) -> Result<(), Box<OverBudget>> {
        let charge = &reservation.charge;
        for budget in &reservation.budgets {
            let length = SignedDuration::from_millis(i64::try_from(budget.per_ms).unwrap_or(i64::MAX));
            let since = now.checked_sub(length).unwrap_or(Timestamp::MIN);
            let counted = self.0.iter().filter(|one| one.at > since && one.charge.flows.contains(&budget.flow));
            let used = counted.fold(Spent::default(), |used, one| used.and(one.spent));
            if let Some(over) = budget.refuses(used, charge.spent()) {
                return Err(Box::new(over));
            }
        }
        self.0.push(Charged { run: run.clone(), at: now, charge: charge.clone(), spent: charge.spent() });
        Ok(())
    }

    fn find(&mut self, run: &str, path: &str, attempt: u32) -> Option<usize> {
        self.0.iter().position(|one| *one.run == *run && *one.charge.path == *path && one.charge.attempt == attempt)
    }
}

impl World {
    /// Charges an ask to budgets that runs share, if all have room.
    pub(crate) fn reserve(
        &mut self,
        run: &Arc<str>,
        reservation: &Reservation,
        now: Timestamp,
    ) -> Result<(), Box<OverBudget>> {
        self.spending.reserve(run, reservation, now)
    }

    /// Puts what an ask did cost in the place of what it was charged.
    pub(crate) fn settle(&mut self, run: &Arc<str>, note: &Note) {
        match note {
            Note::Attempted { path, attempt, ask: Some(ask), .. } if ask.known => {
                let Some(place) = self.spending.find(run, path, *attempt) else { return };
                let tokens = ask.input_tokens.saturating_add(ask.output_tokens);
                self.spending.0[place].spent = Spent { asks: 1, tokens, micro_dollars: ask.micro_dollars };
            }
            Note::Released { path, attempt } => {
                let Some(place) = self.spending.find(run, path, *attempt) else { return };
                self.spending.0.remove(place);
            }
            _ => {}
        }
    }
}
