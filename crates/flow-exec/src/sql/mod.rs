//! `sql` bodies at run time: in process over stored tables, or in the database of a connection.
//!
//! Texts were typed when compiling; the same planner makes the plan here. Knows no datasets: tables come and
//! go as artifacts.

mod connection;
mod engine;
mod in_process;
mod outcome;
mod tables;
mod unseen;

pub(crate) use connection::{read_table, run_on, write_table};
pub(crate) use engine::Engine;
pub(crate) use in_process::run_in_process;
pub(crate) use unseen::{labels_of_dataset, labels_of_query, without_data};
