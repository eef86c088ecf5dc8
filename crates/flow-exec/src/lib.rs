//! The executor: one attempt of a step, one version of a dataset, one expression over data. I/O lives here.
//!
//! What it promises to engines is in [`api`]; it knows neither driver nor journal.

pub mod api;
