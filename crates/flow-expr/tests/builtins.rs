//! Built-ins: a case for every overload, errors where a value would be wrong.

mod common;

use common::*;
use flow_expr::{
    BinaryOp, Type, TypeTable, Value,
    builtins::{builtins, overloads, resolve},
};
use std::collections::BTreeSet;

fn none() -> Value {
    Value::Absent
}

fn yes() -> Value {
    Value::Bool(true)
}

fn no() -> Value {
    Value::Bool(false)
}

fn strings(items: &[&str]) -> Value {
    list(items.iter().map(|item| s(item)))
}

#[track_caller]
fn check(cases: Vec<(&str, Vec<Value>, Result<Value, &str>)>) {
    for (name, arguments, expected) in cases {
        assert_eq!(run(name, &arguments), expected, "{name}{arguments:?}");
    }
}

#[test]
fn text() {
    let pattern = "^[a-z]+$";
    check(vec![
        ("length", vec![s("Zoë")], Ok(int(3))),
        ("length", vec![Value::Bytes([1, 2].into())], Ok(int(2))),
        ("upper", vec![s("straße")], Ok(s("STRASSE"))),
        ("lower", vec![s("ÄB")], Ok(s("äb"))),
        ("trim", vec![s(" a ")], Ok(s("a"))),
        ("trim_start", vec![s(" a ")], Ok(s("a "))),
        ("trim_end", vec![s(" a ")], Ok(s(" a"))),
        ("is_empty", vec![s("")], Ok(yes())),
        ("is_blank", vec![s(" \n")], Ok(yes())),
        ("split", vec![s("a,,b"), s(",")], Ok(strings(&["a", "", "b"]))),
        ("split", vec![s("ab"), s("")], Err("R0009")),
        ("lines", vec![s("a\r\nb\n")], Ok(strings(&["a", "b"]))),
        ("words", vec![s(" a  b ")], Ok(strings(&["a", "b"]))),
        ("join", vec![strings(&["a", "b"]), s("-")], Ok(s("a-b"))),
        ("join", vec![strings(&["a", "b"])], Ok(s("ab"))),
        ("join", vec![list([])], Ok(s(""))),
        ("replace", vec![s("aXbX"), s("X"), s("--")], Ok(s("a--b--"))),
        ("replace", vec![s("ab"), s(""), s("x")], Err("R0009")),
        ("contains", vec![s("abc"), s("bc")], Ok(yes())),
        ("starts_with", vec![s("abc"), s("ab")], Ok(yes())),
        ("ends_with", vec![s("abc"), s("ab")], Ok(no())),
        ("index_of", vec![s("äbc"), s("c")], Ok(int(2))),
        ("index_of", vec![s("abc"), s("x")], Ok(none())),
        ("matches", vec![s("abc"), s(pattern)], Ok(yes())),
        ("matches", vec![s("aBc"), s(pattern)], Ok(no())),
        ("matches", vec![s("a"), s("(")], Err("R0009")),
        ("extract", vec![s("order 17."), s(r"order (\d+)")], Ok(s("17"))),
        ("extract", vec![s("order 17."), s(r"\d+")], Ok(s("17"))),
        ("extract", vec![s("order"), s(r"\d+")], Ok(none())),
        ("substring", vec![s("äbcd"), int(1), int(2)], Ok(s("bc"))),
        ("substring", vec![s("ab"), int(5), int(2)], Ok(s(""))),
        ("substring", vec![s("ab"), int(-1), int(2)], Err("R0009")),
        ("pad_start", vec![s("7"), int(3), s("0")], Ok(s("007"))),
        ("pad_end", vec![s("a"), int(3)], Ok(s("a  "))),
        ("repeat", vec![s("ab"), int(2)], Ok(s("abab"))),
        ("repeat", vec![s("ab"), int(i64::MAX)], Err("R0006")),
        ("pad_start", vec![s("a"), int(i64::MAX)], Err("R0006")),
        ("text", vec![float(1.0)], Ok(s("1.0"))),
        ("text", vec![dec("1.50")], Ok(s("1.50"))),
        ("text", vec![duration("PT90M")], Ok(s("1h30m"))),
        ("text", vec![strings(&["a\"b"])], Ok(s("[\"a\\\"b\"]"))),
        ("text", vec![record("m.Note", [("total", dec("3"))])], Ok(s("Note(total: 3)"))),
        ("text", vec![json("\"a\"")], Ok(s("a"))),
        ("text", vec![json("{\"a\":[1]}")], Ok(s("{\"a\":[1]}"))),
        ("url_encode", vec![s("a b/ü~")], Ok(s("a%20b%2F%C3%BC~"))),
        ("numbers", vec![s("1,234.50 of -3 (2026-01) 5%")], Ok(list(["1234.50", "-3", "2026", "1", "5"].map(dec)))),
        ("numbers", vec![s("1.000,50 or 1.234.567,8, 1.000")], Ok(list(["1000.50", "1234567.8", "1.000"].map(dec)))),
        (
            "numbers",
            vec![s("\u{661}\u{662} \u{FF13} 4\u{200B}5 \u{2212}6")],
            Ok(list(["12", "3", "45", "-6"].map(dec))),
        ),
        ("names_missing", vec![s("It is Bergen, not Oslo."), list([s("BERGEN")])], Ok(list([s("Oslo")]))),
        (
            "names_missing",
            vec![s("It is North, as \u{410}da said."), table(&["north"], vec![vec![s("ada")]])],
            Ok(list([s("\u{410}da")])),
        ),
        ("personal_data", vec![s("ada@example.com, DE89 3704 0044 0532 0130 00")], Ok(list([s("e-mail"), s("iban")]))),
        ("language", vec![s("Das ist der Text, und er ist kurz.")], Ok(s("de"))),
        ("language", vec![s("10.00")], Ok(Value::Absent)),
        ("likeness", vec![s("a b"), s("B c")], Ok(dec("0.5"))),
        ("names", vec![s("In Bergen and New York")], Ok(list([s("Bergen"), s("New York")]))),
        ("numbers", vec![list([float(-0.5), s("x7")])], Ok(list(["-0.5", "7"].map(dec)))),
        ("numbers", vec![table(&["a", "b"], vec![vec![int(1), s("2 3")]])], Ok(list(["1", "2", "3"].map(dec)))),
        ("redact", vec![int(5)], Ok(s("[redacted]"))),
    ]);
}

#[test]
fn hashes_are_of_values() {
    assert_eq!(run("hash", &[dec("1.0")]), run("hash", &[dec("1.00")]));
    assert_ne!(run("hash", &[s("1")]), run("hash", &[int(1)]));
}

#[test]
fn numbers() {
    check(vec![
        ("abs", vec![int(-3)], Ok(int(3))),
        ("abs", vec![int(i64::MIN)], Err("R0001")),
        ("abs", vec![dec("-1.5")], Ok(dec("1.5"))),
        ("abs", vec![float(-1.5)], Ok(float(1.5))),
        ("round", vec![dec("2.5")], Ok(dec("3"))),
        ("round", vec![dec("-2.5")], Ok(dec("-3"))),
        ("round", vec![dec("1.005"), int(2)], Ok(dec("1.01"))),
        ("round", vec![float(1.005), int(2)], Ok(float(1.01))),
        ("round", vec![float(1e300)], Ok(float(1e300))),
        ("round", vec![float(1e-300), int(2)], Ok(float(0.0))),
        ("round", vec![float(1.5), int(-1)], Err("R0009")),
        ("floor", vec![dec("-1.5")], Ok(int(-2))),
        ("floor", vec![float(-1.5)], Ok(int(-2))),
        ("ceil", vec![dec("1.1")], Ok(int(2))),
        ("ceil", vec![float(1e19)], Err("R0001")),
        ("floor", vec![float(f64::NAN)], Err("R0001")),
        ("clamp", vec![int(7), int(1), int(5)], Ok(int(5))),
        ("clamp", vec![int(7), int(5), int(1)], Err("R0009")),
        ("power", vec![int(2), int(62)], Ok(int(1 << 62))),
        ("power", vec![int(2), int(63)], Err("R0001")),
        ("power", vec![int(2), int(i64::MAX)], Err("R0001")),
        ("power", vec![int(1), int(i64::MAX)], Ok(int(1))),
        ("power", vec![int(2), int(-1)], Err("R0009")),
        ("power", vec![dec("2"), int(-2)], Ok(dec("0.25"))),
        ("power", vec![float(10.0), int(400)], Err("R0001")),
        ("square_root", vec![float(9.0)], Ok(float(3.0))),
        ("square_root", vec![float(-1.0)], Err("R0009")),
        ("to_int", vec![dec("5.00")], Ok(int(5))),
        ("to_int", vec![dec("5.1")], Err("R0004")),
        ("to_int", vec![float(5.5)], Err("R0004")),
        ("to_int", vec![float(9.3e18)], Err("R0001")),
        ("to_int", vec![float(-9_223_372_036_854_775_808.0)], Ok(int(i64::MIN))),
        ("to_int", vec![s("12")], Ok(int(12))),
        ("to_int", vec![s(" 12")], Err("R0004")),
        ("to_float", vec![dec("0.1")], Ok(float(0.1))),
        ("to_float", vec![int(3)], Ok(float(3.0))),
        ("to_float", vec![s("1e3")], Ok(float(1000.0))),
        ("to_float", vec![s("1e999")], Err("R0004")),
        ("to_decimal", vec![float(0.1)], Ok(dec("0.1"))),
        ("to_decimal", vec![float(1e30)], Err("R0001")),
        ("to_decimal", vec![int(3)], Ok(dec("3"))),
        ("to_decimal", vec![s("1_0")], Err("R0004")),
        ("parse_int", vec![s("x")], Ok(none())),
        ("parse_int", vec![s("-5")], Ok(int(-5))),
        ("parse_float", vec![s("x")], Ok(none())),
        ("parse_decimal", vec![s("1.10")], Ok(dec("1.10"))),
        ("parse_decimal", vec![s("1.00000000000000000000000000001")], Ok(none())),
        ("parse_bool", vec![s("true")], Ok(yes())),
        ("parse_bool", vec![s("yes")], Ok(none())),
    ]);
}

#[test]
fn maps_options_json() {
    let entries = || map([("a", int(1)), ("b", int(2))]);
    check(vec![
        ("count", vec![entries()], Ok(int(2))),
        ("is_empty", vec![map([])], Ok(yes())),
        ("keys", vec![entries()], Ok(strings(&["a", "b"]))),
        ("values", vec![entries()], Ok(ints(&[1, 2]))),
        ("get", vec![entries(), s("a")], Ok(int(1))),
        ("get", vec![entries(), s("x")], Ok(none())),
        ("at", vec![entries(), s("b")], Ok(int(2))),
        ("at", vec![entries(), s("x")], Err("R0003")),
        ("contains_key", vec![entries(), s("a")], Ok(yes())),
        ("insert", vec![map([]), s("a"), int(1)], Ok(map([("a", int(1))]))),
        ("remove", vec![entries(), s("b")], Ok(map([("a", int(1))]))),
        ("merge", vec![entries(), map([("b", int(3))])], Ok(map([("a", int(1)), ("b", int(3))]))),
        ("is_present", vec![none()], Ok(no())),
        ("is_absent", vec![none()], Ok(yes())),
        ("value_or", vec![none(), int(2)], Ok(int(2))),
        ("value_or", vec![int(1), int(2)], Ok(int(1))),
        ("required", vec![int(1)], Ok(int(1))),
        ("required", vec![none(), s("no rate")], Err("R0005")),
        ("present", vec![list([none(), int(1)])], Ok(ints(&[1]))),
        ("parse_json", vec![s("[1]")], Ok(json("[1]"))),
        ("parse_json", vec![s("[1")], Err("R0004")),
        ("parse_json", vec![s(&"[".repeat(100_000))], Err("R0004")),
        ("to_json", vec![entries()], Ok(json(r#"{"a":1,"b":2}"#))),
        ("get", vec![json(r#"{"a":1}"#), s("a")], Ok(json("1"))),
        ("get", vec![json("[]"), s("a")], Ok(none())),
        ("get", vec![json("[7]"), int(0)], Ok(json("7"))),
        ("at", vec![json("[7]"), int(1)], Err("R0003")),
        ("at", vec![json(r#"{"a":1}"#), s("b")], Err("R0003")),
        ("at", vec![json(r#"{"a":1}"#), s("a")], Ok(json("1"))),
        ("is_null", vec![json("null")], Ok(yes())),
        ("count", vec![json("[7]")], Ok(int(1))),
        ("items", vec![json("[7]")], Ok(list([json("7")]))),
        ("items", vec![json("7")], Err("R0004")),
        ("entries", vec![json(r#"{"a":1}"#)], Ok(map([("a", json("1"))]))),
        ("to_text", vec![json("\"a\"")], Ok(s("a"))),
        ("to_text", vec![json("1")], Err("R0004")),
        ("to_int", vec![json("1.0")], Ok(int(1))),
        ("to_int", vec![json("1.5")], Err("R0004")),
        ("to_float", vec![json("1.5")], Ok(float(1.5))),
        ("to_decimal", vec![json("1.5")], Ok(dec("1.5"))),
        ("to_bool", vec![json("true")], Ok(yes())),
    ]);
}

#[test]
fn time_and_zones() {
    let winter = "2026-11-22T23:30:00Z";
    check(vec![
        ("now", vec![], Ok(instant(winter))),
        ("today", vec![], Ok(date("2026-11-22"))),
        ("today", vec![s("Europe/Berlin")], Ok(date("2026-11-23"))),
        ("today", vec![s("Mars/Base")], Err("R0009")),
        ("yesterday", vec![], Ok(date("2026-11-21"))),
        ("tomorrow", vec![s("Europe/Berlin")], Ok(date("2026-11-24"))),
        ("age", vec![instant("2026-11-22T22:30:00Z")], Ok(duration("PT1H"))),
        ("add_days", vec![date("2026-12-31"), int(1)], Ok(date("2027-01-01"))),
        ("add_days", vec![date("2026-12-31"), int(i64::MAX)], Err("R0001")),
        ("add_weeks", vec![date("2026-01-01"), int(-1)], Ok(date("2025-12-25"))),
        ("add_months", vec![date("2026-01-31"), int(1)], Ok(date("2026-02-28"))),
        ("add_years", vec![date("2024-02-29"), int(1)], Ok(date("2025-02-28"))),
        ("days_between", vec![date("2026-03-01"), date("2026-02-27")], Ok(int(-2))),
        ("year", vec![date("2026-11-22")], Ok(int(2026))),
        ("month", vec![date("2026-11-22")], Ok(int(11))),
        ("day", vec![date("2026-11-22")], Ok(int(22))),
        ("weekday", vec![date("2026-11-22")], Ok(int(7))),
        ("week", vec![date("2027-01-01")], Ok(int(53))),
        ("first_of_month", vec![date("2026-11-22")], Ok(date("2026-11-01"))),
        ("last_of_month", vec![date("2024-02-10")], Ok(date("2024-02-29"))),
        ("start_of_day", vec![date("2026-07-01"), s("Europe/London")], Ok(instant("2026-06-30T23:00:00Z"))),
        ("start_of_day", vec![date("2026-07-01")], Ok(instant("2026-07-01T00:00:00Z"))),
        ("instant", vec![date("2026-10-25"), time("01:30"), s("Europe/London")], Ok(instant("2026-10-25T00:30:00Z"))),
        ("instant", vec![date("2026-03-29"), time("01:30"), s("Europe/London")], Ok(instant("2026-03-29T01:30:00Z"))),
        ("to_date", vec![instant(winter), s("Asia/Tokyo")], Ok(date("2026-11-23"))),
        ("to_date", vec![instant(winter)], Ok(date("2026-11-22"))),
        ("to_date", vec![s("2026-02-30")], Err("R0004")),
        ("to_date", vec![s("2026-02-03")], Ok(date("2026-02-03"))),
        ("to_time", vec![instant(winter), s("Asia/Tokyo")], Ok(time("08:30"))),
        ("to_timestamp", vec![s("2026-11-22T23:30:00+00:00")], Ok(instant(winter))),
        ("to_timestamp", vec![s("2026-11-22")], Err("R0004")),
        ("parse_date", vec![s("2026-02-03T10:00:00")], Ok(none())),
        ("parse_timestamp", vec![s("soon")], Ok(none())),
        ("parse_duration", vec![s("1h30m")], Ok(duration("PT90M"))),
        ("from_unix", vec![int(0)], Ok(instant("1970-01-01T00:00:00Z"))),
        ("from_unix", vec![int(i64::MAX)], Err("R0001")),
        ("to_unix", vec![instant("1970-01-01T00:01:00Z")], Ok(int(60))),
        ("format", vec![date("2026-11-22"), s("%d %B %Y")], Ok(s("22 November 2026"))),
        ("format", vec![date("2026-11-22"), s("%H")], Err("R0009")),
        ("format", vec![instant(winter), s("%H:%M"), s("Asia/Tokyo")], Ok(s("08:30"))),
        ("milliseconds", vec![int(1500)], Ok(duration("PT1.5S"))),
        ("seconds", vec![int(90)], Ok(duration("PT90S"))),
        ("minutes", vec![int(90)], Ok(duration("PT90M"))),
        ("hours", vec![int(i64::MAX)], Err("R0001")),
        ("days", vec![int(1)], Ok(duration("PT24H"))),
        ("in_seconds", vec![duration("PT1.5S")], Ok(dec("1.5"))),
        ("in_minutes", vec![duration("PT90S")], Ok(dec("1.5"))),
        ("in_hours", vec![duration("PT90M")], Ok(dec("1.5"))),
        ("in_days", vec![duration("PT36H")], Ok(dec("1.5"))),
    ]);
}

#[test]
fn lists() {
    check(vec![
        ("count", vec![ints(&[1, 2])], Ok(int(2))),
        ("is_empty", vec![list([])], Ok(yes())),
        ("at", vec![ints(&[1, 2]), int(1)], Ok(int(2))),
        ("at", vec![ints(&[1, 2]), int(-1)], Err("R0003")),
        ("get", vec![ints(&[1, 2]), int(2)], Ok(none())),
        ("contains", vec![strings(&["a"]), s("a")], Ok(yes())),
        ("index_of", vec![ints(&[5, 7]), int(7)], Ok(int(1))),
        ("flatten", vec![list([ints(&[1]), ints(&[]), ints(&[2])])], Ok(ints(&[1, 2]))),
        ("chunk", vec![ints(&[1, 2, 3]), int(2)], Ok(list([ints(&[1, 2]), ints(&[3])]))),
        ("chunk", vec![ints(&[1]), int(0)], Err("R0009")),
        ("sort", vec![list([int(3), none(), int(1)])], Ok(list([int(1), int(3), none()]))),
        ("sum", vec![ints(&[1, 2])], Ok(int(3))),
        ("sum", vec![list([])], Ok(int(0))),
        ("sum", vec![list([]), float(0.0)], Ok(float(0.0))),
        ("sum", vec![ints(&[i64::MAX, 1])], Err("R0001")),
        ("sum", vec![list([int(1), none()])], Err("R0005")),
        ("min", vec![ints(&[3, 1])], Ok(int(1))),
        ("max", vec![ints(&[])], Ok(none())),
        ("max", vec![list([none(), int(1)])], Ok(int(1))),
        ("min", vec![int(3), int(1)], Ok(int(1))),
        ("max", vec![int(3), dec("3.5")], Ok(dec("3.5"))),
        ("first", vec![ints(&[3, 1])], Ok(int(3))),
        ("last", vec![ints(&[3, 1])], Ok(int(1))),
        ("last", vec![ints(&[])], Ok(none())),
        ("take", vec![ints(&[1, 2, 3]), int(2)], Ok(ints(&[1, 2]))),
        ("take", vec![ints(&[1]), int(-2)], Err("R0009")),
        ("skip", vec![ints(&[1, 2, 3]), int(2)], Ok(ints(&[3]))),
        ("reverse", vec![ints(&[1, 2])], Ok(ints(&[2, 1]))),
        ("distinct", vec![list([dec("1.0"), dec("1.00"), dec("2")])], Ok(list([dec("1"), dec("2")]))),
        ("average", vec![ints(&[1, 2])], Ok(dec("1.5"))),
        ("average", vec![list([float(1.0), float(2.0)])], Ok(float(1.5))),
        ("average", vec![list([])], Ok(none())),
        ("median", vec![ints(&[5, 1, 3])], Ok(dec("3"))),
        ("median", vec![list([float(1.0), float(2.0)])], Ok(float(1.5))),
        ("percentile", vec![ints(&[0, 10]), dec("0.95")], Ok(dec("9.5"))),
        ("percentile", vec![list([float(0.0), float(10.0)]), dec("0.5")], Ok(float(5.0))),
        ("percentile", vec![ints(&[1]), dec("1.5")], Err("R0009")),
        ("stddev", vec![ints(&[1])], Ok(none())),
        ("stddev", vec![ints(&[2, 4, 4, 4, 5, 5, 7, 9, 5])], Ok(float(2.0))),
        ("correlation", vec![ints(&[1, 2, 3]), ints(&[2, 4, 6])], Ok(float(1.0))),
        ("correlation", vec![ints(&[1, 2, 3]), ints(&[5, 5, 5])], Ok(none())),
        ("correlation", vec![ints(&[1, 2]), ints(&[5])], Err("R0009")),
    ]);
}

/// `name(items, x => body(x), more…)`
fn with_lambda(name: &str, items: Value, body: flow_expr::Expr, more: Vec<Value>) -> Result<Value, &'static str> {
    let mut arguments = vec![c(items), lambda(&[1], body)];
    arguments.extend(more.into_iter().map(c));
    eval(&builtin(name, arguments)).map_err(|error| error.code.as_str())
}

#[test]
fn functions_over_lists() {
    let double = || binary(BinaryOp::Multiply, var(1), c(int(2)));
    let big = || binary(BinaryOp::Greater, var(1), c(int(1)));
    let odd = || binary(BinaryOp::Remainder, var(1), c(int(2)));
    let items = || ints(&[3, 1, 2]);
    assert_eq!(with_lambda("map", items(), double(), vec![]), Ok(ints(&[6, 2, 4])));
    assert_eq!(with_lambda("filter", items(), big(), vec![]), Ok(ints(&[3, 2])));
    assert_eq!(with_lambda("count", items(), big(), vec![]), Ok(int(2)));
    assert_eq!(with_lambda("any", items(), big(), vec![]), Ok(yes()));
    assert_eq!(with_lambda("any", ints(&[]), big(), vec![]), Ok(no()));
    assert_eq!(with_lambda("all", items(), big(), vec![]), Ok(no()));
    assert_eq!(with_lambda("all", ints(&[]), big(), vec![]), Ok(yes()));
    assert_eq!(with_lambda("find", items(), big(), vec![]), Ok(int(3)));
    assert_eq!(with_lambda("find", ints(&[1]), big(), vec![]), Ok(none()));
    assert_eq!(with_lambda("sum", items(), double(), vec![]), Ok(int(12)));
    assert_eq!(with_lambda("sum", ints(&[]), double(), vec![dec("0")]), Ok(dec("0")));
    assert_eq!(with_lambda("min", items(), double(), vec![]), Ok(int(2)));
    assert_eq!(with_lambda("max", items(), double(), vec![]), Ok(int(6)));
    assert_eq!(with_lambda("min_by", items(), odd(), vec![]), Ok(int(2)));
    assert_eq!(with_lambda("max_by", items(), odd(), vec![]), Ok(int(3)));
    assert_eq!(with_lambda("sort_by", items(), odd(), vec![]), Ok(ints(&[2, 3, 1])));
    assert_eq!(with_lambda("average", items(), double(), vec![]), Ok(dec("4")));
    assert_eq!(with_lambda("median", items(), double(), vec![]), Ok(dec("4")));
    assert_eq!(
        with_lambda("flat_map", items(), e(flow_expr::ExprKind::List(vec![var(1), var(1)])), vec![]),
        Ok(ints(&[3, 3, 1, 1, 2, 2]))
    );
    assert_eq!(with_lambda("map_values", map([("a", int(1))]), double(), vec![]), Ok(map([("a", int(2))])));
    assert_eq!(with_lambda("filter", items(), double(), vec![]), Err("R0008"));
    let text = || builtin("text", vec![odd()]);
    assert_eq!(with_lambda("group_by", items(), text(), vec![]), Ok(map([("0", ints(&[2])), ("1", ints(&[3, 1]))])));
    assert_eq!(with_lambda("index_by", ints(&[2, 1]), text(), vec![]), Ok(map([("0", int(2)), ("1", int(1))])));
    assert_eq!(with_lambda("index_by", items(), text(), vec![]), Err("R0009"));
    let zip = |others| {
        let body = binary(BinaryOp::Add, var(1), var(2));
        eval(&builtin("zip", vec![c(items()), c(others), lambda(&[1, 2], body)])).map_err(|error| error.code.as_str())
    };
    assert_eq!(zip(ints(&[10, 20, 30])), Ok(ints(&[13, 21, 32])));
    assert_eq!(zip(ints(&[10])), Err("R0009"));
}

#[test]
fn functions_over_tables() {
    let rows =
        || table(&["day", "amount"], vec![vec![s("a"), dec("3")], vec![s("b"), dec("1")], vec![s("a"), dec("2")]]);
    let amount = || field(var(1), "amount");
    let big = || binary(BinaryOp::Greater, amount(), c(int(1)));
    assert_eq!(run("count", &[rows()]), Ok(int(3)));
    assert_eq!(run("is_empty", &[rows()]), Ok(no()));
    assert_eq!(run("columns", &[rows()]), Ok(strings(&["day", "amount"])));
    assert_eq!(with_lambda("sum", rows(), amount(), vec![dec("0")]), Ok(dec("6")));
    assert_eq!(with_lambda("average", rows(), amount(), vec![]), Ok(dec("2")));
    assert_eq!(with_lambda("median", rows(), amount(), vec![]), Ok(dec("2")));
    assert_eq!(with_lambda("percentile", rows(), amount(), vec![dec("0.5")]), Ok(dec("2")));
    assert_eq!(with_lambda("stddev", rows(), amount(), vec![]), Ok(float(1.0)));
    assert_eq!(with_lambda("min", rows(), amount(), vec![]), Ok(dec("1")));
    assert_eq!(with_lambda("max", rows(), amount(), vec![]), Ok(dec("3")));
    assert_eq!(with_lambda("count", rows(), big(), vec![]), Ok(int(2)));
    assert_eq!(with_lambda("any", rows(), big(), vec![]), Ok(yes()));
    assert_eq!(with_lambda("all", rows(), big(), vec![]), Ok(no()));
    assert_eq!(with_lambda("map", rows(), amount(), vec![]), Ok(list([dec("3"), dec("1"), dec("2")])));
    let row = |day: &'static str, amount: &str| record("m.Row", [("day", s(day)), ("amount", dec(amount))]);
    assert_eq!(with_lambda("max_by", rows(), amount(), vec![]), Ok(row("a", "3")));
    assert_eq!(with_lambda("min_by", rows(), amount(), vec![]), Ok(row("b", "1")));
    assert_eq!(with_lambda("find", rows(), big(), vec![]), Ok(row("a", "3")));
    assert_eq!(with_lambda("map", rows(), var(1), vec![]), run("to_list", &[rows()]));
    let groups = map([("a", list([row("a", "3"), row("a", "2")])), ("b", list([row("b", "1")]))]);
    assert_eq!(with_lambda("group_by", rows(), field(var(1), "day"), vec![]), Ok(groups));
    assert_eq!(with_lambda("index_by", rows(), field(var(1), "day"), vec![]), Err("R0009"));
    let sorted = with_lambda("sort_by", rows(), amount(), vec![]).unwrap();
    let two = run("take", &[sorted, int(2)]).unwrap();
    assert_eq!(two, table(&["day", "amount"], vec![vec![s("b"), dec("1")], vec![s("a"), dec("2")]]));
    assert_eq!(run("first", std::slice::from_ref(&two)), Ok(row("b", "1")));
    assert_eq!(run("last", &[run("reverse", std::slice::from_ref(&two)).unwrap()]), Ok(row("b", "1")));
    assert_eq!(run("count", &[run("skip", &[two, int(1)]).unwrap()]), Ok(int(1)));
    assert_eq!(
        run("count", &[run("distinct", &[with_lambda("filter", rows(), big(), vec![]).unwrap()]).unwrap()]),
        Ok(int(2))
    );
    let both = builtin("correlation", vec![c(rows()), lambda(&[1], amount()), lambda(&[1], amount())]);
    assert_eq!(eval(&both).unwrap(), float(1.0));
}

#[test]
fn nested_tables_keep_their_columns_apart() {
    let orders = table(&["id", "customer"], vec![vec![int(1), int(7)], vec![int(2), int(8)]]);
    let customers = table(&["name", "id"], vec![vec![s("ada"), int(8)]]);
    let known = binary(BinaryOp::Equal, field(var(2), "id"), field(var(1), "customer"));
    let body = builtin("any", vec![c(customers), lambda(&[2], known)]);
    let chosen = with_lambda("filter", orders, body, vec![]).unwrap();
    assert_eq!(chosen, table(&["id", "customer"], vec![vec![int(2), int(8)]]));
}

#[test]
fn an_error_in_a_row_names_it() {
    let rows = table(&["amount"], vec![vec![dec("1")], vec![dec("0")]]);
    let body = binary(BinaryOp::Divide, c(int(1)), field(var(1), "amount"));
    let error = eval(&builtin("map", vec![c(rows), lambda(&[1], body)])).unwrap_err();
    assert_eq!((error.code.as_str(), error.row), ("R0002", Some(1)));
}

#[test]
fn every_signature_is_well_formed() {
    let mut seen = BTreeSet::new();
    for builtin in builtins() {
        let signature = builtin.signature();
        let shown = format!("{builtin:?}");
        assert!(seen.insert(shown.clone()), "{shown} twice");
        let defaults: Vec<bool> = signature.params.iter().map(|param| param.default.is_some()).collect();
        assert!(defaults.is_sorted(), "{shown}: parameters with defaults come last");
        assert!(builtin.docs.ends_with('.'), "{shown}: docs are sentences");
        assert!(builtin.module.starts_with("std."));
        assert!(overloads(builtin.name).iter().any(|other| std::ptr::eq(*other, builtin)));
        assert_eq!(builtin.text, signature.to_string(), "{shown}");
    }
    assert!(seen.len() > 150);
}

#[test]
fn resolution_by_types() {
    let types = TypeTable::default();
    let resolved = |name: &str, arguments: &[Option<Type>]| {
        let found = resolve(name, arguments, &types);
        found.first().map(|(builtin, bindings)| bindings.apply(&builtin.signature().result))
    };
    let list = |item: Type| Some(Type::List(item.into()));
    assert_eq!(resolved("sum", &[list(Type::Decimal)]), Some(Type::Decimal));
    assert_eq!(resolved("sum", &[list(Type::String)]), None);
    assert_eq!(resolved("count", &[Some(Type::Table(Type::String.into()))]), Some(Type::Int));
    assert_eq!(resolved("max", &[list(Type::Date)]), Some(Type::Date.optional()));
    assert_eq!(resolved("max", &[Some(Type::Int), Some(Type::Decimal)]), Some(Type::Decimal));
    assert_eq!(resolved("average", &[list(Type::Int)]), Some(Type::Decimal.optional()));
    assert_eq!(resolved("average", &[list(Type::Float)]), Some(Type::Float.optional()));
    assert_eq!(resolved("round", &[Some(Type::Float)]), Some(Type::Float));
    assert_eq!(resolved("round", &[Some(Type::Int), Some(Type::Int)]), Some(Type::Decimal));
    assert_eq!(resolved("round", &[Some(Type::Int), Some(Type::Int), Some(Type::Int)]), None);
    assert_eq!(resolved("value_or", &[Some(Type::Int.optional()), Some(Type::Int)]), Some(Type::Int));
    assert_eq!(resolved("length", &[Some(Type::String.optional())]), None);
    assert_eq!(resolved("length", &[Some(Type::Unknown)]), Some(Type::Int));
    assert_eq!(resolved("no_such", &[]), None);
    // A lambda: first its parameter, then its result.
    let (map, mut bindings) = resolve("map", &[list(Type::Int), None], &types).remove(0);
    let flow_expr::builtins::TypePattern::Function(params, result) = &map.signature().params[1].ty else { panic!() };
    assert_eq!(bindings.apply(&params[0]), Type::Int);
    assert!(bindings.bind(result, &Type::String, &types));
    assert_eq!(bindings.apply(&map.signature().result), Type::List(Type::String.into()));
}
