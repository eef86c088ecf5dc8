//! The one meaning of expressions.
//!
//! Total: any IR on any values gives a value or an [`EvalError`], within [`Limits`], without panics.
//! Knows no syntax, no plan, no clock (`now` is in the [`Context`]). Tested by tables of cases, by
//! properties against integer oracles, and by generated IR that no checker has seen.

pub(crate) mod arithmetic;
mod construct;
pub(crate) mod error;
pub(crate) mod limits;
mod machine;
mod matching;
pub(crate) mod order;
mod refined;
pub(crate) mod sequence;
mod weight;

use crate::{Expr, Function, Name, TypeTable, Value, VarId};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub use error::EvalError;
pub(crate) use error::Fault;
pub use limits::Limits;
pub(crate) use machine::{Callable, Machine};
pub use refined::{Broken, broken_inside, has_refinements};

/// What an expression may refer to besides its variables.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The functions of the program and of the standard library that have bodies.
    pub functions: &'a BTreeMap<Name, Function>,
    /// What named types are.
    pub types: &'a TypeTable,
    /// When the run started: the one time that a run has.
    pub now: Timestamp,
    /// What the evaluation may use.
    pub limits: Limits,
}

impl<'a> Context<'a> {
    /// A context with the usual limits.
    #[must_use]
    pub fn new(functions: &'a BTreeMap<Name, Function>, types: &'a TypeTable, now: Timestamp) -> Self {
        Self { functions, types, now, limits: Limits::default() }
    }
}

/// Where the variables of an expression have their values.
pub trait Scope {
    /// The value of a variable, if it has one.
    fn get(&self, var: VarId) -> Option<Value>;
}

impl Scope for BTreeMap<VarId, Value> {
    fn get(&self, var: VarId) -> Option<Value> {
        Self::get(self, &var).cloned()
    }
}

/// No variables.
impl Scope for () {
    fn get(&self, _: VarId) -> Option<Value> {
        None
    }
}

/// Only `it`: guards and refinements.
impl Scope for Value {
    fn get(&self, var: VarId) -> Option<Value> {
        (var == VarId::IT).then(|| self.clone())
    }
}

/// The value of an expression.
///
/// # Errors
/// Where the expression has no value: overflow, division by zero, a missing key, a bad cast, an absent
/// value, a broken refinement, limits.
pub fn evaluate(expr: &Expr, scope: &dyn Scope, context: &Context<'_>) -> Result<Value, EvalError> {
    Machine::new(scope, context).evaluate(expr)
}
