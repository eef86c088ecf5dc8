//! Runs in virtual time: the one driver, fed by an agenda of events instead of a clock and a machine.
//!
//! What tests of the language run on. Backoffs, waits and timeouts take no time; datasets are in memory;
//! steps do what a script says, or are handed to [`RealWork`], whose time is not counted but for that of models
//! which are really asked. Pure but for that: no clock, no I/O, no randomness, so a test that passes passes always.
//! Knows neither files nor terminals. [`crash`] is a simulation of its own, of what becomes of runs when anything stops.

mod asks;
mod coverage;
pub mod crash;
mod expectation;
mod facts;
mod given;
mod misbehaviour;
mod mocks;
mod outcome;
mod people;
mod real;
mod rules;
mod run;
mod spending;
mod tables;
mod test;
mod timeline;
mod world;

pub use coverage::{Coverage, Point};
pub use misbehaviour::scripted_misbehaviour;
pub use real::{RealAsk, RealWork};
pub use tables::of_rows as table_of;
pub use test::{TestReport, parts, run_test};
