//! The border: every value that comes from outside against its type and refinements, with the path, the
//! value and the rule of what does not fit.
//!
//! Columns are checked whole where the condition is simple (comparisons with constants, lengths), and
//! value by value otherwise, each different value once. Knows no formats: readers say where a row stands.

mod errors;
mod refinements;
mod simple;

pub(crate) use errors::{Places, RowErrors};
pub(crate) use refinements::BorderCheck;
pub(crate) use simple::{SimpleRule, simple_rule};

use flow_expr::Context;
use flow_plan::Program;
use jiff::Timestamp;

/// What refinements and rules may refer to.
pub(crate) fn context(program: &Program, now: Timestamp) -> Context<'_> {
    Context::new(&program.functions, &program.types, now)
}
