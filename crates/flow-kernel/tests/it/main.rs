//! Kernels against the evaluator.

#![allow(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod equal;
mod generate;
mod memory;
mod rules;
mod table;
