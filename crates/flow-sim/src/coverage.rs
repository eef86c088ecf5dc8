//! Which of the ways that a program can take its tests have taken: guards, retries, fallbacks, branches.
//!
//! Speaks of flows and steps only: what expressions decide within themselves is not counted.

use crate::facts::{RunFacts, class_word, locate};
use flow_diag::Span;
use flow_driver::{ContractVerdict, How, NodeEnd, NodeStatus, Note};
use flow_expr::Name;
use flow_plan::{ErrorClass, Node, NodeKind, Program};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A way that a program can take.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The flow or step.
    pub owner: Name,
    /// Where it is written.
    pub at: Span,
    /// What happens, in words: "guard `it > 0` does not hold".
    pub what: String,
}

/// The ways that were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    reached: BTreeSet<Point>,
}

impl Coverage {
    /// Adds what other runs have reached.
    pub fn add(&mut self, other: Self) {
        self.reached.extend(other.reached);
    }

    /// All ways of the project's own flows and steps, with whether they were taken.
    #[must_use]
    pub fn of(&self, program: &Program) -> Vec<(Point, bool)> {
        points(program).into_iter().map(|point| (point.clone(), self.reached.contains(&point))).collect()
    }
}

fn point(owner: &Name, at: Span, what: impl Into<String>) -> Point {
    Point { owner: owner.clone(), at, what: what.into() }
}

/// Every way there is.
fn points(program: &Program) -> BTreeSet<Point> {
    let mut all = BTreeSet::new();
    let is_own = |name: &&Name| !name.as_str().starts_with("std.");
    for step in program.steps.values().filter(|step| is_own(&&step.name)) {
        for guard in &step.guards {
            all.insert(guard_point(&step.name, guard.condition.at, &guard.text, true));
            all.insert(guard_point(&step.name, guard.condition.at, &guard.text, false));
        }
        for class in step.retry.iter().flat_map(|retry| &retry.on) {
            all.insert(retry_point(&step.name, step.at, *class));
        }
        if let Some(fallback) = &step.fallback {
            all.insert(point(&step.name, fallback.at, "the fallback is taken"));
        }
    }
    for flow in program.flows.values().filter(|flow| is_own(&&flow.name)) {
        for node in flow.nodes() {
            match &node.kind {
                NodeKind::Call { recover: Some(_), .. } | NodeKind::Flow { recover: Some(_), .. } => {
                    all.insert(point(&flow.name, node.at, format!("{} is recovered from with `else`", node.label)));
                }
                NodeKind::If { .. } | NodeKind::Match { .. } => {
                    all.extend((0..ways(node)).map(|way| way_point(&flow.name, node, way)));
                }
                _ => {}
            }
        }
    }
    all
}

fn guard_point(step: &Name, at: Span, text: &str, holds: bool) -> Point {
    point(step, at, format!("guard `{text}` {}", if holds { "holds" } else { "does not hold" }))
}

fn retry_point(step: &Name, at: Span, class: ErrorClass) -> Point {
    match class {
        ErrorClass::Any => point(step, at, "it is tried again"),
        class => point(step, at, format!("it is tried again after `{}`", class_word(class))),
    }
}

fn ways(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Match { arms, .. } => arms.len(),
        _ => 2,
    }
}

fn way_point(flow: &Name, node: &Node, way: usize) -> Point {
    let what = match &node.kind {
        NodeKind::If { .. } if way == 0 => "the condition of `if` holds".to_owned(),
        NodeKind::If { .. } => "the condition of `if` does not hold".to_owned(),
        _ => format!("arm {} of `match` is taken", way + 1),
    };
    point(flow, node.at, what)
}

/// Adds what a run has reached.
pub(crate) fn collect(program: &Program, facts: &RunFacts, coverage: &mut Coverage) {
    let mut steps: BTreeMap<Arc<str>, Name> = BTreeMap::new();
    for (_, note) in &facts.notes {
        if let Note::Settled(end) = note
            && let Some(step) = end.subject.as_ref().filter(|step| program.steps.contains_key(step))
        {
            steps.insert(end.path.clone(), step.clone());
        }
    }
    let reached = &mut coverage.reached;
    for (_, note) in &facts.notes {
        match note {
            Note::Contract { path, verdict, .. } => {
                let ContractVerdict::Guard { text, kept, of: None, tool, .. } = &**verdict else { continue };
                let step = tool.as_ref().or_else(|| steps.get(path));
                let Some(step) = step.and_then(|step| program.steps.get(step)) else { continue };
                let guards = step.guards.iter().filter(|guard| guard.text == *text);
                reached.extend(guards.map(|guard| guard_point(&step.name, guard.condition.at, text, *kept)));
            }
            Note::Retrying { path, class, judge: None, tool, .. } => {
                let step = tool.as_ref().or_else(|| steps.get(path));
                let Some(step) = step.and_then(|step| program.steps.get(step)) else { continue };
                reached.insert(retry_point(&step.name, step.at, *class));
                reached.insert(retry_point(&step.name, step.at, ErrorClass::Any));
            }
            Note::Settled(end) => settled(program, facts, end, reached),
            _ => {}
        }
    }
}

fn settled(program: &Program, facts: &RunFacts, end: &NodeEnd, reached: &mut BTreeSet<Point>) {
    let step = end.subject.as_ref().and_then(|step| program.steps.get(step));
    if let (Some(How::Fallback), Some(step)) = (end.how, step)
        && let Some(fallback) = &step.fallback
    {
        reached.insert(point(&step.name, fallback.at, "the fallback is taken"));
    }
    let Some((flow, node)) = locate(program, &facts.flow, &end.path) else { return };
    if end.how == Some(How::Recovered) {
        reached.insert(point(&flow.name, node.at, format!("{} is recovered from with `else`", node.label)));
    }
    let is_branch = matches!(node.kind, NodeKind::If { .. } | NodeKind::Match { .. });
    if !is_branch || end.status != NodeStatus::Succeeded {
        return;
    }
    let taken = |block: &&flow_plan::Block| {
        block.nodes.iter().any(|inner| {
            facts.notes.iter().any(|(_, note)| match note {
                Note::Settled(inside) => {
                    *inside.path == *format!("{}.{}", end.path, inner.id.0) && inside.status != NodeStatus::Skipped
                }
                _ => false,
            })
        })
    };
    let blocks = node.blocks();
    let found = blocks.iter().position(taken);
    // A branch without nodes leaves no trace: it is the one if no other was taken and there is just one such.
    let silent: Vec<usize> =
        blocks.iter().enumerate().filter(|(_, block)| block.nodes.is_empty()).map(|(way, _)| way).collect();
    let way = found.or(match silent.as_slice() {
        [only] => Some(*only),
        _ => None,
    });
    if let Some(way) = way {
        reached.insert(way_point(&flow.name, node, way));
    }
}
