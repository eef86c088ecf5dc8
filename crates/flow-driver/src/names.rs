//! What instances are called: paths (`5[17].2`) for machines, keys (`daily/report[17]/write_note`) for
//! finding a node again in the next run, labels for people.

use crate::{
    Driver,
    graph::RESULT,
    state::{ROOT, Role},
};
use flow_expr::{ExprKind, Value};
use flow_plan::{Flow, NodeKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

impl Driver {
    /// Where an instance is: numbers of nodes from the outside in, positions of loops in brackets.
    pub(crate) fn path(&self, id: u32) -> Arc<str> {
        let mut text = String::new();
        self.way(id, &mut |step| {
            match step {
                Step::Node(owner) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    match self.node(owner).id {
                        RESULT => text.push_str("result"),
                        number => drop(write!(text, "{number}")),
                    }
                }
                Step::Item(position) => drop(write!(text, "[{position}]")),
            };
        });
        text.into()
    }

    /// The name of the instance's record: the flow, then labels.
    pub(crate) fn key(&self, id: u32) -> Arc<str> {
        let mut text = format!("{}{}", self.flow, self.part);
        self.way(id, &mut |step| match step {
            Step::Node(owner) => {
                text.push('/');
                text.push_str(&self.node(owner).label);
            }
            Step::Item(position) => drop(write!(text, "[{position}]")),
        });
        text.into()
    }

    /// What people call it: in a loop with the positions of its items, `rate[3]`.
    pub(crate) fn label(&self, id: u32) -> Arc<str> {
        if id == ROOT {
            return self.flow.short().into();
        }
        let label = &self.node(id).label;
        if !self.in_loop(id) {
            return label.clone();
        }
        let mut text = label.to_string();
        self.way(id, &mut |step| {
            if let Step::Item(position) = step {
                // Writing to a string cannot fail.
                let _ = write!(text, "[{position}]");
            }
        });
        text.into()
    }

    fn in_loop(&self, id: u32) -> bool {
        let mut next = id;
        while next != ROOT {
            let block = &self.blocks[self.instances[next as usize].block as usize];
            if matches!(block.role, Role::Item(_)) {
                return true;
            }
            next = block.owner;
        }
        false
    }

    fn way(&self, id: u32, see: &mut dyn FnMut(Step)) {
        let mut steps = vec![];
        let mut next = id;
        while next != ROOT {
            steps.push(Step::Node(next));
            let block = &self.blocks[self.instances[next as usize].block as usize];
            if let Role::Item(position) = block.role {
                steps.push(Step::Item(position));
            }
            next = block.owner;
        }
        steps.into_iter().rev().for_each(see);
    }

    /// Whether a block belongs to a handler, at any depth within its flow.
    pub(crate) fn in_handler(&self, block: u32) -> bool {
        let mut block = &self.blocks[block as usize];
        loop {
            match (block.role, block.parent) {
                (Role::Handler, _) => return true,
                (_, Some(parent)) => block = &self.blocks[parent as usize],
                (_, None) => return false,
            }
        }
    }
}

/// Parameters that are keys of partitions which the flow reads or writes: `[day=2026-01-31]`. Runs for
/// different parts have nothing to do with each other; what one of them did is no news to another.
pub(crate) fn part(flow: &Flow, params: &BTreeMap<Arc<str>, Value>) -> String {
    let keys = flow.nodes().flat_map(|node| match &node.kind {
        NodeKind::Read { partition, .. } | NodeKind::Write { partition, .. } => partition.as_slice(),
        _ => &[],
    });
    let keys: BTreeSet<_> =
        keys.filter_map(|key| if let ExprKind::Var(var) = key.kind { Some(var) } else { None }).collect();
    let named = flow.params.iter().filter(|param| keys.contains(&param.var));
    let texts = named.filter_map(|param| {
        let value = params.get(&param.name)?;
        let text = match value {
            Value::Date(_) | Value::Int(_) | Value::Bool(_) => flow_plan::words::value(value),
            other => flow_expr::digest(other).get(..16).unwrap_or_default().to_owned(),
        };
        Some(format!("{}={text}", param.name))
    });
    let text = texts.collect::<Vec<_>>().join(",");
    if text.is_empty() { text } else { format!("[{text}]") }
}

enum Step {
    Node(u32),
    Item(u32),
}
