//! What the text of a query mentions, with places: tables, functions, parameters.
//!
//! Looks at names only. What the planner would refuse one at a time is found here all at once, each
//! at its exact place.

use crate::{
    parse::Lines,
    problems::SqlProblem,
    registry::{Registry, registry},
};
use datafusion::logical_expr::Volatility;
use datafusion::sql::sqlparser::ast::{
    Expr, ObjectName, Query, Spanned, Statement, TableFactor, Value, ValueWithSpan, Visit, Visitor,
};
use std::{
    collections::BTreeSet,
    ops::{ControlFlow, Range},
};

/// Names in a statement.
#[derive(Default)]
pub(crate) struct Mentions {
    /// Tables, without names that `with` gives.
    pub(crate) tables: Vec<(String, Range<usize>)>,
    /// Functions.
    pub(crate) functions: Vec<(String, Range<usize>)>,
    /// Parameters, without their sign: `Ok("day")` for `:day`, `Err("$1")` for other kinds.
    pub(crate) params: Vec<(Result<String, String>, Range<usize>)>,
}

struct Walker<'a, 'l> {
    lines: &'a Lines<'l>,
    found: Mentions,
    with: BTreeSet<String>,
}

/// What a statement mentions.
pub(crate) fn mentions(statement: &Statement, lines: &Lines<'_>) -> Mentions {
    let mut walker = Walker { lines, found: Mentions::default(), with: BTreeSet::new() };
    let _ = statement.visit(&mut walker);
    let Walker { mut found, with, .. } = walker;
    found.tables.retain(|(name, _)| !with.contains(&name.to_lowercase()));
    found
}

impl Visitor for Walker<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let with = query.with.iter().flat_map(|with| &with.cte_tables);
        self.with.extend(with.map(|table| table.alias.name.value.to_lowercase()));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: None, .. } = factor {
            self.found.tables.push((plain(name), self.lines.range(name.span())));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(call) = expr {
            self.found.functions.push((plain(&call.name), self.lines.range(call.name.span())));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        if let Value::Placeholder(text) = &value.value {
            let name = text.strip_prefix(':').map_or_else(|| Err(text.clone()), |name| Ok(name.to_owned()));
            let mut range = self.lines.range(value.span);
            range.start = self.lines.placeholder_start(range.start, text);
            range.end = range.start + text.len();
            self.found.params.push((name, range));
        }
        ControlFlow::Continue(())
    }
}

/// A name as the planner sees it: lower case unless quoted.
fn plain(name: &ObjectName) -> String {
    let parts = name.0.iter().map(|part| match part.as_ident() {
        Some(ident) if ident.quote_style.is_some() => ident.value.clone(),
        Some(ident) => ident.value.to_lowercase(),
        None => part.to_string(),
    });
    parts.collect::<Vec<_>>().join(".")
}

/// The problems that can be seen from names alone.
pub(crate) fn check_names(found: &Mentions, tables: &[&str], params: &[&str]) -> Vec<SqlProblem> {
    let mut problems = Vec::new();
    for (name, range) in &found.tables {
        if !tables.contains(&name.as_str()) {
            problems.push(SqlProblem::unknown_table(range.clone(), name, tables, params));
        }
    }
    for (name, range) in &found.params {
        match name {
            Ok(name) if params.contains(&name.as_str()) => {}
            Ok(name) => problems.push(SqlProblem::unknown_parameter(range.clone(), name, params, tables)),
            Err(text) => problems.push(SqlProblem::other_parameter(range.clone(), text)),
        }
    }
    for (name, range) in &found.functions {
        problems.extend(check_function(name, range, registry()));
    }
    problems
}

/// Functions of the moment: the same query over the same data must give the same rows.
const MOMENT: [&str; 5] = ["now", "current_timestamp", "current_date", "current_time", "today"];

fn check_function(name: &str, range: &Range<usize>, registry: &Registry) -> Option<SqlProblem> {
    let volatile = registry.scalar.get(name).is_some_and(|f| f.signature().volatility == Volatility::Volatile);
    if volatile || MOMENT.contains(&name) {
        return Some(SqlProblem::not_repeatable(range.clone(), name));
    }
    // Made by the planner itself, without a function behind it.
    let of_planner = name == "unnest";
    (!of_planner && !registry.has(name)).then(|| SqlProblem::unknown_function(range.clone(), name, registry.names()))
}
