//! Tests of the plan as its users see it: meanings, differences, selectors, files.

#![allow(clippy::unwrap_used, reason = "tests")]

mod calendar;
mod diff;
mod draw;
mod file;
mod graph;
mod meaning;
mod sample;
mod schema;
mod select;
