//! Lineage through expressions: what a value is made from.

use super::{
    LineageSource, Made, Through, join,
    plans::{Relation, Walk},
};
use datafusion::{
    common::{
        Column,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Expr, Operator, Subquery,
        expr::{AggregateFunction, Case, ScalarFunction, WindowFunction},
    },
};

/// Aggregates after which nothing of a single row is left.
const MANY_ROWS: [&str; 34] = [
    "count",
    "sum",
    "avg",
    "mean",
    "median",
    "approx_median",
    "approx_distinct",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "var",
    "var_pop",
    "var_population",
    "var_samp",
    "var_sample",
    "corr",
    "covar",
    "covar_pop",
    "covar_samp",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "bool_and",
    "bool_or",
    "every",
    "bit_and",
    "bit_or",
    "grouping",
];

/// Functions that say yes or no.
const TESTS: [&str; 8] =
    ["starts_with", "ends_with", "contains", "regexp_like", "array_has", "array_has_any", "array_has_all", "isnan"];

/// Cryptographic hashes, as functions and as methods of `digest`.
const HASHES: [&str; 7] = ["sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "blake3"];

/// Window functions whose result says where a row stands.
const RANKS: [&str; 6] = ["row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile"];

impl Walk<'_> {
    /// What a value is made from.
    pub(super) fn made(&mut self, expr: &Expr, input: &Relation) -> Made {
        match expr {
            Expr::Alias(alias) => self.made(&alias.expr, input),
            Expr::Column(column) => {
                let known = input.column(column).cloned();
                // One that is not found may be any.
                self.column(column, Some(known.unwrap_or_else(|| input.everything())))
            }
            Expr::OuterReferenceColumn(_, column) => {
                let known = self.outer.iter().rev().find_map(|outer| outer.column(column)).cloned();
                let any = || {
                    self.outer.iter().map(Relation::everything).reduce(|mut all, made| {
                        join(&mut all, &made, Through::Value);
                        all
                    })
                };
                self.column(column, known.or_else(any))
            }
            Expr::Placeholder(placeholder) => {
                let number = placeholder.id.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
                let name = number.and_then(|number| self.params.get(number.checked_sub(1)?));
                let source = name.map(|name| {
                    let at = self.lines.find_word(&format!(":{name}"));
                    ((LineageSource::Param((*name).into()), Through::Value), Some(at))
                });
                source.into_iter().collect()
            }
            Expr::BinaryExpr(binary) => {
                let how = if is_comparison(binary.op) { Through::Choice } else { Through::Value };
                self.all([&*binary.left, &*binary.right], input, how)
            }
            Expr::IsNull(inner) | Expr::IsNotNull(inner) | Expr::IsUnknown(inner) | Expr::IsNotUnknown(inner) => {
                self.all([&**inner], input, Through::Presence)
            }
            Expr::Like(_)
            | Expr::SimilarTo(_)
            | Expr::Between(_)
            | Expr::InList(_)
            | Expr::IsTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotFalse(_) => self.inside(expr, input, Through::Choice),
            Expr::Case(case) => self.case(case, input),
            Expr::ScalarFunction(call) => self.call(call, input),
            Expr::AggregateFunction(call) => self.aggregated(call, input),
            Expr::WindowFunction(call) => self.window(call, input),
            Expr::ScalarSubquery(subquery) => self.subquery(subquery, input, Through::Value),
            Expr::Exists(exists) => self.subquery(&exists.subquery, input, Through::Presence),
            Expr::InSubquery(test) => {
                let mut made = self.all([&*test.expr], input, Through::Choice);
                join(&mut made, &self.subquery(&test.subquery, input, Through::Choice), Through::Value);
                made
            }
            Expr::SetComparison(test) => {
                let mut made = self.all([&*test.expr], input, Through::Choice);
                join(&mut made, &self.subquery(&test.subquery, input, Through::Choice), Through::Value);
                made
            }
            other => self.inside(other, input, Through::Value),
        }
    }

    /// All of some values.
    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, input: &Relation, how: Through) -> Made {
        let mut all = Made::new();
        for expr in exprs {
            join(&mut all, &self.made(expr, input), how);
        }
        all
    }

    /// All of what stands directly inside.
    fn inside(&mut self, expr: &Expr, input: &Relation, how: Through) -> Made {
        let mut children = vec![];
        // A walk that only looks cannot fail.
        let _ = expr.apply_children(|child| {
            children.push(child.clone());
            Ok(TreeNodeRecursion::Continue)
        });
        self.all(&children, input, how)
    }

    /// A column, where it is mentioned first.
    fn column(&self, column: &Column, known: Option<Made>) -> Made {
        let mut made = known.unwrap_or_default();
        if let Some(span) = column.spans().first() {
            let range = self.lines.planned(span);
            made.values_mut().filter(|at| at.is_none()).for_each(|at| *at = Some(range.clone()));
        }
        made
    }

    fn case(&mut self, case: &Case, input: &Relation) -> Made {
        let tests = case.expr.iter().chain(case.when_then_expr.iter().map(|(when, _)| when));
        let mut made = self.all(tests.map(|test| &**test), input, Through::Choice);
        let values = case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr);
        join(&mut made, &self.all(values.map(|value| &**value), input, Through::Value), Through::Value);
        made
    }

    fn call(&mut self, call: &ScalarFunction, input: &Relation) -> Made {
        let how = match call.name() {
            name if TESTS.contains(&name) => Through::Choice,
            name if HASHES.contains(&name) => Through::Hash,
            "digest" if call.args.get(1).is_some_and(is_hash) => Through::Hash,
            _ => Through::Value,
        };
        self.all(&call.args, input, how)
    }

    fn aggregated(&mut self, call: &AggregateFunction, input: &Relation) -> Made {
        let how = if MANY_ROWS.contains(&call.func.name()) { Through::Aggregate } else { Through::Value };
        if let Some(filter) = &call.params.filter {
            let decides = self.made(filter, input);
            join(&mut self.decides, &decides, Through::Value);
        }
        self.all(&call.params.args, input, how)
    }

    /// A window may be one row wide, and windows that overlap differ by one row: so its sums are made of its rows.
    fn window(&mut self, call: &WindowFunction, input: &Relation) -> Made {
        let name = call.fun.name();
        let how = match name {
            "count" => Through::Aggregate,
            name if RANKS.contains(&name) => Through::Presence,
            _ => Through::Value,
        };
        let mut made = self.all(&call.params.args, input, how);
        let order = call.params.order_by.iter().map(|sort| &sort.expr);
        let decides = call.params.partition_by.iter().chain(order).chain(call.params.filter.as_deref());
        join(&mut made, &self.all(decides, input, Through::Presence), Through::Value);
        made
    }

    fn subquery(&mut self, subquery: &Subquery, input: &Relation, how: Through) -> Made {
        self.outer.push(input.again());
        let columns = self.plan(&subquery.subquery);
        self.outer.pop();
        let mut made = Made::new();
        columns.iter().for_each(|column| join(&mut made, column, how));
        made
    }
}

/// Whether this text names a cryptographic hash.
fn is_hash(method: &Expr) -> bool {
    match method {
        Expr::Literal(value, _) => {
            value.try_as_str().flatten().is_some_and(|name| HASHES.contains(&&*name.to_lowercase()))
        }
        Expr::Cast(cast) => is_hash(&cast.expr),
        _ => false,
    }
}

fn is_comparison(op: Operator) -> bool {
    use Operator as Op;
    matches!(
        op,
        Op::Eq
            | Op::NotEq
            | Op::Lt
            | Op::LtEq
            | Op::Gt
            | Op::GtEq
            | Op::IsDistinctFrom
            | Op::IsNotDistinctFrom
            | Op::RegexMatch
            | Op::RegexIMatch
            | Op::RegexNotMatch
            | Op::RegexNotIMatch
            | Op::LikeMatch
            | Op::ILikeMatch
            | Op::NotLikeMatch
            | Op::NotILikeMatch
    )
}
