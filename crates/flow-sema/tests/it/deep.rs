//! Text that nests deeply or goes on for long is checked on an ordinary thread's stack.

use crate::common::check;

fn errors(text: &str) -> Vec<String> {
    check(text).1.0.iter().map(|problem| format!("{} {}", problem.code, problem.title)).collect()
}

/// Nests as deep as the parser lets it.
fn nested(open: &str, inner: &str, close: &str) -> String {
    let depth = 60;
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn deep_nesting() {
    assert_eq!(errors(&format!("const x: Int = {}", nested("(", "1", ")"))), [""; 0]);
    assert_eq!(errors(&format!("const x: Int = {}", nested("-(", "1", ")"))), [""; 0]);
    assert_eq!(errors(&format!("fn f(b: Bool) -> Int {{ {} }}", nested("if b { 1 } else { ", "1", " }"))), [""; 0]);
    assert_eq!(
        errors(&format!("fn f(b: Bool) -> Int {{ {} }}", nested("match b { true => 1, _ => ", "1", " }"))),
        [""; 0]
    );
    assert_eq!(errors(&format!("fn f(xs: List<Int>) -> Int {{ {} }}", nested("xs.sum(x => ", "1", ")"))), [""; 0]);
}

#[test]
fn nesting_beyond_the_limit_is_one_report() {
    let found = errors(&format!("const x: Int = {}1{}", "(".repeat(5_000), ")".repeat(5_000)));
    assert!(found.len() == 1 && found[0].starts_with("E00"), "{found:?}");
}

#[test]
fn long_chains() {
    let sum = vec!["1"; 200].join(" + ");
    assert_eq!(errors(&format!("const x: Int = {sum}")), [""; 0]);
    let all = vec!["a != none"; 200].join(" and ");
    assert_eq!(errors(&format!("fn f(a: Int?) -> Bool {{ {all} }}")), [""; 0]);
    let items = vec!["1"; 20_000].join(", ");
    assert_eq!(errors(&format!("const x: List<Int> = [{items}]")), [""; 0]);
}
