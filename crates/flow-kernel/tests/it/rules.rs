//! Rules as people write them: what is compiled of them, and that rows are answered and not left to the evaluator.

use crate::{
    generate::{binary, builtin, column, constant, expr},
    table::{Table, region, times},
};
use flow_expr::{BinaryOp::*, Context, Expr, ExprKind, Type, Value, VarId, VariantValue, evaluate};
use flow_kernel::{Coverage, Kernel, Rows};
use std::sync::Arc;

fn int(number: i64) -> Expr {
    constant(Value::Int(number))
}

fn text(text: &str) -> Expr {
    constant(Value::String(text.into()))
}

fn kernel(rule: &Expr, table: &Table) -> Kernel {
    Kernel::condition(rule, Rows::Record(VarId::IT, &table.names), &table.columns, &table.context())
}

/// How many rows are answered, all as evaluated.
fn answered(rule: &Expr, table: &Table) -> usize {
    let (context, mut kernel) = (table.context(), kernel(rule, table).eager());
    let answers = kernel.run(&table.arrays, &|row, column| table.cell(row, column), &context).unwrap();
    let rows = (0..table.rows()).filter(|row| {
        let Some(holds) = answers.holds(*row) else { return false };
        assert_eq!(evaluate(rule, &table.row(*row), &context), Ok(Value::Bool(holds)), "row {row}: {rule:?}");
        true
    });
    rows.count()
}

fn table() -> Table {
    Table::new(1000, &[3, 90, 1, 13, 57, 200, 4, 77, 18, 35, 9])
}

#[test]
fn usual_rules_are_compiled_as_a_whole_and_answer_all_rows() {
    let table = table();
    let north =
        constant(Value::Variant(Arc::new(VariantValue { ty: region(), variant: "South".into(), fields: vec![] })));
    let list = expr(ExprKind::List(vec![text("a"), text("North")]));
    let range = expr(ExprKind::Range(int(1).into(), int(12).into()));
    let rules = [
        binary(GreaterEqual, column("int"), int(0)),
        binary(And, binary(Greater, column("int"), int(0)), binary(Less, column("int"), int(100))),
        binary(NotEqual, column("int_"), constant(Value::Absent)),
        binary(Less, binary(Coalesce, column("int_"), int(7)), int(8)),
        binary(Or, binary(Equal, column("int_"), constant(Value::Absent)), binary(Greater, column("int_"), int(3))),
        binary(Less, column("float"), constant(Value::Float(2.5))),
        binary(NotEqual, column("text"), text("")),
        binary(LessEqual, builtin("length", vec![column("text")]), int(2)),
        builtin("starts_with", vec![column("text"), text("a")]),
        builtin("matches", vec![column("text"), text("^[a-z]*$")]),
        builtin("contains", vec![list, column("text_")]),
        builtin("contains", vec![range, column("int_")]),
        binary(GreaterEqual, column("region"), north),
        expr(ExprKind::If(column("bool").into(), binary(Less, column("int"), int(0)).into(), column("bool").into())),
        builtin("is_present", vec![column("text_")]),
    ];
    for rule in &rules {
        assert_eq!(answered(rule, &table), table.rows(), "{rule:?}");
        let Coverage::Compiled { more_than, evaluated } = kernel(rule, &table).coverage() else { panic!("{rule:?}") };
        assert!((100..20_000).contains(&more_than), "{more_than}");
        assert!(evaluated.is_empty(), "{evaluated:?}");
    }
}

/// Rows that overflow, or are beyond what is computed here, are left to the evaluator; the others are not.
#[test]
fn what_is_not_plain_is_left_row_by_row() {
    let table = table();
    let doubled = binary(Less, binary(Multiply, column("int"), int(2)), int(50));
    let rows = answered(&doubled, &table);
    assert!(rows > 500 && rows < 1000, "{rows}");
    let total = binary(Multiply, column("decimal"), expr(ExprKind::IntToDecimal(column("int").into())));
    let rows = answered(&binary(Less, total, constant(Value::Decimal(1000.into()))), &table);
    assert!(rows > 300 && rows < 1000, "{rows}");
}

#[test]
fn what_has_no_operation_is_evaluated_into_a_column() {
    let table = table();
    let upper = binary(Equal, builtin("upper", vec![column("text")]), text("A"));
    let number = |name| binary(GreaterEqual, binary(Add, column(name), int(1)), int(-40));
    let float = binary(Less, binary(Multiply, column("float"), column("float")), constant(Value::Float(9.0)));
    let plain = binary(And, binary(And, number("int"), number("int")), float);
    let rule = binary(And, plain, upper.clone());
    let Coverage::Compiled { evaluated, .. } = kernel(&rule, &table).coverage() else { panic!() };
    assert_eq!(evaluated, ["it calls `upper`"]);
    assert!(answered(&rule, &table) > 300);
    assert_eq!(kernel(&upper, &table).coverage(), Coverage::Evaluated("it calls `upper`".into()));
}

#[test]
fn rows_as_a_whole_are_evaluated() {
    let table = table();
    let whole = builtin("is_present", vec![expr(ExprKind::Var(VarId::IT))]);
    assert_eq!(kernel(&whole, &table).coverage(), Coverage::Evaluated("it uses the row as a whole".into()));
}

#[test]
fn a_kernel_waits_until_there_are_enough_rows() {
    let (table, rule) = (table(), binary(GreaterEqual, column("int"), int(0)));
    let context = table.context();
    let mut kernel = kernel(&rule, &table);
    let Coverage::Compiled { more_than, .. } = kernel.coverage() else { panic!() };
    let mut rows = 0;
    while rows <= 3 * more_than {
        rows += table.rows() as u64;
        let answers = kernel.run(&table.arrays, &|row, column| table.cell(row, column), &context);
        assert_eq!(answers.is_some(), rows > more_than, "{rows} rows");
    }
}

/// A limit that a row could reach is the evaluator's to count.
#[test]
fn small_limits_are_for_the_evaluator() {
    let (table, rule) = (table(), binary(GreaterEqual, column("int"), int(0)));
    let mut context = table.context();
    context.limits.steps = 10;
    let mut kernel = kernel(&rule, &table).eager();
    assert!(kernel.run(&table.arrays, &|row, column| table.cell(row, column), &context).is_none());
}

/// What lies in a column is looked at, not what was declared.
#[test]
fn a_column_of_another_layout_is_for_the_evaluator() {
    let (table, rule) = (table(), binary(GreaterEqual, column("int"), int(0)));
    let mut kernel = kernel(&rule, &table).eager();
    let mut arrays = table.arrays.clone();
    arrays.swap(0, 2);
    assert!(kernel.run(&arrays, &|_, _| Value::Absent, &table.context()).is_none());
}

#[test]
fn times_of_day_are_compared() {
    let noon = jiff::civil::time(12, 0, 0, 0);
    let rule = binary(Less, expr(ExprKind::Var(VarId::IT)), constant(Value::Time(noon)));
    let (functions, types) = Default::default();
    let context = Context::new(&functions, &types, jiff::Timestamp::UNIX_EPOCH);
    let mut kernel = Kernel::condition(&rule, Rows::Value(VarId::IT), &[Type::Time], &context).eager();
    // The last two are no times of a day.
    let column = times(&[0, 43_199_999_999, 43_200_000_000, 86_399_999_999, 86_400_000_000, -1]);
    let answers = kernel.run(&[column], &|_, _| Value::Absent, &context).unwrap();
    let found: Vec<_> = (0..6).map(|row| answers.holds(row)).collect();
    assert_eq!(found, [Some(true), Some(true), Some(false), Some(false), None, None]);
}

/// Values of a column of Int, as `map` gives them.
#[test]
fn values_are_given_as_they_are_evaluated() {
    let table = table();
    let context = table.context();
    let body = binary(Remainder, column("int"), int(7));
    let mut kernel = Kernel::value(&body, Rows::Record(VarId::IT, &table.names), &table.columns, &context).eager();
    let answers = kernel.run(&table.arrays, &|row, column| table.cell(row, column), &context).unwrap();
    for row in 0..table.rows() {
        assert_eq!(answers.value(row, &table.types), evaluate(&body, &table.row(row), &context).ok());
    }
    let digits = Kernel::value(&column("decimal"), Rows::Record(VarId::IT, &table.names), &table.columns, &context);
    assert_eq!(digits.coverage(), Coverage::Evaluated("its value is a Decimal".into()));
}
