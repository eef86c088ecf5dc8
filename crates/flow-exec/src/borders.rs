//! The border: every value that comes from outside against its type and refinements, with the path, the
//! value and the rule of what does not fit.
//!
//! Over many rows a condition is compiled. Over few, columns are checked whole where it is simple (comparisons with
//! constants, lengths), and value by value otherwise, each different value once. Knows no formats: readers say where a row stands.

mod errors;
mod refinements;
mod simple;

pub(crate) use errors::{Places, RowErrors};
pub(crate) use refinements::{BorderCheck, of_type as refinements_of, value_kernel};
pub(crate) use simple::{SimpleRule, simple_rule};

use flow_expr::Context;
use flow_plan::Program;
use jiff::Timestamp;

/// What refinements and rules may refer to.
pub(crate) fn context(program: &Program, now: Timestamp) -> Context<'_> {
    Context::new(&program.functions, &program.types, now)
}
