//! A simple rule over a million rows: the target is a second at most.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use divan::Bencher;
use flow_expr::{
    BinaryOp, Context, Expr, ExprKind, MemoryTable, Name, TableData, Type, TypeTable, Value, VarId, rules,
};
use std::{collections::BTreeMap, sync::Arc};

fn main() {
    divan::main();
}

const ROWS: i64 = 1_000_000;

fn million() -> MemoryTable {
    let columns = ["id", "region", "amount"].map(Arc::from).to_vec();
    let region: Arc<str> = "North".into();
    let row = |id| vec![Value::Int(id), Value::String(region.clone()), Value::Decimal((id % 1000).into())];
    MemoryTable::new(columns, (0..ROWS).map(row).collect())
}

fn expr(kind: ExprKind) -> Expr {
    Expr::new(kind, flow_diag::Span::default())
}

/// `it.column op constant`
fn compare(column: &str, op: BinaryOp, constant: Value) -> Expr {
    let row = Box::new(expr(ExprKind::Var(VarId::IT)));
    let cell = expr(ExprKind::Field { base: row, name: column.into() });
    expr(ExprKind::Binary(op, Box::new(cell), Box::new(expr(ExprKind::Const(constant)))))
}

fn count(bencher: Bencher<'_, '_>, rule: &Expr) {
    let table = million();
    let (functions, types) = (BTreeMap::new(), TypeTable::default());
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let ty = Type::Named(Name::new("m.Order"));
    bencher.bench_local(|| rules::check_rows(rule, &table, &ty, &context, 10).unwrap().failed);
}

#[divan::bench(sample_count = 5)]
fn comparison_of_decimals(bencher: Bencher<'_, '_>) {
    count(bencher, &compare("amount", BinaryOp::Less, Value::Decimal(1_000_000.into())));
}

#[divan::bench(sample_count = 5)]
fn two_comparisons_and_text(bencher: Bencher<'_, '_>) {
    let (amount, region) = (
        compare("amount", BinaryOp::GreaterEqual, Value::Int(0)),
        compare("region", BinaryOp::NotEqual, Value::String("Nowhere".into())),
    );
    count(bencher, &expr(ExprKind::Binary(BinaryOp::And, Box::new(amount), Box::new(region))));
}

#[divan::bench(sample_count = 5)]
fn built_in(bencher: Bencher<'_, '_>) {
    let row = Box::new(expr(ExprKind::Var(VarId::IT)));
    let region = expr(ExprKind::Field { base: row, name: "region".into() });
    let length = expr(ExprKind::Builtin("length".into(), vec![region]));
    let five = expr(ExprKind::Const(Value::Int(5)));
    count(bencher, &expr(ExprKind::Binary(BinaryOp::Equal, Box::new(length), Box::new(five))));
}

#[divan::bench(sample_count = 5)]
fn unique_ids(bencher: Bencher<'_, '_>) {
    let table = million();
    assert_eq!(table.rows() as i64, ROWS);
    bencher.bench_local(|| rules::check_unique(&table, &["id".into()], 10).unwrap().failed);
}

#[divan::bench(sample_count = 5)]
fn unique_pairs(bencher: Bencher<'_, '_>) {
    let table = million();
    bencher.bench_local(|| rules::check_unique(&table, &["region".into(), "id".into()], 10).unwrap().failed);
}
