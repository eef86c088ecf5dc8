//! From how many rows on it is worth to compile.
//!
//! Counted, not measured, so that the same program does the same on every machine. Roughly in nanoseconds.

use crate::plan::{Plan, Source};

/// Compiling anything.
const COMPILE: usize = 300_000;
/// Compiling an operation.
const COMPILE_NODE: usize = 15_000;
/// Evaluating an expression of a row.
const EVALUATE_NODE: usize = 60;
/// Running an operation for a row.
const RUN_NODE: usize = 2;
/// Asking a text something.
const RUN_TEXT: usize = 15;

/// The rows from which on a plan is faster than the evaluator, whose expression has this many parts; none if it never
/// is.
pub(crate) fn worth_from(plan: &Plan, size: usize) -> Option<u64> {
    let texts = plan.inputs.iter().filter(|input| matches!(input, Source::Text(..) | Source::Variants(..))).count();
    let evaluated: usize = plan.evaluated.iter().map(|(_, size)| size).sum();
    let run = plan.nodes * RUN_NODE + texts * RUN_TEXT + evaluated * EVALUATE_NODE;
    // At least twice as fast: what is evaluated into a column is so for rows, too, that would not have needed it.
    let gain = (size * EVALUATE_NODE).checked_sub(run * 2)?;
    let compile = COMPILE + plan.nodes * COMPILE_NODE;
    (gain > 0).then(|| compile.div_ceil(gain) as u64)
}
