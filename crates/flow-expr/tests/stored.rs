//! The stored form: its shape, and that nothing is lost.
#![allow(clippy::unwrap_used, reason = "tests")]

use flow_expr::{MapKey, MemoryTable, Name, Record, Type, Value, VariantValue};
use serde_json::json;
use std::sync::Arc;

fn stored(value: &Value) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}

fn read(json: serde_json::Value) -> Value {
    serde_json::from_value(json).unwrap()
}

#[test]
fn shapes() {
    let decimal: rust_decimal::Decimal = "1.50".parse().unwrap();
    let cases = [
        (Value::Unit, json!("unit")),
        (Value::Absent, json!("absent")),
        (Value::Int(5), json!({"int": 5})),
        (Value::Float(f64::INFINITY), json!({"float": "inf"})),
        (Value::Decimal(decimal), json!({"decimal": "1.50"})),
        (Value::Duration(jiff::SignedDuration::from_hours(1)), json!({"duration": "PT1H"})),
        (Value::Bytes(Arc::from([0u8, 255])), json!({"bytes": "00ff"})),
        (Value::List(Arc::from([Value::Bool(true)])), json!({"list": [{"bool": true}]})),
        (
            Value::Variant(Arc::new(VariantValue {
                ty: Name::new("m.Region"),
                variant: "North".into(),
                fields: vec![],
            })),
            json!({"variant": {"ty": "m.Region", "variant": "North"}}),
        ),
        (
            Value::Record(Arc::new(Record { ty: Name::new("m.R"), fields: vec![("a".into(), Value::Int(1))] })),
            json!({"record": {"ty": "m.R", "fields": [["a", {"int": 1}]]}}),
        ),
        (Value::Map(Arc::new([(MapKey::Int(1), Value::Unit)].into())), json!({"map": [[{"int": 1}, "unit"]]})),
    ];
    for (value, json) in cases {
        assert_eq!(stored(&value), json);
        assert_eq!(read(json), value);
    }
}

#[test]
fn a_table_keeps_its_name_and_loses_its_handle() {
    let unnamed =
        MemoryTable::new(vec!["a".into()], vec![vec![Value::Int(1)]]).into_table(Type::Named(Name::new("m.R")));
    let table = flow_expr::Table { hash: "abc".into(), ..unnamed };
    let Value::Table(back) = read(stored(&Value::Table(table.clone()))) else { panic!("not a table") };
    assert_eq!((&back.hash, back.rows, &back.ty), (&table.hash, 1, &table.ty));
    assert!(back.data.is_none());
    assert_eq!(back, table);
}

#[test]
fn equality_is_of_meaning() {
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    assert_eq!(decimal("1.0"), decimal("1.00"));
    assert_eq!(Value::Float(f64::NAN), Value::Float(-f64::NAN));
    assert_eq!(Value::Float(0.0), Value::Float(-0.0));
    assert_ne!(Value::Int(1), decimal("1"));
    assert_eq!(flow_expr::digest(&decimal("1.0")), flow_expr::digest(&decimal("1.00")));
    assert_eq!(flow_expr::compare(&Value::Float(-1.0), &Value::Float(f64::NAN)), Some(std::cmp::Ordering::Less));
    assert_eq!(flow_expr::compare(&Value::Float(-1.0), &Value::Float(-2.0)), Some(std::cmp::Ordering::Greater));
}

#[test]
fn a_chain_of_operators_is_stored_in_one_level() {
    use flow_expr::{BinaryOp, Expr, ExprKind};
    let at = |start| flow_diag::Span::new(flow_diag::FileId(0), start, start + 1);
    let one = || Box::new(Expr::new(ExprKind::Const(Value::Int(1)), at(7)));
    let chain = (0..250)
        .fold(one(), |left, place| Box::new(Expr::new(ExprKind::Binary(BinaryOp::Add, left, one()), at(place))));
    let text = serde_json::to_string(&chain).unwrap();
    assert_eq!(serde_json::from_str::<Expr>(&text).unwrap(), *chain);
    let small = Expr::new(ExprKind::Binary(BinaryOp::Less, one(), one()), at(0));
    let json = serde_json::to_value(&small).unwrap();
    assert_eq!(json["binary"]["first"]["const"], json!({"int": 1}));
    assert_eq!(json["binary"]["links"][0]["op"], json!("less"));
    assert!(
        serde_json::from_value::<Expr>(json!({"binary": {"first": json["binary"]["first"], "links": []}})).is_err()
    );
}
