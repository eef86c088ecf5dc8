//! A rule over ten million rows, compiled, against DataFusion's own filter for the rows that break it.
//!
//! Both on one core and over the same batches in memory. What counts is the ratio in one run; against a loop written
//! in Rust it is in `flow-kernel`'s bench `rules`.

#![allow(clippy::unwrap_used, reason = "a bench")]

use datafusion::{
    arrow::{
        array::{ArrayRef, Decimal128Array, Float64Array, Int64Array},
        datatypes::Schema,
        record_batch::RecordBatch,
    },
    datasource::MemTable,
    prelude::{SessionConfig, SessionContext},
};
use divan::{Bencher, counter::ItemsCount};
use flow_expr::{BinaryOp, Context, Expr, ExprKind, Type, TypeTable, Value, VarId};
use flow_kernel::{Kernel, Rows};
use std::{collections::BTreeMap, ops::Range, sync::Arc};

fn main() {
    divan::main();
}

const ROWS: usize = 10_000_000;
const BATCH: usize = 8192;
const BROKEN: &str =
    "select count(*) from sales where not (quantity > 0 and price >= 0 and price * quantity < 1000000)";

fn quantity(row: usize) -> i64 {
    (row * 2_654_435_761 % 97) as i64 + 1
}

fn cents(row: usize) -> i64 {
    (row * 40_503 % 1_000_003) as i64
}

fn batches(prices: impl Fn(Range<usize>) -> ArrayRef) -> Vec<RecordBatch> {
    let batch = |first: usize| {
        let rows = first..ROWS.min(first + BATCH);
        let quantities = rows.clone().map(quantity).collect::<Int64Array>();
        let columns: [(&str, ArrayRef); 2] = [("quantity", Arc::new(quantities)), ("price", prices(rows))];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    (0..ROWS).step_by(BATCH).map(batch).collect()
}

fn decimals() -> Vec<RecordBatch> {
    batches(|rows| {
        let units = rows.map(|row| i128::from(cents(row)) * 100_000_000);
        Arc::new(Decimal128Array::from_iter_values(units).with_precision_and_scale(38, 10).unwrap())
    })
}

fn ints() -> Vec<RecordBatch> {
    batches(|rows| Arc::new(rows.map(|row| cents(row) / 100).collect::<Int64Array>()))
}

/// Quantities as Floats, too.
fn floats() -> Vec<RecordBatch> {
    let as_floats = |batch: RecordBatch| {
        let rows = batch.num_rows();
        let quantities = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
        let quantities = (0..rows).map(|row| quantities.value(row) as f64).collect::<Float64Array>();
        let columns: [(&str, ArrayRef); 2] = [("quantity", Arc::new(quantities)), ("price", batch.column(1).clone())];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let prices = batches(|rows| Arc::new(rows.map(|row| cents(row) as f64 / 100.0).collect::<Float64Array>()));
    prices.into_iter().map(as_floats).collect()
}

fn by_datafusion(bencher: Bencher<'_, '_>, batches: Vec<RecordBatch>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    let schema: Arc<Schema> = batches[0].schema();
    session.register_table("sales", Arc::new(MemTable::try_new(schema, vec![batches]).unwrap())).unwrap();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let found = runtime.block_on(async { session.sql(BROKEN).await.unwrap().collect().await.unwrap() });
        let count = found[0].column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(0);
        assert_eq!(count, 0);
    });
}

fn compiled(bencher: Bencher<'_, '_>, batches: &[RecordBatch], rule: &Expr, columns: &[Type]) {
    let (functions, types) = (BTreeMap::new(), TypeTable::default());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let names = ["quantity".into(), "price".into()];
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        // With the making of it.
        let kernel = Kernel::condition(rule, Rows::Record(VarId::IT, &names), columns, &context);
        let mut kernel = kernel.expecting(ROWS as u64);
        let answers = batches.iter().map(|batch| kernel.run(batch.columns(), &|_, _| Value::Absent, &context).unwrap());
        assert_eq!(answers.map(|answers| answers.others().count()).sum::<usize>(), 0);
    });
}

fn expr(kind: ExprKind) -> Expr {
    Expr::new(kind, flow_diag::Span::default())
}

fn column(name: &str) -> Expr {
    expr(ExprKind::Field { base: expr(ExprKind::Var(VarId::IT)).into(), name: name.into() })
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(op, left.into(), right.into()))
}

/// `quantity > 0 and price >= 0 and price * quantity < 1_000_000`
fn rule([none, free, most]: [Value; 3], factor: Expr) -> Expr {
    let constant = |value| expr(ExprKind::Const(value));
    let some = binary(BinaryOp::Greater, column("quantity"), constant(none));
    let free = binary(BinaryOp::GreaterEqual, column("price"), constant(free));
    let total = binary(BinaryOp::Multiply, column("price"), factor);
    let bounded = binary(BinaryOp::Less, total, constant(most));
    binary(BinaryOp::And, binary(BinaryOp::And, some, free), bounded)
}

#[divan::bench(sample_count = 10)]
fn a1_decimals_compiled(bencher: Bencher<'_, '_>) {
    let factor = expr(ExprKind::IntToDecimal(column("quantity").into()));
    let rule = rule([Value::Int(0), Value::Decimal(0.into()), Value::Decimal(1_000_000.into())], factor);
    compiled(bencher, &decimals(), &rule, &[Type::Int, Type::Decimal]);
}

#[divan::bench(sample_count = 10)]
fn a2_decimals_by_datafusion(bencher: Bencher<'_, '_>) {
    by_datafusion(bencher, decimals());
}

#[divan::bench(sample_count = 10)]
fn b1_ints_compiled(bencher: Bencher<'_, '_>) {
    let rule = rule([Value::Int(0), Value::Int(0), Value::Int(1_000_000)], column("quantity"));
    compiled(bencher, &ints(), &rule, &[Type::Int, Type::Int]);
}

#[divan::bench(sample_count = 10)]
fn b2_ints_by_datafusion(bencher: Bencher<'_, '_>) {
    by_datafusion(bencher, ints());
}

#[divan::bench(sample_count = 10)]
fn c1_floats_compiled(bencher: Bencher<'_, '_>) {
    let rule = rule([0.0, 0.0, 1e6].map(Value::Float), column("quantity"));
    compiled(bencher, &floats(), &rule, &[Type::Float, Type::Float]);
}

#[divan::bench(sample_count = 10)]
fn c2_floats_by_datafusion(bencher: Bencher<'_, '_>) {
    by_datafusion(bencher, floats());
}
