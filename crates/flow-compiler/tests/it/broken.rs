//! Broken text: ten mistakes are ten reports, and whatever is cut off or mangled is reported, never a panic.

use crate::repository::{compile_text, files, root, shown};
use flow_compiler::{MemoryWorld, Options, compile};
use flow_diag::FileId;

/// Ten mistakes of ten kinds, each in a declaration of its own, among declarations that are right.
const TEN: &str = r#"
type Price { amount: Decmal }
type Order { id: Int, amount: Decimal }
const limit: Int = "ten"
fn double(x: Int) -> Int { x * y }
dataset orders: Table<Order> { at csv("orders.csv"), arrives every day by 05:00 in "Lndon" }
step fetch(id: Int) -> String { http GET "/orders/{id}" }
step slow() -> Unit { sh "true" timeout 0s }
step charge() -> Unit { sh "pay" retry { up to 3 times } }
step total(orders: Table<Order>) -> Int { sql "select cunt(*) as n from orders" }
flow sums(names: List<String>) { for name in names { do slow() } }
flow odd { write orders2 = 1 }
step fine(name: String) -> String { sh "echo $name" }
flow runs -> String { fine("x") }
"#;

#[test]
fn ten_mistakes_are_ten_reports() {
    let compilation = compile_text(TEN);
    let found: Vec<&str> = compilation.problems.0.iter().map(|problem| problem.code.as_str()).collect();
    let expected = ["E0101", "E0201", "E0101", "E0163", "E0166", "E0261", "E0401", "E1104", "E0262", "E0101"];
    assert_eq!(found, expected, "{}", shown(&compilation));
    let runs = compilation.program.flows.keys().any(|name| name.short() == "runs");
    assert!(runs, "the rest is still checked");
}

#[test]
fn every_construct_cut_off_at_each_token() {
    let mut texts = vec![TEN.to_owned()];
    for (path, content) in files(&root().join("examples")).into_iter().chain(files(&root().join("tests/check"))) {
        if path.ends_with(".flow") && content.len() < 8_000 {
            texts.push(String::from_utf8(content).expect("it is text"));
        }
    }
    for text in texts {
        let tree = flow_syntax::parse(FileId(0), &text).tree();
        let ends = tree.descendants_with_tokens().filter_map(|element| element.into_token());
        let ends: Vec<usize> = ends.map(|token| token.text_range().end().into()).collect();
        // A cut inside a declaration leaves something open; one between two does not.
        let step = (ends.len() / 40).max(1);
        for end in ends.iter().step_by(step) {
            let compilation = compile_text(&text[..*end]);
            if has_open_bracket(&text[..*end]) {
                assert!(compilation.problems.has_errors(), "nothing was reported for\n{}", &text[..*end]);
            }
        }
    }
}

/// Whether a brace of a declaration is open at the end, as the lexer sees it.
fn has_open_bracket(text: &str) -> bool {
    use flow_syntax::SyntaxKind::{L_BRACE, R_BRACE};
    let tree = flow_syntax::parse(FileId(0), text).tree();
    let tokens = tree.descendants_with_tokens().filter_map(|element| element.into_token());
    let depth = tokens.fold(0_i64, |depth, token| match token.kind() {
        L_BRACE => depth + 1,
        R_BRACE => depth - 1,
        _ => depth,
    });
    depth > 0
}

#[test]
fn strange_files_are_one_report_each() {
    let long_line = format!("// {}\n", "x".repeat(1 << 20));
    let deep = format!("const x: Int = {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let cases: &[(&str, &[u8], &[&str])] = &[
        ("empty", b"", &[]),
        ("blank", b"\r\n\t \n", &[]),
        ("byte order mark", b"\xef\xbb\xbfconst x: Int = 1\n", &[]),
        ("carriage returns", b"const x: Int = 1\r\nfn _f() -> Int {\r\n  x\r\n}\r\n", &[]),
        ("binary", b"\x7fELF\x02\x01\0\xff\xfe", &["E0151"]),
        ("zero byte", b"const x: Int = 1\0", &["E0010"]),
        ("long line", long_line.as_bytes(), &[]),
        ("deep", deep.as_bytes(), &["E0009"]),
        ("bidi", "// \u{202e} reversed\n".as_bytes(), &["E0006"]),
        ("homoglyph", "const x: Int = 1\nconst y: Int = \u{0445}\n".as_bytes(), &["E0005"]),
    ];
    for (name, text, expected) in cases {
        let compilation = compile(&MemoryWorld::new([("main.flow", *text)]), &Options::default());
        let found: Vec<&str> = compilation.problems.0.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(&found, expected, "{name}: {}", shown(&compilation));
    }
}

#[test]
fn a_module_that_uses_itself_and_files_that_are_not_there() {
    let itself = MemoryWorld::new([("main.flow", "use main.{x}\nconst x: Int = 1\n")]);
    assert_eq!(compile(&itself, &Options::default()).problems.0[0].code.as_str(), "E0104");
    let only = Options { only: vec!["nowhere.flow".into()], ..Options::default() };
    assert_eq!(compile(&itself, &only).problems.0[0].code.as_str(), "E0150");
}
