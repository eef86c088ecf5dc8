//! Formatting twice is formatting once; tokens, comments and decoded texts stay what they were.

#[path = "../../flow-syntax/tests/support/mod.rs"]
mod support;

use flow_diag::FileId;
use flow_format::format;
use flow_syntax::ast::{AstNode, StringLit, StringPart};
use flow_syntax::{NodeOrToken, Parse, SyntaxKind, parse};
use proptest::prelude::*;

/// Everything that means something, in order: tokens but optional commas and bars, texts decoded, comments.
fn meaning(parse: &Parse) -> (Vec<String>, Vec<String>) {
    let (mut tokens, mut comments) = (vec![], vec![]);
    for element in parse.tree().descendants_with_tokens() {
        match element {
            NodeOrToken::Node(node) => {
                let Some(text) = StringLit::cast(node) else { continue };
                let parts = text.parts().into_iter().map(|part| match part {
                    StringPart::Text { text, .. } => text,
                    StringPart::Hole(_) => "{}".to_owned(),
                });
                tokens.push(format!("{:?}", parts.collect::<Vec<_>>()));
            }
            NodeOrToken::Token(token) => match token.kind() {
                SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::MODULE_DOC => {
                    comments.push(token.text().trim_end().to_owned());
                }
                SyntaxKind::WHITESPACE | SyntaxKind::COMMA | SyntaxKind::PIPE | SyntaxKind::STRING_TEXT => {}
                kind => tokens.push(format!("{kind:?} {}", token.text())),
            },
        }
    }
    (tokens, comments)
}

fn holds(text: &str) {
    let before = parse(FileId(0), text);
    let Some(once) = format(&before) else { return };
    let after = parse(FileId(0), &once);
    assert!(after.problems.is_empty(), "{:?}\nbefore:\n{text}\nafter:\n{once}", after.problems);
    assert!(meaning(&before) == meaning(&after), "before:\n{text}\nafter:\n{once}");
    let twice = format(&after).expect("no problems");
    assert_eq!(once, twice, "first:\n{once}\nsecond:\n{twice}\nbefore:\n{text}");
    for line in once.lines() {
        let in_text = once.contains("\"\"\"") || line.contains("//");
        assert!(in_text || line.trim_end() == line, "a blank at the end of {line:?}");
    }
}

proptest! {
    #[test]
    fn generated_programs(choices in prop::collection::vec(any::<u16>(), 0..300)) {
        holds(&support::generate::program(choices));
    }
}

#[test]
fn nothing_and_comments_only() {
    for text in ["", "\n\n", "// one\n", "\n\n// one\n\n\n// two\n\n", "//! docs\n\n/// of\nconst a = 1 // x\n// end"] {
        holds(text);
    }
}
