//! What a block takes at most where things wait for places in pools, by all the work at once.
//!
//! Go back from the end of the last node to what it waited for, and so on to the start: at any time one of these is at work,
//! or waits for a place. While it waits, all slots have other work. So the whole takes no longer than this chain of nodes
//! and, for each pool, all of its work divided by its slots, of which what the chain itself does is no wait (Graham,
//! "Bounds for certain multiprocessing anomalies", 1966). [`crate::queueing`] counts the work; where it finds less by
//! looking at who is before whom, that counts. Tested in `tests/it/queueing.rs` and by the proof.

use crate::time::{call_bound, in_order, runs, turns_at_once, waits, waits_for};
use flow_expr::{ExprKind, Name, Value};
use flow_plan::{Block, Body, Node, NodeKind, Program, StaleAction, Step};
use std::collections::BTreeMap;

/// How deep calls of flows are looked into; deeper ones have no such bound.
const DEEPEST: u32 = 32;

/// All the work of the pools in which something may wait, in a block and beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work<'a> {
    /// Divided by the slots, and added up; milliseconds.
    pub(crate) lump_ms: u64,
    /// Those pools, with their slots.
    pub(crate) pools: BTreeMap<&'a Name, u64>,
}

impl Work<'_> {
    /// What a block takes at most; none where nothing bounds it.
    pub(crate) fn most_ms(&self, program: &Program, block: &Block) -> Option<u64> {
        Some(self.lump_ms.saturating_add(self.block(program, block, DEEPEST)?))
    }

    /// The longest chain through a block, without what it does in pools itself.
    fn block(&self, program: &Program, block: &Block, depth: u32) -> Option<u64> {
        let ties = waits(block, waits_for);
        let mut ends: Vec<u64> = vec![0; block.nodes.len()];
        for place in in_order(&ties) {
            let begin = ties[place].iter().map(|earlier| ends[*earlier as usize]).max().unwrap_or(0);
            ends[place] = begin.saturating_add(self.node(program, &block.nodes[place], depth)?);
        }
        Some(ends.into_iter().max().unwrap_or(0))
    }

    fn node(&self, program: &Program, node: &Node, depth: u32) -> Option<u64> {
        let inside = |block: &Block| self.block(program, block, depth);
        let longest = || node.blocks().into_iter().map(inside).try_fold(0, |most, one| Some(most.max(one?)));
        let called = || -> Option<u64> {
            let flow = runs(program, node).and_then(|name| program.flows.get(name))?;
            self.block(program, &flow.body, depth.checked_sub(1)?)
        };
        Some(match &node.kind {
            // What recovers comes behind.
            NodeKind::Call { step, .. } => self.step(program, program.steps.get(step)?).saturating_add(longest()?),
            NodeKind::Flow { .. } => called()?.saturating_add(longest()?),
            NodeKind::If { .. } | NodeKind::Match { .. } => longest()?,
            NodeKind::For { limit, parallel, body, .. } => {
                let one = inside(body)?;
                match self.fills_its_pool(program, *parallel, body) {
                    // Until the last turn begins, its pool has no free slot.
                    true => one,
                    false => one.saturating_mul(limit.div_ceil(turns_at_once(program, *parallel, body))),
                }
            }
            NodeKind::Wait { duration } => match &duration.kind {
                ExprKind::Const(Value::Duration(length)) => u64::try_from(length.as_millis()).unwrap_or(0),
                _ => return None,
            },
            NodeKind::RequireFresh { action: StaleAction::Wait(longest), .. } => *longest,
            NodeKind::RequireFresh { action: StaleAction::Refresh, .. } if runs(program, node).is_some() => called()?,
            _ => 0,
        })
    }

    /// A call of a step, without the part of it that the work of its pool has in the lump.
    fn step(&self, program: &Program, step: &Step) -> u64 {
        let bound = call_bound(program, step);
        let slots = step.pool.as_ref().and_then(|pool| self.pools.get(pool)).filter(|_| is_plain(step));
        let own = slots.map_or(0, |slots| bound.attempts.saturating_mul(step.timeout_ms) / slots);
        bound.worst_ms.saturating_sub(own)
    }

    /// Whether turns are nothing but a call that is tried once, and as many go on at once as its pool has slots.
    fn fills_its_pool(&self, program: &Program, parallel: u32, body: &Block) -> bool {
        let [Node { kind: NodeKind::Call { step, recover: None, .. }, .. }] = body.nodes.as_slice() else {
            return false;
        };
        let Some(step) = program.steps.get(step).filter(|step| is_plain(step)) else { return false };
        let slots = step.pool.as_ref().and_then(|pool| self.pools.get(pool));
        slots.is_some_and(|slots| u64::from(parallel) >= *slots) && call_bound(program, step).attempts == 1
    }
}

/// Whether an execution is its attempts and the pauses between them: nothing caps it, and nobody else is asked.
fn is_plain(step: &Step) -> bool {
    let is_capped = step.retry.as_ref().is_some_and(|policy| policy.within_ms.is_some());
    !is_capped && step.guards.is_empty() && !matches!(step.body, Body::Ai(_))
}
