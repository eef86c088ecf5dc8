//! Which rules over rows are compiled, and from how many rows on: for `flowc plan --verbose`.
//!
//! Asks the same kernels that reading and publishing a dataset run. Looks at no data.

use crate::{
    borders::{context, refinements_of, value_kernel},
    expectations::row_kernel,
};
use flow_expr::Type;
use flow_kernel::Coverage;
use flow_plan::{Dataset, Program, Rule};
use jiff::Timestamp;
use std::sync::Arc;

/// A rule over the rows of a dataset, as it was written, with how much of it is compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledRule {
    /// The column whose refinement it is; none for an expectation.
    pub column: Option<Arc<str>>,
    /// The rule.
    pub text: Arc<str>,
    /// How much of it is compiled.
    pub coverage: Coverage,
}

/// The rules over the rows of a dataset, refinements of its columns first.
#[must_use]
pub fn compiled_rules(program: &Program, dataset: &Dataset) -> Vec<CompiledRule> {
    let Type::Table(record) = &dataset.ty else { return vec![] };
    let fields = program.types.record(record).unwrap_or_default();
    // What is compiled does not depend on the time.
    let context = context(program, Timestamp::UNIX_EPOCH);
    let mut found = vec![];
    for field in fields {
        for refinement in refinements_of(&field.ty, &program.types).iter().chain(&field.refinement) {
            let coverage = value_kernel(&refinement.condition, &field.ty, &context).coverage();
            found.push(CompiledRule { column: Some(field.name.clone()), text: refinement.text.clone(), coverage });
        }
    }
    for expectation in &dataset.expect {
        if let Rule::Row(expr) = &expectation.rule {
            let coverage = row_kernel(expr, fields, &context).coverage();
            found.push(CompiledRule { column: None, text: expectation.text.clone(), coverage });
        }
    }
    found
}
