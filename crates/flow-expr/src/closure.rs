//! The value of a lambda that was kept rather than called on the spot.
//!
//! Knows nothing of evaluation. A closure lives inside one evaluation only: it is never stored, sent
//! or hashed, and two closures are never equal.

use crate::{Expr, Value, VarId};
use std::collections::BTreeMap;

/// A lambda with the values that it took along.
#[derive(Clone, Debug)]
pub struct Closure {
    /// Its parameters.
    pub params: Vec<VarId>,
    /// What it computes.
    pub body: Expr,
    /// The variables of its surroundings that the body mentions.
    pub captured: BTreeMap<VarId, Value>,
}
