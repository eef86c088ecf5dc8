//! The plan: a whole system, or the part that one flow needs, as plain data.
//!
//! What is proved, obeyed, diffed and signed is this object. It holds no secret and no table.

use crate::{Carried, Connection, Dataset, Decision, Flow, Model, NodeId, Policy, SecretSource, Step, Test};
use flow_expr::{Function, Name, TypeTable, Value};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The version of the plan's format. A reader refuses any other.
pub const PLAN_FORMAT: u32 = 1;

/// Everything that the runtime needs to know of a program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Program {
    /// The project's name.
    pub project: Arc<str>,
    /// Types.
    pub types: TypeTable,
    /// Functions.
    pub functions: BTreeMap<Name, Function>,
    /// Steps.
    pub steps: BTreeMap<Name, Step>,
    /// Datasets.
    pub datasets: BTreeMap<Name, Dataset>,
    /// Connections.
    pub connections: BTreeMap<Name, Connection>,
    /// Guards whose verdict is a model's: as steps, whose parameters are what they are asked about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub judges: BTreeMap<Name, Step>,
    /// Models.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<Name, Model>,
    /// Secrets.
    pub secrets: BTreeMap<Name, SecretSource>,
    /// Pools and how many may run at once in each.
    pub pools: BTreeMap<Name, u32>,
    /// Flows.
    pub flows: BTreeMap<Name, Flow>,
    /// Labels of data beyond those that its types name.
    #[serde(default, skip_serializing_if = "Carried::is_empty")]
    pub carried: Carried,
    /// The values of `var`s after profile and `--set`.
    pub settings: BTreeMap<Name, Value>,
    /// Policies that hold. Never part of what a plan freezes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Policy>,
    /// Tests. Never part of what a plan freezes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// Paths of the files that spans point into, by number. Not part of any hash.
    #[serde(default)]
    pub files: Vec<Arc<str>>,
}

/// One flow of a program, frozen with what is known before it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// [`PLAN_FORMAT`].
    pub format: u32,
    /// The version of the compiler that made it.
    pub compiler: Arc<str>,
    /// BLAKE3 (hex) of the meaning of `program`, `flow` and `params`.
    pub hash: Arc<str>,
    /// The flow to run.
    pub flow: Name,
    /// Values of its parameters.
    pub params: BTreeMap<Arc<str>, Value>,
    /// The part of the program that the flow reaches.
    pub program: Program,
    /// Versions of the datasets it reads, as they were seen.
    pub inputs: Vec<InputSeen>,
    /// What would happen to each node, in the order of their numbers.
    pub decisions: Vec<(NodeId, Decision)>,
    /// Worst cases.
    pub bounds: Bounds,
}

/// An input's version when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InputSeen {
    /// The dataset.
    pub dataset: Name,
    /// BLAKE3 (hex) of its content; none if it was not there.
    pub fingerprint: Option<Arc<str>>,
}

/// Worst cases, in milliseconds, with where they come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Bounds {
    /// The whole flow; none if a part has no bound.
    pub flow: Option<Bound>,
    /// Each step call, by node.
    pub nodes: BTreeMap<u32, Bound>,
    /// Bodies of flows and loops, by their first nodes, that take less (milliseconds) than their longest path says, as
    /// what things on it wait for never comes together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blocks: BTreeMap<u32, u64>,
}

/// A worst case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Bound {
    /// Milliseconds.
    pub worst_ms: u64,
    /// How often the body may be started.
    pub attempts: u64,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// Where a bound comes from, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// Written in the text.
    Declared,
    /// Taken from history.
    Measured,
    /// A default.
    Assumed,
}
