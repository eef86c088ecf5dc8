//! Labels that data carries where no type names them: what the compiler found by following them.
//!
//! The runtime keeps such data out of what it writes and shows, as it does with what types name. Knows neither where a
//! label comes from nor who accepts it. Filled in by `flow-analysis`, tested there and in `flow-engine`.

use flow_expr::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Labels of a program's data beyond those in its types, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Carried {
    /// What steps and judges give.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub results: BTreeMap<Name, Vec<Name>>,
    /// What steps and judges are given, by parameter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<Name, BTreeMap<Arc<str>, Vec<Name>>>,
    /// What models are told by `else retry`, by the step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feedback: BTreeMap<Name, Vec<Name>>,
    /// What flows give.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flows: BTreeMap<Name, Vec<Name>>,
    /// What is in datasets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub datasets: BTreeMap<Name, Vec<Name>>,
    /// What is in the declared tables of connections: whatever a step asks there, it may meet these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connections: BTreeMap<Name, Vec<Name>>,
}

impl Carried {
    /// Whether nothing is carried anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the result of a step or judge carries.
    #[must_use]
    pub fn by_result(&self, step: &Name) -> &[Name] {
        self.results.get(step).map_or(&[], Vec::as_slice)
    }

    /// What a step or judge is given for a parameter carries.
    #[must_use]
    pub fn by_argument(&self, step: &Name, param: &str) -> &[Name] {
        self.arguments.get(step).and_then(|params| params.get(param)).map_or(&[], Vec::as_slice)
    }

    /// What the words carry with which a model's answer is sent back to it.
    #[must_use]
    pub fn by_feedback(&self, step: &Name) -> &[Name] {
        self.feedback.get(step).map_or(&[], Vec::as_slice)
    }

    /// What the result of a flow carries.
    #[must_use]
    pub fn by_flow(&self, flow: &Name) -> &[Name] {
        self.flows.get(flow).map_or(&[], Vec::as_slice)
    }

    /// What a dataset's data carries.
    #[must_use]
    pub fn by_dataset(&self, dataset: &Name) -> &[Name] {
        self.datasets.get(dataset).map_or(&[], Vec::as_slice)
    }

    /// What the declared tables of a connection carry.
    #[must_use]
    pub fn by_connection(&self, connection: &Name) -> &[Name] {
        self.connections.get(connection).map_or(&[], Vec::as_slice)
    }

    /// Leaves out what is not kept.
    pub(crate) fn retain(
        &mut self,
        step: impl Fn(&Name) -> bool,
        flow: impl Fn(&Name) -> bool,
        dataset: impl Fn(&Name) -> bool,
        connection: impl Fn(&Name) -> bool,
    ) {
        self.results.retain(|name, _| step(name));
        self.arguments.retain(|name, _| step(name));
        self.feedback.retain(|name, _| step(name));
        self.flows.retain(|name, _| flow(name));
        self.datasets.retain(|name, _| dataset(name));
        self.connections.retain(|name, _| connection(name));
    }
}
