//! Retrying a run: what succeeded in it is not made again, whatever its effect.
//!
//! Of the run that is retried, its replayed driver says what is kept ([`Driver::kept`]); the new run is told before it
//! begins ([`crate::Event::Kept`]), so its own journal is complete. What computes over data, reads, writes, calls a step,
//! waits or checks is kept by its place; the rest is gone through again, which costs nothing, and so
//! are handlers, which belong to what happens in this run. A loop whose item is another one than it was keeps nothing
//! of that item. Knows neither stores nor whether kept data is still there.

use crate::{
    Driver, How, Kept,
    graph::Op,
    state::{ROOT, Role, Settled},
};
use flow_expr::Value;
use flow_plan::{Decision, Reason, Verdict};
use jiff::Timestamp;
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// Results of the run that this one retries, by place; loops' items are among them.
pub(crate) type Results = BTreeMap<Arc<str>, (Value, Option<Timestamp>)>;

/// How much of an instance is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Redo {
    /// It is gone through again, for something in it.
    Through,
    /// It and all that is in it.
    Whole,
}

impl Driver {
    /// What a retry of this run keeps: everything that has a result, but not what a label, a path or a step's name means
    /// and what follows from that. None if nothing of that name was reached.
    #[must_use]
    pub fn kept(&self, from: Option<&str>) -> Option<Vec<Kept>> {
        let redo = match from {
            None => BTreeMap::new(),
            Some(from) => {
                let named: Vec<u32> =
                    (ROOT + 1..self.instances.len() as u32).filter(|id| self.is_named(*id, from)).collect();
                if named.is_empty() {
                    return None;
                }
                self.follows(named)
            }
        };
        let mut kept = vec![];
        for id in ROOT + 1..self.instances.len() as u32 {
            let instance = &self.instances[id as usize];
            if redo.contains_key(&id) || self.is_gone_through(id) || self.reacts(id) {
                continue;
            }
            if let Some(value) = instance.value() {
                let of = self.node(id).op.subject().cloned();
                kept.push(Kept { path: self.path(id), of, value: value.clone(), data_time: instance.data_time });
            }
        }
        for block in &self.blocks {
            if let (Role::Item(position), [(_, item), ..]) = (block.role, &block.bindings[..]) {
                let path = item_path(&self.path(block.owner), position);
                kept.push(Kept { path, of: None, value: digest_of(item), data_time: None });
            }
        }
        Some(kept)
    }

    /// `rate` means `rate` and, in a loop, every `rate[3]`; and every call of a step of that name.
    fn is_named(&self, id: u32, name: &str) -> bool {
        let label = self.label(id);
        let rest = label.strip_prefix(name);
        let subject = || self.node(id).op.subject().is_some_and(|subject| subject.short() == name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('[')) || *self.path(id) == *name || subject()
    }

    /// Whether it only leads to others, or costs nothing.
    fn is_gone_through(&self, id: u32) -> bool {
        match self.node(id).op {
            Op::Flow { .. } | Op::If { .. } | Op::Match { .. } | Op::For { .. } | Op::Compute { data: false, .. } => {
                true
            }
            Op::Compute { data: true, .. }
            | Op::Call { .. }
            | Op::Read { .. }
            | Op::Write { .. }
            | Op::Wait { .. }
            | Op::Require { .. }
            | Op::RequireFresh { .. } => false,
        }
    }

    /// Whether it is in a handler, at any depth.
    fn reacts(&self, id: u32) -> bool {
        let mut next = id;
        while next != ROOT {
            let block = self.instances[next as usize].block;
            if self.in_handler(block) {
                return true;
            }
            next = self.blocks[block as usize].owner;
        }
        false
    }

    /// These, all that needs them, and what is around and inside of what is made again.
    fn follows(&self, named: Vec<u32>) -> BTreeMap<u32, Redo> {
        let mut needed_by: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut inside: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for id in ROOT + 1..self.instances.len() as u32 {
            let block = self.instances[id as usize].block;
            for need in &self.node(id).needs {
                needed_by.entry(self.resolve(block, need.node)).or_default().push(id);
            }
            inside.entry(self.blocks[block as usize].owner).or_default().push(id);
        }
        let mut redo = BTreeMap::new();
        let mut open: Vec<(u32, Redo)> = named.into_iter().map(|id| (id, Redo::Whole)).collect();
        while let Some((id, how)) = open.pop() {
            if redo.get(&id).is_some_and(|known| *known >= how) {
                continue;
            }
            redo.insert(id, how);
            let list = |of: &BTreeMap<u32, Vec<u32>>| of.get(&id).cloned().unwrap_or_default();
            open.extend(list(&needed_by).into_iter().map(|id| (id, Redo::Whole)));
            if how == Redo::Whole {
                open.extend(list(&inside).into_iter().map(|id| (id, Redo::Whole)));
            }
            let owner = self.blocks[self.instances[id as usize].block as usize].owner;
            if owner != ROOT {
                open.push((owner, Redo::Through));
            }
        }
        redo
    }

    /// What is kept of the run that this one retries; before it begins.
    pub(crate) fn keep(&mut self, results: Vec<Kept>) {
        if self.instances.is_empty() {
            self.kept.extend(results.into_iter().map(|kept| (kept.path, (kept.value, kept.data_time))));
        }
    }

    /// Settles an instance with its kept result, if there is one.
    pub(crate) fn settle_kept(&mut self, id: u32) -> bool {
        if self.kept.is_empty() || self.is_gone_through(id) || self.reacts(id) {
            return false;
        }
        let Some((value, data_time)) = self.kept.remove(&self.path(id)) else { return false };
        self.instances[id as usize].data_time = data_time;
        let run = self.start.retry.as_ref().map_or_else(|| self.start.run.clone(), |retry| retry.of.clone());
        self.decided(id, Decision { verdict: Verdict::Reuse, reasons: vec![Reason::DoneIn { run }] });
        self.settle(id, Settled::Value { value, how: How::Reused });
        true
    }

    /// A loop turns with an item: if it was another one in the run that is retried, nothing is kept of that.
    pub(crate) fn turns_with(&mut self, id: u32, position: u32, item: &Value) {
        if self.kept.is_empty() {
            return;
        }
        let path = item_path(&self.path(id), position);
        let was = self.kept.remove(&path);
        if was.is_some_and(|(was, _)| was == digest_of(item)) {
            return;
        }
        let inside = format!("{path}.");
        let after =
            self.kept.range::<str, _>((Bound::Included(&*inside), Bound::Unbounded)).map(|(path, _)| path.clone());
        let gone: Vec<Arc<str>> = after.take_while(|path| path.starts_with(&inside)).collect();
        gone.iter().for_each(|path| drop(self.kept.remove(path)));
    }
}

/// An item may be nobody's business, and may be large; whether it is the same one is all that counts.
fn digest_of(item: &Value) -> Value {
    Value::String(flow_expr::digest(item).into())
}

fn item_path(of: &str, position: u32) -> Arc<str> {
    format!("{of}[{position}]").into()
}
