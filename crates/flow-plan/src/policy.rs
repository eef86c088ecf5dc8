//! A rule over the whole program.

use crate::{Block, FlowBudget};
use flow_diag::Span;
use flow_expr::{Name, VarId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A `policy`: a block of values, conditions, loops and requirements over what it sees of the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Policy {
    /// Its qualified name.
    pub name: Name,
    /// What it demands, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Arc<str>>,
    /// The variables that hold what it sees, in the order of [`SEEN`].
    pub seen: Vec<VarId>,
    /// Its statements, in the order of the text.
    pub body: Block,
    /// What all flows may spend together within a time; without one, what each run may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<FlowBudget>,
    /// Where it is declared.
    #[serde(default)]
    pub at: Span,
}

/// What a policy sees: the list's name, and the type of its items.
pub const SEEN: [(&str, &str); 5] = [
    ("datasets", "std.system.Dataset"),
    ("steps", "std.system.Step"),
    ("flows", "std.system.Flow"),
    ("models", "std.system.Model"),
    ("connections", "std.system.Connection"),
];
