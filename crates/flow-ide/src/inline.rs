//! A `let` whose value is put where its name stands.
//!
//! Offered only where the program stays what it is: the value is typed by itself and recovers from nothing, no name in it
//! means something else where it goes, and in a flow, where a value is made once, it is used once, beside its `let`.

use crate::{
    Action, Analysis, TextEdit,
    place::{around, decl_at, span, token_at, tree},
    references,
};
use flow_diag::Span;
use flow_syntax::{
    SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, AstNode},
};

/// Puts the value of the `let` that a place names, there or where it is used, in place of its name.
pub(crate) fn inline(analysis: &Analysis, at: Span, token: &SyntaxToken) -> Option<Action> {
    let index = &analysis.compilation.index;
    let definition = index.definition(index.definition_at(span(at.file, token.text_range()))?)?;
    let root = tree(analysis, at.file).filter(|_| definition.at.file == at.file)?;
    let binding = around::<ast::LetStmt>(&token_at(&root, definition.at.start)?)?;
    if span(at.file, binding.name()?.range()) != definition.at || binding.ty().is_some() || binding.recovery().is_some()
    {
        return None;
    }
    let value = binding.value()?;
    let mentions = references(analysis, definition.at);
    let uses = mentions.iter().filter(|mention| !mention.declares).map(|mention| name_at(&root, mention.at));
    let uses: Vec<SyntaxNode> = uses.collect::<Option<_>>()?;
    let fits = match decl_at(analysis, at)? {
        ast::Decl::Fn(_) => !uses.is_empty(),
        ast::Decl::Flow(_) => uses.len() == 1 && home(&uses[0]) == binding.syntax().parent(),
        _ => false,
    };
    if !fits || uses.iter().any(|used| is_taken(analysis, at, &value, binding.syntax(), used)) {
        return None;
    }
    let put = |used: &SyntaxNode| TextEdit { at: span(at.file, used.text_range()), text: written(&value, used) };
    let mut edits: Vec<TextEdit> = uses.iter().map(put).collect();
    let gone = span(at.file, line_of(&root, binding.syntax().text_range()));
    edits.push(TextEdit { at: gone, text: String::new() });
    edits.sort_by_key(|edit| edit.at);
    Some(Action { title: format!("inline `{}`", definition.name), mends: None, preferred: false, edits })
}

/// The expression that is nothing but a name; `None` where the name stands in an embedded text.
fn name_at(root: &SyntaxNode, at: Span) -> Option<SyntaxNode> {
    let used = around::<ast::NameExpr>(&token_at(root, at.start)?)?;
    let in_text = used.syntax().ancestors().any(|node| node.kind() == SyntaxKind::STRING);
    (span(at.file, used.syntax().text_range()) == at && !in_text).then(|| used.syntax().clone())
}

/// The block that an expression is worked out in, once and always; `None` where it may be more often or never.
fn home(used: &SyntaxNode) -> Option<SyntaxNode> {
    let conditional = [SyntaxKind::LAMBDA_EXPR, SyntaxKind::MATCH_ARM, SyntaxKind::BLOCK];
    let mut above = used.ancestors().skip(1).take_while(|node| !conditional.contains(&node.kind()));
    let statement = above.find(|node| ast::Stmt::cast(node.clone()).is_some())?;
    statement.parent()
}

/// Whether a name of the value is declared anew between its `let` and a use.
fn is_taken(analysis: &Analysis, at: Span, value: &ast::Expr, binding: &SyntaxNode, used: &SyntaxNode) -> bool {
    let between = span(at.file, TextRange::new(binding.text_range().end(), used.text_range().start()));
    let named = |text: &str| {
        let mut tokens = value.syntax().descendants_with_tokens().filter_map(|part| part.into_token());
        tokens.any(|token| token.kind() == SyntaxKind::IDENT && token.text() == text)
    };
    let mut declared = analysis.compilation.index.mentioned().map(|(definition, _)| definition.at);
    declared.any(|there| {
        there.file == at.file
            && between.start <= there.start
            && there.end <= between.end
            && named(analysis.text_of(there))
    })
}

/// The value as it is written where the name stood.
fn written(value: &ast::Expr, used: &SyntaxNode) -> String {
    let text = value.syntax().text().to_string();
    let text = text.trim();
    let is_whole = matches!(
        value.syntax().kind(),
        SyntaxKind::NAME_EXPR
            | SyntaxKind::CALL_EXPR
            | SyntaxKind::FIELD_EXPR
            | SyntaxKind::INDEX_EXPR
            | SyntaxKind::LIST_EXPR
            | SyntaxKind::MAP_EXPR
            | SyntaxKind::PAREN_EXPR
            | SyntaxKind::LITERAL
            | SyntaxKind::STRING
    );
    let stands_alone = used.parent().is_some_and(|above| {
        let alone = [SyntaxKind::ARG, SyntaxKind::PAREN_EXPR, SyntaxKind::LET_STMT, SyntaxKind::WRITE_STMT];
        alone.contains(&above.kind())
    });
    if is_whole || stands_alone { text.to_owned() } else { format!("({text})") }
}

/// The lines of a statement if nothing else stands on them; else the statement.
fn line_of(root: &SyntaxNode, range: TextRange) -> TextRange {
    let text = root.text().to_string();
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let before = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let after = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    if !text[before..start].trim().is_empty() || !text[end..after].trim().is_empty() {
        return range;
    }
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX).into();
    TextRange::new(offset(before), offset(after))
}
