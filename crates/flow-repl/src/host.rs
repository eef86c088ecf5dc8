//! What a session needs of the machine that it is on.

use flow_compiler::{Options, World};
use flow_expr::{Expr, Name, Table, Value, VarId};
use flow_plan::{Failure, Program, Step};
use jiff::Timestamp;
use std::sync::Arc;

/// Why something was not done: a failure of the same kind as in a run.
pub type Trouble = Failure;

/// A dataset as it was read.
#[derive(Clone, Debug)]
pub struct Data {
    /// The data.
    pub value: Value,
    /// The moment that its newest data is of, if anything says so.
    pub time: Option<Timestamp>,
}

/// Files, data and processes. `flowc` has the real one; tests have one in memory.
pub trait Host {
    /// The project's files, as they are now.
    fn world(&self) -> &dyn World;

    /// How the project is compiled: its profile, its settings.
    fn options(&self) -> Options;

    /// The time that expressions see as now.
    fn now(&self) -> Timestamp;

    /// Changes when a file of the program does; the same for as long as none does.
    fn stamp(&self) -> u64;

    /// The newest version of a dataset.
    ///
    /// # Errors
    /// It is not there, or is not what it is declared to be.
    fn read(&mut self, program: &Arc<Program>, dataset: &Name) -> Result<Data, Trouble>;

    /// The first rows of a table that was read or made here; all of them are counted all the same.
    ///
    /// # Errors
    /// It is gone.
    fn first_rows(&mut self, program: &Arc<Program>, table: &Table, rows: usize) -> Result<Table, Trouble>;

    /// The value of an expression whose variables have these values.
    ///
    /// # Errors
    /// It has none: overflow, division by zero, a missing key, …
    fn compute(&mut self, program: &Arc<Program>, expr: Expr, bindings: Vec<(VarId, Value)>) -> Result<Value, Trouble>;

    /// One attempt of a step's body, for real; nothing of it is recorded, nothing is published.
    ///
    /// # Errors
    /// The attempt failed.
    fn run(&mut self, program: &Arc<Program>, step: &Arc<Step>, args: Vec<(Arc<str>, Value)>)
    -> Result<Value, Trouble>;

    /// The prompt of an AI step, as it would be sent. Asks nobody.
    ///
    /// # Errors
    /// A hole has no value.
    fn prompt(
        &mut self,
        program: &Arc<Program>,
        step: &Arc<Step>,
        args: Vec<(Arc<str>, Value)>,
    ) -> Result<String, Trouble>;
}
