//! The critical path of a flow: which nodes make its worst case as long as it is, and how much time the others have.
//!
//! Works on the worst cases of [`crate::time`] and the graph alone. A branch, a loop or a called flow is one node here.

use crate::time::{in_order, waits, waits_for};
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::{Bounds, Flow, Node, NodeId, NodeKind, Program, Provenance};

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
    /// Where that comes from.
    pub provenance: Provenance,
}

impl Timeline {
    /// The timeline of a flow's body. Nodes of a circle, and nodes without a bound, take no time here.
    #[must_use]
    pub fn of(flow: &Flow, bounds: &Bounds) -> Self {
        let waits = waits(&flow.body, waits_for);
        let order = in_order(&waits);
        let count = flow.body.nodes.len();
        let (mut begins, mut ends, mut after) = (vec![0; count], vec![0_u64; count], vec![None; count]);
        for place in &order {
            let last = waits[*place].iter().copied().max_by_key(|earlier| ends[*earlier as usize]);
            let begin = last.map_or(0, |last| ends[last as usize]);
            let takes = bounds.nodes.get(&flow.body.nodes[*place].id.0).map_or(0, |bound| bound.worst_ms);
            after[*place] = last;
            begins[*place] = begin;
            ends[*place] = begin.saturating_add(takes);
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

    /// The nodes that a node's end waits for, first to last, that take time.
    #[must_use]
    pub fn path(&self, program: &Program, flow: &Flow, bounds: &Bounds, to: usize) -> Vec<Leg> {
        let mut legs = vec![];
        let mut here = Some(to);
        while let Some(place) = here {
            legs.extend(flow.body.nodes.get(place).and_then(|node| leg(program, node, bounds)));
            here = self.after.get(place).copied().flatten().map(|before| before as usize);
        }
        legs.reverse();
        legs
    }

    /// How much longer each node may take without making the whole longer, by position.
    #[must_use]
    pub fn slack(&self) -> Vec<u64> {
        let whole = self.ends.iter().copied().max().unwrap_or(0);
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
    let whole = |bounds: &Bounds| Timeline::of(flow, bounds).ends.into_iter().max().unwrap_or(0);
    let mut without = bounds.clone();
    without.nodes.remove(&node.0);
    whole(bounds).saturating_sub(whole(&without))
}

/// A node as a part of a path, if it takes time.
fn leg(program: &Program, node: &Node, bounds: &Bounds) -> Option<Leg> {
    let bound = bounds.nodes.get(&node.id.0).filter(|bound| bound.worst_ms > 0)?;
    let step = match &node.kind {
        NodeKind::Call { step, .. } => program.steps.get(step),
        _ => None,
    };
    Some(Leg {
        node: node.id,
        label: node.label.to_string(),
        step: step.map(|step| step.name.clone()),
        at: step.map_or(node.at, |step| step.at),
        worst_ms: bound.worst_ms,
        provenance: bound.provenance,
    })
}
