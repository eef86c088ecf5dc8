//! An expression that stands alone, as it is entered at a prompt; and what is not yet a whole entry.

use flow_diag::FileId;
use flow_syntax::{Goal, is_unfinished, parse_expression};

#[test]
fn the_whole_text_is_one_expression() {
    for text in ["1 + 2", "orders.where(o => o.amount > 3).count()", "if a { 1 } else { 2 }", "Note(headline: \"h\")"] {
        let parsed = parse_expression(FileId(0), text);
        assert!(parsed.problems.is_empty(), "{text}: {:?}", parsed.problems);
        assert!(parsed.expression().is_some(), "{text}");
    }
    for text in ["1 2", "1 +", ")", "let x = 1", "1 }", ""] {
        let parsed = parse_expression(FileId(0), text);
        assert!(!parsed.problems.is_empty(), "{text}");
        assert_eq!(parsed.tree().text().to_string(), text);
    }
}

#[test]
fn what_is_open_at_the_end_is_unfinished() {
    for text in ["f(1,", "1 +", "[1, 2", "if a {", "\"\"\"\n  text", "match x {\n  A => 1,", "x ??"] {
        assert!(is_unfinished(text, Goal::Expression), "{text}");
    }
    for text in ["1", "1 2", "\"a {b", "f(1)", ")", "\"open", "x.y", "1 }"] {
        assert!(!is_unfinished(text, Goal::Expression), "{text}");
    }
    for text in ["step a() -> Int {", "type A =", "type A {\n  x: Int"] {
        assert!(is_unfinished(text, Goal::Module), "{text}");
    }
    for text in ["type A { x: Int }", "fn f(x: Int) -> Int { x }", "type A { x: Int } }"] {
        assert!(!is_unfinished(text, Goal::Module), "{text}");
    }
}
