//! Budgets of flows: for a run, and for a time over all runs; and the charging of an ask to all that pay for it.
//!
//! An ask is charged to the ledger of its step (for a judge, or a step that a model calls, also to those around it) and to every flow
//! around it, with the worst that it can cost, before it is sent; what it did cost takes the place of that. What runs
//! use together within a time is not known here: the store is asked to reserve, in one transaction, so that two runs
//! cannot both take the last of it. The answer is an event, so that a replay gives the same. Knows no prices.

use crate::{
    Command, Driver, Note, Spent,
    asks::Worst,
    inner::{Inside, Role},
    ledger::Passed,
    state::{Activity, CallState, Phase, ROOT, Settled},
};
use flow_expr::Name;
use flow_plan::Budget;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is charged for an ask that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Where in the run.
    pub path: Arc<str>,
    /// Its label.
    pub label: Arc<str>,
    /// The attempt that asks.
    pub attempt: u32,
    /// The judge that asks, if it is not the step itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Name>,
    /// The step that a model called, if the ask is for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Name>,
    /// Who is asked.
    pub model: Name,
    /// The flows around it, the innermost first.
    pub flows: Vec<Name>,
    /// Tokens sent, at most.
    pub input_tokens: u64,
    /// Tokens received, at most.
    pub output_tokens: u64,
    /// Millionths of a dollar, at most.
    pub micro_dollars: u64,
}

impl Charge {
    /// What it takes of a budget.
    #[must_use]
    pub fn spent(&self) -> Spent {
        let tokens = self.input_tokens.saturating_add(self.output_tokens);
        Spent { asks: 1, tokens, micro_dollars: self.micro_dollars }
    }
}

/// A flow's budget for a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeriodBudget {
    /// The flow.
    pub flow: Name,
    /// Its caps.
    pub caps: Budget,
    /// Counted back from the ask, milliseconds.
    pub per_ms: u64,
}

/// A charge to budgets that runs share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// The charge.
    pub charge: Charge,
    /// The budgets that must have room for it.
    pub budgets: Vec<PeriodBudget>,
}

/// A flow's budget that leaves no room for an ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverBudget {
    /// The flow.
    pub flow: Name,
    /// For how long it is, milliseconds; none for one run.
    pub per_ms: Option<u64>,
    /// `asks`, `tokens`, `dollars`.
    pub what: Arc<str>,
    /// The cap; of money in millionths of a dollar.
    pub cap: u64,
    /// What is used of it.
    pub used: u64,
    /// What the ask could take.
    pub wanted: u64,
}

impl PeriodBudget {
    /// Whether there is no room for a charge beside what is used.
    #[must_use]
    pub fn refuses(&self, used: Spent, charge: Spent) -> Option<OverBudget> {
        over(&self.flow, Some(self.per_ms), &self.caps, used, charge)
    }
}

fn over(flow: &Name, per_ms: Option<u64>, caps: &Budget, used: Spent, charge: Spent) -> Option<OverBudget> {
    let Passed { what, cap, .. } = used.and(charge).passes(caps)?;
    let of = |spent: Spent| match what {
        "asks" => spent.asks,
        "tokens" => spent.tokens,
        _ => spent.micro_dollars,
    };
    Some(OverBudget { flow: flow.clone(), per_ms, what: what.into(), cap, used: of(used), wanted: of(charge) })
}

/// Why an ask is not paid for.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// The budget of the step, or of the judge, that asks.
    Step(Passed),
    /// The budget of a step around it: whose result a judge looks at, or whose model called a step.
    Around {
        step: Arc<str>,
        role: Role,
        passed: Passed,
    },
    Flow(OverBudget),
}

/// What a flow's asks may use in one execution of it.
#[derive(Clone, Debug)]
pub(crate) struct Pot {
    caps: Budget,
    /// What is charged included.
    spent: Spent,
}

/// Charges an ask to the ledger of a call and to those of all calls around it, or to none of them.
fn charge_all(call: &mut CallState, spent: Spent) -> Result<(), Refused> {
    let own = call.asking.as_mut().map_or(Ok(()), |asking| asking.ledger.charge(spent));
    own.map_err(Refused::Step)?;
    let Some(outer) = &mut call.outer else { return Ok(()) };
    let around = charge_all(&mut outer.call, spent).map_err(|refused| match refused {
        Refused::Step(passed) => {
            Refused::Around { step: outer.call.step.name.short().into(), role: outer.role, passed }
        }
        further => further,
    });
    if around.is_err()
        && let Some(asking) = &mut call.asking
    {
        asking.ledger.release();
    }
    around
}

impl Driver {
    /// The budgets of a flow for one execution.
    pub(crate) fn pots_of(&self, flow: &Name) -> Vec<Pot> {
        let budgets = self.program.flows.get(flow).map(|flow| flow.budgets.as_slice()).unwrap_or_default();
        let of_run = budgets.iter().filter(|budget| budget.per_ms.is_none());
        of_run.map(|budget| Pot { caps: budget.caps.clone(), spent: Spent::default() }).collect()
    }

    /// The flows around an instance, the innermost first.
    fn scopes_around(&self, id: u32) -> Vec<u32> {
        let mut scopes = vec![];
        let mut id = id;
        while id != ROOT {
            let scope = self.scope_of(id);
            scopes.push(scope);
            id = self.scopes[scope as usize].owner;
        }
        scopes
    }

    fn flows_around(&self, id: u32) -> Vec<Name> {
        let mut flows: Vec<Name> = vec![];
        for scope in self.scopes_around(id) {
            let name = &self.graphs[self.scopes[scope as usize].flow as usize].name;
            if !flows.contains(name) {
                flows.push(name.clone());
            }
        }
        flows
    }

    /// Charges an ask to all that pay for it within this run, or to none of them.
    pub(crate) fn charge(&mut self, id: u32, worst: Worst) -> Result<(), Refused> {
        let spent = worst.spent();
        let scopes = self.scopes_around(id);
        for scope in &scopes {
            let state = &self.scopes[*scope as usize];
            let flow = &self.graphs[state.flow as usize].name;
            if let Some(over) = state.pots.iter().find_map(|pot| over(flow, None, &pot.caps, pot.spent, spent)) {
                return Err(Refused::Flow(over));
            }
        }
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return Ok(()) };
        let Some(asking) = &mut call.asking else { return Ok(()) };
        asking.worst = worst;
        charge_all(call, spent)?;
        self.in_pots(&scopes, |pot| pot.spent = pot.spent.and(spent));
        Ok(())
    }

    /// What was charged is not needed, or something else was spent.
    pub(crate) fn settle_charge(&mut self, id: u32, actual: Option<Spent>) {
        let scopes = self.scopes_around(id);
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let Some(asking) = &call.asking else { return };
        let charged = asking.ledger.charged();
        let mut next = Some(&mut **call);
        while let Some(call) = next {
            match (&mut call.asking, actual) {
                (Some(asking), Some(actual)) => asking.ledger.settle(Some(actual)),
                (Some(asking), None) => asking.ledger.release(),
                (None, _) => {}
            }
            next = call.outer.as_mut().map(|outer| &mut outer.call);
        }
        self.in_pots(&scopes, |pot| pot.spent = pot.spent.without(charged).and(actual.unwrap_or_default()));
    }

    fn in_pots(&mut self, scopes: &[u32], mut change: impl FnMut(&mut Pot)) {
        for scope in scopes {
            self.scopes[*scope as usize].pots.iter_mut().for_each(&mut change);
        }
    }

    /// The budgets for a time of the flows around an instance.
    fn period_budgets(&self, id: u32) -> Vec<PeriodBudget> {
        let flows = self.flows_around(id);
        let flows = flows.iter().filter_map(|flow| self.program.flows.get(flow));
        let budgets = flows.flat_map(|flow| flow.budgets.iter().map(move |budget| (flow, budget)));
        budgets
            .filter_map(|(flow, budget)| {
                let per_ms = budget.per_ms?;
                Some(PeriodBudget { flow: flow.name.clone(), caps: budget.caps.clone(), per_ms })
            })
            .collect()
    }

    fn charge_of(&self, id: u32, attempt: u32) -> Option<Charge> {
        let Activity::Call(call) = &self.instances[id as usize].activity else { return None };
        let asking = call.asking.as_ref()?;
        let worst = asking.worst;
        let Inside { judge, tool } = call.inside();
        Some(Charge {
            path: self.path(id),
            label: self.label(id),
            attempt,
            judge,
            tool,
            model: asking.asked_model(&call.step)?,
            flows: self.flows_around(id),
            input_tokens: worst.input_tokens,
            output_tokens: worst.output_tokens,
            micro_dollars: worst.micro_dollars,
        })
    }

    /// Has budgets that runs share charged before the ask is sent; where there are none, it is sent now.
    pub(crate) fn reserve(&mut self, id: u32, because: Option<Note>) {
        let budgets = self.period_budgets(id);
        // The attempt that comes has the next number.
        let charge = self.charge_of(id, self.instances[id as usize].attempts + 1);
        let Some(charge) = charge.filter(|_| !budgets.is_empty()) else { return self.send(id, because) };
        if let Activity::Call(call) = &mut self.instances[id as usize].activity
            && let Some(asking) = &mut call.asking
        {
            asking.because = because;
        }
        self.instances[id as usize].phase = Phase::Asking;
        self.outstanding += 1;
        let task = self.next_task(id);
        self.command(Command::Reserve { task, reservation: Box::new(Reservation { charge, budgets }) });
    }

    /// Budgets that runs share were charged, or one has no room.
    pub(crate) fn reserved(&mut self, id: u32, result: Result<(), OverBudget>) {
        let attempt = self.instances[id as usize].attempts + 1;
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let Some(asking) = &mut call.asking else { return };
        let because = asking.because.take();
        match result {
            Ok(()) => {
                asking.reserved = Some(attempt);
                if self.cancelled {
                    self.release_reserved(id);
                    return self.settle(id, Settled::Cancelled);
                }
                self.send(id, because);
            }
            Err(_) if self.cancelled => self.settle(id, Settled::Cancelled),
            Err(over) => {
                self.settle_charge(id, None);
                self.over_budget(id, &Refused::Flow(over));
            }
        }
    }

    /// An ask that was reserved is never sent, as the run was cancelled before.
    pub(crate) fn release_reserved(&mut self, id: u32) {
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let Some(attempt) = call.asking.as_mut().and_then(|asking| asking.reserved.take()) else { return };
        let path = self.path(id);
        self.note(Note::Released { path, attempt });
    }

    /// The ask is about to be sent: it is written down what it can cost.
    pub(crate) fn note_charged(&mut self, id: u32, attempt: u32) {
        let Some(charge) = self.charge_of(id, attempt) else { return };
        self.note(Note::Charged(Box::new(charge)));
    }
}
