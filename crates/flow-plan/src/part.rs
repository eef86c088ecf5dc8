//! The part of a program that one flow reaches: what a plan freezes.
//!
//! What is left out can change without making the plan another one.

use crate::{
    Carried, Program,
    uses::{self, Use},
};
use flow_expr::{Name, TypeTable};
use std::collections::{BTreeMap, HashSet};

impl Program {
    /// The flow, all that it calls, reads and writes, and all that those use. Settings stay whole.
    ///
    /// The flows that write the datasets it reads are no part of it, but for `require … else refresh`,
    /// which runs them: then they are.
    #[must_use]
    pub fn part(&self, flow: &Name) -> Self {
        let reached = self.reached(flow);
        let mut carried = self.carried.clone();
        reached.narrow(&mut carried);
        Self {
            carried,
            project: self.project.clone(),
            settings: self.settings.clone(),
            files: self.files.clone(),
            types: TypeTable(copied(&self.types.0, &reached.types)),
            functions: copied(&self.functions, &reached.functions),
            steps: copied(&self.steps, &reached.steps),
            datasets: copied(&self.datasets, &reached.datasets),
            connections: copied(&self.connections, &reached.connections),
            judges: copied(&self.judges, &reached.functions),
            models: copied(&self.models, &reached.models),
            secrets: copied(&self.secrets, &reached.secrets),
            pools: copied(&self.pools, &reached.pools),
            flows: copied(&self.flows, &reached.flows),
            policies: vec![],
            tests: vec![],
        }
    }

    /// As [`Self::part`], of a program that is needed no more: nothing is copied.
    #[must_use]
    pub fn into_part(mut self, flow: &Name) -> Self {
        let reached = self.reached(flow);
        reached.narrow(&mut self.carried);
        self.types.0.retain(|name, _| reached.types.contains(name));
        self.functions.retain(|name, _| reached.functions.contains(name));
        self.steps.retain(|name, _| reached.steps.contains(name));
        self.datasets.retain(|name, _| reached.datasets.contains(name));
        self.connections.retain(|name, _| reached.connections.contains(name));
        self.judges.retain(|name, _| reached.functions.contains(name));
        self.models.retain(|name, _| reached.models.contains(name));
        self.secrets.retain(|name, _| reached.secrets.contains(name));
        self.pools.retain(|name, _| reached.pools.contains(name));
        self.flows.retain(|name, _| reached.flows.contains(name));
        self.policies.clear();
        self.tests.clear();
        self
    }

    fn reached(&self, flow: &Name) -> Reached {
        let mut reached = Reached::default();
        let mut seen = HashSet::new();
        let mut stack = vec![Use::Flow(flow)];
        while let Some(used) = stack.pop() {
            if !seen.insert(used) {
                continue;
            }
            reached.add(used);
            let mut see = |next| stack.push(next);
            match used {
                Use::Flow(name) => {
                    let Some(flow) = self.flows.get(name) else { continue };
                    uses::of_flow(flow, &mut see);
                    self.refreshed(flow).for_each(|writer| see(Use::Flow(writer)));
                }
                Use::Step(name) => self.steps.get(name).into_iter().for_each(|step| uses::of_step(step, &mut see)),
                Use::Reads(name) | Use::Writes(name) => {
                    self.datasets.get(name).into_iter().for_each(|dataset| uses::of_dataset(dataset, &mut see));
                }
                Use::Connection(name) => {
                    let connection = self.connections.get(name);
                    connection.into_iter().for_each(|connection| uses::of_connection(connection, &mut see));
                }
                Use::Function(name) => {
                    let function = self.functions.get(name);
                    function.into_iter().for_each(|function| uses::of_function(function, &mut see));
                    self.judges.get(name).into_iter().for_each(|judge| uses::of_step(judge, &mut see));
                }
                Use::Type(name) => self.types.0.get(name).into_iter().for_each(|def| uses::of_type_def(def, &mut see)),
                Use::Model(name) => self.models.get(name).into_iter().for_each(|model| uses::of_model(model, &mut see)),
                Use::Secret(_) => {}
            }
        }
        // An argument names its secret as text, which any text could be.
        let takes_secret = |param: &crate::Param| *param.ty.required() == flow_expr::Type::Secret;
        let steps = self.steps.iter().filter(|(name, _)| reached.steps.contains(*name));
        let judges = self.judges.iter().filter(|(name, _)| reached.functions.contains(*name));
        for (name, step) in steps.chain(judges) {
            if reached.steps.contains(name) && step.params.iter().any(takes_secret) {
                reached.secrets.extend(self.secrets.keys().cloned());
            }
            reached.pools.extend(step.pool.clone());
        }
        reached
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

/// Names of what a flow reaches, by kind.
#[derive(Debug, Default)]
struct Reached {
    types: HashSet<Name>,
    /// And judges.
    functions: HashSet<Name>,
    steps: HashSet<Name>,
    datasets: HashSet<Name>,
    connections: HashSet<Name>,
    models: HashSet<Name>,
    secrets: HashSet<Name>,
    pools: HashSet<Name>,
    flows: HashSet<Name>,
}

impl Reached {
    fn narrow(&self, carried: &mut Carried) {
        let is_step = |name: &Name| self.steps.contains(name) || self.functions.contains(name);
        carried.retain(
            is_step,
            |name| self.flows.contains(name),
            |name| self.datasets.contains(name),
            |name| self.connections.contains(name),
        );
    }

    fn add(&mut self, used: Use<'_>) {
        let (names, name) = match used {
            Use::Type(name) => (&mut self.types, name),
            Use::Function(name) => (&mut self.functions, name),
            Use::Step(name) => (&mut self.steps, name),
            Use::Flow(name) => (&mut self.flows, name),
            Use::Reads(name) | Use::Writes(name) => (&mut self.datasets, name),
            Use::Connection(name) => (&mut self.connections, name),
            Use::Model(name) => (&mut self.models, name),
            Use::Secret(name) => (&mut self.secrets, name),
        };
        names.insert(name.clone());
    }
}

fn copied<T: Clone>(from: &BTreeMap<Name, T>, names: &HashSet<Name>) -> BTreeMap<Name, T> {
    let kept = from.iter().filter(|(name, _)| names.contains(*name));
    kept.map(|(name, found)| (name.clone(), found.clone())).collect()
}
