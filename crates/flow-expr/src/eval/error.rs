//! What an evaluation can fail with: always at an expression, never a wrong value.
//!
//! Knows the codes and words of failures, not when they arise.

use flow_diag::{Code, Problem, Span, codes};
use serde::Serialize;
use std::fmt;

/// An expression that has no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvalError {
    /// `R0001` and on; each has a page.
    pub code: Code,
    /// What went wrong, with the values involved. Lower case, no full stop.
    pub message: String,
    /// The expression.
    pub at: Span,
    /// The row of the table that was being looked at, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.row.map_or(Ok(()), |row| write!(f, " (row {})", row + 1))
    }
}

impl std::error::Error for EvalError {}

impl From<EvalError> for Problem {
    fn from(error: EvalError) -> Self {
        let title = error.to_string();
        Self::error(error.code, error.at, title, "while computing this")
    }
}

/// A failure that does not know its place yet.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A number that its type cannot hold.
    pub(crate) fn overflow(message: impl Into<String>) -> Self {
        Self::new(codes::R0001, message)
    }

    /// Division by zero.
    pub(crate) fn division(message: impl Into<String>) -> Self {
        Self::new(codes::R0002, message)
    }

    /// A key or position that is not there.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(codes::R0003, message)
    }

    /// Something that cannot be read as the wanted type.
    pub(crate) fn cast(message: impl Into<String>) -> Self {
        Self::new(codes::R0004, message)
    }

    /// An optional without a value where one is needed.
    pub(crate) fn absent(message: impl Into<String>) -> Self {
        Self::new(codes::R0005, message)
    }

    /// Too much work or too much output.
    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(codes::R0006, message)
    }

    /// A refinement that does not hold.
    pub(crate) fn refinement(message: impl Into<String>) -> Self {
        Self::new(codes::R0007, message)
    }

    /// Values of kinds that the operation does not know; the checker lets none through.
    pub(crate) fn kind(message: impl Into<String>) -> Self {
        Self::new(codes::R0008, message)
    }

    /// An argument outside what the function accepts.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(codes::R0009, message)
    }

    pub(crate) fn at(self, at: Span) -> EvalError {
        EvalError { code: self.code, message: self.message, at, row: None }
    }
}
