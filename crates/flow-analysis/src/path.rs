//! The critical path of a flow: which nodes make its worst case as long as it is, and how much time the others have.
//!
//! Works on the worst cases of [`crate::time`] and the graph alone. A branch, a loop or a called flow is one node of a
//! timeline; a path leads on inside of it, through the longest branch, one round of the loop, the flow.

use crate::time::{call_bound, in_order, turns_at_once, waits, waits_for};
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::{Block, Bounds, Flow, Node, NodeId, NodeKind, Program, Provenance, StaleAction};
use std::collections::BTreeMap;

/// How deep a path leads into blocks and called flows.
const DEEPEST: u32 = 8;

/// When each node of a flow's body begins and ends at the latest, in milliseconds after the start of the run.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    begins: Vec<u64>,
    ends: Vec<u64>,
    /// The one of the nodes that it waits for that ends last.
    after: Vec<Option<u32>>,
    order: Vec<usize>,
    waits: Vec<Vec<u32>>,
}

/// A node on a path, with its share of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The node's number.
    pub node: NodeId,
    /// The node's label.
    pub label: String,
    /// The step that it calls.
    pub step: Option<Name>,
    /// Where to point: the step, or the node.
    pub at: Span,
    /// Its worst case.
    pub worst_ms: u64,
    /// How much of that is waiting for a place in a pool: the step's own, or a loop's for what goes on beside it.
    pub waits_ms: u64,
    /// Where that comes from.
    pub provenance: Provenance,
    /// How often what is inside is gone through, one after the other.
    pub rounds: u64,
    /// The path inside, of a branch, a loop or a called flow; none of a step.
    pub inside: Vec<Self>,
}

impl Leg {
    /// The parts of it that are no block and no flow, with how often each is gone through.
    #[must_use]
    pub fn leaves(&self) -> Vec<(u64, &Self)> {
        let (mut found, mut pending) = (vec![], vec![(1_u64, self)]);
        while let Some((times, leg)) = pending.pop() {
            match leg.inside.is_empty() {
                true => found.push((times, leg)),
                false => {
                    pending.extend(leg.inside.iter().rev().map(|inside| (times.saturating_mul(leg.rounds), inside)));
                }
            }
        }
        found
    }
}

/// Where paths lead: the program, and the worst cases of its flows.
#[derive(Clone, Copy, Debug)]
pub struct Ways<'a, 'b> {
    /// The program.
    pub program: &'a Program,
    /// Worst cases of flows and nodes.
    pub durations: &'b BTreeMap<&'a Name, Bounds>,
}

impl Ways<'_, '_> {
    /// The path inside a node, and how often it is gone through.
    fn inside(&self, node: &Node, bounds: &Bounds, depth: u32) -> (u64, Vec<Leg>) {
        if depth == 0 {
            return (1, vec![]);
        }
        let of_block = |block: &Block, bounds: &Bounds| {
            let timeline = Timeline::of_block(block, bounds);
            timeline.last().map_or_else(Vec::new, |last| timeline.legs(*self, block, bounds, last, depth - 1))
        };
        let of_flow = |flow: &Name| match (self.program.flows.get(flow), self.durations.get(flow)) {
            (Some(flow), Some(bounds)) => of_block(&flow.body, bounds),
            _ => vec![],
        };
        let longest = |blocks: Vec<&Block>| {
            let whole = |block: &&Block| Timeline::of_block(block, bounds).whole();
            blocks.into_iter().max_by_key(whole).map_or_else(Vec::new, |block| of_block(block, bounds))
        };
        match &node.kind {
            NodeKind::If { then, otherwise, .. } => (1, longest(vec![otherwise, then])),
            NodeKind::Match { arms, .. } => (1, longest(arms.iter().map(|arm| &arm.body).collect())),
            NodeKind::For { limit, parallel, body, .. } => {
                (limit.div_ceil(turns_at_once(self.program, *parallel, body)), of_block(body, bounds))
            }
            NodeKind::Flow { flow, recover: None, .. } => (1, of_flow(flow)),
            NodeKind::RequireFresh { dataset, action: StaleAction::Refresh, .. } => {
                let writer = self.program.datasets.get(dataset).and_then(|dataset| dataset.writer.as_ref());
                (1, writer.map_or_else(Vec::new, of_flow))
            }
            _ => (1, vec![]),
        }
    }
}

impl Timeline {
    /// The timeline of a flow's body. Nodes of a circle, and nodes without a bound, take no time here.
    #[must_use]
    pub fn of(flow: &Flow, bounds: &Bounds) -> Self {
        Self::of_block(&flow.body, bounds)
    }

    /// The same of a block inside.
    fn of_block(block: &Block, bounds: &Bounds) -> Self {
        let waits = waits(block, waits_for);
        let order = in_order(&waits);
        let count = block.nodes.len();
        let (mut begins, mut ends, mut after) = (vec![0; count], vec![0_u64; count], vec![None; count]);
        for place in &order {
            let last = waits[*place].iter().copied().max_by_key(|earlier| ends[*earlier as usize]);
            let begin = last.map_or(0, |last| ends[last as usize]);
            let takes = bounds.nodes.get(&block.nodes[*place].id.0).map_or(0, |bound| bound.worst_ms);
            after[*place] = last;
            begins[*place] = begin;
            ends[*place] = begin.saturating_add(takes);
        }
        let most = block.nodes.first().and_then(|first| bounds.blocks.get(&first.id.0).copied());
        if let Some(most) = most {
            begins.iter_mut().chain(&mut ends).for_each(|at| *at = most.min(*at));
        }
        Self { begins, ends, after, order, waits }
    }

    /// When the node at that position of the body has ended at the latest.
    #[must_use]
    pub fn end(&self, place: usize) -> u64 {
        self.ends.get(place).copied().unwrap_or(0)
    }

    /// When it begins at the latest.
    #[must_use]
    pub fn begin(&self, place: usize) -> u64 {
        self.begins.get(place).copied().unwrap_or(0)
    }

    /// The position of the node that ends last.
    #[must_use]
    pub fn last(&self) -> Option<usize> {
        let latest = self.ends.iter().max()?;
        self.ends.iter().position(|end| end == latest)
    }

    /// When all of it has ended at the latest.
    #[must_use]
    pub fn whole(&self) -> u64 {
        self.ends.iter().copied().max().unwrap_or(0)
    }

    /// The nodes that a node's end waits for, first to last, that take time.
    #[must_use]
    pub fn path(&self, ways: Ways<'_, '_>, flow: &Flow, bounds: &Bounds, to: usize) -> Vec<Leg> {
        self.legs(ways, &flow.body, bounds, to, DEEPEST)
    }

    fn legs(&self, ways: Ways<'_, '_>, block: &Block, bounds: &Bounds, to: usize, depth: u32) -> Vec<Leg> {
        let mut legs = vec![];
        let mut here = Some(to);
        while let Some(place) = here {
            legs.extend(block.nodes.get(place).and_then(|node| leg(ways, node, bounds, depth)));
            here = self.after.get(place).copied().flatten().map(|before| before as usize);
        }
        legs.reverse();
        // Where all together take less than the path says, that much of its waits never comes together.
        let sum = legs.iter().map(|leg| leg.worst_ms).fold(0, u64::saturating_add);
        let mut too_much = sum.saturating_sub(self.end(to));
        for leg in legs.iter_mut().rev() {
            let less = too_much.min(leg.waits_ms);
            (leg.worst_ms, leg.waits_ms) = (leg.worst_ms - less, leg.waits_ms - less);
            too_much -= less;
        }
        legs
    }

    /// How much longer each node may take without making the whole longer, by position.
    #[must_use]
    pub fn slack(&self) -> Vec<u64> {
        let whole = self.whole();
        let mut latest = vec![whole; self.ends.len()];
        for place in self.order.iter().rev() {
            let begin = latest[*place].saturating_sub(self.ends[*place] - self.begins[*place]);
            for earlier in &self.waits[*place] {
                let earlier = *earlier as usize;
                latest[earlier] = latest[earlier].min(begin);
            }
        }
        latest.iter().zip(&self.ends).map(|(latest, end)| latest.saturating_sub(*end)).collect()
    }
}

/// How much shorter the whole would be if a node took no time at all: what is gained by looking at that node.
#[must_use]
pub fn gain(flow: &Flow, bounds: &Bounds, node: NodeId) -> u64 {
    let whole = |bounds: &Bounds| Timeline::of(flow, bounds).whole();
    let mut without = bounds.clone();
    without.nodes.remove(&node.0);
    whole(bounds).saturating_sub(whole(&without))
}

/// A node as a part of a path, if it takes time.
fn leg(ways: Ways<'_, '_>, node: &Node, bounds: &Bounds, depth: u32) -> Option<Leg> {
    let bound = bounds.nodes.get(&node.id.0).filter(|bound| bound.worst_ms > 0)?;
    let step = match &node.kind {
        NodeKind::Call { step, .. } => ways.program.steps.get(step),
        _ => None,
    };
    let (rounds, inside) = ways.inside(node, bounds, depth);
    let alone = match &node.kind {
        NodeKind::Call { recover: None, .. } => step.map(|step| call_bound(ways.program, step).worst_ms),
        NodeKind::For { body, .. } if depth > 0 => {
            Some(Timeline::of_block(body, bounds).whole().saturating_mul(rounds))
        }
        _ => None,
    };
    Some(Leg {
        node: node.id,
        label: node.label.to_string(),
        step: step.map(|step| step.name.clone()),
        at: step.map_or(node.at, |step| step.at),
        worst_ms: bound.worst_ms,
        waits_ms: alone.map_or(0, |alone| bound.worst_ms.saturating_sub(alone)),
        provenance: bound.provenance,
        rounds,
        inside,
    })
}
