//! From the tree's ranges to spans, and from the tree to the text that is quoted in messages.

use flow_diag::{FileId, Span};
use flow_syntax::{SyntaxNode, TextRange};
use std::sync::Arc;

/// The span of a range in a file.
pub(crate) fn span(file: FileId, range: TextRange) -> Span {
    Span::new(file, range.start().into(), range.end().into())
}

/// A construct as written, in one line: comments dropped, blanks squeezed.
pub(crate) fn one_line(node: &SyntaxNode) -> Arc<str> {
    let mut text = String::new();
    let mut blank = false;
    for token in node.descendants_with_tokens().filter_map(|element| element.into_token()) {
        if token.kind().is_trivia() {
            blank = !text.is_empty();
            continue;
        }
        if std::mem::take(&mut blank) {
            text.push(' ');
        }
        text.push_str(token.text());
    }
    text.into()
}
