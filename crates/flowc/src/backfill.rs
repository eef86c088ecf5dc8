//! Backfills: one run for each value of a range, `--day 2026-01-01..2026-01-31 --parallel 4`.
//!
//! `values` reads ranges, `batch` runs them, `outcome` says in the end what became of all of them and how to
//! go on, `listing` is what `flowc plan` says of a range. Whether a run is needed at all is each run's own
//! decision, so going on is only giving values again.

mod batch;
mod listing;
mod outcome;
mod values;

pub(crate) use batch::{Batch, run};
pub(crate) use listing::listing;
pub(crate) use values::{Varied, expanded};
