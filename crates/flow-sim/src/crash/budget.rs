//! What asks of models really cost, held against every budget: of steps, of flows, and for a time.
//!
//! Counted in the world, so an ask whose answer was lost counts as well. Knows nothing of ledgers.

use super::{
    audit::Check,
    program::{Case, NODES_OF_FLOW},
    tables::Tables,
};
use flow_driver::{Note, RunStep};
use flow_expr::Name;
use flow_plan::{AskReport, Budget, NodeKind};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// An ask that was sent.
#[derive(Clone, Debug)]
struct Sent {
    run: Arc<str>,
    path: Arc<str>,
    /// When it was charged.
    at: Timestamp,
    flows: Vec<Name>,
    micro_dollars: u64,
}

/// All asks that were sent.
#[derive(Debug)]
pub(super) struct Spending {
    case: Case,
    steps: BTreeMap<u32, Name>,
    sent: Vec<Sent>,
}

impl Spending {
    pub(super) fn new(case: &Case) -> Self {
        let nodes = case.program.flows.values().flat_map(|flow| flow.nodes());
        let steps = nodes.filter_map(|node| match &node.kind {
            NodeKind::Call { step, .. } => Some((node.id.0, step.clone())),
            _ => None,
        });
        Self { case: case.clone(), steps: steps.collect(), sent: vec![] }
    }

    /// An ask is about to be sent: it must be charged, and no budget may be passed by what it really costs.
    pub(super) fn sends(&mut self, run: &Arc<str>, step: &RunStep, report: &AskReport, tables: &Tables) -> Check {
        let is_it = |row: &&super::tables::AskRow| {
            row.run == *run && row.charge.path == step.path && row.charge.attempt == step.attempt
        };
        let Some(row) = tables.asks.iter().find(is_it) else {
            return Err(format!("{} {} attempt {} is asked and not charged", step.step.name, step.path, step.attempt));
        };
        let (at, flows) = (row.at, row.charge.flows.clone());
        let sent = Sent { run: run.clone(), path: step.path.clone(), at, flows, micro_dollars: report.micro_dollars };
        self.sent.push(sent.clone());
        self.of_step(&sent)?;
        for flow in &sent.flows {
            self.of_flow(flow, &sent)?;
        }
        Ok(())
    }

    fn of_step(&self, sent: &Sent) -> Check {
        let last = sent.path.rsplit('.').next().and_then(|part| part.split('[').next());
        let step = last.and_then(|number| number.parse().ok()).and_then(|id: u32| self.steps.get(&id));
        let Some(step) = step.and_then(|name| self.case.program.steps.get(name)) else { return Ok(()) };
        let Some(caps) = &step.budget else { return Ok(()) };
        let all = self.sent.iter().filter(|one| one.run == sent.run && one.path == sent.path);
        within(caps, all, || format!("step {} at {}", step.name, sent.path))
    }

    fn of_flow(&self, name: &Name, sent: &Sent) -> Check {
        let Some(flow) = self.case.program.flows.get(name) else { return Ok(()) };
        for budget in &flow.budgets {
            let counted = self.sent.iter().filter(|one| one.flows.contains(name));
            match budget.per_ms {
                Some(per_ms) => {
                    let length = SignedDuration::from_millis(per_ms as i64);
                    let since = sent.at.checked_sub(length).unwrap_or(Timestamp::MIN);
                    let all = counted.filter(|one| one.at > since && one.at <= sent.at);
                    within(&budget.caps, all, || format!("flow {name} for {per_ms} ms"))?;
                }
                None => {
                    let place = call_of(name, &self.case, &sent.path);
                    let all =
                        counted.filter(|one| one.run == sent.run && call_of(name, &self.case, &one.path) == place);
                    within(&budget.caps, all, || format!("flow {name} in {}", sent.run))?;
                }
            }
        }
        Ok(())
    }

    /// When a run is over, nothing is charged that its journal does not know to have been about to be sent.
    pub(super) fn over(&self, run: &Arc<str>, notes: &[(Timestamp, Note)], tables: &Tables) -> Check {
        for row in tables.asks.iter().filter(|row| row.run == *run && !row.settled) {
            let (path, attempt) = (&row.charge.path, row.charge.attempt);
            let is_it = |note: &Note| matches!(note, Note::Charged(charge) if (&charge.path, charge.attempt) == (path, attempt));
            if !notes.iter().any(|(_, note)| is_it(note)) {
                return Err(format!("{path} attempt {attempt} stays charged and was never asked"));
            }
        }
        Ok(())
    }
}

/// Where the call of a flow is that a path is in; the flow that runs is at the beginning.
fn call_of<'p>(flow: &Name, case: &Case, path: &'p str) -> &'p str {
    if *flow == case.flow {
        return "";
    }
    let is_inner = |part: &str| {
        part.split('[').next().and_then(|number| number.parse::<u32>().ok()).is_some_and(|id| id >= NODES_OF_FLOW)
    };
    let mut length = 0;
    for part in path.split('.') {
        if is_inner(part) {
            return &path[..length];
        }
        length = (length + part.len() + 1).min(path.len());
    }
    path
}

fn within<'s>(caps: &Budget, asks: impl Iterator<Item = &'s Sent>, what: impl Fn() -> String) -> Check {
    let (mut count, mut micro_dollars) = (0, 0);
    for ask in asks {
        count += 1;
        micro_dollars += ask.micro_dollars;
    }
    if caps.asks.is_some_and(|cap| count > cap) {
        return Err(format!("{count} asks of {}, which may make {:?}", what(), caps.asks));
    }
    if caps.micro_dollars.is_some_and(|cap| micro_dollars > cap) {
        return Err(format!("{} cost {micro_dollars} and may cost {:?}", what(), caps.micro_dollars));
    }
    Ok(())
}
