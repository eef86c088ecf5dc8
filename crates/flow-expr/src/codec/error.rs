//! What is wrong with a value that came from outside: where, what was promised, what was found.
//!
//! Knows no types. Values of labelled fields never get here: they are redacted by who finds the error.

use flow_diag::Code;
use serde::Serialize;
use std::fmt;

/// Errors that are kept; all are counted.
pub const ERROR_LIMIT: usize = 20;

/// One mismatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BorderError {
    /// `R0020` wrong shape, `R0021` broken refinement, or the code of a refinement that could not be computed.
    pub code: Code,
    /// Where: `orders[17].amount`; empty for the whole value.
    pub path: String,
    /// What was promised: a type, or a refinement as written.
    pub rule: String,
    /// What was found, short; `[redacted]` under a label.
    pub found: String,
}

impl fmt::Display for BorderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the value" } else { &self.path };
        write!(f, "{path}: expected {}, found {}", self.rule, self.found)
    }
}

impl std::error::Error for BorderError {}

/// All mismatches of one value; never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BorderErrors {
    /// The first [`ERROR_LIMIT`] of them.
    pub errors: Vec<BorderError>,
    /// How many there are.
    pub total: u64,
}

impl BorderErrors {
    pub(crate) fn push(&mut self, error: impl FnOnce() -> BorderError) {
        self.total += 1;
        if self.errors.len() < ERROR_LIMIT {
            self.errors.push(error());
        }
    }
}

impl fmt::Display for BorderErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        match self.total - self.errors.len() as u64 {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for BorderErrors {}
