//! x
use crate::{generate::*, table::Table};
use flow_expr::*;
use flow_kernel::*;
#[test]
fn scratch() {
    let table = Table::new(100, &[3, 7, 11]);
    let context = table.context();
    let c = |n: i64| constant(Value::Int(n));
    use BinaryOp::*;
    let e = binary(And, binary(And, binary(Greater, column("int"), c(0)), binary(GreaterEqual, column("int"), c(0))), binary(Less, binary(Multiply, column("int"), column("int")), c(100000)));
    let f = |n: f64| constant(Value::Float(n));
    let e = if std::env::var("KF").is_ok() { binary(And, binary(And, binary(Greater, column("float"), f(0.)), binary(GreaterEqual, column("float"), f(0.))), binary(Less, binary(Multiply, column("float"), column("float")), f(100000.))) } else { e };
    let mut k = Kernel::condition(&e, Rows::Record(VarId::IT, &table.names), &table.columns, &context).eager();
    k.run(&table.arrays, &|r, c| table.cell(r, c), &context).unwrap();
}
