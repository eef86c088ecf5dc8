//! Kernels against the evaluator.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests stop at what they did not expect, and look at their own memory"
)]

mod equal;
mod generate;
mod memory;
mod rules;
mod table;
