//! The standard library's own functions, from their text to their values.

use crate::common::check;
use flow_diag::Span;
use flow_expr::{Context, Expr, ExprKind, Name, Value};

/// The value of a Bool expression in a program that uses `std.guard`.
fn holds(expr: &str) -> bool {
    let text = format!(
        "use std.guard.{{grounded, mentions_all, mentions_none, no_addresses, no_links, not_blank, within_words}}\n\
         type Sale {{ day: Date, amount: Decimal, note: String? }}\n\
         fn sales() -> List<Sale> {{ [Sale(day: 2026-01-31, amount: 1234.5), Sale(day: 2026-02-01, amount: -3)] }}\n\
         fn x() -> Bool {{ {expr} }}\n\
         fn all() -> List<Bool> {{ [grounded(\"\", 1), not_blank(\"\"), within_words(\"\", 1), mentions_all(\"\", []), \
         mentions_none(\"\", []), no_links(\"\"), no_addresses(\"\")] }}"
    );
    let (checked, problems) = check(&text);
    assert!(problems.is_empty(), "{expr}: {problems:?}");
    let program = checked.program;
    let context = Context::new(&program.functions, &program.types, jiff::Timestamp::UNIX_EPOCH);
    let call = Expr::new(ExprKind::Call(Name::new("main.x"), vec![]), Span::default());
    match flow_expr::evaluate(&call, &(), &context) {
        Ok(Value::Bool(flag)) => flag,
        other => panic!("{expr}: {other:?}"),
    }
}

#[test]
fn guards() {
    let cases = [
        (r#"grounded("No numbers here.", sales())"#, true),
        (r#"grounded("1,234.50 on 31 January, then -3.00.", sales())"#, true),
        (r#"grounded("In 2026-02 it was 3 less.", sales())"#, false),
        (r#"grounded("About 1,235.", sales())"#, false),
        (r#"grounded("7 of 8", "8 of 7")"#, true),
        (r#"not_blank(" \n")"#, false),
        (r#"not_blank("a")"#, true),
        (r#"within_words("one two  three", 3)"#, true),
        (r#"within_words("one two  three", 2)"#, false),
        (r#"mentions_all("North and SOUTH", ["north", "South"])"#, true),
        (r#"mentions_all("North", ["north", "South"])"#, false),
        (r#"mentions_none("All is well", ["guarantee"])"#, true),
        (r#"mentions_none("We Guarantee it", ["guarantee"])"#, false),
        (r#"no_links("See example.com")"#, true),
        (r#"no_links("See HTTPS://example.com")"#, false),
        (r#"no_addresses("mail me at a.b@example.org")"#, false),
        (r#"no_addresses("a @ b")"#, true),
    ];
    for (expr, expected) in cases {
        assert_eq!(holds(expr), expected, "{expr}");
    }
}
