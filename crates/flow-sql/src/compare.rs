//! E1116: text compared with a number.
//!
//! The planner makes both sides equal by a conversion that nobody wrote: `region > 5` compares as text, so `'10'`
//! is less than `'9'`, or fails on the first value that is no number. Flow converts nothing silently, so the plan
//! is looked through before that conversion. Knows types from the plan and places from the text; the two meet in
//! the place of the first column on either side.

use crate::{parse::Lines, problems::SqlProblem};
use datafusion::{
    arrow::datatypes::DataType,
    common::{
        Result,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, utils::merge_schema},
    sql::sqlparser::ast::{self, BinaryOperator, Spanned, Statement, visit_expressions},
};
use std::ops::{ControlFlow, Range};

/// What a side of a comparison is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Text,
    Number,
}

/// The comparisons of text with numbers in a plan whose types have not been made equal yet.
pub(crate) fn mixed_comparisons(plan: &LogicalPlan, statement: &Statement, lines: &Lines<'_>) -> Vec<SqlProblem> {
    let places = places(statement, lines);
    let mut found: Vec<Range<usize>> = vec![];
    // A walk that only looks cannot fail; what it saw until then is reported in any case.
    let _ = plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let side = |expr: &Expr| expr.get_type(&schema).ok().and_then(|ty| side(&ty));
        let mut compare = |left: &Expr, right: &Expr| {
            if let (Some(one), Some(other)) = (side(left), side(right))
                && one != other
            {
                found.push(place_of([left, right], &places, lines));
            }
        };
        if let LogicalPlan::Join(join) = node {
            join.on.iter().for_each(|(left, right)| compare(left, right));
        }
        node.apply_expressions(|whole| {
            whole.apply(|expr| {
                match expr {
                    Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => compare(left, right),
                    Expr::Between(between) => {
                        compare(&between.expr, &between.low);
                        compare(&between.expr, &between.high);
                    }
                    Expr::InList(list) => list.list.iter().for_each(|item| compare(&list.expr, item)),
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    }) as Result<TreeNodeRecursion>;
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup();
    found.into_iter().map(|range| SqlProblem::text_and_number(range.clone(), lines.text(range))).collect()
}

fn side(ty: &DataType) -> Option<Side> {
    match ty {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Side::Text),
        ty if ty.is_numeric() => Some(Side::Number),
        DataType::Dictionary(_, value) => side(value),
        _ => None,
    }
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
            ast::Expr::Between { .. } | ast::Expr::InList { .. } => true,
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
