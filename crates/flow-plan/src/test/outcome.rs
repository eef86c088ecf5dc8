//! What a test sees of a run: the fields of its outcome, with their types.
//!
//! The checker types `r.write_note.asks` by this, the runner fills it in: one list for both.

use crate::{Flow, Node, NodeKind, Program};
use flow_expr::{Field, Name, Type};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// What a test runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunTarget {
    /// A flow.
    Flow(Name),
    /// A step alone.
    Step(Name),
}

/// A part of a run that the outcome has a field for.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeFacts {
    /// The field's name: a label, or the short name of a step.
    pub field: Arc<str>,
    /// Labels of the nodes that it speaks of.
    pub labels: Vec<Arc<str>>,
    /// The type of the result; `List` of it where there may be several.
    pub result: Type,
    /// Whether there may be several.
    pub many: bool,
    /// The type of the field.
    pub ty: Name,
}

/// What a test sees of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The type.
    pub ty: Name,
    /// The type of the run's result.
    pub result: Type,
    /// Fields about parts of the run.
    pub nodes: Vec<NodeFacts>,
}

impl RunTarget {
    /// The name of the flow or step.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Flow(name) | Self::Step(name) => name,
        }
    }
}

impl Outcome {
    /// What is seen of a run of this.
    #[must_use]
    pub fn of(target: &RunTarget, program: &Program) -> Option<Self> {
        match target {
            RunTarget::Flow(name) => program.flows.get(name).map(Self::of_flow),
            RunTarget::Step(name) => program.steps.get(name).map(|step| {
                let label: Arc<str> = name.short().into();
                let ty = part_of(name, &label);
                let facts = NodeFacts {
                    field: label.clone(),
                    labels: vec![label],
                    result: step.returns.clone(),
                    many: false,
                    ty,
                };
                Self { ty: run_of(name), result: step.returns.clone(), nodes: vec![facts] }
            }),
        }
    }

    fn of_flow(flow: &Flow) -> Self {
        let mut found: BTreeMap<Arc<str>, NodeFacts> = BTreeMap::new();
        let mut by_step: BTreeMap<Arc<str>, NodeFacts> = BTreeMap::new();
        let mut open: Vec<(&Node, bool)> = vec![];
        let blocks = std::iter::once(&flow.body).chain(flow.handlers.iter().map(|handler| &handler.body));
        open.extend(blocks.flat_map(|block| &block.nodes).map(|node| (node, false)));
        while let Some((node, looped)) = open.pop() {
            let inner = looped || matches!(node.kind, NodeKind::For { .. });
            open.extend(node.blocks().into_iter().flat_map(|block| &block.nodes).map(|node| (node, inner)));
            if matches!(node.kind, NodeKind::Wait { .. } | NodeKind::Read { .. }) {
                continue;
            }
            add(&mut found, flow, &spelled(&node.label), node, looped);
            if let NodeKind::Call { step, .. } = &node.kind
                && !flow.nodes().any(|node| *node.label == *step.short())
            {
                add(&mut by_step, flow, step.short(), node, looped);
            }
        }
        let mut nodes: Vec<NodeFacts> = found.into_values().collect();
        nodes.extend(by_step.into_values().filter(|facts| !reserved(&facts.field)));
        nodes.retain(|facts| !reserved(&facts.field));
        nodes.sort_by(|one, other| one.field.cmp(&other.field));
        nodes.dedup_by(|one, other| one.field == other.field);
        Self { ty: run_of(&flow.name), result: flow.returns.clone(), nodes }
    }

    /// The outcome's fields, then the types of its parts with theirs.
    #[must_use]
    pub fn types(&self) -> Vec<(Name, Vec<Field>)> {
        let mut fields = vec![
            field("succeeded", Type::Bool),
            field("failed", Type::Bool),
            field("cancelled", Type::Bool),
            field("skipped", Type::Bool),
            field("late", Type::Bool),
            field("took", Type::Duration),
            field("cost", Type::Decimal),
            field("asks", Type::Int),
            field("attempts", Type::Int),
            field("warnings", Type::Int),
            field("failure", Type::String.optional()),
            field("message", Type::String.optional()),
        ];
        if self.result != Type::Unit {
            fields.push(field("result", self.result.clone()));
        }
        let mut types = vec![];
        for facts in &self.nodes {
            fields.push(field(&facts.field, Type::Named(facts.ty.clone())));
            let mut inner = vec![
                field("asks", Type::Int),
                field("attempts", Type::Int),
                field("succeeded", Type::Bool),
                field("reused", Type::Bool),
                field("recovered", Type::Bool),
                field("ran", Type::Bool),
                field("failure", Type::String.optional()),
                field("message", Type::String.optional()),
                field("took", Type::Duration),
            ];
            match (&facts.result, facts.many) {
                (Type::Unit, _) => {}
                (result, true) => inner.push(field("results", Type::List(Arc::new(result.clone())))),
                (result, false) => inner.push(field("result", result.clone())),
            }
            types.push((facts.ty.clone(), inner));
        }
        types.insert(0, (self.ty.clone(), fields));
        types
    }
}

/// Names that speak of the whole run.
fn reserved(name: &str) -> bool {
    const OF_RUN: [&str; 13] = [
        "succeeded",
        "failed",
        "cancelled",
        "skipped",
        "late",
        "took",
        "cost",
        "asks",
        "attempts",
        "warnings",
        "failure",
        "message",
        "result",
    ];
    OF_RUN.contains(&name)
}

fn add(found: &mut BTreeMap<Arc<str>, NodeFacts>, flow: &Flow, name: &str, node: &Node, many: bool) {
    let field: Arc<str> = name.into();
    let facts = found.entry(field.clone()).or_insert_with(|| NodeFacts {
        ty: part_of(&flow.name, name),
        field,
        labels: vec![],
        result: node.ty.clone(),
        many: false,
    });
    facts.many |= many || !facts.labels.is_empty();
    if facts.result != node.ty {
        facts.result = Type::Unit;
    }
    if !facts.labels.contains(&node.label) {
        facts.labels.push(node.label.clone());
    }
}

/// A label as the name of a field: `write_note#2` is `write_note_2`, `write total` is `write_total`.
fn spelled(label: &str) -> String {
    label.chars().map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '_' }).collect()
}

/// Such a name is in no text, so it cannot clash.
fn run_of(name: &Name) -> Name {
    Name::new(format!("{}.run of {}", name.module(), name.short()))
}

fn part_of(name: &Name, label: &str) -> Name {
    Name::new(format!("{}.{label} in the run of {}", name.module(), name.short()))
}

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, refinement: None, labels: vec![] }
}
