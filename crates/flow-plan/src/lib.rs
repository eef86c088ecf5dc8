//! The plan: plain data between the compiler and everything that runs, shows or compares it.
//!
//! Invariants: no I/O, no clock, no syntax. Serialises without loss; hashes are of meaning (spans,
//! docs and file names are left out). Format version in [`PLAN_FORMAT`].

mod ai;
mod ask;
pub mod calendar;
mod carried;
mod clauses;
mod dataset;
mod deadline;
pub mod diff;
pub mod draw;
mod file;
mod flow;
pub mod graph;
mod hash;
mod judging;
mod meaning;
mod outcome;
mod part;
mod plan;
mod policy;
mod reason;
mod schema;
pub mod select;
mod step;
mod test;
mod uses;
mod walk;
pub mod words;

pub use ai::{
    AiBody, DEFAULT_MAX_TOKENS, DEFAULT_TURNS, MOST_CALLS, Model, Price, Provider, RateLimit, Samples, tokens_at_most,
};
pub use ask::{AskReport, Called, Rendered, Said};
pub use carried::Carried;
pub use clauses::{Clause, Clauses, clause_hashes, dataset_clauses, decides_result, flow_clauses};
pub use dataset::{
    Arrival, Connection, ConnectionKind, CsvOptions, DataTimeSource, Dataset, Expectation, Format, Freshness, Location,
    Rule, SecretOr, SecretSource,
};
pub use deadline::{deadline, deadlines};
pub use file::PlanError;
pub use flow::{
    Block, CatchUp, Deadline, Finish, Flow, FlowBudget, Handler, HandlerEvent, MatchArm, Node, NodeId, NodeKind,
    Overlap, Schedule, StaleAction, Start, Trigger,
};
pub use hash::meaning_hash;
pub use judging::{JudgeCall, judge_calls, with_verdicts};
pub use meaning::{Meaning, Meanings};
pub use outcome::{Failure, Fingerprint, RuleVerdict};
pub use plan::{Bound, Bounds, InputSeen, PLAN_FORMAT, Plan, Program, Provenance};
pub use policy::{Policy, SEEN};
pub use reason::{Decision, Reason, Verdict};
pub use schema::plan_schema;
pub use step::{
    APPROVAL, Body, Budget, CachePolicy, DEFAULT_WAIT_MS, Effect, ErrorClass, Guard, GuardAction, HttpValue,
    Idempotency, Needs, Param, ReAsks, RetryPolicy, Step,
};
pub use test::{Given, Happening, NodeFacts, Outcome, Reply, RunTarget, Test, TestStmt};
pub use walk::{Nodes, every_expression, subexpressions};
