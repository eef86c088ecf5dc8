//! What one evaluation may use, so that no expression can take a machine down.
//!
//! Knows no expressions. Everything is counted, nothing is measured: the same expression on the same
//! values stops at the same place on every machine. A row that a table computes in its own way
//! ([`crate::TableData::computed`]) is one step, whatever the expression.

use super::error::Fault;
use crate::Value;

/// Bounds of one evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Expressions evaluated, rows visited and elements compared.
    pub steps: u64,
    /// Bytes of text and of list elements produced, kept or not.
    pub bytes: u64,
    /// Expressions inside expressions, through calls.
    pub depth: u32,
}

impl Default for Limits {
    /// About a minute and a gigabyte at worst.
    fn default() -> Self {
        Self { steps: 500_000_000, bytes: 1 << 30, depth: 1_000 }
    }
}

/// What is left of the bounds.
pub(crate) struct Meter {
    limits: Limits,
    steps: u64,
    bytes: u64,
    depth: u32,
}

/// What an element of a list is counted as, whatever it holds.
pub(crate) const ELEMENT_BYTES: u64 = std::mem::size_of::<Value>() as u64;

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, steps: limits.steps, bytes: limits.bytes, depth: 0 }
    }

    /// Begins anew, for the next of many evaluations.
    pub(crate) fn refill(&mut self) {
        *self = Self::new(self.limits);
    }

    pub(crate) fn step(&mut self) -> Result<(), Fault> {
        self.steps(1)
    }

    pub(crate) fn steps(&mut self, count: u64) -> Result<(), Fault> {
        match self.steps.checked_sub(count) {
            Some(rest) => {
                self.steps = rest;
                Ok(())
            }
            None => Err(Fault::limit(format!("this takes more than {} steps", self.limits.steps))),
        }
    }

    pub(crate) fn bytes(&mut self, count: u64) -> Result<(), Fault> {
        match self.bytes.checked_sub(count) {
            Some(rest) => {
                self.bytes = rest;
                Ok(())
            }
            None => Err(Fault::limit(format!("this makes more than {} MiB of values", self.limits.bytes >> 20))),
        }
    }

    pub(crate) fn elements(&mut self, count: u64) -> Result<(), Fault> {
        self.bytes(count.saturating_mul(ELEMENT_BYTES))
    }

    pub(crate) fn enter(&mut self) -> Result<(), Fault> {
        if self.depth >= self.limits.depth {
            return Err(Fault::limit(format!("expressions or calls are nested deeper than {}", self.limits.depth)));
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }
}
