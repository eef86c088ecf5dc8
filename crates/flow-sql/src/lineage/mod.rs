//! Which columns a query's results are made from, and how: column lineage over the engine's plan.
//!
//! [`plans`] goes through relations, [`exprs`] through expressions. Each output column gets the declared columns and
//! parameters that its values are made from; what only decides which rows there are (filters, join and group keys, order)
//! is kept apart. Knows nothing of labels. What is not known by name makes its result of all that it is given. Recursion
//! is bounded by the nesting that the parser allows. Tested here, and against the engine itself with marked values in
//! `flow-analysis/tests`.

mod exprs;
mod plans;
#[cfg(test)]
mod tests;

use crate::{parse::Lines, query::Query};
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// What a query takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineageSource {
    /// A column of a table that it is given.
    Column {
        /// The table.
        table: Arc<str>,
        /// The column.
        column: Arc<str>,
    },
    /// A value that it is given, by its name.
    Param(Arc<str>),
}

/// How something comes into a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Through {
    /// Values are made of it.
    Value,
    /// It says which of a few values there is: a comparison, a `case`.
    Choice,
    /// Only whether it has a value, or where it stands in an order, matters.
    Presence,
    /// An aggregate over many rows stands between.
    Aggregate,
    /// A cryptographic hash stands between.
    Hash,
}

impl Through {
    /// What comes in this way of something that came in another way before.
    fn after(self, before: Self) -> Self {
        match (self, before) {
            (_, Self::Aggregate | Self::Hash) => before,
            (Self::Aggregate | Self::Hash, _) => self,
            _ => self.max(before),
        }
    }
}

/// Something that a column is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// What.
    pub from: LineageSource,
    /// How.
    pub how: Through,
    /// Where the query mentions it; none where a `*` does.
    pub at: Option<Range<usize>>,
}

/// An output column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageColumn {
    /// Its name.
    pub name: Arc<str>,
    /// All that it is made from, each once for each way.
    pub from: Vec<Used>,
}

/// What a query makes of what it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// Its columns, in order.
    pub columns: Vec<LineageColumn>,
    /// What decides which rows there are.
    pub decides: Vec<Used>,
}

/// What something is made from: each source, for each way in which it comes, with where it is mentioned.
type Made = BTreeMap<(LineageSource, Through), Option<Range<usize>>>;

/// The lineage of a query that was typed; `params` are its scalar parameters, in the order in which it was typed.
#[must_use]
pub fn lineage(text: &str, query: &Query, params: &[&str]) -> Lineage {
    let lines = Lines::new(text);
    let mut walk = plans::Walk::new(&lines, params);
    let made = walk.plan(&query.plan);
    let names = query.plan.schema().fields().iter().map(|field| Arc::from(field.name().as_str()));
    let columns = names.zip(made).map(|(name, made)| LineageColumn { name, from: used(made) });
    Lineage { columns: columns.collect(), decides: used(walk.decides) }
}

fn used(made: Made) -> Vec<Used> {
    made.into_iter().map(|((from, how), at)| Used { from, how, at }).collect()
}

/// Adds what comes in some way; the first mention stays.
fn join(into: &mut Made, from: &Made, how: Through) {
    for ((source, before), at) in from {
        let known = into.entry((source.clone(), how.after(*before))).or_insert_with(|| at.clone());
        if known.is_none() {
            known.clone_from(at);
        }
    }
}
