//! The real binary, run as people run it: projects in folders of their own, exit codes, what is written where.

#![allow(clippy::disallowed_methods, reason = "these tests make files and start flowc")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod ai;
mod approvals;
mod backfills;
mod bounds;
mod budgets;
mod cancel;
mod command_line;
mod compare;
mod damage;
mod databases;
mod disks;
mod doubts;
mod forecast;
mod format;
mod hostile;
mod hostile_data;
mod hostile_models;
mod hostile_steps;
mod impact;
mod interrupted;
mod judges;
mod labels;
mod live;
mod notify;
mod parameters;
mod plans;
mod quiet;
mod real_model;
mod repl;
mod results;
mod retries;
mod runs;
mod sandbox;
mod screen;
mod serve;
mod telemetry;
mod testing;
mod tools;
mod tutorial;
mod web;
