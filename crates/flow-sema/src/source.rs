//! From the tree's ranges to spans, and from the tree to the text that is quoted in messages.

use flow_diag::{FileId, Span};
use flow_syntax::{SyntaxKind, SyntaxNode, SyntaxToken, TextRange};
use std::sync::Arc;

/// The span of a range in a file.
pub(crate) fn span(file: FileId, range: TextRange) -> Span {
    Span::new(file, range.start().into(), range.end().into())
}

/// Whether something directly inside was not understood, which the parser has reported: then what seems to be
/// missing may stand there.
pub(crate) fn has_errors(node: &SyntaxNode) -> bool {
    node.children().any(|child| child.kind() == SyntaxKind::ERROR)
}

/// A construct in one line: comments dropped, blanks as the formatter would set them, so that neither
/// formatting nor comments change the text.
pub(crate) fn one_line(node: &SyntaxNode) -> Arc<str> {
    let mut text = String::new();
    let mut before: Option<SyntaxToken> = None;
    for token in node.descendants_with_tokens().filter_map(|element| element.into_token()) {
        if token.kind().is_trivia() {
            continue;
        }
        if before.as_ref().is_some_and(|before| stand_apart(before, &token)) {
            text.push(' ');
        }
        text.push_str(token.text());
        before = Some(token);
    }
    text.into()
}

/// Whether a blank stands between two tokens.
fn stand_apart(before: &SyntaxToken, after: &SyntaxToken) -> bool {
    use SyntaxKind::{
        COLON, COMMA, DOT, DOT2, DOT2_EQ, HOLE_CLOSE, HOLE_OPEN, IDENT, L_BRACKET, L_PAREN, MINUS, QUESTION, R_BRACKET,
        R_PAREN, RAW_OPEN, STRING_CLOSE, STRING_OPEN, STRING_TEXT, UNARY_EXPR,
    };
    let calls = matches!(after.kind(), L_PAREN | L_BRACKET) && matches!(before.kind(), IDENT | R_PAREN | R_BRACKET);
    let is_sign = before.kind() == MINUS && before.parent().is_some_and(|parent| parent.kind() == UNARY_EXPR);
    let closed = matches!(
        before.kind(),
        L_PAREN | L_BRACKET | DOT | DOT2 | DOT2_EQ | STRING_OPEN | RAW_OPEN | STRING_TEXT | HOLE_OPEN | HOLE_CLOSE
    );
    let opened = matches!(
        after.kind(),
        R_PAREN
            | R_BRACKET
            | COMMA
            | DOT
            | DOT2
            | DOT2_EQ
            | COLON
            | QUESTION
            | STRING_TEXT
            | STRING_CLOSE
            | HOLE_OPEN
            | HOLE_CLOSE
    );
    !(calls || is_sign || closed || opened)
}
