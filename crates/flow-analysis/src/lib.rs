//! What the compiler proves about a whole program, once every declaration has checked.
//!
//! One module per family: [`graph`] (E03), [`effects`] and [`approvals`] (E04), [`trust`] (E05), [`tools`] (E05, E09), [`labels`] (E06), [`asks`] and [`spend`] (E09), [`failures`] (where
//! each class of failure ends), [`time`] (worst cases), [`deadlines`] (E07), [`freshness`] (E08), [`policy`] (E10),
//! [`sql`] (E11). Those of time stand on [`calendar`], [`path`] and [`bounds`].
//! Each takes the program as plain data and gives problems; none knows syntax, files or how a program
//! was loaded. Nothing recurses over the program's graphs: a generated system may have 100,000 steps
//! in one chain. Tested here on programs built by hand, and through text under `tests/check`.

pub mod approvals;
pub mod asks;
mod bits;
pub mod bounds;
mod chains;
mod consent;
pub mod deadlines;
pub mod effects;
pub mod failures;
pub mod forecast;
pub mod freshness;
pub mod graph;
pub mod labels;
mod order;
pub mod path;
pub mod policy;
mod queueing;
pub mod spell;
pub mod spend;
pub mod sql;
mod system;
pub mod terms;
pub mod time;
pub mod tools;
mod trail;
pub mod trust;

use flow_diag::{Problems, Span};
use flow_expr::Name;
use flow_plan::Program;
pub use flow_plan::calendar;
use std::collections::{BTreeMap, BTreeSet};

/// What the program's text says beyond what runs: where functions stand, which names are mentioned, where fixes go.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    /// The functions of the project (not of the standard library), by name, with the place of the name.
    pub functions: BTreeMap<Name, Span>,
    /// Every declaration that something other than itself mentions.
    pub used: BTreeSet<Name>,
    /// The days that calendars are looked at over.
    pub horizon: calendar::Horizon,
    /// Just behind the opening brace of each step and dataset: where a fix may insert a clause.
    pub inside: BTreeMap<Name, Span>,
    /// Where fields (`orders.Order.customer`) and types stand; only in a program with labels.
    pub fields: BTreeMap<Name, Span>,
    /// Types that are written where the plan keeps none; only in a program with labels.
    pub annotations: std::sync::Arc<flow_sema::Annotations>,
}

/// Runs the analyses that look at the program alone. SQL, which needs a planner, is [`sql`]'s.
///
/// `is_complete` says that nothing of the program was left out because of errors: only then does it mean
/// something that nobody writes a dataset, or that nothing uses a declaration.
#[must_use]
pub fn analyse(program: &Program, mentions: &Mentions, is_complete: bool) -> Problems {
    let mut problems = Problems::default();
    problems.extend(graph::check(program, mentions, is_complete));
    problems.extend(effects::check(program, mentions));
    problems.extend(approvals::check(program));
    problems.extend(asks::check(program));
    problems.extend(spend::check::check(program, mentions.horizon));
    problems.extend(trust::check(program, mentions));
    problems.extend(tools::check(program, mentions));
    problems.extend(freshness::unrefreshed(program));
    if let Some(mut bounds) = bounds::SystemBounds::of_promises(program, mentions.horizon) {
        problems.extend(deadlines::check(&mut bounds));
        problems.extend(freshness::check(&mut bounds));
    }
    if is_complete {
        problems.extend(policy::check(program, mentions.horizon));
    }
    problems
}
