//! How large a query is: how often its `with` parts are put in, and how many operators it chains.
//!
//! The planner goes down a chain one by one, and needs stack for each. It puts a part in wherever it is named, so parts
//! that name each other twice double with each: thirty lines of text would be a billion parts. Looked at before anything
//! is planned. Tested in [`crate::tests`].

use datafusion::sql::sqlparser::ast::{Expr, ObjectName, Query, SetExpr, Statement, Visit, Visitor, visit_relations};
use std::{collections::HashMap, ops::ControlFlow};

/// More than this is refused: planning and checking take time for each.
pub(crate) const MOST_PARTS: u64 = 2_000;

/// More operators and set operations than this are refused.
pub(crate) const MOST_OPERATORS: u64 = 2_000;

/// How many operators and set operations a statement has.
pub(crate) fn operators(statement: &Statement) -> u64 {
    let mut count = Operators(0);
    let _ = statement.visit(&mut count);
    count.0
}

struct Operators(u64);

impl Visitor for Operators {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.0 += u64::from(matches!(expr, Expr::BinaryOp { .. }));
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut pending = vec![&*query.body];
        while let Some(body) = pending.pop() {
            if let SetExpr::SetOperation { left, right, .. } = body {
                self.0 += 1;
                pending.extend([&**left, &**right]);
            }
        }
        ControlFlow::Continue(())
    }
}

/// How many parts the largest query of a statement has once all are put in.
pub(crate) fn parts(statement: &Statement) -> u64 {
    let mut largest = Largest(0);
    let _ = statement.visit(&mut largest);
    largest.0
}

struct Largest(u64);

impl Visitor for Largest {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut weights: HashMap<String, u64> = HashMap::new();
        for part in query.with.iter().flat_map(|with| &with.cte_tables) {
            let weight = weight(&*part.query, &weights);
            weights.insert(part.alias.name.value.to_lowercase(), weight);
        }
        if !weights.is_empty() {
            self.0 = self.0.max(weight(&*query.body, &weights));
        }
        ControlFlow::Continue(())
    }
}

/// One, and what each name of a part stands for.
fn weight(tree: &impl Visit, weights: &HashMap<String, u64>) -> u64 {
    let mut sum = 1_u64;
    let _ = visit_relations(tree, |name: &ObjectName| {
        let word = name.0.last().map(|part| part.to_string().trim_matches('"').to_lowercase());
        sum = sum.saturating_add(word.and_then(|word| weights.get(&word).copied()).unwrap_or(0));
        ControlFlow::<()>::Continue(())
    });
    sum
}
