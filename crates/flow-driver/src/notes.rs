//! What is kept and shown of a run: decisions, verdicts, the record that the next run compares with.

use crate::{
    ContractVerdict, Driver, How, Last, NodeRecord, Note,
    call::identity,
    failures,
    graph::Op,
    state::{Activity, ROOT, Settled},
};
use flow_plan::{Decision, ErrorClass, Failure, NodeId, Reason, Verdict};
use std::{collections::HashSet, sync::Arc};

impl Driver {
    /// It is known whether an instance runs.
    pub(crate) fn decided(&mut self, id: u32, decision: Decision) {
        // Nobody reads the notes of a plan.
        if !self.start.dry {
            let (path, label) = (self.path(id), self.label(id));
            self.note(Note::Decided { path, label, decision: decision.clone() });
        }
        self.instances[id as usize].decision = Some(Box::new(decision));
    }

    /// A promise was looked at.
    pub(crate) fn contract(&mut self, id: u32, verdict: ContractVerdict) {
        let (path, label) = (self.path(id), self.label(id));
        self.note(Note::Contract { path, label, verdict: Box::new(verdict) });
    }

    /// Whether a failure is a broken contract: that is another exit code.
    pub(crate) fn note_breach(&mut self, id: u32, failure: &Failure) {
        let contract = id != ROOT
            && match self.node(id).op {
                Op::Require { .. } | Op::RequireFresh { .. } => failure.class != ErrorClass::Internal,
                Op::Read { .. } | Op::Write { .. } => {
                    matches!(failure.class, ErrorClass::GuardFailed | ErrorClass::Malformed | ErrorClass::Stale)
                }
                _ => false,
            };
        self.contract_broken |= contract;
        self.failed_otherwise |= !contract;
    }

    /// Whether it was asked for whatever the records say. Naming a node of the root flow forces what is in it.
    pub(crate) fn is_forced(&self, id: u32) -> bool {
        let mut id = id;
        while id != ROOT {
            let block = &self.blocks[self.instances[id as usize].block as usize];
            if block.scope == 0 && self.start.forced.contains(self.node(id).id) {
                return true;
            }
            id = block.owner;
        }
        false
    }

    /// Whether a selection leaves it out.
    pub(crate) fn not_selected(&self, id: u32) -> bool {
        let block = &self.blocks[self.instances[id as usize].block as usize];
        block.scope == 0
            && self.unselected.contains(&self.node(id).id)
            && !self.in_handler(self.instances[id as usize].block)
    }

    /// An earlier result stands in for what is not selected.
    pub(crate) fn unselected_recalled(&mut self, id: u32, last: Last) {
        self.decided(id, Decision { verdict: Verdict::Skip, reasons: vec![Reason::NotSelected] });
        let Last::Other(last) = last else { return self.settle(id, Settled::Skipped) };
        match last.value.map(|value| (value, last.data_time)) {
            Some((value, data_time)) => {
                self.instances[id as usize].data_time = data_time;
                self.settle(id, Settled::Value { value, how: How::Reused });
            }
            None => self.settle(id, Settled::Skipped),
        }
    }

    /// A selected node that needs what is neither selected nor remembered.
    pub(crate) fn fail_for_selection(&mut self, id: u32) {
        let (label, block) = (self.label(id), self.instances[id as usize].block);
        let needs = self.node(id).needs.iter().map(|need| self.resolve(block, need.node));
        let skipped = |need: &u32| matches!(self.instances[*need as usize].settled(), Some(Settled::Skipped));
        let need = needs.clone().find(skipped).map_or_else(|| "an input".into(), |need| self.label(need));
        self.decided(id, Decision { verdict: Verdict::Skip, reasons: vec![Reason::NotSelected] });
        self.fail(id, failures::not_selected(&label, &need));
    }

    /// In a plan: labels of the nodes whose unknown results it uses.
    pub(crate) fn unknown_upstream(&self, id: u32) -> Vec<Arc<str>> {
        if !self.start.dry {
            return vec![];
        }
        let block = self.instances[id as usize].block;
        let needs = self.node(id).needs.iter().filter(|need| need.data).map(|need| self.resolve(block, need.node));
        needs
            .filter(|need| matches!(self.instances[*need as usize].settled(), Some(Settled::Unknown)))
            .map(|need| self.label(need))
            .collect()
    }

    /// What the next run compares with, and the key under which the result can be reused.
    pub(crate) fn record(&self, id: u32) -> (Option<NodeRecord>, Option<Arc<str>>) {
        let instance = &self.instances[id as usize];
        let (value, how) = match instance.settled() {
            Some(Settled::Value { value, how }) => (Some(value.clone()), Some(*how)),
            Some(Settled::Failed { .. }) => (None, None),
            _ => return (None, None),
        };
        if self.start.dry {
            return (None, None);
        }
        let (components, inputs, identity, key) = match &instance.activity {
            Activity::Call(call) if call.recorded && how == Some(How::Reused) => return (None, None),
            Activity::Compute(compute) if compute.recorded && how == Some(How::Reused) => return (None, None),
            Activity::Call(call) => {
                let identity = identity(&call.meaning, &call.inputs);
                (call.meaning.components.clone(), call.inputs.clone(), identity, call.cache_key.clone())
            }
            Activity::Compute(compute) => {
                let identity = identity(&compute.meaning, &compute.inputs);
                (compute.meaning.components.clone(), compute.inputs.clone(), identity, compute.cache_key.clone())
            }
            // Others are remembered only to stand in when they are not selected.
            _ if self.blocks[instance.block as usize].scope == 0 && value.is_some() => match self.node(id).op {
                Op::Flow { .. } | Op::If { .. } | Op::Match { .. } | Op::For { .. } => ([].into(), vec![], None, None),
                _ => return (None, None),
            },
            _ => return (None, None),
        };
        let record = NodeRecord {
            run: self.start.run.clone(),
            at: self.now,
            succeeded: value.is_some(),
            recovered: matches!(how, Some(How::Fallback | How::Recovered)),
            identity: identity.unwrap_or_default(),
            components,
            inputs,
            value,
            data_time: instance.data_time,
        };
        (Some(record), key.filter(|_| how == Some(How::Ran)))
    }

    /// What would happen to the nodes of the flow, once a dry run has ended.
    #[must_use]
    pub fn into_decisions(mut self) -> Vec<(NodeId, Decision)> {
        let mut found = Found::default();
        for id in 1..self.instances.len() as u32 {
            let decided = self.instances[id as usize].decision.take();
            let decision = match (decided, self.instances[id as usize].settled()) {
                (Some(decision), _) => *decision,
                (None, Some(Settled::Unknown)) => {
                    let upstream = self.unknown_upstream(id);
                    let reasons: Vec<_> = upstream.into_iter().map(|node| Reason::UpstreamRuns { node }).collect();
                    if reasons.is_empty() {
                        continue;
                    }
                    Decision { verdict: Verdict::Maybe, reasons }
                }
                _ => continue,
            };
            let Some(node) = self.root_node(id) else { continue };
            match found.at(node) {
                Some(known) if strength(known.verdict) >= strength(decision.verdict) => {}
                known => *known = Some(decision),
            }
        }
        self.unentered(&mut found);
        found.0.into_iter().zip(0..).filter_map(|(decision, node)| Some((NodeId(node), decision?))).collect()
    }

    /// The node of the root flow in which an instance is.
    fn root_node(&self, id: u32) -> Option<u32> {
        let mut id = id;
        loop {
            let block = &self.blocks[self.instances[id as usize].block as usize];
            if block.scope == 0 {
                let number = self.node(id).id;
                return (number != crate::graph::RESULT).then_some(number);
            }
            id = self.scopes[block.scope as usize].owner;
        }
    }

    /// Nodes of blocks that were not entered: not taken, or not known yet.
    fn unentered(&self, found: &mut Found) {
        let Some(graph) = self.graphs.first() else { return };
        let entered: HashSet<u32> =
            self.blocks.iter().filter(|block| block.scope == 0).map(|block| block.block).collect();
        // Blocks come before the blocks in them, so an owner's decision is known before it is handed on.
        for (number, block) in (0_u32..).zip(&graph.blocks) {
            for node in &block.nodes {
                let (inner, taken) = match &node.op {
                    Op::If { then, otherwise, .. } => (vec![*then, *otherwise], true),
                    Op::Match { arms, .. } => (arms.iter().map(|arm| arm.body).collect(), true),
                    Op::For { body, .. } => (vec![*body], false),
                    _ => continue,
                };
                let chosen = taken && inner.iter().any(|block| entered.contains(block));
                for block in inner.into_iter().filter(|block| !entered.contains(block)) {
                    let decision = if chosen {
                        Decision { verdict: Verdict::Skip, reasons: vec![Reason::BranchNotTaken] }
                    } else if let Some(decision) = found.get(node.id).filter(|_| entered.contains(&number)) {
                        let waits = Reason::UpstreamRuns { node: node.label.clone() };
                        match decision.verdict {
                            Verdict::Skip => decision.clone(),
                            _ => Decision { verdict: Verdict::Maybe, reasons: vec![waits] },
                        }
                    } else {
                        match found.get(node.id) {
                            Some(decision) => decision.clone(),
                            None => continue,
                        }
                    };
                    for node in graph.blocks[block as usize].nodes.iter().filter(|node| node.id != crate::graph::RESULT)
                    {
                        found.at(node.id).get_or_insert_with(|| decision.clone());
                    }
                }
            }
        }
    }
}

/// Decisions by the numbers of nodes, which a flow counts from 0.
#[derive(Default)]
struct Found(Vec<Option<Decision>>);

impl Found {
    fn get(&self, node: u32) -> Option<&Decision> {
        self.0.get(node as usize)?.as_ref()
    }

    fn at(&mut self, node: u32) -> &mut Option<Decision> {
        let node = node as usize;
        if node >= self.0.len() {
            self.0.resize_with(node + 1, || None);
        }
        &mut self.0[node]
    }
}

fn strength(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Run => 3,
        Verdict::Maybe => 2,
        Verdict::Reuse => 1,
        Verdict::Skip => 0,
    }
}
