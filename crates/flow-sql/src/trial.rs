//! What the engine looks at only when it has rows: constants of functions, and which aggregates there are.
//!
//! A call of a function that looks at its constants (a unit of time, a pattern, a position) is computed once, with the
//! constants as they stand and a harmless value in the place of all else. Accumulators are made as a run makes them.
//! Knows no text. Tested in [`crate::tests`].

use datafusion::{
    arrow::{
        array::{RecordBatch, RecordBatchOptions},
        datatypes::{DataType, Schema},
    },
    common::{
        DFSchema, Result, ScalarValue, plan_err,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Expr, ExprSchemable, LogicalPlan, Volatility, execution_props::ExecutionProps, expr::ScalarFunction,
        physical_planning_context::PhysicalPlanningContext, utils::merge_schema,
    },
    physical_expr::{create_physical_expr, window::SlidingAggregateWindowExpr},
    physical_plan::{
        ExecutionPlan, WindowExpr,
        aggregates::AggregateExec,
        windows::{BoundedWindowAggExec, WindowAggExec},
    },
};
use std::sync::Arc;

/// Functions that fail because of a constant, and with good ones not because of the values below.
const LOOKING: &[&str] = &[
    "chr",
    "date_bin",
    "date_part",
    "date_trunc",
    "decode",
    "encode",
    "generate_series",
    "make_date",
    "range",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
    "repeat",
    "split_part",
    "substr",
    "to_char",
];

/// Functions that take formats behind their first argument.
const FORMATTING: &[&str] = &["date_format", "to_char", "to_date", "to_timestamp"];

/// Computes the calls of a plan that fail whatever the rows are.
///
/// # Errors
/// What the first of them says.
pub(crate) fn try_calls(plan: &LogicalPlan) -> Result<()> {
    let walked = plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|whole| {
            whole.apply(|expr| {
                if let Expr::ScalarFunction(call) = expr {
                    if FORMATTING.contains(&call.name()) {
                        call.args.iter().skip(1).try_for_each(has_fields)?;
                    }
                    if LOOKING.contains(&call.name()) && call.func.signature().volatility == Volatility::Immutable {
                        try_call(call, &schema)?;
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    walked.map(drop)
}

/// Refuses a format in which nothing of an instant or day has a place.
fn has_fields(format: &Expr) -> Result<()> {
    match format {
        Expr::Literal(value, _) => match value.try_as_str().flatten() {
            Some(text) if !text.contains('%') => {
                plan_err!("a format has fields such as `%Y-%m-%d`, and `{text}` has none")
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn try_call(call: &ScalarFunction, schema: &DFSchema) -> Result<()> {
    let args = call.args.iter().map(|arg| match is_constant(arg) {
        true => Some(arg.clone()),
        false => Some(Expr::Literal(harmless(&arg.get_type(schema).ok()?)?, None)),
    });
    let Some(args) = args.collect::<Option<Vec<_>>>() else { return Ok(()) };
    let call = Expr::ScalarFunction(ScalarFunction::new_udf(call.func.clone(), args));
    let call =
        create_physical_expr(&call, &DFSchema::empty(), &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    let one_row = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &one_row)?;
    call.evaluate(&row).map(drop)
}

/// Whether a value is the same for all rows, and known.
fn is_constant(expr: &Expr) -> bool {
    let mut is_constant = true;
    let _ = expr.apply(|part| {
        is_constant &= matches!(part, Expr::Literal(..) | Expr::Cast(_) | Expr::Negative(_) | Expr::Alias(_));
        Ok(TreeNodeRecursion::Continue)
    });
    is_constant
}

/// A value of the type that no function minds.
fn harmless(ty: &DataType) -> Option<ScalarValue> {
    Some(match ty {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::BinaryView
        | DataType::LargeBinary
        | DataType::Boolean => ScalarValue::new_default(ty).ok()?,
        DataType::Int64 => ScalarValue::Int64(Some(1)),
        DataType::Int32 => ScalarValue::Int32(Some(1)),
        DataType::Float64 => ScalarValue::Float64(Some(1.0)),
        DataType::Date32 => ScalarValue::Date32(Some(0)),
        DataType::Timestamp(..) => ScalarValue::new_default(ty).ok()?,
        _ => return None,
    })
}

/// Makes the accumulators of a plan, as a run does when it begins.
///
/// # Errors
/// What the first of them says that cannot be made.
pub(crate) fn try_accumulators(plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
    let walked = plan.apply(|node| {
        if let Some(node) = node.downcast_ref::<AggregateExec>() {
            node.aggr_expr().iter().try_for_each(|aggregate| aggregate.create_accumulator().map(drop))?;
        }
        let windows = node.downcast_ref::<WindowAggExec>().map(WindowAggExec::window_expr);
        let bounded = node.downcast_ref::<BoundedWindowAggExec>().map(BoundedWindowAggExec::window_expr);
        windows.into_iter().chain(bounded).flatten().try_for_each(try_window)?;
        Ok(TreeNodeRecursion::Continue)
    });
    walked.map(drop)
}

fn try_window(window: &Arc<dyn WindowExpr>) -> Result<()> {
    match window.as_any().downcast_ref::<SlidingAggregateWindowExpr>() {
        Some(sliding) => sliding.get_aggregate_expr().create_sliding_accumulator().map(drop),
        None => Ok(()),
    }
}
