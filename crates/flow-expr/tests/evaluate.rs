//! Expressions: operators, control flow, records, functions, bounds.

mod common;

use common::*;
use flow_expr::{
    Arm, BinaryOp, Context, Expr, ExprKind, Field, Function, Limits, Name, Part, Pattern, Refinement, Type, TypeDef,
    TypeTable, UnaryOp, Value, VarId, Variant, VariantValue, evaluate,
};
use std::{collections::BTreeMap, sync::Arc};

fn code(expr: &Expr) -> Result<Value, &'static str> {
    eval(expr).map_err(|error| error.code.as_str())
}

fn operate(op: BinaryOp, left: Value, right: Value) -> Result<Value, &'static str> {
    code(&binary(op, c(left), c(right)))
}

fn boolean(flag: bool) -> Value {
    Value::Bool(flag)
}

#[test]
fn arithmetic() {
    use BinaryOp::{Add, Divide, Multiply, Remainder, Subtract};
    let cases = [
        (Add, int(i64::MAX), int(1), Err("R0001")),
        (Subtract, int(i64::MIN), int(1), Err("R0001")),
        (Multiply, int(i64::MIN), int(-1), Err("R0001")),
        (Divide, int(i64::MIN), int(-1), Err("R0001")),
        (Remainder, int(i64::MIN), int(-1), Ok(int(0))),
        (Divide, int(-7), int(2), Ok(int(-3))),
        (Remainder, int(-7), int(2), Ok(int(-1))),
        (Divide, int(1), int(0), Err("R0002")),
        (Remainder, int(1), int(0), Err("R0002")),
        (Add, dec("0.1"), dec("0.2"), Ok(dec("0.3"))),
        (Multiply, dec("1.10"), int(3), Ok(dec("3.3"))),
        (Divide, dec("1"), dec("0.0"), Err("R0002")),
        (Multiply, dec("79228162514264337593543950335"), dec("2"), Err("R0001")),
        (Add, float(1e308), float(1e308), Err("R0001")),
        (Divide, float(1.0), float(0.0), Err("R0002")),
        (Add, float(f64::INFINITY), float(1.0), Ok(float(f64::INFINITY))),
        (Add, s("a"), s("b"), Ok(s("ab"))),
        (Add, ints(&[1]), ints(&[2]), Ok(ints(&[1, 2]))),
        (Add, duration("PT1H"), duration("PT30M"), Ok(duration("PT90M"))),
        (Multiply, duration("PT1H"), int(3), Ok(duration("PT3H"))),
        (Multiply, duration("PT1H"), int(i64::MAX), Err("R0001")),
        (Divide, duration("PT1H"), int(0), Err("R0002")),
        (Divide, duration("PT1H"), int(2), Ok(duration("PT30M"))),
        (Add, instant("2026-01-01T00:00:00Z"), duration("PT1H"), Ok(instant("2026-01-01T01:00:00Z"))),
        (Subtract, instant("2026-01-02T00:00:00Z"), instant("2026-01-01T00:00:00Z"), Ok(duration("PT24H"))),
        (Add, instant("9999-12-30T00:00:00Z"), duration("PT99999H"), Err("R0001")),
        (Add, date("2026-02-28"), duration("PT24H"), Ok(date("2026-03-01"))),
        (Add, date("2026-02-28"), duration("PT1H"), Err("R0009")),
        (Subtract, date("2026-03-01"), date("2026-02-28"), Ok(duration("PT24H"))),
        (Add, time("23:00"), duration("PT2H"), Err("R0001")),
        (Add, time("22:00"), duration("PT1H"), Ok(time("23:00"))),
        (Add, Value::Absent, int(1), Err("R0005")),
        (Add, int(1), s("a"), Err("R0008")),
        (Add, int(1), float(1.0), Err("R0008")),
    ];
    for (op, left, right, expected) in cases {
        assert_eq!(operate(op, left.clone(), right.clone()), expected, "{left:?} {op:?} {right:?}");
    }
    let negate = |value| code(&e(ExprKind::Unary(UnaryOp::Negate, Box::new(c(value)))));
    assert_eq!(negate(int(i64::MIN)), Err("R0001"));
    assert_eq!(negate(dec("1.5")), Ok(dec("-1.5")));
    assert_eq!(code(&e(ExprKind::Unary(UnaryOp::Not, Box::new(c(boolean(true)))))), Ok(boolean(false)));
}

#[test]
fn comparison() {
    use BinaryOp::{Equal, Greater, Less, LessEqual, NotEqual};
    let cases = [
        (Less, int(1), dec("1.5"), Ok(boolean(true))),
        (Equal, int(1), dec("1.0"), Ok(boolean(true))),
        (NotEqual, int(1), dec("1.0"), Ok(boolean(false))),
        (Equal, s("a"), Value::Absent, Ok(boolean(false))),
        (Equal, Value::Absent, Value::Absent, Ok(boolean(true))),
        (Less, Value::Absent, int(1), Err("R0005")),
        (Equal, int(1), s("1"), Err("R0008")),
        (Less, ints(&[1, 2]), ints(&[1, 3]), Ok(boolean(true))),
        (Greater, s("b"), s("a"), Ok(boolean(true))),
        (LessEqual, date("2026-01-01"), date("2026-01-01"), Ok(boolean(true))),
        (Less, map([]), map([]), Err("R0008")),
    ];
    for (op, left, right, expected) in cases {
        assert_eq!(operate(op, left.clone(), right.clone()), expected, "{left:?} {op:?} {right:?}");
    }
}

#[test]
fn only_what_is_needed_is_evaluated() {
    let broken = || binary(BinaryOp::Divide, c(int(1)), c(int(0)));
    let broken_condition = || binary(BinaryOp::Equal, broken(), c(int(1)));
    assert_eq!(code(&binary(BinaryOp::And, c(boolean(false)), broken_condition())), Ok(boolean(false)));
    assert_eq!(code(&binary(BinaryOp::Or, c(boolean(true)), broken_condition())), Ok(boolean(true)));
    assert_eq!(code(&binary(BinaryOp::Or, c(boolean(false)), broken_condition())), Err("R0002"));
    assert_eq!(code(&binary(BinaryOp::Coalesce, c(int(2)), broken())), Ok(int(2)));
    assert_eq!(code(&binary(BinaryOp::Coalesce, c(Value::Absent), broken())), Err("R0002"));
    let choose = |flag| e(ExprKind::If(Box::new(c(boolean(flag))), Box::new(c(int(1))), Box::new(broken())));
    assert_eq!(code(&choose(true)), Ok(int(1)));
    assert_eq!(code(&choose(false)), Err("R0002"));
}

fn region() -> TypeTable {
    let plain = |name: &str| Variant { name: name.into(), payload: vec![] };
    let radius = Field { name: "radius".into(), ty: Type::Int, refinement: None, labels: vec![] };
    let circle = Variant { name: "Circle".into(), payload: vec![radius] };
    let positive =
        Refinement { condition: binary(BinaryOp::Greater, var(VarId::IT.0), c(int(0))), text: "it > 0".into() };
    let field = |name: &str, ty| Field { name: name.into(), ty, refinement: None, labels: vec![] };
    let amount = Field { refinement: Some(positive.clone()), ..field("amount", Type::Named(Name::new("m.Even"))) };
    let even = binary(BinaryOp::Equal, binary(BinaryOp::Remainder, var(VarId::IT.0), c(int(2))), c(int(0)));
    let even = Refinement { condition: even, text: "it % 2 == 0".into() };
    TypeTable(BTreeMap::from([
        (Name::new("m.Region"), TypeDef::Enum(vec![plain("South"), plain("North"), circle])),
        (Name::new("m.Even"), TypeDef::Refined { base: Type::Int, refinement: even, labels: vec![] }),
        (Name::new("m.Order"), TypeDef::Record(vec![amount, field("note", Type::String.optional())])),
    ]))
}

fn variant(name: &str, fields: Vec<(Arc<str>, Value)>) -> Value {
    Value::Variant(Arc::new(VariantValue { ty: Name::new("m.Region"), variant: name.into(), fields }))
}

fn typed(expr: &Expr) -> Result<Value, (&'static str, String)> {
    let types = region();
    let context = Context { types: &types, ..context() };
    evaluate(expr, &(), &context).map_err(|error| (error.code.as_str(), error.message))
}

#[test]
fn records_and_variants_keep_their_promises() {
    let order = |base: Option<Value>, fields: Vec<(&str, Value)>| {
        let fields = fields.into_iter().map(|(name, value)| (Arc::from(name), c(value))).collect();
        e(ExprKind::Record { ty: Name::new("m.Order"), base: base.map(|base| Box::new(c(base))), fields })
    };
    let made = typed(&order(None, vec![("amount", int(4))])).unwrap();
    assert_eq!(made, record("m.Order", [("amount", int(4)), ("note", Value::Absent)]));
    let changed = typed(&order(Some(made.clone()), vec![("note", s("x"))])).unwrap();
    assert_eq!(changed, record("m.Order", [("amount", int(4)), ("note", s("x"))]));
    let broken = typed(&order(Some(made.clone()), vec![("amount", int(-2))])).unwrap_err();
    assert_eq!(broken, ("R0007", "`amount` must satisfy `it > 0`, found -2".to_owned()));
    let broken = typed(&order(Some(made), vec![("amount", int(3))])).unwrap_err();
    assert_eq!(broken, ("R0007", "`amount` must satisfy `it % 2 == 0`, found 3".to_owned()));
    assert_eq!(typed(&order(None, vec![])).unwrap_err().0, "R0008");
    assert_eq!(typed(&order(None, vec![("amount", int(4)), ("nope", int(1))])).unwrap_err().0, "R0008");

    let order_of = |name: &str| variant(name, vec![]);
    let less = binary(BinaryOp::Less, c(order_of("South")), c(order_of("North")));
    assert_eq!(typed(&less), Ok(boolean(true)));
    let circle = e(ExprKind::Variant {
        ty: Name::new("m.Region"),
        variant: "Circle".into(),
        fields: vec![("radius".into(), c(int(3)))],
    });
    assert_eq!(typed(&field(circle, "radius")), Ok(int(3)));
    let sorted = builtin("sort", vec![c(list([order_of("North"), order_of("South")]))]);
    assert_eq!(typed(&sorted), Ok(list([order_of("South"), order_of("North")])));
}

#[test]
fn matching() {
    let arm = |pattern, body| Arm { pattern, condition: None, body };
    let circle = |pattern| Pattern::Variant("Circle".into(), vec![("radius".into(), pattern)]);
    let describe = |subject: Value| {
        let big = Arm {
            pattern: circle(Pattern::Bind(VarId(1))),
            condition: Some(binary(BinaryOp::Greater, var(1), c(int(10)))),
            body: c(s("big")),
        };
        let either = Pattern::Either(vec![Pattern::Const(int(1)), Pattern::Const(dec("2"))]);
        let arms = vec![
            big,
            arm(circle(Pattern::Bind(VarId(2))), builtin("text", vec![var(2)])),
            arm(Pattern::Absent, c(s("none"))),
            arm(either, c(s("one or two"))),
            arm(Pattern::Variant("North".into(), vec![]), c(s("north"))),
        ];
        typed(&e(ExprKind::Match(Box::new(c(subject)), arms))).map_err(|(code, _)| code)
    };
    assert_eq!(describe(variant("Circle", vec![("radius".into(), int(11))])), Ok(s("big")));
    assert_eq!(describe(variant("Circle", vec![("radius".into(), int(3))])), Ok(s("3")));
    assert_eq!(describe(Value::Absent), Ok(s("none")));
    assert_eq!(describe(int(2)), Ok(s("one or two")));
    assert_eq!(describe(variant("North", vec![])), Ok(s("north")));
    assert_eq!(describe(variant("South", vec![])), Err("R0003"));
}

#[test]
fn fields_of_what_may_not_be_there() {
    assert_eq!(code(&field(c(Value::Absent), "a")), Err("R0005"));
    assert_eq!(code(&field(c(record("m.R", [("a", int(1))])), "b")), Err("R0003"));
    assert_eq!(code(&field(c(json(r#"{"a": 1}"#)), "a")), Ok(json("1")));
    assert_eq!(code(&field(c(json(r#"{"a": 1}"#)), "b")), Err("R0003"));
    assert_eq!(code(&field(c(json("[1]")), "b")), Err("R0004"));
    assert_eq!(code(&field(c(int(1)), "b")), Err("R0008"));
    assert_eq!(code(&var(7)), Err("R0008"));
}

#[test]
fn ranges_are_inclusive_and_bounded() {
    let range = |low, high| code(&e(ExprKind::Range(Box::new(c(low)), Box::new(c(high)))));
    assert_eq!(range(int(1), int(3)), Ok(ints(&[1, 2, 3])));
    assert_eq!(range(int(3), int(1)), Ok(ints(&[])));
    assert_eq!(range(int(0), int(1_000_000_000_000_000_000)), Err("R0006"));
    assert_eq!(range(int(i64::MIN), int(i64::MAX)), Err("R0006"));
    assert_eq!(range(int(i64::MAX), int(i64::MAX)), Ok(ints(&[i64::MAX])));
    let days = ["2026-02-28", "2026-03-01"].map(date);
    assert_eq!(range(date("2026-02-28"), date("2026-03-01")), Ok(list(days)));
    assert_eq!(range(date("9999-12-31"), date("9999-12-31")), Ok(list([date("9999-12-31")])));
    assert_eq!(range(date("2026-03-01"), date("2026-02-01")), Ok(list([])));
}

#[test]
fn holes() {
    let rows = table(
        &["day", "note"],
        vec![vec![date("2026-01-01"), s("a,\"b\"\n")], vec![date("2026-01-02"), Value::Absent]],
    );
    let print = |value: Value, format: Option<&str>| {
        let parts = vec![Part::Text("<".into()), Part::Hole(c(value), format.map(Arc::from)), Part::Text(">".into())];
        code(&e(ExprKind::Interpolate(parts)))
    };
    assert_eq!(print(dec("1.50"), None), Ok(s("<1.50>")));
    assert_eq!(print(Value::Absent, None), Ok(s("<none>")));
    assert_eq!(print(rows.clone(), Some("csv")), Ok(s("<day,note\n2026-01-01,\"a,\"\"b\"\"\n\"\n2026-01-02,\n>")));
    let markdown = "<| day | note |\n| --- | --- |\n| 2026-01-01 | a,\"b\"  |\n| 2026-01-02 |  |\n>";
    assert_eq!(print(rows.clone(), Some("markdown")), Ok(s(markdown)));
    assert_eq!(
        print(rows.clone(), Some("json")),
        Ok(s("<[{\"day\":\"2026-01-01\",\"note\":\"a,\\\"b\\\"\\n\"},{\"day\":\"2026-01-02\",\"note\":null}]>"))
    );
    assert_eq!(print(rows, Some("xml")), Err("R0009"));
    assert_eq!(print(int(1), Some("csv")), Err("R0009"));
    let long = table(&["n"], (0..1003).map(|n| vec![int(n)]).collect());
    let Ok(Value::String(text)) = print(long, Some("csv")) else { panic!("no text") };
    assert!(text.ends_with("999\n(3 more rows not shown)\n>"), "{text}");
}

#[test]
fn functions_see_their_parameters_only_and_closures_what_they_took_along() {
    let name = Name::new("m.add");
    let add = Function { params: vec![VarId(1), VarId(2)], body: binary(BinaryOp::Add, var(1), var(2)) };
    let nosy = Function { params: vec![], body: var(9) };
    let functions = BTreeMap::from([(name.clone(), add), (Name::new("m.nosy"), nosy)]);
    let context = Context { functions: &functions, ..context() };
    let scope = BTreeMap::from([(VarId(9), int(40))]);
    let call = |name: &Name, arguments| e(ExprKind::Call(name.clone(), arguments));
    assert_eq!(evaluate(&call(&name, vec![var(9), c(int(2))]), &scope, &context), Ok(int(42)));
    assert_eq!(evaluate(&call(&Name::new("m.nosy"), vec![]), &scope, &context).unwrap_err().code.as_str(), "R0008");
    assert_eq!(evaluate(&call(&name, vec![]), &scope, &context).unwrap_err().code.as_str(), "R0008");
    // A lambda chosen by a condition is a value: `xs.map(if true { x => x + y } else { … })`.
    let plus = lambda(&[1], binary(BinaryOp::Add, var(1), var(9)));
    let chosen = e(ExprKind::If(Box::new(c(boolean(true))), Box::new(plus.clone()), Box::new(plus)));
    assert_eq!(evaluate(&builtin("map", vec![c(ints(&[1])), chosen]), &scope, &context), Ok(ints(&[41])));
    let wrong = builtin("map", vec![c(ints(&[1])), lambda(&[1, 2], var(1))]);
    assert_eq!(code(&wrong), Err("R0008"));
}

/// A function that calls itself, and nesting and chains as long as a file allows, on the smallest stack around.
#[test]
fn depth_is_bounded() {
    let run = |work: fn()| {
        std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
    };
    run(|| {
        let name = Name::new("m.f");
        let body = e(ExprKind::List(vec![e(ExprKind::If(
            Box::new(c(boolean(true))),
            Box::new(builtin("map", vec![c(ints(&[1])), lambda(&[2], e(ExprKind::Call(name.clone(), vec![var(2)])))])),
            Box::new(c(int(0))),
        ))]));
        let functions = BTreeMap::from([(name.clone(), Function { params: vec![VarId(1)], body })]);
        let context = Context { functions: &functions, ..context() };
        let error = evaluate(&e(ExprKind::Call(name, vec![c(int(1))])), &(), &context).unwrap_err();
        assert_eq!(error.code.as_str(), "R0006");
    });
    run(|| {
        let nested = (0..256).fold(c(int(1)), |inner, _| e(ExprKind::Unary(UnaryOp::Negate, Box::new(inner))));
        assert_eq!(eval(&nested), Ok(int(1)));
        let chain = (0..10_000).fold(c(int(0)), |left, _| binary(BinaryOp::Add, left, c(int(1))));
        assert_eq!(eval(&chain), Ok(int(10_000)));
        // Dropping it recurses; a parser's own bound is far below.
        std::mem::forget(chain);
    });
}

#[test]
fn work_and_output_are_bounded() {
    let doubled = |steps: u32| {
        // x => x + x, again and again.
        let functions: BTreeMap<Name, Function> = (0..steps)
            .map(|step| {
                let body = if step == 0 {
                    c(s("0123456789"))
                } else {
                    let inner = e(ExprKind::Call(Name::new(format!("m.f{}", step - 1)), vec![]));
                    builtin("repeat", vec![inner, c(int(2))])
                };
                (Name::new(format!("m.f{step}")), Function { params: vec![], body })
            })
            .collect();
        let context = Context { functions: &functions, ..context() };
        evaluate(&e(ExprKind::Call(Name::new(format!("m.f{}", steps - 1)), vec![])), &(), &context)
            .map_err(|error| error.code.as_str())
    };
    assert!(doubled(10).is_ok());
    assert_eq!(doubled(60), Err("R0006"));
    // Small in memory, endless unfolded: a list of the list before it, twice.
    let mut value = int(1);
    for _ in 0..60 {
        value = list([value.clone(), value]);
    }
    let limits = Limits { steps: 1_000_000, ..Limits::default() };
    let context = Context { limits, ..context() };
    for name in ["text", "hash", "to_json", "distinct", "numbers"] {
        let error = evaluate(&builtin(name, vec![c(value.clone())]), &(), &context).unwrap_err();
        assert_eq!(error.code.as_str(), "R0006", "{name}");
    }
    let same = binary(BinaryOp::Equal, c(value.clone()), c(value.clone()));
    assert_eq!(evaluate(&same, &(), &context).unwrap_err().code.as_str(), "R0006");
    let part = Part::Hole(c(value), None);
    assert_eq!(evaluate(&e(ExprKind::Interpolate(vec![part])), &(), &context).unwrap_err().code.as_str(), "R0006");
}
