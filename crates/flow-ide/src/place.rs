//! Places in a tree: the token at an offset, and what is around it.

use crate::Analysis;
use flow_diag::{FileId, Span};
use flow_syntax::{SyntaxKind, SyntaxNode, SyntaxToken, TextRange, TextSize, ast, ast::AstNode};

/// The token at a place; of two that meet there, the one that means more.
pub(crate) fn token_at(root: &SyntaxNode, offset: u32) -> Option<SyntaxToken> {
    let offset = TextSize::from(offset.min(u32::from(root.text_range().end())));
    let weight = |token: &SyntaxToken| match token.kind() {
        kind if kind.is_trivia() => 0,
        SyntaxKind::IDENT => 3,
        SyntaxKind::KEYWORD => 2,
        _ => 1,
    };
    root.token_at_offset(offset).max_by_key(weight)
}

/// The tree of a file.
pub(crate) fn tree(analysis: &Analysis, file: FileId) -> Option<SyntaxNode> {
    analysis.compilation.trees.get(&file).map(flow_syntax::Parse::tree)
}

/// The smallest construct of a kind around a place.
pub(crate) fn around<N: AstNode>(token: &SyntaxToken) -> Option<N> {
    token.parent_ancestors().find_map(N::cast)
}

/// The declaration around a place.
pub(crate) fn decl_at(analysis: &Analysis, at: Span) -> Option<ast::Decl> {
    let root = tree(analysis, at.file)?;
    let offset = TextSize::from(at.start);
    root.children().find(|child| child.text_range().contains_inclusive(offset)).and_then(ast::Decl::cast)
}

/// A range as a span.
pub(crate) fn span(file: FileId, range: TextRange) -> Span {
    Span::new(file, range.start().into(), range.end().into())
}
