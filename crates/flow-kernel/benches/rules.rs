//! Row rules over ten million rows: compiled, in a loop as one would write it in Rust, and evaluated.
//!
//! The figures that count are the ratios in one run. DataFusion's filter over the same rows is in `flow-exec`'s
//! bench `filter`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use arrow_array::{Array as _, ArrayRef, Decimal128Array, Float64Array, Int64Array, StringArray};
use divan::{Bencher, black_box, counter::ItemsCount};
use flow_expr::{BinaryOp, Context, Expr, ExprKind, Name, Record, Type, TypeTable, Value, VarId, evaluate};
use flow_kernel::{Kernel, Rows};
use std::{collections::BTreeMap, sync::Arc};

fn main() {
    divan::main();
}

const ROWS: usize = 10_000_000;
/// Rows of a batch, as they come in.
const BATCH: usize = 8192;

fn expr(kind: ExprKind) -> Expr {
    Expr::new(kind, flow_diag::Span::default())
}

fn column(name: &str) -> Expr {
    expr(ExprKind::Field { base: expr(ExprKind::Var(VarId::IT)).into(), name: name.into() })
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(op, left.into(), right.into()))
}

fn constant(value: Value) -> Expr {
    expr(ExprKind::Const(value))
}

/// `quantity > 0 and price >= 0 and price * quantity < 1_000_000`
fn rule(zero: Value, most: Value, quantity: Expr) -> Expr {
    let some = binary(BinaryOp::Greater, column("quantity"), constant(Value::Int(0)));
    let free = binary(BinaryOp::GreaterEqual, column("price"), constant(zero));
    let total = binary(BinaryOp::Multiply, column("price"), quantity);
    let bounded = binary(BinaryOp::Less, total, constant(most));
    binary(BinaryOp::And, binary(BinaryOp::And, some, free), bounded)
}

fn quantity(row: usize) -> i64 {
    (row * 2_654_435_761 % 97) as i64 + 1
}

/// Cents.
fn price(row: usize) -> i64 {
    (row * 40_503 % 1_000_003) as i64
}

type Batches = Vec<Vec<ArrayRef>>;

fn batches(make: impl Fn(std::ops::Range<usize>) -> Vec<ArrayRef>) -> Batches {
    (0..ROWS).step_by(BATCH).map(|first| make(first..ROWS.min(first + BATCH))).collect()
}

fn quantities(rows: std::ops::Range<usize>) -> ArrayRef {
    Arc::new(rows.map(quantity).collect::<Int64Array>())
}

fn decimals() -> Batches {
    batches(|rows| {
        let units = rows.clone().map(|row| i128::from(price(row)) * 100_000_000);
        let prices = Decimal128Array::from_iter_values(units).with_precision_and_scale(38, 10).unwrap();
        vec![quantities(rows), Arc::new(prices)]
    })
}

fn ints() -> Batches {
    batches(|rows| vec![quantities(rows.clone()), Arc::new(rows.map(price).collect::<Int64Array>())])
}

fn floats() -> Batches {
    batches(|rows| {
        let quantities = rows.clone().map(|row| quantity(row) as f64).collect::<Float64Array>();
        vec![Arc::new(quantities), Arc::new(rows.map(|row| price(row) as f64 / 100.0).collect::<Float64Array>())]
    })
}

fn compiled(bencher: Bencher<'_, '_>, batches: &Batches, rule: &Expr, columns: &[(&str, Type)]) {
    let (functions, types) = (BTreeMap::new(), TypeTable::default());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let names: Vec<Arc<str>> = columns.iter().map(|(name, _)| (*name).into()).collect();
    let types: Vec<Type> = columns.iter().map(|(_, ty)| ty.clone()).collect();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        // With compiling it.
        let mut kernel = Kernel::condition(rule, Rows::Record(VarId::IT, &names), &types, &context).eager();
        let mut failed = 0;
        for batch in batches {
            let answers = kernel.run(batch, &|_, _| Value::Absent, &context).unwrap();
            failed += answers.others().count();
        }
        assert_eq!(failed, 0);
    });
}

fn int_rule() -> Expr {
    rule(Value::Int(0), Value::Int(100_000_000), column("quantity"))
}

fn decimal_rule() -> Expr {
    let quantity = expr(ExprKind::IntToDecimal(column("quantity").into()));
    rule(Value::Decimal(0.into()), Value::Decimal(1_000_000.into()), quantity)
}

fn float_rule() -> Expr {
    let mut rule = rule(Value::Float(0.0), Value::Float(1_000_000.0), column("quantity"));
    rule.visit_mut(&mut |part| {
        if part.kind == ExprKind::Const(Value::Int(0)) {
            part.kind = ExprKind::Const(Value::Float(0.0));
        }
    });
    rule
}

#[divan::bench(sample_count = 10)]
fn a1_decimals_compiled(bencher: Bencher<'_, '_>) {
    compiled(bencher, &decimals(), &decimal_rule(), &[("quantity", Type::Int), ("price", Type::Decimal)]);
}

/// With a product that would overflow counted as a failure.
#[divan::bench(sample_count = 10)]
fn a2_decimals_by_hand(bencher: Bencher<'_, '_>) {
    use arrow_array::{cast::AsArray, types::*};
    let batches = decimals();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut failed = 0;
        for batch in &batches {
            let quantities = batch[0].as_primitive::<Int64Type>().values();
            let prices = batch[1].as_primitive::<Decimal128Type>().values();
            for (quantity, price) in quantities.iter().zip(prices) {
                let holds = *quantity > 0
                    && *price >= 0
                    && price.checked_mul(i128::from(*quantity)).is_some_and(|total| total < 10_000_000_000_000_000);
                failed += usize::from(!holds);
            }
        }
        assert_eq!(black_box(failed), 0);
    });
}

#[divan::bench(sample_count = 10)]
fn b1_ints_compiled(bencher: Bencher<'_, '_>) {
    compiled(bencher, &ints(), &int_rule(), &[("quantity", Type::Int), ("price", Type::Int)]);
}

#[divan::bench(sample_count = 10)]
fn b2_ints_by_hand(bencher: Bencher<'_, '_>) {
    use arrow_array::{cast::AsArray, types::*};
    let batches = ints();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut failed = 0;
        for batch in &batches {
            let quantities = batch[0].as_primitive::<Int64Type>().values();
            let prices = batch[1].as_primitive::<Int64Type>().values();
            for (quantity, price) in quantities.iter().zip(prices) {
                let holds = *quantity > 0
                    && *price >= 0
                    && price.checked_mul(*quantity).is_some_and(|total| total < 100_000_000);
                failed += usize::from(!holds);
            }
        }
        assert_eq!(black_box(failed), 0);
    });
}

#[divan::bench(sample_count = 10)]
fn c1_floats_compiled(bencher: Bencher<'_, '_>) {
    compiled(bencher, &floats(), &float_rule(), &[("quantity", Type::Float), ("price", Type::Float)]);
}

#[divan::bench(sample_count = 10)]
fn c2_floats_by_hand(bencher: Bencher<'_, '_>) {
    use arrow_array::{cast::AsArray, types::*};
    let batches = floats();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut failed = 0;
        for batch in &batches {
            let quantities = batch[0].as_primitive::<Float64Type>().values();
            let prices = batch[1].as_primitive::<Float64Type>().values();
            for (quantity, price) in quantities.iter().zip(prices) {
                let total = price * quantity;
                let holds = *quantity > 0.0 && *price >= 0.0 && total < 1_000_000.0 && total.is_finite();
                failed += usize::from(!holds);
            }
        }
        assert_eq!(black_box(failed), 0);
    });
}

/// `region != "Nowhere" and region.length() <= 5`
#[divan::bench(sample_count = 5)]
fn d1_texts_compiled(bencher: Bencher<'_, '_>) {
    let names = ["North", "South", "East", "West"];
    let texts =
        batches(|rows| vec![Arc::new(rows.map(|row| Some(names[row % 4])).collect::<StringArray>()) as ArrayRef]);
    let other = binary(BinaryOp::NotEqual, column("region"), constant(Value::String("Nowhere".into())));
    let length = expr(ExprKind::Builtin("length".into(), vec![column("region")]));
    let short = binary(BinaryOp::LessEqual, length, constant(Value::Int(5)));
    compiled(bencher, &texts, &binary(BinaryOp::And, other, short), &[("region", Type::String)]);
}

/// A hundredth of the rows, evaluated one by one.
#[divan::bench(sample_count = 3)]
fn e1_ints_evaluated(bencher: Bencher<'_, '_>) {
    use arrow_array::{cast::AsArray, types::*};
    let (functions, types) = (BTreeMap::new(), TypeTable::default());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let (rule, batches) = (int_rule(), ints());
    let rows: usize = batches.iter().take(12).map(|batch| batch[0].len()).sum();
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        let mut failed = 0;
        for batch in batches.iter().take(12) {
            for row in 0..batch[0].len() {
                let cell = |column: usize| Value::Int(batch[column].as_primitive::<Int64Type>().value(row));
                let fields = vec![("quantity".into(), cell(0)), ("price".into(), cell(1))];
                let record = Value::Record(Arc::new(Record { ty: Name::new("m.Row"), fields }));
                failed += usize::from(!matches!(evaluate(&rule, &record, &context), Ok(Value::Bool(true))));
            }
        }
        assert_eq!(failed, 0);
    });
}

/// Planning and compiling.
#[divan::bench]
fn f1_compile(bencher: Bencher<'_, '_>) {
    let (functions, types) = (BTreeMap::new(), TypeTable::default());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let names: Vec<Arc<str>> = ["quantity".into(), "price".into()].to_vec();
    let (rule, columns) = (decimal_rule(), [Type::Int, Type::Decimal]);
    let batch = decimals().swap_remove(0).iter().map(|array| array.slice(0, 1)).collect::<Vec<_>>();
    bencher.bench_local(|| {
        let mut kernel = Kernel::condition(&rule, Rows::Record(VarId::IT, &names), &columns, &context).eager();
        assert_eq!(kernel.run(&batch, &|_, _| Value::Absent, &context).unwrap().rows(), 1);
    });
}
