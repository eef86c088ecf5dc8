//! The part of a program that one flow reaches: what a plan freezes.
//!
//! What is left out can change without making the plan another one.

use crate::{
    Program,
    uses::{self, Use},
};
use flow_expr::Name;
use std::collections::HashSet;

impl Program {
    /// The flow, all that it calls, reads and writes, and all that those use. Settings stay whole.
    ///
    /// The flows that write the datasets it reads are no part of it, but for `require … else refresh`,
    /// which runs them: then they are.
    #[must_use]
    pub fn part(&self, flow: &Name) -> Self {
        let mut part = Self {
            project: self.project.clone(),
            settings: self.settings.clone(),
            files: self.files.clone(),
            ..Self::default()
        };
        let mut seen = HashSet::new();
        let mut stack = vec![Use::Flow(flow)];
        while let Some(used) = stack.pop() {
            if !seen.insert(used) {
                continue;
            }
            let mut see = |next| stack.push(next);
            match used {
                Use::Flow(name) => keep(&self.flows, &mut part.flows, name, |flow| {
                    uses::of_flow(flow, &mut see);
                    self.refreshed(flow).for_each(|writer| see(Use::Flow(writer)));
                }),
                Use::Step(name) => keep(&self.steps, &mut part.steps, name, |step| uses::of_step(step, &mut see)),
                Use::Reads(name) | Use::Writes(name) => {
                    keep(&self.datasets, &mut part.datasets, name, |dataset| uses::of_dataset(dataset, &mut see));
                }
                Use::Connection(name) => keep(&self.connections, &mut part.connections, name, |connection| {
                    uses::of_connection(connection, &mut see);
                }),
                Use::Function(name) => {
                    keep(&self.functions, &mut part.functions, name, |function| uses::of_function(function, &mut see));
                    keep(&self.judges, &mut part.judges, name, |judge| uses::of_step(judge, &mut see));
                }
                Use::Type(name) => {
                    keep(&self.types.0, &mut part.types.0, name, |def| uses::of_type_def(def, &mut see));
                }
                Use::Model(name) => keep(&self.models, &mut part.models, name, |model| uses::of_model(model, &mut see)),
                Use::Secret(name) => keep(&self.secrets, &mut part.secrets, name, |_| ()),
            }
        }
        // An argument names its secret as text, which any text could be.
        let takes_secret = |param: &crate::Param| *param.ty.required() == flow_expr::Type::Secret;
        if part.steps.values().any(|step| step.params.iter().any(takes_secret)) {
            part.secrets = self.secrets.clone();
        }
        for pool in part.steps.values().chain(part.judges.values()).filter_map(|step| step.pool.as_ref()) {
            if let Some(places) = self.pools.get(pool) {
                part.pools.insert(pool.clone(), *places);
            }
        }
        part
    }

    /// The flows that a flow's `require … else refresh` would run.
    fn refreshed<'p>(&'p self, flow: &'p crate::Flow) -> impl Iterator<Item = &'p Name> {
        flow.nodes().filter_map(|node| match &node.kind {
            crate::NodeKind::RequireFresh { dataset, action: crate::StaleAction::Refresh, .. } => {
                self.datasets.get(dataset)?.writer.as_ref()
            }
            _ => None,
        })
    }
}

fn keep<'p, T: Clone>(
    from: &'p std::collections::BTreeMap<Name, T>,
    to: &mut std::collections::BTreeMap<Name, T>,
    name: &Name,
    follow: impl FnOnce(&'p T),
) {
    if let Some(found) = from.get(name) {
        to.insert(name.clone(), found.clone());
        follow(found);
    }
}
