//! The border: what is accepted, and what the errors say.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::*;
use flow_expr::{
    BinaryOp, Context, Field, Name, Refinement, Type, TypeDef, TypeTable, Value, VarId, Variant,
    codec::{BorderErrors, decode, decode_items, decode_text, encode, parse_json, parse_json_as, parse_scalar},
};
use serde_json::json;
use std::collections::BTreeMap;

fn types() -> TypeTable {
    let plain = |name: &str, ty| Field { name: name.into(), ty, refinement: None, labels: vec![] };
    let condition = binary(BinaryOp::GreaterEqual, var(VarId::IT.0), c(int(0)));
    let not_negative = Refinement { condition, text: "it >= 0".into() };
    let order = vec![
        plain("id", Type::Int),
        Field { labels: vec![Name::new("m.pii")], ..plain("customer", Type::String) },
        Field { refinement: Some(not_negative.clone()), ..plain("amount", Type::Decimal) },
        plain("note", Type::String.optional()),
    ];
    let north = Variant { name: "North".into(), payload: vec![] };
    let circle = Variant { name: "Circle".into(), payload: vec![plain("radius", Type::Int)] };
    TypeTable(BTreeMap::from([
        (Name::new("m.Order"), TypeDef::Record(order)),
        (Name::new("m.Shape"), TypeDef::Enum(vec![north, circle])),
        (Name::new("m.Count"), TypeDef::Refined { base: Type::Int, refinement: not_negative, labels: vec![] }),
    ]))
}

fn named(name: &str) -> Type {
    Type::Named(Name::new(name))
}

fn read(json: serde_json::Value, ty: &Type) -> Result<Value, BorderErrors> {
    let types = types();
    decode(&json, ty, "orders", &Context { types: &types, ..context() })
}

/// The errors, a line each.
fn errors(json: serde_json::Value, ty: &Type) -> Vec<String> {
    read(json, ty).unwrap_err().errors.iter().map(|error| format!("{} {error}", error.code)).collect()
}

#[test]
fn every_mismatch_has_its_path_rule_and_value() {
    let orders = Type::List(named("m.Order").into());
    let good = json!({"id": 1, "customer": "ada", "amount": 9.5, "more": true});
    let expected =
        record("m.Order", [("id", int(1)), ("customer", s("ada")), ("amount", dec("9.5")), ("note", Value::Absent)]);
    assert_eq!(read(json!([good]), &orders), Ok(list([expected])));
    let bad = json!([
        good,
        {"id": "1", "customer": 5, "amount": -1},
        {"id": 2, "custmer": "ada", "amount": 1.0, "note": 7},
        "x",
    ]);
    let found = errors(bad, &orders);
    assert_eq!(
        found,
        [
            "R0020 orders[1].id: expected an Int, found \"1\"",
            "R0020 orders[1].customer: expected a String, found [redacted]",
            "R0021 orders[1].amount: expected `it >= 0`, found -1",
            "R0020 orders[2].customer: expected a field of type `String`, found `custmer`",
            "R0020 orders[2].note: expected a String, found 7",
            "R0020 orders[3]: expected a record `Order`, found \"x\"",
        ]
    );
}

#[test]
fn many_mismatches_are_counted_and_the_first_kept() {
    let many = serde_json::Value::from(vec!["x"; 50]);
    let found = read(many, &Type::List(Type::Int.into())).unwrap_err();
    assert_eq!((found.errors.len(), found.total), (20, 50));
    assert!(found.to_string().ends_with("and 30 more"));
}

#[test]
fn numbers_are_never_rounded_to_fit() {
    assert_eq!(read(json!(5.0), &Type::Int), Ok(int(5)));
    assert_eq!(errors(json!(5.5), &Type::Int), ["R0020 orders: expected an Int, found 5.5"]);
    assert!(read(json!(u64::MAX), &Type::Int).is_err());
    assert!(read(json!(1e30), &Type::Int).is_err());
    assert_eq!(read(json!(0.1), &Type::Decimal), Ok(dec("0.1")));
    assert_eq!(read(json!(1e-10), &Type::Decimal), Ok(dec("0.0000000001")));
    assert_eq!(read(json!("1234567890.123456789"), &Type::Decimal), Ok(dec("1234567890.123456789")));
    assert_eq!(read(json!(u64::MAX), &Type::Decimal), Ok(dec("18446744073709551615")));
    assert!(errors(json!(0.1 + 0.2), &Type::Decimal)[0].contains("as a string"));
    assert_eq!(read(json!(3), &Type::Float), Ok(float(3.0)));
    assert_eq!(read(json!("inf"), &Type::Float), Ok(float(f64::INFINITY)));
    assert!(read(json!("3"), &Type::Float).is_err());
    assert!(read(json!("true"), &Type::Bool).is_err());
    assert_eq!(encode(&dec("0.1000")), json!(0.1));
    assert_eq!(encode(&dec("1234567890.123456789")), json!("1234567890.123456789"));
}

#[test]
fn scalars_as_text() {
    assert_eq!(read(json!("2026-11-22"), &Type::Date), Ok(date("2026-11-22")));
    assert!(read(json!("2026-11-22T10:00:00Z"), &Type::Date).is_err());
    assert_eq!(read(json!("06:00"), &Type::Time), Ok(time("06:00")));
    assert_eq!(read(json!("2026-11-22T06:00:00+01:00"), &Type::Timestamp), Ok(instant("2026-11-22T05:00:00Z")));
    assert!(read(json!("2026-11-22T06:00:00"), &Type::Timestamp).is_err());
    assert_eq!(read(json!("1h30m"), &Type::Duration), Ok(duration("PT90M")));
    assert_eq!(read(json!("1d2h"), &Type::Duration), Ok(duration("PT26H")));
    assert_eq!(read(json!("P1D"), &Type::Duration), Ok(duration("PT24H")));
    assert!(read(json!("1mo"), &Type::Duration).is_err());
    assert_eq!(read(json!("00ff"), &Type::Bytes), Ok(Value::Bytes([0, 255].into())));
    assert_eq!(parse_scalar("-0.5", &Type::Decimal), Some(dec("-0.5")));
    for wrong in ["", " 1", "1 ", "1_000", ".5", "1.", "0x1", "--1", "1e", "١"] {
        assert_eq!(parse_scalar(wrong, &Type::Decimal), if wrong == "1." { Some(dec("1")) } else { None }, "{wrong:?}");
        assert_eq!(parse_scalar(wrong, &Type::Int), None, "{wrong:?}");
    }
}

#[test]
fn enums_optionals_aliases_maps_and_tables() {
    let shape = named("m.Shape");
    let round_trip = |json: serde_json::Value, ty: &Type| assert_eq!(encode(&read(json.clone(), ty).unwrap()), json);
    round_trip(json!("North"), &shape);
    round_trip(json!({"Circle": {"radius": 3}}), &shape);
    assert_eq!(errors(json!("Nort"), &shape), ["R0020 orders: expected one of `North`, `Circle`, found \"Nort\""]);
    assert_eq!(
        errors(json!({"Circle": {"radius": "x"}}), &shape),
        ["R0020 orders.Circle.radius: expected an Int, found \"x\""]
    );
    assert_eq!(errors(json!(-1), &named("m.Count")), ["R0021 orders: expected `it >= 0`, found -1"]);
    assert_eq!(read(json!(null), &Type::Int.optional()), Ok(Value::Absent));
    assert!(read(json!(null), &Type::Int).is_err());
    let days = Type::Map(Type::Date.into(), Type::Int.into());
    round_trip(json!({"2026-01-01": 1}), &days);
    assert_eq!(
        errors(json!({"soon": 1}), &days),
        ["R0020 orders[\"soon\"]: expected a Date (2026-11-22), found \"soon\""]
    );
    let rows = Type::Table(named("m.Order").into());
    round_trip(json!([{"id": 1, "customer": "ada", "amount": 2, "note": null}]), &rows);
    let one_bad = json!([{"id": 1, "customer": "ada", "amount": -2}]);
    assert_eq!(errors(one_bad, &rows), ["R0021 orders[0].amount: expected `it >= 0`, found -2"]);
    for ty in [Type::Secret, Type::File, named("m.Nothing")] {
        assert!(read(json!("x"), &ty).is_err());
    }
}

#[test]
fn texts_of_people() {
    let types = types();
    let context = Context { types: &types, ..context() };
    let read = |text: &str, ty: &Type| decode_text(text, ty, "count", &context).map_err(|errors| errors.to_string());
    assert_eq!(read("5", &named("m.Count")), Ok(int(5)));
    assert_eq!(read("-5", &named("m.Count")), Err("count: expected `it >= 0`, found -5".to_owned()));
    assert_eq!(read("five", &Type::Int), Err("count: expected an Int, found \"five\"".to_owned()));
    assert_eq!(read("", &Type::Int.optional()), Ok(Value::Absent));
    assert_eq!(read("", &Type::String.optional()), Ok(s("")));
    assert_eq!(read("[1, 2]", &Type::List(Type::Int.into())), Ok(ints(&[1, 2])));
    assert!(read("North", &named("m.Shape")).is_ok());
    assert!(read("{\"Circle\": {\"radius\": 1}}", &named("m.Shape")).is_ok());
    assert!(read("[1,", &Type::List(Type::Int.into())).unwrap_err().contains("JSON of `List<Int>`"));
}

#[test]
fn long_and_odd_values_stay_on_one_line() {
    let long = "ä\n".repeat(1000);
    let found = &errors(json!(long), &Type::Int)[0];
    assert!(found.lines().count() == 1 && found.len() < 300, "{found}");
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(errors(deep, &Type::Int), ["R0020 orders: expected an Int, found an array of 1"]);
}

#[test]
fn a_list_is_read_item_by_item_if_all_of_it_is_right() {
    let read = |text: &str, ty: Type| decode_items(text, &ty, &context());
    let list = |item: Type| Type::List(item.into());
    assert_eq!(read("[1, 2,\n 3]", list(Type::Int)), Some(Value::List(vec![int(1), int(2), int(3)].into())));
    assert_eq!(read("[]", list(Type::Int)), Some(Value::List(vec![].into())));
    for wrong in ["[1, \"x\"]", "[1, 2", "[1] 2", "[1,, 2]", "{}", "1", "", "[1.5]"] {
        assert_eq!(read(wrong, list(Type::Int)), None, "{wrong}");
    }
    // Its digits are read from the text.
    assert_eq!(read("[0.1]", list(Type::Decimal)), None);
    assert_eq!(read("1", Type::Int), None);
}

#[test]
fn no_digit_of_a_decimal_is_lost() {
    let text = r#"[{"id": 1, "tags": [2.5], "customer": "c 1.5", "amount": 1.00000000000000000001}]"#;
    let ty = Type::List(named("m.Order").into());
    let json = parse_json_as(text, &ty, &types()).unwrap();
    assert_eq!(json[0]["tags"], json!([2.5]));
    let Ok(Value::List(orders)) = read(json, &ty) else { panic!("a list") };
    assert!(format!("{:?}", orders[0]).contains("1.00000000000000000001"), "{orders:?}");
    assert_eq!(parse_json_as("[2.5]", &Type::List(Type::Float.into()), &types()).unwrap(), json!([2.5]));
}

#[test]
fn json_is_read_exactly() {
    for text in [r#"{"a": 0.30000000000000004, "b\\\"1.5": [1e-7, -123.456789012345678, 5]}"#, "[]", "7", "1e400x"] {
        let read = parse_json(text);
        assert_eq!(read.is_ok(), serde_json::from_str::<serde_json::Value>(text).is_ok());
    }
    let numbers = [902.3456789012345, 0.1 + 0.2, 5e-324, f64::MAX, 123_456_789.123_456_79];
    assert_eq!(parse_json(&json!(numbers).to_string()).unwrap(), json!(numbers));
    // A repeated key: nothing is put where it does not belong.
    assert_eq!(parse_json(r#"{"a": "x", "b": 1.5, "a": 2.5}"#).unwrap(), json!({"a": 2.5, "b": 1.5}));
}
