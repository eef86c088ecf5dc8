//! Which columns of a plan may hold no value.
//!
//! The engine's own answer is careful to a fault: it calls every `sum` and most functions nullable. Here
//! a group has rows, so the `sum` of a column without gaps has a value; a function that gives a value
//! for every value is known by name. Where in doubt, the engine's answer stands.

use datafusion::{
    common::{Column, DFSchema, JoinType},
    logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, expr},
};

/// For each column of the plan, whether it may hold no value.
pub(crate) fn nullable_columns(plan: &LogicalPlan) -> Vec<bool> {
    match plan {
        LogicalPlan::Projection(node) => {
            let input = Known::of(&node.input);
            node.expr.iter().map(|expr| input.nullable(expr)).collect()
        }
        LogicalPlan::Filter(node) => {
            let mut columns = nullable_columns(&node.input);
            for column in tested_present(&node.predicate) {
                if let Some(index) = node.input.schema().maybe_index_of_column(column) {
                    columns[index] = false;
                }
            }
            columns
        }
        LogicalPlan::Aggregate(node) => {
            let input = Known::of(&node.input);
            let grouped = node.group_expr.iter().any(|expr| !matches!(expr, Expr::GroupingSet(_)));
            let groups = node.schema.fields().len() - node.aggr_expr.len();
            let simple = groups == node.group_expr.len();
            let keys = (0..groups).map(|index| match node.group_expr.get(index) {
                Some(expr) if simple => input.nullable(expr),
                _ => node.schema.field(index).is_nullable(),
            });
            keys.chain(node.aggr_expr.iter().map(|expr| input.nullable_aggregate(expr, grouped && simple))).collect()
        }
        LogicalPlan::Window(node) => {
            let input = Known::of(&node.input);
            let added = node.window_expr.iter().map(|expr| input.nullable_window(expr));
            input.columns.iter().copied().chain(added).collect()
        }
        LogicalPlan::Join(node) => {
            let (left, right) = (nullable_columns(&node.left), nullable_columns(&node.right));
            let outer_left = matches!(node.join_type, JoinType::Right | JoinType::Full);
            let outer_right = matches!(node.join_type, JoinType::Left | JoinType::Full);
            match node.join_type {
                JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
                    let left = left.into_iter().map(|nullable| nullable || outer_left);
                    left.chain(right.into_iter().map(|nullable| nullable || outer_right)).collect()
                }
                JoinType::LeftSemi | JoinType::LeftAnti => left,
                JoinType::RightSemi | JoinType::RightAnti => right,
                _ => declared(plan),
            }
        }
        LogicalPlan::Union(node) => {
            let inputs: Vec<_> = node.inputs.iter().map(|input| nullable_columns(input)).collect();
            (0..node.schema.fields().len())
                .map(|index| inputs.iter().any(|input| input.get(index) != Some(&false)))
                .collect()
        }
        LogicalPlan::Sort(node) => nullable_columns(&node.input),
        LogicalPlan::Limit(node) => nullable_columns(&node.input),
        LogicalPlan::Repartition(node) => nullable_columns(&node.input),
        LogicalPlan::SubqueryAlias(node) => nullable_columns(&node.input),
        LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(input)) => nullable_columns(input),
        LogicalPlan::Distinct(datafusion::logical_expr::Distinct::On(node)) => {
            let input = Known::of(&node.input);
            node.select_expr.iter().map(|expr| input.nullable(expr)).collect()
        }
        other => declared(other),
    }
}

fn declared(plan: &LogicalPlan) -> Vec<bool> {
    plan.schema().fields().iter().map(|field| field.is_nullable()).collect()
}

/// Columns that a condition requires to be present: `x is not null`, and both sides of a comparison.
fn tested_present(condition: &Expr) -> Vec<&Column> {
    match condition {
        Expr::IsNotNull(inner) => column(inner).into_iter().collect(),
        Expr::BinaryExpr(binary) if binary.op == Operator::And => {
            let mut found = tested_present(&binary.left);
            found.extend(tested_present(&binary.right));
            found
        }
        Expr::BinaryExpr(binary)
            if matches!(
                binary.op,
                Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq
            ) =>
        {
            column(&binary.left).into_iter().chain(column(&binary.right)).collect()
        }
        Expr::Between(between) => column(&between.expr).into_iter().collect(),
        _ => vec![],
    }
}

fn column(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Cast(cast) => column(&cast.expr),
        _ => None,
    }
}

/// Functions that give a value whenever all their arguments have one.
const KEEPS_VALUES: &[&str] = &[
    "abs",
    "acos",
    "ascii",
    "asin",
    "atan",
    "atan2",
    "bit_length",
    "btrim",
    "cbrt",
    "ceil",
    "character_length",
    "chr",
    "concat_ws",
    "contains",
    "cos",
    "date_bin",
    "date_part",
    "date_trunc",
    "degrees",
    "ends_with",
    "exp",
    "floor",
    "initcap",
    "left",
    "length",
    "levenshtein",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "md5",
    "octet_length",
    "pi",
    "power",
    "radians",
    "regexp_like",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "rpad",
    "rtrim",
    "sha256",
    "signum",
    "sin",
    "split_part",
    "sqrt",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "tan",
    "to_char",
    "to_hex",
    "translate",
    "trunc",
    "upper",
    "from_unixtime",
    "to_date",
    "to_timestamp",
    "to_timestamp_micros",
    "to_timestamp_millis",
    "to_timestamp_seconds",
    "to_local_time",
    "substr_index",
    "make_array",
    "trim",
    "char_length",
    "position",
    "datetrunc",
    "datepart",
    "to_unixtime",
    "encode",
];

/// Aggregates that have a value over at least one row whose arguments all have one.
const HAS_VALUE: &[&str] = &[
    "sum",
    "min",
    "max",
    "avg",
    "mean",
    "median",
    "first_value",
    "last_value",
    "bool_and",
    "bool_or",
    "string_agg",
    "array_agg",
    "bit_and",
    "bit_or",
    "stddev_pop",
    "var_pop",
    "approx_median",
    "approx_percentile_cont",
    "percentile_cont",
];

/// What is known about the columns that an expression sees.
struct Known<'a> {
    schema: &'a DFSchema,
    columns: Vec<bool>,
}

impl<'a> Known<'a> {
    fn of(plan: &'a LogicalPlan) -> Self {
        Self { schema: plan.schema(), columns: nullable_columns(plan) }
    }

    fn nullable(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Alias(alias) => self.nullable(&alias.expr),
            Expr::Column(column) => self.schema.maybe_index_of_column(column).is_none_or(|index| self.columns[index]),
            Expr::Placeholder(param) => param.field.as_ref().is_none_or(|field| field.is_nullable()),
            Expr::Cast(cast) => self.nullable(&cast.expr),
            Expr::Not(inner) | Expr::Negative(inner) => self.nullable(inner),
            Expr::BinaryExpr(binary) => self.nullable(&binary.left) || self.nullable(&binary.right),
            Expr::Like(like) | Expr::SimilarTo(like) => self.nullable(&like.expr) || self.nullable(&like.pattern),
            Expr::Between(between) => {
                [&between.expr, &between.low, &between.high].iter().any(|each| self.nullable(each))
            }
            Expr::InList(list) => self.nullable(&list.expr) || list.list.iter().any(|each| self.nullable(each)),
            Expr::Case(case) => {
                case.else_expr.as_ref().is_none_or(|expr| self.nullable(expr))
                    || case.when_then_expr.iter().any(|(_, then)| self.nullable(then))
            }
            Expr::ScalarFunction(call) => self.nullable_call(call).unwrap_or_else(|| self.declared(expr)),
            other => self.declared(other),
        }
    }

    fn declared(&self, expr: &Expr) -> bool {
        expr.nullable(self.schema).unwrap_or(true)
    }

    fn nullable_call(&self, call: &expr::ScalarFunction) -> Option<bool> {
        match call.name() {
            "coalesce" | "nvl" | "ifnull" | "greatest" | "least" => {
                Some(call.args.iter().all(|arg| self.nullable(arg)))
            }
            "concat" => Some(false),
            name if KEEPS_VALUES.contains(&name) => Some(call.args.iter().any(|arg| self.nullable(arg))),
            _ => None,
        }
    }

    fn nullable_aggregate(&self, expr: &Expr, grouped: bool) -> bool {
        match expr {
            Expr::Alias(alias) => self.nullable_aggregate(&alias.expr, grouped),
            Expr::AggregateFunction(call) if HAS_VALUE.contains(&call.func.name()) => {
                !grouped || call.params.filter.is_some() || call.params.args.iter().any(|arg| self.nullable(arg))
            }
            other => self.declared(other),
        }
    }

    fn nullable_window(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Alias(alias) => self.nullable_window(&alias.expr),
            Expr::WindowFunction(call) if HAS_VALUE.contains(&call.fun.name()) => {
                let frame = &call.params.window_frame;
                let sees_own_row = !matches!(frame.end_bound, datafusion::logical_expr::WindowFrameBound::Preceding(ref n) if !n.is_null())
                    && !matches!(frame.start_bound, datafusion::logical_expr::WindowFrameBound::Following(_));
                !sees_own_row || call.params.filter.is_some() || call.params.args.iter().any(|arg| self.nullable(arg))
            }
            other => self.declared(other),
        }
    }
}
