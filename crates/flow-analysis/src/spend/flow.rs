//! What one run of a flow may spend: every call in it, a loop's as often as its limit says, of branches the worst.

use super::{Measure, OfRun, Spend, step::Steps};
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::{Block, Flow, Node, NodeKind, Program, StaleAction};
use std::collections::BTreeMap;

/// A step or flow that a run calls, as a part of what it spends.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// The step or flow.
    pub name: &'a Name,
    /// How often it is called at most.
    pub times: u64,
    /// What each call spends at most.
    pub each: Spend,
    /// Where it is called first.
    pub at: Span,
    /// Whether some call fails the run where a budget leaves no room: neither `fallback` nor `else` stands in.
    pub ends_run: bool,
}

type Parts<'a> = BTreeMap<&'a Name, Part<'a>>;

struct Adding<'a, 's> {
    program: &'a Program,
    steps: &'s mut Steps<'a>,
    runs: &'s BTreeMap<&'a Name, OfRun<'a>>,
}

/// What the steps of a run may spend.
pub(super) struct Need<'a> {
    pub(super) need: Spend,
    /// Handlers left out.
    pub(super) body: Spend,
    /// What that is made of.
    pub(super) parts: Vec<Part<'a>>,
}

/// What the steps of a run may spend, and what that is made of. The flows that it calls are known.
pub(super) fn need<'a>(
    flow: &'a Flow,
    program: &'a Program,
    steps: &mut Steps<'a>,
    runs: &BTreeMap<&'a Name, OfRun<'a>>,
) -> Need<'a> {
    if program.models.is_empty() {
        return Need { need: Spend::nothing(), body: Spend::nothing(), parts: vec![] };
    }
    let mut adding = Adding { program, steps, runs };
    let (body, mut parts) = adding.block(&flow.body, false);
    let mut all = body.clone();
    for handler in &flow.handlers {
        // What a handler does fails nothing that has not failed.
        let (spend, more) = adding.block(&handler.body, true);
        all = all.and(&spend);
        add(&mut parts, more);
    }
    Need { need: all, body, parts: parts.into_values().collect() }
}

impl<'a> Adding<'a, '_> {
    /// Blocks nest at most as deeply as the parser allows (256). `caught`: a failure inside is recovered around it.
    fn block(&mut self, block: &'a Block, caught: bool) -> (Spend, Parts<'a>) {
        let (mut all, mut parts) = (Spend::nothing(), Parts::new());
        for node in &block.nodes {
            let (spend, more) = self.node(node, caught);
            if !spend.is_nothing() {
                all = all.and(&spend);
                add(&mut parts, more);
            }
        }
        (all, parts)
    }

    fn node(&mut self, node: &'a Node, caught: bool) -> (Spend, Parts<'a>) {
        match &node.kind {
            NodeKind::Call { step, recover, .. } => {
                let Some(step) = self.program.steps.get(step) else { return Default::default() };
                let ends_run = !caught && recover.is_none() && step.fallback.is_none();
                let each = self.steps.of(step);
                self.then(&step.name, each, node.at, ends_run, (recover.as_ref(), caught))
            }
            NodeKind::Flow { flow, recover, .. } => {
                let Some((name, run)) = self.runs.get_key_value(flow) else { return Default::default() };
                let ends_run = !caught && recover.is_none() && run.parts.iter().any(|part| part.ends_run);
                self.then(name, run.most.clone(), node.at, ends_run, (recover.as_ref(), caught))
            }
            NodeKind::RequireFresh { dataset, action: StaleAction::Refresh, .. } => {
                let writer = self.program.datasets.get(dataset).and_then(|dataset| dataset.writer.as_ref());
                let Some((name, run)) = writer.and_then(|writer| self.runs.get_key_value(writer)) else {
                    return Default::default();
                };
                let ends_run = !caught && run.parts.iter().any(|part| part.ends_run);
                self.then(name, run.most.clone(), node.at, ends_run, (None, caught))
            }
            NodeKind::If { then, otherwise, .. } => {
                let (one, other) = (self.block(then, caught), self.block(otherwise, caught));
                worse(one, other)
            }
            NodeKind::Match { arms, .. } => {
                arms.iter().fold(Default::default(), |worst, arm| worse(worst, self.block(&arm.body, caught)))
            }
            NodeKind::For { limit, body, .. } => {
                let (spend, mut parts) = self.block(body, caught);
                parts.values_mut().for_each(|part| part.times = part.times.saturating_mul(*limit));
                (spend.times(*limit), parts)
            }
            _ => Default::default(),
        }
    }

    /// One call, and what stands in for it where it fails.
    fn then(
        &mut self,
        name: &'a Name,
        each: Spend,
        at: Span,
        ends_run: bool,
        (recover, caught): (Option<&'a Block>, bool),
    ) -> (Spend, Parts<'a>) {
        let mut parts = Parts::new();
        if !each.is_nothing() {
            parts.insert(name, Part { name, times: 1, each: each.clone(), at, ends_run });
        }
        let Some(recover) = recover else { return (each, parts) };
        let (more, with) = self.block(recover, caught);
        add(&mut parts, with);
        (each.and(&more), parts)
    }
}

impl Default for Spend {
    fn default() -> Self {
        Self::nothing()
    }
}

fn add<'a>(parts: &mut Parts<'a>, more: Parts<'a>) {
    for (name, part) in more {
        let known = parts.entry(name).or_insert_with(|| Part { times: 0, ..part.clone() });
        known.times = known.times.saturating_add(part.times);
        if part.ends_run && !known.ends_run {
            (known.ends_run, known.at) = (true, part.at);
        }
    }
}

/// Of two of which one happens: the worse of each measure, and the parts of the dearer one.
fn worse<'a>((one, mut parts): (Spend, Parts<'a>), (other, more): (Spend, Parts<'a>)) -> (Spend, Parts<'a>) {
    let rank = |spend: &Spend| {
        let of = |measure| spend.of(measure).as_ref().map_or(u64::MAX, |amount| amount.most);
        (of(Measure::Dollars), of(Measure::Asks))
    };
    let both = one.or(&other);
    let ends: Vec<&Name> =
        parts.values().chain(more.values()).filter(|part| part.ends_run).map(|part| part.name).collect();
    if rank(&other) > rank(&one) {
        parts = more.clone();
    }
    ends.into_iter().for_each(|name| {
        if let Some(part) = parts.get_mut(name) {
            part.ends_run = true;
        }
    });
    (both, parts)
}
