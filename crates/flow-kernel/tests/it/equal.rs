//! Compiled ≡ evaluated, for generated expressions and data: values, errors and their rows.

use crate::{
    generate::{Of, Tape},
    table::Table,
};
use flow_expr::{Expr, Value, VarId, evaluate};
use flow_kernel::{Coverage, Kernel, Rows};
use proptest::prelude::*;

/// How many rows a kernel answered, and how many it left to the evaluator although that has a value for them.
#[derive(Default)]
struct Tally {
    answered: usize,
    left: usize,
}

fn same(expr: &Expr, of: Of, table: &Table, tally: &mut Tally) -> Result<(), TestCaseError> {
    let context = table.context();
    let rows = Rows::Record(VarId::IT, &table.names);
    let kernel = if of == Of::Bool {
        Kernel::condition(expr, rows, &table.columns, &context)
    } else {
        Kernel::value(expr, rows, &table.columns, &context)
    };
    let mut kernel = kernel.eager();
    let Some(answers) = kernel.run(&table.arrays, &|row, column| table.cell(row, column), &context) else {
        prop_assert!(matches!(kernel.coverage(), Coverage::Evaluated(_)), "{:?}", kernel.coverage());
        return Ok(());
    };
    prop_assert_eq!(answers.rows(), table.rows());
    let mut others = vec![];
    for row in 0..table.rows() {
        let evaluated = evaluate(expr, &table.row(row), &context);
        match (answers.value(row, &table.types), &evaluated) {
            (Some(answer), Ok(value)) => {
                // -0.0 is equal to 0.0, but is not the same.
                let same = answer == *value && format!("{answer:?}") == format!("{value:?}");
                prop_assert!(same, "row {row}: {answer:?}, evaluated {value:?}\n{expr:?}");
                tally.answered += 1;
            }
            (Some(answer), Err(error)) => {
                prop_assert!(false, "row {row}: {answer:?}, evaluated {error:?}\n{expr:?}");
            }
            (None, Ok(_)) => tally.left += 1,
            (None, Err(_)) => {}
        }
        if of == Of::Bool {
            match answers.holds(row) {
                Some(holds) => prop_assert_eq!(Some(Value::Bool(holds)), evaluated.ok(), "row {}", row),
                None => prop_assert!(answers.value(row, &table.types).is_none_or(|value| value == Value::Absent)),
            }
            if answers.holds(row) != Some(true) {
                others.push(row);
            }
        }
    }
    if of == Of::Bool {
        prop_assert_eq!(answers.others().collect::<Vec<_>>(), others);
    }
    Ok(())
}

/// More by hand: `PROPTEST_CASES=20000 cargo test -p flow-kernel generated`.
#[test]
fn generated_expressions_mean_the_same() {
    let mut tally = Tally::default();
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let choices = (
        prop::collection::vec(any::<u8>(), 0..120),
        prop::collection::vec(any::<u16>(), 1..200),
        1..150_usize,
        0..20_usize,
    );
    let kinds = [Of::Bool, Of::Bool, Of::Bool, Of::Int, Of::Float, Of::Date, Of::Instant, Of::Length, Of::Region];
    let cell = std::cell::RefCell::new(&mut tally);
    let outcome = runner.run(&choices, |(tape, cells, rows, first)| {
        let of = kinds[usize::from(tape.first().copied().unwrap_or(0)) % kinds.len()];
        let expr = Tape::new(tape.get(1..).unwrap_or_default()).of(of);
        // A slice, so that columns and their bits begin anywhere.
        let table = Table::new(rows + first, &cells).slice(first, rows);
        same(&expr, of, &table, *cell.borrow_mut())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    eprintln!("{} rows answered, {} left", tally.answered, tally.left);
    // Otherwise nothing was tested.
    assert!(tally.answered > 2 * tally.left, "{} rows answered, {} left", tally.answered, tally.left);
    assert!(tally.answered > 1000);
}
