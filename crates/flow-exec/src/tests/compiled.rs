//! Compiled rules, refinements and lambdas where they run: over enough rows, against the evaluator.

use super::*;
use crate::{ArrowTable, borders::context, tables::cell_value};
use datafusion::arrow::{
    array::{ArrayRef, Decimal128Array, Int64Array, StringArray},
    record_batch::RecordBatch,
};
use flow_expr::{EvalError, MemoryTable, Table, TableData, evaluate};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// More than any of these rules needs to be compiled.
const ROWS: usize = 12_000;

fn builtin(name: &str, arguments: Vec<Expr>) -> Expr {
    expr(ExprKind::Builtin(name.into(), arguments))
}

/// The same, but not compiled.
fn hidden(rule: &Expr) -> Expr {
    builtin("at", vec![expr(ExprKind::List(vec![rule.clone()])), constant(Value::Int(0))])
}

#[tokio::test]
async fn rules_over_many_rows_give_the_verdicts_and_examples_of_the_evaluator() {
    let mut project = Project::new();
    let fields = vec![
        field("id", Type::Int),
        field("n", Type::Int.optional()),
        field("price", Type::Decimal),
        field("t", Type::String),
    ];
    project.program.types.0.insert(Name::new("shop.Number"), TypeDef::Record(fields));
    let mut text = "id,n,price,t\n".to_owned();
    for id in 0..ROWS {
        let n = if id % 100 == 7 { String::new() } else { ((id as i64 - 5) * 500_000_000_000_000).to_string() };
        text += &format!("{id},{n},{}.25,{}\n", id % 977, ["north", "süd", ""][id % 3]);
    }
    project.file("n.csv", text);
    let mut data = dataset(table_of("shop.Number"), Format::Csv, "n.csv");
    let product = binary(BinaryOp::Multiply, of_row("n"), constant(Value::Int(2)));
    let money = binary(BinaryOp::Multiply, of_row("price"), expr(ExprKind::IntToDecimal(of_row("id").into())));
    let rules = [
        binary(BinaryOp::Less, product, constant(Value::Int(1_000_000_000_000_000_000))),
        binary(BinaryOp::Greater, of_row("n"), constant(Value::Int(0))),
        binary(BinaryOp::Less, money, constant(decimal("1000000"))),
        binary(BinaryOp::NotEqual, of_row("t"), constant(Value::String("süd".into()))),
        binary(
            BinaryOp::Or,
            binary(BinaryOp::Equal, of_row("n"), constant(Value::Absent)),
            binary(BinaryOp::Less, builtin("length", vec![of_row("t")]), constant(Value::Int(5))),
        ),
        binary(
            BinaryOp::Greater,
            binary(BinaryOp::Divide, constant(Value::Int(100)), of_row("id")),
            constant(Value::Int(0)),
        ),
    ];
    for (number, rule) in rules.iter().enumerate() {
        data.expect.push(expectation(Rule::Row(rule.clone()), &format!("compiled {number}"), "0"));
        data.expect.push(expectation(Rule::Row(hidden(rule)), &format!("evaluated {number}"), "0"));
    }
    let coverage = crate::compiled_rules(&project.program, &data);
    for (number, rule) in coverage.iter().enumerate() {
        match &rule.coverage {
            crate::Coverage::Compiled { more_than, evaluated } => {
                assert!(number % 2 == 0 && *more_than < ROWS as u64 / 2 && evaluated.is_empty(), "{rule:?}");
            }
            crate::Coverage::Evaluated(_) => assert!(number % 2 == 1, "{rule:?}"),
        }
    }
    let read = project.read(&data).await.unwrap();
    for pair in read.expectations.chunks(2) {
        assert_eq!((pair[0].broken, &pair[0].examples), (pair[1].broken, &pair[1].examples), "{}", pair[0].rule);
        assert!(pair[0].broken > 0 && pair[0].broken < ROWS as u64, "{pair:?}");
    }
    // An error is told with its row, and by whom it always was.
    assert_eq!(read.expectations[10].examples[0], "row 1: id = 0 (division by zero: 100 / 0)");
}

#[tokio::test]
async fn a_refinement_broken_far_down_is_found_with_its_row() {
    let mut project = Project::new();
    let at_least = binary(BinaryOp::GreaterEqual, it(), constant(Value::Int(0)));
    let refinement = Refinement { condition: at_least, text: "it >= 0".into() };
    let fields = vec![Field { refinement: Some(refinement), ..field("n", Type::Int.optional()) }];
    project.program.types.0.insert(Name::new("shop.Number"), TypeDef::Record(fields));
    let cell = |row: usize| match row {
        11_000 => "-4".to_owned(),
        row if row % 10 == 0 => "NA".to_owned(),
        row => row.to_string(),
    };
    let text: String = (0..ROWS).map(|row| cell(row) + "\n").collect();
    project.file("n.csv", format!("n\n{text}"));
    let mut data = dataset(table_of("shop.Number"), Format::Csv, "n.csv");
    if let Location::File { csv, .. } = &mut data.location {
        csv.null = vec!["NA".into()];
    }
    let failure = project.read(&data).await.unwrap_err();
    assert_eq!(failure.details, ["n.csv:11002: n: expected `it >= 0`, found -4"]);
}

/// The same rows over Arrow, in two batches, and as values.
fn both() -> (Program, [Value; 2]) {
    let mut program = Program::default();
    let fields = vec![field("id", Type::Int), field("price", Type::Decimal), field("t", Type::String.optional())];
    program.types.0.insert(Name::new("m.Row"), TypeDef::Record(fields.clone()));
    let batch = |rows: std::ops::Range<usize>| {
        let ids = rows.clone().map(|row| row as i64).collect::<Int64Array>();
        let prices = rows.clone().map(|row| Some(row as i128 * 10_000_000_000)).collect::<Decimal128Array>();
        let prices = prices.with_precision_and_scale(38, 10).unwrap();
        let texts = rows.map(|row| (row % 7 != 0).then(|| "ab".repeat(row % 3))).collect::<StringArray>();
        let columns: [(&str, ArrayRef); 3] =
            [("id", Arc::new(ids)), ("price", Arc::new(prices)), ("t", Arc::new(texts))];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let batches = vec![batch(0..5_000), batch(5_000..ROWS)];
    let cells = batches.iter().flat_map(|batch| {
        let row = |row| {
            fields
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| cell_value(column, row, &field.ty, &program.types))
                .collect()
        };
        (0..batch.num_rows()).map(row).collect::<Vec<Vec<Value>>>()
    });
    let rows = MemoryTable::new(fields.iter().map(|field| field.name.clone()).collect(), cells.collect());
    let ty = named("m.Row");
    let arrow = ArrowTable::new(Arc::new(program.clone()), &ty, batches);
    let table =
        Table { hash: "".into(), rows: ROWS as u64, ty: ty.clone(), data: Some(Arc::new(arrow) as Arc<dyn TableData>) };
    (program, [Value::Table(table), Value::Table(rows.into_table(ty))])
}

fn over(table: &Value, call: &Expr, program: &Program) -> Result<Value, EvalError> {
    let scope = BTreeMap::from([(VarId(1), table.clone()), (VarId(2), Value::Int(11_990))]);
    evaluate(call, &scope, &context(program, Timestamp::UNIX_EPOCH))
}

#[test]
fn lambdas_over_a_table_mean_the_same_compiled() {
    let (program, [arrow, rows]) = both();
    let var = |number| expr(ExprKind::Var(VarId(number)));
    let of = |name: &str| expr(ExprKind::Field { base: var(9).into(), name: name.into() });
    let lambda = |body| expr(ExprKind::Lambda(vec![VarId(9)], Box::new(body)));
    let with = |name: &str, body: Expr| builtin(name, vec![var(1), lambda(body)]);
    let below = || binary(BinaryOp::Less, of("id"), var(2));
    let text = || binary(BinaryOp::Coalesce, of("t"), constant(Value::String("".into())));
    let calls = [
        with("all", below()),
        with("any", binary(BinaryOp::Greater, of("id"), var(2))),
        with("count", binary(BinaryOp::GreaterEqual, of("price"), constant(decimal("7")))),
        with("filter", below()),
        with("count", binary(BinaryOp::Equal, builtin("length", vec![text()]), constant(Value::Int(4)))),
        with("map", binary(BinaryOp::Remainder, of("id"), constant(Value::Int(7)))),
        with("sum", binary(BinaryOp::Multiply, of("id"), of("id"))),
        with("max", of("price")),
        // A selection keeps the way of its table.
        builtin(
            "count",
            vec![with("filter", below()), lambda(binary(BinaryOp::Greater, of("id"), constant(Value::Int(3))))],
        ),
        // Errors, with their row: overflow, division by zero, a text that is not there.
        with("map", binary(BinaryOp::Multiply, of("id"), constant(Value::Int(900_000_000_000_000)))),
        with(
            "all",
            binary(
                BinaryOp::LessEqual,
                binary(BinaryOp::Divide, constant(Value::Int(5)), of("id")),
                constant(Value::Int(9)),
            ),
        ),
        with("count", binary(BinaryOp::Less, of("t"), constant(Value::String("b".into())))),
    ];
    for (number, call) in calls.iter().enumerate() {
        let (compiled, evaluated) = (over(&arrow, call, &program), over(&rows, call, &program));
        assert_eq!(compiled, evaluated, "{number}");
        assert_eq!(evaluated.is_err(), number >= 9, "{number}: {evaluated:?}");
    }
    let overflow = over(&arrow, &calls[9], &program).unwrap_err();
    assert_eq!((overflow.code.as_str(), overflow.row), ("R0001", Some(10_249)));
}

/// The table has a faster way, for those who ask.
#[test]
fn a_table_of_many_rows_computes() {
    let (program, [arrow, rows]) = both();
    let context = context(&program, Timestamp::UNIX_EPOCH);
    let below = binary(BinaryOp::Less, expr(ExprKind::Var(VarId(7))), constant(Value::Int(6)));
    let computed = |table: &Value| {
        let Value::Table(table) = table else { panic!("a table") };
        let mut values = table.data.as_ref().unwrap().computed(&below, &[(VarId(7), 0)], &context)?;
        Some([5, 6, 11_999, ROWS].map(|row| values.get(row)))
    };
    let [yes, no] = [true, false].map(|holds| Some(Value::Bool(holds)));
    assert_eq!(computed(&arrow), Some([yes, no.clone(), no, None]));
    assert_eq!(computed(&rows), None);
}
