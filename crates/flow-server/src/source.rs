//! Where a project's program comes from: the compiler's side, as far as a server needs it.

use flow_expr::Name;
use flow_plan::{Plan, Program};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// Gives a project's program, and plans of its flows. Called from threads that may be held up.
pub trait Source: Send + Sync + 'static {
    /// Something that changes whenever the program may have. Cheap: it is asked for every second.
    fn stamp(&self) -> String;

    /// The program as it is now.
    ///
    /// # Errors
    /// It has errors: in words, for people.
    fn load(&self) -> Result<Arc<Program>, String>;

    /// The plan of a flow, as of an instant: `clause` is which of its `start`s is meant.
    ///
    /// # Errors
    /// A parameter is missing, unknown or wrong: in words, for people.
    fn plan(
        &self,
        program: &Program,
        flow: &Name,
        clause: Option<usize>,
        params: &BTreeMap<String, String>,
        nominal: Timestamp,
    ) -> Result<Plan, String>;

    /// A plan as it was written down.
    ///
    /// # Errors
    /// It is of another version.
    fn plan_from_json(&self, json: &str) -> Result<Plan, String>;
}
