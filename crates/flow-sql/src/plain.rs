//! Which queries any run can plan, whatever is in them: so that only others are tried when compiling, which takes as
//! long as typing them.
//!
//! Plain are columns, constants, operators, `case`, casts, joins, groups and unions, and the functions that most
//! queries are made of. All else (sub-queries, window functions, patterns, limits, functions that look at their
//! constants) has forms that the engine types and cannot run. Tested by [`crate::tests`].

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DateTimeField, Expr, Function, FunctionArguments, GroupByExpr, Query, Select, Statement,
    TableFactor, Value, Visit, Visitor,
};
use std::ops::ControlFlow;

/// Functions that take whatever has their types.
const COMMON: &[&str] = &[
    "abs",
    "avg",
    "ceil",
    "char_length",
    "coalesce",
    "concat",
    "count",
    "floor",
    "greatest",
    "least",
    "length",
    "lower",
    "ltrim",
    "max",
    "min",
    "nullif",
    "round",
    "rtrim",
    "sum",
    "trim",
    "upper",
];

/// Whether a statement is one.
pub(crate) fn is_plain(statement: &Statement) -> bool {
    statement.visit(&mut Plain).is_continue()
}

struct Plain;

fn unless(is_other: bool) -> ControlFlow<()> {
    if is_other { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl Visitor for Plain {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let is_recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        unless(is_recursive || query.limit_clause.is_some() || query.fetch.is_some())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let is_grouped_plainly =
            matches!(&select.group_by, GroupByExpr::Expressions(_, modifiers) if modifiers.is_empty());
        unless(!is_grouped_plainly || select.qualify.is_some())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        unless(!matches!(
            factor,
            TableFactor::Table { args: None, .. }
                | TableFactor::Derived { lateral: false, .. }
                | TableFactor::NestedJoin { .. }
        ))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let is_plain = match expr {
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Nested(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::UnaryOp { .. }
            | Expr::Cast { .. }
            | Expr::Case { .. }
            | Expr::Trim { .. }
            | Expr::Floor { .. }
            | Expr::Ceil { .. } => true,
            Expr::BinaryOp { op, left, right } => {
                // A text that is to be a day or an instant may be none.
                is_common(op) && !(is_comparison(op) && (is_text(left) || is_text(right)))
            }
            Expr::InList { list, .. } => !list.iter().any(is_text),
            Expr::Between { low, high, .. } => !is_text(low) && !is_text(high),
            Expr::Extract { field, .. } => !matches!(field, DateTimeField::Custom(_)),
            Expr::Function(call) => is_common_call(call),
            _ => false,
        };
        unless(!is_plain)
    }
}

fn is_common(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(
        op,
        Op::Plus
            | Op::Minus
            | Op::Multiply
            | Op::Divide
            | Op::Modulo
            | Op::StringConcat
            | Op::Gt
            | Op::Lt
            | Op::GtEq
            | Op::LtEq
            | Op::Eq
            | Op::NotEq
            | Op::And
            | Op::Or
    )
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(op, Op::Gt | Op::Lt | Op::GtEq | Op::LtEq | Op::Eq | Op::NotEq)
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(found) if matches!(found.value, Value::SingleQuotedString(_)))
}

fn is_common_call(call: &Function) -> bool {
    let is_simple = call.over.is_none()
        && call.filter.is_none()
        && call.within_group.is_empty()
        && call.null_treatment.is_none()
        && match &call.args {
            FunctionArguments::None => true,
            FunctionArguments::List(list) => {
                list.clauses.is_empty() && (list.duplicate_treatment.is_none() || list.args.len() < 2)
            }
            FunctionArguments::Subquery(_) => false,
        };
    let name = call.name.to_string().to_lowercase();
    is_simple && COMMON.contains(&name.as_str())
}
