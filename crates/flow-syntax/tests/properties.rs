//! Any text gives a tree of exactly that text, quickly and without a panic; problems point into it.

use flow_diag::FileId;
use flow_syntax::parse;
use proptest::prelude::*;

const WHOLE: &str = include_str!("corpus/whole.flow");

fn holds(text: &str) {
    let parse = parse(FileId(0), text);
    assert_eq!(parse.tree().text().to_string(), text, "lossless");
    for problem in &parse.problems.0 {
        for label in &problem.labels {
            assert!(label.span.start <= label.span.end && label.span.end as usize <= text.len(), "{problem:?}");
            assert!(text.is_char_boundary(label.span.start as usize), "{problem:?}");
            assert!(text.is_char_boundary(label.span.end as usize), "{problem:?}");
        }
    }
}

/// Pieces that make trouble, more often than chance would.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "step", "flow", "type", "dataset", "retry", "guard", "let", "if", "match", "for", "else", "sql", "sh", "on",
            "test", "run", "check", "csv", "ai", "where", "x", "Foo", "fooBar", "`q q`", "r\"", "\"", "\"\"\"", "{", "}",
            "(", ")", "[", "]", "<", ">", ",", ":", ".", "..", "=", "==", "=>", "->", "??", "?", "|", "@", "-", "+", "%",
            "\\", "\n", "\r\n", "\r", "\t", " ", "// c\n", "/// d\n", "12", "5m", "06:00", "2026-11-22", "1M", "$1", "99%",
            ";", "&&", "||", "===", "!==", "!", "then", "é", "\u{202e}", "\u{feff}", "{x", "\\{",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.join(" ").replace(" \" ", "\""))
}

proptest! {
    #[test]
    fn any_pieces(text in pieces()) {
        holds(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        holds(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_program_with_a_hole(start in 0..WHOLE.len(), length in 0..80_usize, filling in pieces()) {
        let end = (start + length).min(WHOLE.len());
        holds(&format!("{}{filling}{}", &WHOLE[..start], &WHOLE[end..]));
    }
}

#[test]
fn a_program_cut_off_anywhere() {
    for end in 0..=WHOLE.len() {
        holds(&WHOLE[..end]);
    }
}

#[test]
fn deep_nesting_is_one_report_and_no_overflow() {
    let openers = ["(", "[", "{", "f(", "x => ", "- ", "not ", "\"{(", "if a { ", "a.b(", "List<", "a + (", "a ?? "];
    for opener in openers {
        for prefix in ["const a = ", "fn f() -> Int { ", "type T = ", "step s() { "] {
            let text = format!("{prefix}{}", opener.repeat(20_000));
            let parse = parse(FileId(0), &text);
            assert_eq!(parse.tree().text().len(), flow_syntax::TextSize::of(text.as_str()));
            assert!(!parse.problems.is_empty());
            assert!(parse.problems.0.len() <= 500);
        }
    }
}

#[test]
fn long_chains_are_bounded() {
    for link in [" + 1", ".f", ".f(1)", "[0]", " and a", " ?? a", "\n  .f"] {
        let text = format!("const a = a{}\n", link.repeat(50_000));
        let parse = parse(FileId(0), &text);
        let codes: Vec<&str> = parse.problems.0.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(codes, ["E0009"], "{link}");
    }
}

#[test]
fn ten_megabytes_in_one_line() {
    let text = format!("const a = \"{}\"\n", "x".repeat(10 << 20));
    assert!(parse(FileId(0), &text).problems.is_empty());
    let text = format!("const a = {}\n", "[".repeat(3 << 20));
    assert!(!parse(FileId(0), &text).problems.is_empty());
}
