//! What instances are called: paths (`5[17].2`) for machines, keys (`daily/report[17]/write_note`) for
//! finding a node again in the next run, labels for people.

use crate::{
    Driver,
    graph::RESULT,
    state::{ROOT, Role},
};
use std::{fmt::Write as _, sync::Arc};

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
        let mut text = self.flow.to_string();
        self.way(id, &mut |step| match step {
            Step::Node(owner) => {
                text.push('/');
                text.push_str(&self.node(owner).label);
            }
            Step::Item(position) => drop(write!(text, "[{position}]")),
        });
        text.into()
    }

    /// What people call it.
    pub(crate) fn label(&self, id: u32) -> Arc<str> {
        if id == ROOT {
            return self.flow.short().into();
        }
        self.node(id).label.clone()
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

enum Step {
    Node(u32),
    Item(u32),
}
