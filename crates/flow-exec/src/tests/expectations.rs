//! Rules over rows and wholes: shares, examples, redaction; simple rules against the evaluator.

use super::*;
use flow_plan::ErrorClass;

fn numbers(project: &mut Project, rows: usize) -> Dataset {
    let fields = vec![
        field("id", Type::Int),
        field("n", Type::Int.optional()),
        field("x", Type::Float),
        field("t", Type::String),
    ];
    project.program.types.0.insert(Name::new("shop.Number"), TypeDef::Record(fields));
    let mut text = "id,n,x,t\n".to_owned();
    for id in 0..rows {
        let n = if id % 100 == 7 { String::new() } else { (id % 50).to_string() };
        text += &format!("{id},{n},{},{}\n", id as f64 / 4.0 - 100.0, "ab".repeat(id % 4));
    }
    project.file("n.csv", text);
    dataset(table_of("shop.Number"), Format::Csv, "n.csv")
}

#[tokio::test]
async fn shares_count_rows_that_break_a_rule() {
    let mut project = Project::new();
    let mut data = numbers(&mut project, 20_000);
    let less = |bound| Rule::Row(binary(BinaryOp::Less, of_row("id"), constant(Value::Int(bound))));
    data.expect = vec![
        expectation(less(19_990), "id < 19_990", "0.999"),
        expectation(Rule::NotNull("n".into()), "not_null(n)", "0.99"),
        expectation(Rule::Unique(vec!["id".into()]), "unique(id)", "1"),
        expectation(
            Rule::Whole(binary(
                BinaryOp::Equal,
                expr(ExprKind::Builtin("count".into(), vec![it()])),
                constant(Value::Int(20_000)),
            )),
            "count() == 20_000",
            "1",
        ),
    ];
    let read = project.read(&data).await.unwrap();
    let figures: Vec<_> =
        read.expectations.iter().map(|verdict| (verdict.holds, verdict.checked, verdict.broken)).collect();
    assert_eq!(figures, [(true, 20_000, 10), (true, 20_000, 200), (true, 20_000, 0), (true, 1, 0)]);
    assert_eq!(read.expectations[0].examples[0], "row 19991: id = 19990");
    data.expect = vec![expectation(less(19_000), "id < 19_000", "0.999")];
    let failure = project.read(&data).await.unwrap_err();
    assert_eq!(failure.class, ErrorClass::GuardFailed);
    assert_eq!(failure.details[0], "expect id < 19_000: 1000 of 20000 rows break it: 95% keep it, 99.9% promised");
    data.expect[0].warn = true;
    let read = project.read(&data).await.unwrap();
    assert!(!read.expectations[0].holds);
    data.expect = vec![expectation(
        Rule::Whole(binary(
            BinaryOp::Equal,
            expr(ExprKind::Builtin("count".into(), vec![it()])),
            constant(Value::Int(3)),
        )),
        "count() == 3",
        "1",
    )];
    let failure = project.read(&data).await.unwrap_err();
    assert!(failure.details[0].contains("found 20000"), "{:?}", failure.details);
}

#[tokio::test]
async fn a_row_without_the_value_breaks_the_rule() {
    let mut project = Project::new();
    let mut data = numbers(&mut project, 1000);
    let rule = Rule::Row(binary(BinaryOp::Greater, of_row("n"), constant(Value::Int(-1))));
    data.expect = vec![expectation(rule, "n > -1", "0.9")];
    let read = project.read(&data).await.unwrap();
    assert_eq!(read.expectations[0].broken, 10);
    assert!(read.expectations[0].examples[0].starts_with("row 8: n = none"), "{:?}", read.expectations[0].examples);
}

/// The fast way and the evaluator give the same verdict about every row.
#[tokio::test]
async fn simple_rules_mean_what_the_evaluator_says() {
    let mut project = Project::new();
    let mut data = numbers(&mut project, 400);
    let ops = [
        BinaryOp::Less,
        BinaryOp::LessEqual,
        BinaryOp::Equal,
        BinaryOp::NotEqual,
        BinaryOp::Greater,
        BinaryOp::GreaterEqual,
    ];
    let length = || expr(ExprKind::Builtin("length".into(), vec![of_row("t")]));
    let mut rules = Vec::new();
    for op in ops {
        rules.push(binary(op, of_row("id"), constant(Value::Int(200))));
        rules.push(binary(op, constant(Value::Int(200)), of_row("id")));
        rules.push(binary(op, of_row("x"), constant(Value::Float(-62.5))));
        rules.push(binary(op, of_row("t"), constant(Value::String("abab".into()))));
        rules.push(binary(op, length(), constant(Value::Int(4))));
    }
    let both = binary(BinaryOp::And, rules[0].clone(), rules[4].clone());
    rules.push(expr(ExprKind::Unary(flow_expr::UnaryOp::Not, both.into())));
    // `if true { rule } else { false }` is no simple rule, but means the same.
    let hidden = |rule: &Expr| {
        expr(ExprKind::If(constant(Value::Bool(true)).into(), rule.clone().into(), constant(Value::Bool(false)).into()))
    };
    for (number, rule) in rules.iter().enumerate() {
        data.expect.push(expectation(Rule::Row(rule.clone()), &format!("fast {number}"), "0"));
        data.expect.push(expectation(Rule::Row(hidden(rule)), &format!("slow {number}"), "0"));
    }
    let read = project.read(&data).await.unwrap();
    let mut different = 0;
    for pair in read.expectations.chunks(2) {
        assert_eq!(pair[0].broken, pair[1].broken, "{} {:?}", pair[0].rule, pair[0].examples);
        assert_eq!(pair[0].examples, pair[1].examples, "{}", pair[0].rule);
        different += u64::from(pair[0].broken > 0 && pair[0].broken < 400);
    }
    assert!(different > 20);
}

#[tokio::test]
async fn keys_of_several_columns_are_compared_as_a_whole() {
    let mut project = Project::new();
    let fields = vec![field("a", Type::String.optional()), field("b", Type::String.optional()), field("c", Type::Int)];
    project.program.types.0.insert(Name::new("shop.Pair"), TypeDef::Record(fields));
    // None of these rows is another one: not by moving a letter, nor by the place of a missing value.
    project.file("p.csv", "a,b,c\nx,yz,1\nxy,z,1\n,xyz,1\nxyz,,1\n,,1\nx,yz,2\n");
    let mut data = dataset(table_of("shop.Pair"), Format::Csv, "p.csv");
    data.expect = vec![expectation(Rule::Unique(vec!["a".into(), "b".into(), "c".into()]), "unique(a, b, c)", "1")];
    assert!(project.read(&data).await.unwrap().expectations[0].holds);
    data.expect = vec![expectation(Rule::Unique(vec!["a".into(), "b".into()]), "unique(a, b)", "1")];
    let failure = project.read(&data).await.unwrap_err();
    assert_eq!(failure.details[1], "expect unique(a, b): row 6: a = x, b = yz, as in row 1");
}
