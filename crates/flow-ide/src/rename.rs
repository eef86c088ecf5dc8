//! A new name for a thing, wherever it is named: in all files, in SQL, scripts and prompts.
//!
//! Refused where the new name is none, where something of that name is there already, and for the standard library. Aliases
//! of `use` keep their names. Tested in `tests/it`.

use crate::{Analysis, TextEdit, references};
use flow_diag::{FileId, Span};
use flow_sema::index::{Definition, DefinitionId, DefinitionKind};
use flow_syntax::{SyntaxKind, ast};

/// What would be renamed: its place here, and its name.
///
/// # Errors
/// Nothing here can be renamed, with why.
pub fn prepare(analysis: &Analysis, at: Span) -> Result<(Span, String), String> {
    let (id, definition) = renamed(analysis, at)?;
    let covers = |mention: &&references::Mention| {
        mention.at.file == at.file && mention.at.start <= at.start && at.start <= mention.at.end
    };
    let mentions = references::of(analysis, id);
    let here = mentions.iter().find(covers).map_or(definition.at, |mention| mention.at);
    Ok((here, definition.name.short().to_owned()))
}

/// The changes that give what is named at a place a new name.
///
/// # Errors
/// It cannot be renamed, or not so, with why.
pub fn rename(analysis: &Analysis, at: Span, new: &str) -> Result<Vec<TextEdit>, String> {
    let (id, definition) = renamed(analysis, at)?;
    let old = definition.name.short();
    let bare = new.trim().trim_matches('`');
    check_style(old, bare)?;
    if let Some(other) = in_the_way(analysis, definition, bare) {
        return Err(format!("there is a `{bare}` already: {}", place(analysis, other.at)));
    }
    let written = |at: Span| analysis.text_of(at).trim_matches('`').to_owned();
    let mentions = references::of(analysis, id).into_iter().filter(|mention| written(mention.at) == old);
    Ok(mentions
        .map(|mention| TextEdit { at: mention.at, text: spelt(analysis, mention.at, definition.kind, (old, bare)) })
        .collect())
}

/// What stands at a mention after the change: `field` alone in a pattern is both the field and a name for its value.
fn spelt(analysis: &Analysis, at: Span, kind: DefinitionKind, (old, new): (&str, &str)) -> String {
    let root = crate::place::tree(analysis, at.file);
    let token = root.and_then(|root| crate::place::token_at(&root, at.start));
    let pattern = token.and_then(|token| crate::place::around::<flow_syntax::ast::PatternField>(&token));
    let is_short = pattern.is_some_and(|pattern| {
        let text = pattern.syntax().text().to_string();
        text.trim() == old && pattern.syntax().descendants_with_tokens().all(|part| part.kind() != SyntaxKind::COLON)
    });
    if !is_short {
        return new.to_owned();
    }
    match kind {
        DefinitionKind::Field => format!("{new}: {old}"),
        _ => format!("{old}: {new}"),
    }
}

fn renamed(analysis: &Analysis, at: Span) -> Result<(DefinitionId, &Definition), String> {
    let index = &analysis.compilation.index;
    let id = index.definition_at(at).ok_or("there is no name here that could be changed")?;
    let definition = index.definition(id).ok_or("there is no name here that could be changed")?;
    if analysis.is_library(definition.at.file) {
        return Err(format!("`{}` is part of the standard library", definition.name.short()));
    }
    Ok((id, definition))
}

/// Names of types and variants begin with a capital, all others do not.
fn check_style(old: &str, new: &str) -> Result<(), String> {
    let is_word = new.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let begins = new.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !is_word || !begins {
        return Err(format!("`{new}` is no name"));
    }
    // The parser knows which words are never names in an expression.
    let parsed = flow_syntax::parse_expression(FileId(0), new);
    if !parsed.problems.0.is_empty() || !matches!(parsed.expression(), Some(ast::Expr::Name(_))) {
        return Err(format!("`{new}` is a word of the language"));
    }
    let is_capital = |text: &str| text.starts_with(char::is_uppercase);
    match (is_capital(old), is_capital(new)) {
        (true, false) => Err("names of types and variants begin with a capital letter".to_owned()),
        (false, true) => Err("names of values begin with a small letter".to_owned()),
        _ => Ok(()),
    }
}

/// What has the new name where the old one is known.
fn in_the_way<'a>(analysis: &'a Analysis, renamed: &Definition, new: &str) -> Option<&'a Definition> {
    let scope = |definition: &Definition| definition.name.as_str().rsplit_once('.').map(|(scope, _)| scope.to_owned());
    let around = |at: Span| crate::place::decl_at(analysis, at).map(|decl| decl.syntax().text_range());
    let is_local = |kind| matches!(kind, DefinitionKind::Local | DefinitionKind::Parameter);
    analysis.compilation.index.definitions.iter().find(|other| {
        let same_name = other.name.short() == new && other.at.file == renamed.at.file && other.at != renamed.at;
        same_name
            && match (is_local(renamed.kind), is_local(other.kind)) {
                (true, true) => around(other.at) == around(renamed.at),
                (false, false) => scope(other) == scope(renamed),
                _ => false,
            }
    })
}

fn place(analysis: &Analysis, at: Span) -> String {
    let path = analysis.source(at.file).map_or("", |source| source.path.as_str());
    let line = analysis
        .lines(at.file)
        .map(|lines| lines.position(analysis.text(at.file), at.start, flow_diag::Encoding::Utf8));
    format!("{path}:{}", line.map_or(1, |place| place.line))
}
