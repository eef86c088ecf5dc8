//! Integers that fail rather than wrap.
//!
//! The engine adds 64-bit integers modulo 2⁶⁴. Flow promises an error. This rule rewrites a plan, after
//! types have been made equal: `+`, `-` and `*` of integers become functions over the checked kernels,
//! and `sum` of integers is summed in 128 bits and cast back, which fails where it does not fit.

use datafusion::{
    arrow::{
        compute::kernels::numeric,
        datatypes::{DataType, Field},
    },
    common::{
        Column, DFSchema, Result, ScalarValue,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        Aggregate, BinaryExpr, Cast, ColumnarValue, Expr, LogicalPlan, Operator, Projection, ScalarFunctionArgs,
        ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility, Window, WindowFunctionDefinition,
        expr::ScalarFunction, expr_rewriter::NamePreserver, utils::merge_schema,
    },
    optimizer::AnalyzerRule,
};
use std::sync::{Arc, LazyLock};

/// The rule. It comes after the engine's own analyzer rules.
#[derive(Debug)]
pub(crate) struct CheckedArithmetic;

impl AnalyzerRule for CheckedArithmetic {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let mut schema = merge_schema(&plan.inputs());
            if let LogicalPlan::TableScan(scan) = &plan {
                schema = DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?;
            }
            let preserver = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let saved = preserver.save(&expr);
                Ok(expr.transform_up(|each| Ok(checked(each, &schema)))?.update_data(|each| saved.restore(each)))
            })?
            .transform_data(wide_sums)
        })
        .map(|done| done.data)
    }

    fn name(&self) -> &str {
        "checked_arithmetic"
    }
}

fn checked(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    use datafusion::logical_expr::ExprSchemable;
    let is_instant = |inner: &Expr| matches!(inner.get_type(schema), Ok(DataType::Timestamp(..)));
    let (left, op, right) = match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => (left, op, right),
        Expr::Cast(cast) if is_time(cast.field.data_type()) && is_instant(&cast.expr) => {
            return Transformed::yes(time_of(*cast.expr, cast.field.data_type()));
        }
        Expr::TryCast(cast) if is_time(cast.field.data_type()) && is_instant(&cast.expr) => {
            return Transformed::yes(time_of(*cast.expr, cast.field.data_type()));
        }
        other => return Transformed::no(other),
    };
    let function = match op {
        Operator::Plus => &*ADD,
        Operator::Minus => &*SUBTRACT,
        Operator::Multiply => &*MULTIPLY,
        _ => return Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
    };
    let integer = |side: &Expr| matches!(side.get_type(schema), Ok(DataType::Int64));
    if !(integer(&left) && integer(&right)) {
        return Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }));
    }
    Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function.clone(), vec![*left, *right])))
}

/// `sum` of integers over 128 bits, with a projection above that narrows it again.
fn wide_sums(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => {
            let narrow: Vec<_> =
                aggregate.aggr_expr.iter().map(|expr| is_integer_sum(expr, aggregate.input.schema())).collect();
            if !narrow.contains(&true) {
                return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
            }
            let groups = aggregate.schema.fields().len() - narrow.len();
            let before = aggregate.schema.clone();
            let sums = aggregate
                .aggr_expr
                .into_iter()
                .zip(&narrow)
                .map(|(expr, wide)| widen(expr, *wide))
                .collect::<Result<_>>()?;
            let plan = LogicalPlan::Aggregate(Aggregate::try_new(aggregate.input, aggregate.group_expr, sums)?);
            narrowed(plan, &before, groups, &narrow)
        }
        LogicalPlan::Window(window) => {
            let narrow: Vec<_> =
                window.window_expr.iter().map(|expr| is_integer_sum(expr, window.input.schema())).collect();
            if !narrow.contains(&true) {
                return Ok(Transformed::no(LogicalPlan::Window(window)));
            }
            let columns = window.input.schema().fields().len();
            let before = window.schema.clone();
            let sums = window
                .window_expr
                .into_iter()
                .zip(&narrow)
                .map(|(expr, wide)| widen(expr, *wide))
                .collect::<Result<_>>()?;
            let plan = LogicalPlan::Window(Window::try_new(sums, window.input)?);
            narrowed(plan, &before, columns, &narrow)
        }
        other => Ok(Transformed::no(other)),
    }
}

fn is_integer_sum(expr: &Expr, schema: &DFSchema) -> bool {
    use datafusion::logical_expr::ExprSchemable;
    let (name, args, distinct) = match expr {
        Expr::Alias(alias) => return is_integer_sum(&alias.expr, schema),
        Expr::AggregateFunction(call) => (call.func.name(), &call.params.args, call.params.distinct),
        Expr::WindowFunction(call) => match &call.fun {
            WindowFunctionDefinition::AggregateUDF(function) => {
                (function.name(), &call.params.args, call.params.distinct)
            }
            WindowFunctionDefinition::WindowUDF(_) => return false,
        },
        _ => return false,
    };
    name == "sum" && !distinct && args.len() == 1 && matches!(args[0].get_type(schema), Ok(DataType::Int64))
}

fn widen(expr: Expr, wide: bool) -> Result<Expr> {
    if !wide {
        return Ok(expr);
    }
    let (relation, name) = expr.qualified_name();
    let mut call = expr.unalias();
    let args = match &mut call {
        Expr::AggregateFunction(call) => &mut call.params.args,
        Expr::WindowFunction(call) => &mut call.params.args,
        _ => return Ok(call),
    };
    for arg in args.iter_mut() {
        let inner = std::mem::replace(arg, Expr::Literal(ScalarValue::Null, None));
        *arg = Expr::Cast(Cast::new(Box::new(inner), WIDE));
    }
    Ok(call.alias_qualified(relation, name))
}

const WIDE: DataType = DataType::Decimal128(38, 0);

fn narrowed(plan: LogicalPlan, before: &DFSchema, first: usize, narrow: &[bool]) -> Result<Transformed<LogicalPlan>> {
    let columns = plan.schema().columns().into_iter().enumerate().map(|(index, column)| {
        let (relation, field) = before.qualified_field(index);
        if index < first || !narrow[index - first] {
            return Expr::Column(column);
        }
        let cast = Cast::new(Box::new(Expr::Column(Column::clone(&column))), DataType::Int64);
        Expr::Cast(cast).alias_qualified(relation.cloned(), field.name())
    });
    let columns = columns.collect();
    Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?)))
}

/// The time of day of an instant, in UTC.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TimeOf {
    to: DataType,
    signature: Signature,
}

fn time_of(instant: Expr, to: &DataType) -> Expr {
    let signature = Signature::new(TypeSignature::UserDefined, Volatility::Immutable);
    let function = Arc::new(ScalarUDF::from(TimeOf { to: to.clone(), signature }));
    Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![instant]))
}

fn is_time(ty: &DataType) -> bool {
    matches!(ty, DataType::Time64(_) | DataType::Time32(_))
}

impl ScalarUDFImpl for TimeOf {
    fn name(&self) -> &str {
        "time_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn return_field_from_args(&self, args: datafusion::logical_expr::ReturnFieldArgs<'_>) -> Result<Arc<Field>> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.to.clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [instant] => instant.cast_to(&self.to, None),
            _ => datafusion::common::internal_err!("{} takes one argument", self.name()),
        }
    }
}

static ADD: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| CheckedOp::function("checked_add"));
static SUBTRACT: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| CheckedOp::function("checked_subtract"));
static MULTIPLY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| CheckedOp::function("checked_multiply"));

#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedOp {
    name: &'static str,
    signature: Signature,
}

impl CheckedOp {
    fn function(name: &'static str) -> Arc<ScalarUDF> {
        let signature = Signature::exact(vec![DataType::Int64, DataType::Int64], Volatility::Immutable);
        Arc::new(ScalarUDF::from(Self { name, signature }))
    }
}

impl ScalarUDFImpl for CheckedOp {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn return_field_from_args(&self, args: datafusion::logical_expr::ReturnFieldArgs<'_>) -> Result<Arc<Field>> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name, DataType::Int64, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return datafusion::common::internal_err!("{} takes two arguments", self.name);
        };
        let kernel = match self.name {
            "checked_add" => numeric::add,
            "checked_subtract" => numeric::sub,
            _ => numeric::mul,
        };
        datafusion::physical_expr_common::datum::apply(left, right, |a, b| kernel(a, b))
    }
}
