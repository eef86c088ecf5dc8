//! What the runtime must keep to itself though no type says so: for the plan, from where labels were followed to.
//!
//! A message's hole that shows labelled data is closed here, in the program itself, so that no such text is ever made.
//! Everything else is told to the runtime as [`Carried`]. Knows no findings. Tested by what runs write and show:
//! `flowc/tests/it/labels.rs`.

use super::{
    sink::{Kept, Sink},
    walk::Walk,
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, Part, Value, redact::mark};
use flow_plan::{Block, Carried, GuardAction, Location, NodeKind, Program, Step};
use std::collections::BTreeMap;

/// What is not to be seen of a program's data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Labels beyond those that types name.
    pub carried: Carried,
    /// What parts of messages carry, by their place.
    pub messages: BTreeMap<Span, Vec<Name>>,
}

impl Hidden {
    pub(super) fn of(walk: &Walk<'_>) -> Self {
        let mut hidden = Self::default();
        let carried = &mut hidden.carried;
        for (kept, label) in &walk.noted.kept {
            let labels = match *kept {
                Kept::Result(step) => carried.results.entry(step.clone()).or_default(),
                Kept::Argument(step, position) => {
                    let Some(param) = walk.step_named(step).and_then(|step| step.params.get(position)) else {
                        continue;
                    };
                    carried.arguments.entry(step.clone()).or_default().entry(param.name.clone()).or_default()
                }
                Kept::Feedback(step) => carried.feedback.entry(step.clone()).or_default(),
                Kept::Flow(flow) => carried.flows.entry(flow.clone()).or_default(),
                Kept::Message(at) => hidden.messages.entry(at).or_default(),
            };
            labels.push(walk.labels.name(*label).clone());
        }
        for (dataset, _, label) in &walk.noted.held {
            carried.datasets.entry((*dataset).clone()).or_default().push(walk.labels.name(*label).clone());
        }
        for dataset in walk.program.datasets.values() {
            let Location::Table { connection, .. } = &dataset.location else { continue };
            let inside = walk.declared.inside(&dataset.ty).into_iter().map(|id| walk.labels.name(id).clone());
            let mut labels = inside.chain(dataset.accepts.iter().cloned()).peekable();
            if labels.peek().is_some() {
                carried.connections.entry(connection.clone()).or_default().extend(labels);
            }
        }
        for dataset in walk.program.datasets.values().filter(|dataset| dataset.writer.is_none()) {
            let inside = walk.declared.inside(&dataset.ty);
            let beyond =
                dataset.accepts.iter().filter(|label| !inside.iter().any(|id| walk.labels.name(*id) == *label));
            let beyond: Vec<Name> = beyond.cloned().collect();
            if !beyond.is_empty() {
                carried.datasets.entry(dataset.name.clone()).or_default().extend(beyond);
            }
        }
        let steps = carried.results.values_mut().chain(carried.feedback.values_mut());
        let places = carried.datasets.values_mut().chain(carried.connections.values_mut());
        let others = carried.flows.values_mut().chain(places).chain(hidden.messages.values_mut());
        for labels in steps.chain(others).chain(carried.arguments.values_mut().flat_map(BTreeMap::values_mut)) {
            labels.sort();
            labels.dedup();
        }
        hidden
    }

    /// Puts it into the program.
    pub fn apply(self, program: &mut Program) {
        program.carried = self.carried;
        let messages = self.messages;
        if messages.is_empty() {
            return;
        }
        for step in program.steps.values_mut().chain(program.judges.values_mut()) {
            close_step(step, &messages);
        }
        for flow in program.flows.values_mut() {
            close_block(&mut flow.body, &messages);
            flow.handlers.iter_mut().for_each(|handler| close_block(&mut handler.body, &messages));
        }
    }
}

fn close_step(step: &mut Step, messages: &BTreeMap<Span, Vec<Name>>) {
    for guard in &mut step.guards {
        if let GuardAction::Fail(Some(message)) | GuardAction::Warn(Some(message)) = &mut guard.action {
            close(message, messages);
        }
    }
}

/// Blocks nest at most as deeply as the parser allows (256).
fn close_block(block: &mut Block, messages: &BTreeMap<Span, Vec<Name>>) {
    for node in &mut block.nodes {
        match &mut node.kind {
            NodeKind::Require { message: Some(message), .. } => close(message, messages),
            NodeKind::Call { recover, .. } | NodeKind::Flow { recover, .. } => {
                recover.iter_mut().for_each(|block| close_block(block, messages));
            }
            NodeKind::If { then, otherwise, .. } => {
                close_block(then, messages);
                close_block(otherwise, messages);
            }
            NodeKind::Match { arms, .. } => arms.iter_mut().for_each(|arm| close_block(&mut arm.body, messages)),
            NodeKind::For { body, .. } => close_block(body, messages),
            _ => {}
        }
    }
}

/// A mark in the place of each part that carries labels.
fn close(message: &mut Expr, messages: &BTreeMap<Span, Vec<Name>>) {
    if let ExprKind::Interpolate(parts) = &mut message.kind {
        for part in parts {
            if let Part::Hole(hole, _) = part
                && let Some(labels) = messages.get(&hole.at)
            {
                *part = Part::Text(mark(labels).into());
            }
        }
    } else if let Some(labels) = messages.get(&message.at) {
        message.kind = ExprKind::Const(Value::String(mark(labels).into()));
    }
}

impl<'a> Walk<'a> {
    /// A message that is written down and shown.
    pub(super) fn message(&mut self, message: &'a Expr) {
        match &message.kind {
            ExprKind::Interpolate(parts) => {
                super::expr::holes(parts).for_each(|hole| self.shown(hole));
            }
            _ => self.shown(message),
        }
    }

    fn shown(&mut self, part: &'a Expr) {
        let shape = self.expr(part);
        self.out_flat(&shape, Sink::Kept(Kept::Message(part.at)), part.at);
    }

    /// What a step is given and gives is in the journal.
    pub(super) fn written_down(&mut self, step: &'a Step, result: &super::shape::Shape) {
        for (position, param) in step.params.iter().enumerate() {
            let given = self.values.get(&param.var).cloned().unwrap_or_default();
            let sink = Sink::Kept(Kept::Argument(&step.name, position));
            self.out(&given, sink, step.at, &mut vec![], None);
        }
        self.out(result, Sink::Kept(Kept::Result(&step.name)), step.at, &mut vec![], None);
    }
}
