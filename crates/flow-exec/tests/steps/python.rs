//! `python` steps: parameters of every kind, results, and errors that point at the author's own lines.

use crate::support::{Bench, string};
use flow_diag::Span;
use flow_expr::{MapKey, Name, Record, Table, Type, Value, VariantValue};
use flow_plan::{Body, ErrorClass};
use std::{collections::BTreeMap, sync::Arc};

fn record(fields: &[(&str, Value)]) -> Value {
    let fields = fields.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect();
    Value::Record(Arc::new(Record { ty: Name::new("main.R"), fields }))
}

fn variant(name: &str, fields: Vec<(Arc<str>, Value)>) -> Value {
    Value::Variant(Arc::new(VariantValue { ty: Name::new("main.V"), variant: name.into(), fields }))
}

#[tokio::test]
async fn every_kind_of_value_arrives_as_what_it_is() {
    let day = "2024-02-29".parse().unwrap();
    let map = BTreeMap::from([(MapKey::Date(day), Value::Int(1))]);
    let cases: [(Value, &str); 18] = [
        (Value::Absent, "None"),
        (Value::Bool(true), "True"),
        (Value::Int(i64::MIN), "-9223372036854775808"),
        (Value::Float(0.1), "0.1"),
        (Value::Float(f64::NEG_INFINITY), "-inf"),
        (Value::Decimal("1.50".parse().unwrap()), "Decimal('1.50')"),
        (string("it's\n\"q\" \u{1f600} {x}"), "'it\\'s\\n\"q\" \u{1f600} {x}'"),
        (Value::Date(day), "datetime.date(2024, 2, 29)"),
        (Value::Time("23:59:58.25".parse().unwrap()), "datetime.time(23, 59, 58, 250000)"),
        (
            Value::Timestamp("1969-12-31T23:59:59.5Z".parse().unwrap()),
            "datetime.datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=datetime.timezone.utc)",
        ),
        (Value::Duration(jiff::SignedDuration::from_secs(-1)), "datetime.timedelta(days=-1, seconds=86399)"),
        (Value::Bytes(Arc::from([0, 255])), "b'\\x00\\xff'"),
        (
            Value::Json(Arc::new(serde_json::json!({"decimal": "no", "a": [1, null]}))),
            "{'decimal': 'no', 'a': [1, None]}",
        ),
        (Value::List(Arc::from([Value::Int(1), Value::List(Arc::from([]))])), "[1, []]"),
        (Value::Map(Arc::new(map)), "{datetime.date(2024, 2, 29): 1}"),
        (record(&[("decimal", Value::Int(1)), ("b", Value::Absent)]), "{'decimal': 1, 'b': None}"),
        (variant("North", vec![]), "'North'"),
        (variant("Circle", vec![("radius".into(), Value::Int(2))]), "{'Circle': {'radius': 2}}"),
    ];
    for (value, expected) in cases {
        let bench = Bench::python("print(repr(value), end='')", Type::String).arg("value", Type::Json, value);
        assert_eq!(bench.value().await, string(expected));
    }
}

#[tokio::test]
async fn values_are_never_code_however_large() {
    let hostile = "\"\"\"); import os; os.system('touch pwned') #".to_owned() + &"x".repeat(300_000);
    let bench = Bench::python("print(len(text))", Type::Int).text("text", &hostile);
    assert_eq!(bench.value().await, Value::Int(hostile.len() as i64));
    assert!(!bench.root().join("pwned").exists());
}

#[tokio::test]
async fn tables_are_paths_and_out_is_one() {
    let table = Table { hash: "x\n1\n".into(), rows: 1, ty: Type::Named(Name::new("main.Row")), data: None };
    let row = Arc::new(Type::Named(Name::new("main.Row")));
    let source = "open(out_jsonl, 'w').write(open(rows).read() + open(rows_parquet).read())";
    let bench = Bench::python(source, Type::Table(row.clone())).arg("rows", Type::Table(row), Value::Table(table));
    let Value::Table(result) = bench.value().await else { panic!("no table") };
    assert_eq!(&*result.hash, "Jsonl: x\n1\nx\n1\n");
}

#[tokio::test]
async fn an_exception_is_told_with_the_authors_lines() {
    let text =
        "step tried(n: Int) -> Unit {\n  python \"\"\"\n    def f():\n        return 1 / n\n\n    f()\n  \"\"\"\n}\n";
    let source = "def f():\n    return 1 / n\n\nf()";
    let mut bench = Bench::python(source, Type::Unit).arg("n", Type::Int, Value::Int(0));
    std::fs::write(bench.root().join("main.flow"), text).unwrap();
    bench.program.files = vec!["main.flow".into()];
    bench.step.clauses_at = vec![("body".into(), Span::new(flow_diag::FileId(0), 30, 100))];
    let failure = bench.failure().await;
    assert_eq!(failure.class, ErrorClass::Exit(1));
    assert_eq!(failure.message, "ZeroDivisionError: division by zero");
    assert_eq!(failure.details, ["raised at main.flow:4"]);
    let tail = failure.stderr_tail.unwrap();
    assert!(tail.contains("line 6, in <module>") && tail.contains("return 1 / n"), "{tail}");
    assert!(!tail.contains("prelude"), "{tail}");
}

#[tokio::test]
async fn a_slip_in_the_program_is_told_too() {
    let failure = Bench::python("x = (1", Type::Unit).failure().await;
    assert!(failure.message.starts_with("SyntaxError: "), "{failure:?}");
    assert_eq!(failure.details, ["raised at <step tried>:1"]);
    let failure = Bench::python("import sys; sys.exit(9)", Type::Unit).failure().await;
    assert_eq!(failure.class, ErrorClass::Exit(9));
}

#[tokio::test]
async fn a_file_imports_its_neighbours() {
    let mut bench = Bench::python("", Type::Int);
    let source = "import neighbour\nprint(neighbour.ANSWER)";
    std::fs::create_dir(bench.root().join("code")).unwrap();
    std::fs::write(bench.root().join("code/neighbour.py"), "ANSWER = 42\n").unwrap();
    bench.step.body = Body::Python { source: source.into(), file: Some("code/main.py".into()) };
    assert_eq!(bench.value().await, Value::Int(42));
    assert!(!bench.root().join("code/__pycache__").exists());
}

#[tokio::test]
async fn the_program_is_the_main_module() {
    let source = "import dataclasses, pickle\n@dataclasses.dataclass\nclass A:\n    x: int\n\
                  if __name__ == '__main__':\n    print(pickle.loads(pickle.dumps(A(3))).x)";
    assert_eq!(Bench::python(source, Type::Int).value().await, Value::Int(3));
}
