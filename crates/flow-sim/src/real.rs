//! What a test has really done: steps that it lets run, and models that it lets be asked. Whoever does it is outside.

use flow_driver::{Product, RunStep};
use flow_expr::{Context, Type, Value};
use flow_plan::{AskReport, Failure, Program, Rendered};
use jiff::Timestamp;
use std::sync::Arc;

/// An ask that was really done.
#[derive(Debug)]
pub struct RealAsk {
    /// How long it took. Virtual time moves on by it.
    pub took_ms: u64,
    /// The answer as a value, or why there is none.
    pub result: Result<Product, Failure>,
    /// What it used; none if nobody was asked.
    pub report: Option<Box<AskReport>>,
}

/// Work that is really done. Whoever does it waits for it: in virtual time steps take none, asks what they took.
pub trait RealWork {
    /// One attempt of a step. Tables come with their rows, and must be given back with theirs.
    ///
    /// # Errors
    /// Why the attempt failed.
    fn step(&self, run: &RunStep, program: &Arc<Program>, now: Timestamp) -> Result<Product, Failure>;

    /// What a model said, read as a value of a type, with what was put right in it.
    ///
    /// # Errors
    /// Why it cannot be read so.
    fn read(&self, text: &str, ty: &Type, name: &str, context: &Context<'_>)
    -> Result<(Value, Vec<Arc<str>>), Failure>;

    /// Whether the models of an AI step, or of a judge, are really asked. `is_given`: the test says what it answers.
    fn asks(&self, run: &RunStep, program: &Program, is_given: bool) -> bool;

    /// How long the prompt of a step is that is really asked.
    ///
    /// # Errors
    /// A hole of the prompt has no value.
    fn render(&self, run: &RunStep, program: &Arc<Program>, now: Timestamp) -> Result<Rendered, Failure>;

    /// One ask of a model, `at` this virtual time; `now` is what expressions see.
    fn ask(&self, run: &RunStep, program: &Arc<Program>, now: Timestamp, at: Timestamp) -> RealAsk;
}
