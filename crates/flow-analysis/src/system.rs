//! Who touches which dataset, and which flow calls which: the links that join flows into one system.
//!
//! Knows nothing of what is wrong with them; the checks in [`crate::graph`] do.

use flow_diag::Span;
use flow_expr::Name;
use flow_plan::{Flow, NodeKind, Program, Trigger};
use std::collections::BTreeMap;

/// How a flow is tied to a dataset or to another flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It takes the dataset's version.
    Reads,
    /// It waits until the dataset is fresh.
    Requires,
    /// It starts when the dataset has a new version.
    StartsWhen,
    /// It makes the dataset's version.
    Writes,
    /// It runs the other flow.
    Calls,
}

/// One tie with its place in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) target: &'a Name,
    pub(crate) how: How,
    pub(crate) at: Span,
}

/// All ties of a program.
#[derive(Debug, Default)]
pub(crate) struct System<'a> {
    /// What flows use: reads, requirements, triggers, calls of flows.
    pub(crate) uses: Vec<Link<'a>>,
    /// What flows write, by dataset, in the order of the flows' names and of the text.
    pub(crate) writes: BTreeMap<&'a Name, Vec<Link<'a>>>,
}

impl<'a> System<'a> {
    pub(crate) fn of(program: &'a Program) -> Self {
        let mut system = Self::default();
        for flow in program.flows.values() {
            system.add_triggers(flow);
            system.add_nodes(flow);
        }
        system
    }

    fn add_triggers(&mut self, flow: &'a Flow) {
        for start in &flow.starts {
            if let Trigger::Updates(datasets) = &start.trigger {
                self.uses.extend(datasets.iter().map(|target| Link {
                    flow,
                    target,
                    how: How::StartsWhen,
                    at: start.at,
                }));
            }
        }
    }

    fn add_nodes(&mut self, flow: &'a Flow) {
        for node in flow.nodes() {
            let link = |target, how| Link { flow, target, how, at: node.at };
            match &node.kind {
                NodeKind::Read { dataset, previous: false, .. } => self.uses.push(link(dataset, How::Reads)),
                NodeKind::RequireFresh { dataset, .. } => self.uses.push(link(dataset, How::Requires)),
                NodeKind::Flow { flow, .. } => self.uses.push(link(flow, How::Calls)),
                NodeKind::Write { dataset, .. } => {
                    self.writes.entry(dataset).or_default().push(link(dataset, How::Writes));
                }
                _ => {}
            }
        }
    }
}
