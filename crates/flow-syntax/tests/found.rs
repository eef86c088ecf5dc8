//! Texts that once broke something, found by the fuzzer or a property; each with what must hold for it.

use flow_diag::FileId;
use flow_syntax::parse;

/// A token that was read as the one that was meant kept its text, and lent it to all that came after.
#[test]
fn a_wrong_arrow_stays_in_its_place() {
    let text = "const a = x -> x\nfn f(n: Int) -> Int { [n].map(r => r).sum() }\n";
    let parse = parse(FileId(0), text);
    assert_eq!(parse.tree().text().to_string(), text);
    let titles: Vec<&str> = parse.problems.0.iter().map(|problem| problem.title.as_str()).collect();
    assert_eq!(titles, ["expected `=>`, found `->`"]);
}

/// The same with an operator of another language that does not go on with the expression before it.
#[test]
fn a_foreign_operator_stays_in_its_place() {
    let text = "fn f(a: Int) -> Bool { -a === 1 }\nfn g(a: Int) -> Bool { === a == 1 }\n";
    let parse = parse(FileId(0), text);
    assert_eq!(parse.tree().text().to_string(), text);
    let titles: Vec<&str> = parse.problems.0.iter().map(|problem| problem.title.as_str()).collect();
    assert_eq!(titles[..2], ["expected `==`, found `===`", "expected an expression, found `===`"]);
}
