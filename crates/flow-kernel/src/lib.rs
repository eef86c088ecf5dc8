//! Expressions over rows, compiled to machine code that runs over Arrow's buffers.
//!
//! The evaluator in `flow-expr` is the one meaning of expressions; this is a faster way to the same answers. An
//! expression over the columns of a row is planned ([`plan`]: pure, no machine code), compiled ([`code`], by cranelift)
//! and run over batches ([`Kernel`]). For each row it gives the value, or says that it does not know: a value that is
//! not there, an overflow, a division by zero, a number beyond what is computed here. Such a row is for the evaluator, so
//! that every error, its words and its place come from one place only. What cannot be compiled is evaluated into a
//! column, and the rest is compiled over it.
//!
//! Knows no files, no datasets, no rules' verdicts, and of tables only Arrow's arrays. Tested against the evaluator:
//! `tests/it/equal.rs` generates expressions and data.
//!
//! # Why `unsafe` is sound here
//!
//! It stands in `code/memory.rs` alone: a compiled function is called, and its memory is given back. The function
//! is made by this crate only, reads and writes through the addresses in its table of slots and nowhere else, and for rows
//! below the given number; [`input`] makes the table from arrays that it has checked to be of the planned type and at
//! least so long, which stay borrowed during the call. It calls nothing, divides by nothing that could trap, and ends.
//! The memory of a function lives as long as the value that owns it, which nothing outlives.

#![deny(unsafe_op_in_unsafe_fn)]

mod answers;
mod code;
mod cost;
mod input;
mod kernel;
mod kind;
mod plan;

pub use answers::Answers;
pub use kernel::{Coverage, Kernel, Rows};
