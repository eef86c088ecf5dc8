//! E1116: text compared with a number; E1117: an enum compared with what is none of its variants.
//!
//! The planner makes both sides equal by a conversion that nobody wrote: `region > 5` compares as text, so `'10'`
//! is less than `'9'`, or fails on the first value that is no number. Flow converts nothing silently, so the plan
//! is looked through before that conversion. Knows types from the plan and places from the text; the two meet in
//! the place of the first column on either side. The columns of enums say which variants there are: a misspelt one would
//! only never be found.

use crate::{parse::Lines, problems::SqlProblem};
use datafusion::{
    arrow::datatypes::DataType,
    common::{
        DFSchema, ExprSchema, Result,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Between, BinaryExpr, Case, Expr, ExprSchemable, LogicalPlan, Operator,
        expr::{InList, InSubquery},
        utils::merge_schema,
    },
    sql::sqlparser::ast::{self, BinaryOperator, Spanned, Statement, visit_expressions},
};
use std::ops::{ControlFlow, Range};

/// Under this name a column of an enum lists its variants, one a line.
pub(crate) const VARIANTS: &str = "flow.variants";

/// What a side of a comparison is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Text,
    Number,
}

/// The comparisons that mean nothing in a plan whose types have not been made equal yet.
pub(crate) fn mixed_comparisons(plan: &LogicalPlan, statement: &Statement, lines: &Lines<'_>) -> Vec<SqlProblem> {
    let places = places(statement, lines);
    let mut found: Vec<Range<usize>> = vec![];
    let mut strangers: Vec<(Range<usize>, SqlProblem)> = vec![];
    // A walk that only looks cannot fail; what it saw until then is reported in any case.
    let _ = plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let side = |expr: &Expr| expr.get_type(&schema).ok().and_then(|ty| side_of(&ty));
        let mut compare = |left: &Expr, right: &Expr, right_side: Option<Side>| {
            if let (Some(one), Some(other)) = (side(left), right_side)
                && one != other
            {
                found.push(place_of([left, right], &places, lines));
            }
        };
        let mut equate = |left: &Expr, right: &Expr| {
            let found = stranger(left, right, &schema).or_else(|| stranger(right, left, &schema));
            strangers.extend(found.map(|(variant, variants)| {
                // A column that was renamed has no place.
                let place = Some(place_of([left, right], &places, lines)).filter(|place| *place != lines.whole());
                let place = place.unwrap_or_else(|| lines.find_word(&format!("'{variant}'")));
                (place.clone(), SqlProblem::no_variant(place, &variant, &variants))
            }));
        };
        if let LogicalPlan::Join(join) = node {
            join.on.iter().for_each(|(left, right)| compare(left, right, side(right)));
        }
        node.apply_expressions(|whole| {
            whole.apply(|expr| {
                match expr {
                    Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
                        compare(left, right, side(right));
                        if !is_ordering(*op) {
                            equate(left, right);
                        }
                    }
                    Expr::Between(Between { expr, low, high, .. }) => {
                        compare(expr, low, side(low));
                        compare(expr, high, side(high));
                    }
                    Expr::Case(Case { expr: Some(expr), when_then_expr, .. }) => {
                        for (when, _) in when_then_expr {
                            compare(expr, when, side(when));
                            equate(expr, when);
                        }
                    }
                    Expr::InList(InList { expr, list, .. }) => {
                        for item in list {
                            compare(expr, item, side(item));
                            equate(expr, item);
                        }
                    }
                    Expr::InSubquery(InSubquery { expr, subquery, .. }) => {
                        let column = subquery.subquery.schema().fields().first();
                        compare(expr, expr, column.and_then(|column| side_of(column.data_type())));
                    }
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    }) as Result<TreeNodeRecursion>;
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup();
    let mixed = found.into_iter().map(|range| SqlProblem::text_and_number(range.clone(), lines.text(range)));
    strangers.sort_by_key(|(range, _)| (range.start, range.end));
    mixed.chain(strangers.into_iter().map(|(_, problem)| problem)).collect()
}

fn side_of(ty: &DataType) -> Option<Side> {
    match ty {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Side::Text),
        ty if ty.is_numeric() => Some(Side::Number),
        DataType::Dictionary(_, value) => side_of(value),
        _ => None,
    }
}

/// A constant that is compared with a column of an enum and is none of its variants, and those.
fn stranger(column: &Expr, other: &Expr, schema: &DFSchema) -> Option<(String, Vec<String>)> {
    let (Expr::Column(column), Expr::Literal(value, _)) = (column, other) else { return None };
    let value = value.try_as_str().flatten()?;
    let variants = schema.field_from_column(column).ok()?.metadata().get(VARIANTS)?;
    let variants: Vec<String> = variants.lines().map(str::to_owned).collect();
    (!variants.iter().any(|variant| variant == value)).then(|| (value.to_owned(), variants))
}

fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

fn is_ordering(op: Operator) -> bool {
    matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq)
}

/// The places of all comparisons in the text.
fn places(statement: &Statement, lines: &Lines<'_>) -> Vec<Range<usize>> {
    let mut places = vec![];
    let _ = visit_expressions(statement, |expr| {
        let compares = match expr {
            ast::Expr::BinaryOp { op, .. } => matches!(
                op,
                BinaryOperator::Eq
                    | BinaryOperator::NotEq
                    | BinaryOperator::Lt
                    | BinaryOperator::LtEq
                    | BinaryOperator::Gt
                    | BinaryOperator::GtEq
            ),
            ast::Expr::Between { .. }
            | ast::Expr::InList { .. }
            | ast::Expr::InSubquery { .. }
            | ast::Expr::Case { operand: Some(_), .. } => true,
            ast::Expr::IsDistinctFrom(..) | ast::Expr::IsNotDistinctFrom(..) => true,
            _ => false,
        };
        if compares {
            places.push(lines.range(expr.span()));
        }
        ControlFlow::<()>::Continue(())
    });
    places
}

/// The smallest comparison around the first column of the sides; else the column, else the whole query.
fn place_of(sides: [&Expr; 2], places: &[Range<usize>], lines: &Lines<'_>) -> Range<usize> {
    let column = sides.iter().find_map(|side| first_column(side, lines));
    let around =
        |place: &&Range<usize>| column.as_ref().is_some_and(|at| place.start <= at.start && at.end <= place.end);
    let smallest = places.iter().filter(around).min_by_key(|place| place.len()).cloned();
    smallest.or(column).unwrap_or_else(|| lines.whole())
}

fn first_column(side: &Expr, lines: &Lines<'_>) -> Option<Range<usize>> {
    let mut found = None;
    let _ = side.apply(|expr| {
        if let Expr::Column(column) = expr
            && let Some(span) = column.spans().first()
        {
            found = Some(lines.planned(span));
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}
