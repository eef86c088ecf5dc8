//! Rules over rows: what is counted, what is kept.

mod common;

use common::*;
use flow_expr::{
    BinaryOp, Field, Limits, Name, Refinement, Table, Type, TypeDef, TypeTable, Value, VarId,
    rules::{check_columns, check_not_null, check_rows, check_unique},
};

fn orders() -> Table {
    let rows = vec![
        vec![int(1), dec("5")],
        vec![int(2), Value::Absent],
        vec![int(1), dec("-3")],
        vec![Value::Absent, dec("0")],
        vec![Value::Absent, dec("7")],
    ];
    match table(&["id", "amount"], rows) {
        Value::Table(table) => table,
        _ => unreachable!("`table` makes tables"),
    }
}

fn row_type() -> Type {
    Type::Named(Name::new("m.Row"))
}

fn amount() -> flow_expr::Expr {
    field(var(VarId::IT.0), "amount")
}

#[test]
fn rows() {
    let data = orders().data.unwrap();
    let positive = binary(BinaryOp::Greater, amount(), c(int(0)));
    let counts = check_rows(&positive, &*data, &row_type(), &context(), 2).unwrap();
    assert_eq!((counts.rows, counts.failed, counts.first.len()), (5, 3, 2));
    assert_eq!(counts.first[0].row, 1);
    assert_eq!(counts.first[0].error.as_ref().map(|error| error.code.as_str()), Some("R0005"));
    assert_eq!(counts.first[1].values, vec![("amount".into(), dec("-3"))]);
    assert_eq!(counts.first[1].error, None);
}

#[test]
fn rows_as_a_whole() {
    let data = orders().data.unwrap();
    let known =
        builtin("contains", vec![c(list([record("m.Row", [("id", int(1)), ("amount", dec("5"))])])), var(VarId::IT.0)]);
    let counts = check_rows(&known, &*data, &row_type(), &context(), 1).unwrap();
    assert_eq!((counts.failed, counts.first[0].values.len()), (4, 2));
}

#[test]
fn a_row_that_takes_too_much_is_an_error_of_the_rule() {
    let data = orders().data.unwrap();
    let limits = Limits { steps: 3, ..Limits::default() };
    let context = flow_expr::Context { limits, ..context() };
    let cheap = builtin("is_present", vec![amount()]);
    assert_eq!(check_rows(&cheap, &*data, &row_type(), &context, 1).unwrap().failed, 1);
    let dear = binary(BinaryOp::Equal, builtin("text", vec![amount()]), c(s("5")));
    let error = check_rows(&dear, &*data, &row_type(), &context, 1).unwrap_err();
    assert_eq!((error.code.as_str(), error.row), ("R0006", Some(0)));
}

#[test]
fn keys() {
    let data = orders().data.unwrap();
    let unique = check_unique(&*data, &["id".into()], 5).unwrap();
    assert_eq!((unique.failed, unique.first[0].row), (1, 2));
    assert_eq!(check_unique(&*data, &["id".into(), "amount".into()], 5).unwrap().failed, 0);
    let present = check_not_null(&*data, &"id".into(), 5).unwrap();
    assert_eq!(present.first.iter().map(|failed| failed.row).collect::<Vec<_>>(), [3, 4]);
    assert!(check_not_null(&*data, &"nope".into(), 5).is_err());
}

#[test]
fn columns() {
    let condition = binary(BinaryOp::GreaterEqual, var(VarId::IT.0), c(int(0)));
    let refinement = Some(Refinement { condition, text: "it >= 0".into() });
    let plain = |name: &str, ty, refinement| Field { name: name.into(), ty, refinement, labels: vec![] };
    let fields = |labels| {
        let amount = plain("amount", Type::Decimal.optional(), refinement.clone());
        vec![plain("id", Type::Int, None), Field { labels, ..amount }]
    };
    let check = |fields: Vec<Field>| {
        let types = TypeTable([(Name::new("m.Row"), TypeDef::Record(fields))].into());
        let context = flow_expr::Context { types: &types, ..context() };
        check_columns(&*orders().data.unwrap(), &row_type(), "orders", &context).unwrap_err()
    };
    let errors = check(fields(vec![]));
    let shown: Vec<String> = errors.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "orders[3].id: expected a value of type `Int`, found no value",
            "orders[4].id: expected a value of type `Int`, found no value",
            "orders[2].amount: expected `it >= 0`, found -3",
        ]
    );
    let labelled = check(fields(vec![Name::new("m.pii")]));
    assert_eq!(labelled.errors[2].found, "[redacted]");
    assert_eq!(check(vec![plain("missing", Type::Int, None)]).errors[0].found, "no such column");
}
