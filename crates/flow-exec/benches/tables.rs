//! How fast a CSV file of the size of the flights data is read, checked, asked its rules and stored.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

use flow_diag::Span;
use flow_exec::{
    Executor, ExecutorOptions,
    api::{Cancel, DatasetRef, Execute},
};
use flow_expr::{BinaryOp, Expr, ExprKind, Field, Name, Part, Refinement, Type, TypeDef, Value, VarId};
use flow_plan::{CsvOptions, Dataset, Expectation, Format, Location, Program, Rule};
use std::{fmt::Write as _, sync::Arc};

/// As many as flights left New York in 2013.
const ROWS: usize = 336_776;
/// Twelve whole numbers, four texts, two decimals, one instant.
const COLUMNS: usize = 19;

fn main() {
    divan::main();
}

fn kind(column: usize) -> Type {
    match column {
        0..12 => Type::Int.optional(),
        12..16 => Type::String,
        16 | 17 => Type::Decimal,
        _ => Type::Timestamp,
    }
}

fn text() -> String {
    let mut text = (0..COLUMNS).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",") + "\n";
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let comma = if column == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = match kind(column) {
                Type::Optional(_) if (row + column) % 40 == 0 => write!(text, "{comma}NA"),
                Type::Optional(_) => write!(text, "{comma}{}", (row * 31 + column) % 2400),
                Type::String => write!(text, "{comma}N{}", row % 4000),
                Type::Decimal => write!(text, "{comma}{}.{:02}", row % 977, column),
                _ => write!(text, "{comma}2013-01-{:02}T{:02}:00:00Z", row % 28 + 1, row % 24),
            };
        }
        text.push('\n');
    }
    text
}

fn program(expect: Vec<Expectation>) -> Program {
    let field = |column: usize| Field {
        name: format!("c{column}").into(),
        ty: kind(column),
        refinement: (column < 6).then(|| Refinement { condition: at_least(it(), -60), text: "it >= -60".into() }),
        labels: vec![],
    };
    let mut program = Program::default();
    program.types.0.insert(Name::new("m.Flight"), TypeDef::Record((0..COLUMNS).map(field).collect()));
    let dataset = Dataset {
        name: Name::new("m.flights"),
        ty: Type::Table(Type::Named(Name::new("m.Flight")).into()),
        location: Location::File {
            format: Format::Csv,
            path: vec![Part::Text("flights.csv".into())],
            csv: CsvOptions { null: vec!["NA".into()], ..CsvOptions::default() },
        },
        partition: vec![],
        fresh: None,
        arrives: None,
        expect,
        owner: None,
        keep_versions: None,
        keep_ms: None,
        accepts: vec![],
        tags: vec![],
        writer: None,
        at: Span::default(),
    };
    program.datasets.insert(dataset.name.clone(), dataset);
    program
}

fn it() -> Expr {
    Expr::new(ExprKind::Var(VarId::IT), Span::default())
}

fn at_least(left: Expr, bound: i64) -> Expr {
    let bound = Expr::new(ExprKind::Const(Value::Int(bound)), Span::default());
    Expr::new(ExprKind::Binary(BinaryOp::GreaterEqual, left.into(), bound.into()), Span::default())
}

fn read(bencher: divan::Bencher, expect: Vec<Expectation>) {
    let folder = tempfile::tempdir().expect("a folder for the data");
    std::fs::write(folder.path().join("flights.csv"), text()).expect("the data fits on the disk");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let executor = Executor::new(ExecutorOptions::new(folder.path()));
    let program = Arc::new(program(expect));
    bencher.bench(|| {
        let dataset = DatasetRef {
            program: program.clone(),
            dataset: Name::new("m.flights"),
            partition: vec![],
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        let read = runtime.block_on(executor.read_dataset(dataset, Cancel::never())).expect("the data is good");
        assert_eq!(read.rows, Some(ROWS as u64));
    });
}

#[divan::bench(sample_count = 5)]
fn read_csv(bencher: divan::Bencher) {
    read(bencher, vec![]);
}

/// A simple rule, one that needs the evaluator, and a key.
#[divan::bench(sample_count = 5)]
fn read_csv_with_rules(bencher: divan::Bencher) {
    let column = |name: &str| Expr::new(ExprKind::Field { base: it().into(), name: name.into() }, Span::default());
    let yes = Expr::new(ExprKind::Const(Value::Bool(true)), Span::default());
    let hidden =
        Expr::new(ExprKind::If(yes.clone().into(), at_least(column("c7"), 0).into(), yes.into()), Span::default());
    let rules =
        [Rule::Row(at_least(column("c6"), 0)), Rule::Row(hidden), Rule::Unique(vec!["c0".into(), "c12".into()])];
    let expect = rules.into_iter().enumerate().map(|(number, rule)| Expectation {
        rule,
        text: format!("rule {number}").into(),
        share: rust_decimal::Decimal::ZERO,
        warn: false,
        at: Span::default(),
    });
    read(bencher, expect.collect());
}

fn unique(bencher: divan::Bencher, columns: &[&str]) {
    let rule = Rule::Unique(columns.iter().map(|name| (*name).into()).collect());
    let share = rust_decimal::Decimal::ZERO;
    read(bencher, vec![Expectation { rule, text: "unique".into(), share, warn: false, at: Span::default() }]);
}

/// Against `read_csv`, what a key costs.
#[divan::bench(sample_count = 5)]
fn read_csv_unique_one(bencher: divan::Bencher) {
    unique(bencher, &["c0"]);
}

/// Against `read_csv_unique_one`, what a second column of it costs.
#[divan::bench(sample_count = 5)]
fn read_csv_unique_two(bencher: divan::Bencher) {
    unique(bencher, &["c0", "c12"]);
}
