//! Changes that mend nothing but save typing: missing fields of a record, missing arms of a match, promises of a contract,
//! a value in place of its name.
//!
//! Each is offered where the cursor is, and gives a text that parses. Tested in `tests/it`.

use crate::{
    Action, Analysis, TextEdit, inline,
    place::{around, span, token_at, tree},
};
use flow_diag::Span;
use flow_expr::{Type, TypeDef};
use flow_syntax::{
    SyntaxKind, SyntaxNode, SyntaxToken,
    ast::{self, AstNode},
};

/// What could be changed at a place.
#[must_use]
pub fn assists(analysis: &Analysis, at: Span) -> Vec<Action> {
    let Some(root) = tree(analysis, at.file).filter(|_| !analysis.is_library(at.file)) else { return vec![] };
    let Some(token) = token_at(&root, at.start) else { return vec![] };
    let mut found = vec![];
    found.extend(fields(analysis, at, &token));
    found.extend(arms(analysis, at, &token));
    found.extend(contract(at, &token));
    found.extend(inline::inline(analysis, at, &token));
    found
}

fn action(title: impl Into<String>, at: Span, text: String) -> Action {
    Action { title: title.into(), mends: None, preferred: false, edits: vec![TextEdit { at, text }] }
}

/// A value of a type, to begin with.
fn blank(analysis: &Analysis, ty: &Type) -> String {
    let types = &analysis.compilation.program.types;
    match ty {
        Type::Bool => "false".into(),
        Type::Int => "0".into(),
        Type::Float | Type::Decimal => "0.0".into(),
        Type::String => "\"\"".into(),
        Type::Date => "2026-01-01".into(),
        Type::Time => "00:00".into(),
        Type::Timestamp => "2026-01-01T00:00:00Z".into(),
        Type::Duration => "0s".into(),
        Type::List(_) => "[]".into(),
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Enum(variants)) => variants.first().map_or("none".into(), |first| {
                let fields =
                    first.payload.iter().map(|field| format!("{}: {}", field.name, blank(analysis, &field.ty)));
                let fields: Vec<String> = fields.collect();
                let fields = if fields.is_empty() { String::new() } else { format!("({})", fields.join(", ")) };
                format!("{}.{}{fields}", name.short(), first.name)
            }),
            Some(TypeDef::Refined { base, .. }) => blank(analysis, base),
            _ => "none".into(),
        },
        _ => "none".into(),
    }
}

/// The fields that a record is made without.
fn fields(analysis: &Analysis, at: Span, token: &SyntaxToken) -> Option<Action> {
    let call = around::<ast::CallExpr>(token)?;
    let ast::Expr::Name(callee) = call.callee()? else { return None };
    let name_at = span(at.file, callee.name()?.range());
    let index = &analysis.compilation.index;
    let definition = index.definition(index.definition_at(name_at)?)?;
    let Some(TypeDef::Record(fields)) = analysis.compilation.program.types.get(&definition.name) else { return None };
    let list = call.syntax().children().find(|child| child.kind() == SyntaxKind::ARG_LIST)?;
    if list.children().any(|child| child.kind() == SyntaxKind::SPREAD_ARG) {
        return None;
    }
    let given: Vec<String> = call.args().filter_map(|arg| arg.name().map(|name| name.text().to_owned())).collect();
    let missing: Vec<String> = fields
        .iter()
        .filter(|field| !given.iter().any(|given| **given == *field.name))
        .map(|field| format!("{}: {}", field.name, blank(analysis, &field.ty)))
        .collect();
    let unnamed = call.args().any(|arg| arg.name().is_none());
    if missing.is_empty() || unnamed {
        return None;
    }
    let close = list.last_token().filter(|last| last.kind() == SyntaxKind::R_PAREN)?;
    let end = u32::from(close.text_range().start());
    let comma = if given.is_empty() { "" } else { ", " };
    let title = format!("fill in {} missing field{}", missing.len(), if missing.len() == 1 { "" } else { "s" });
    Some(action(title, Span::new(at.file, end, end), format!("{comma}{}", missing.join(", "))))
}

/// The variants that a match has no arm for.
fn arms(analysis: &Analysis, at: Span, token: &SyntaxToken) -> Option<Action> {
    let whole = around::<ast::MatchExpr>(token)?;
    let subject = whole.syntax().children().find_map(ast::Expr::cast)?;
    let subject_at = span(at.file, subject.range());
    let types = &analysis.compilation.index.types;
    let typed = types.binary_search_by_key(&subject_at, |typed| typed.at).ok().map(|found| &types[found].ty)?;
    let Type::Named(name) = typed else { return None };
    let Some(TypeDef::Enum(variants)) = analysis.compilation.program.types.get(name) else { return None };
    let list = whole.syntax().children().find(|child| child.kind() == SyntaxKind::MATCH_ARM_LIST)?;
    let covers_all = [SyntaxKind::WILDCARD_PATTERN, SyntaxKind::BINDING_PATTERN];
    let patterns: Vec<SyntaxNode> = list.children().filter_map(|arm| arm.children().next()).collect();
    if patterns.iter().any(|pattern| covers_all.contains(&pattern.kind())) {
        return None;
    }
    let named: Vec<String> = patterns
        .iter()
        .flat_map(SyntaxNode::descendants)
        .filter(|node| node.kind() == SyntaxKind::VARIANT_PATTERN)
        .flat_map(|node| node.descendants_with_tokens())
        .filter(|part| part.kind() == SyntaxKind::IDENT)
        .map(|part| part.to_string())
        .collect();
    let missing = variants.iter().filter(|variant| !named.iter().any(|name| **name == *variant.name));
    let value = list.children().next().and_then(|arm| arm.children().find_map(ast::Expr::cast));
    let value = value.map_or("none".to_owned(), |value| value.syntax().text().to_string().trim().to_owned());
    let missing: Vec<String> = missing
        .map(|variant| {
            let fields: Vec<&str> = variant.payload.iter().map(|field| &*field.name).collect();
            let fields = if fields.is_empty() { String::new() } else { format!("({})", fields.join(", ")) };
            format!("{}{fields} => {value}", variant.name)
        })
        .collect();
    let close = list.last_token().filter(|last| last.kind() == SyntaxKind::R_BRACE && !missing.is_empty())?;
    let last = list.children().last();
    let end = u32::from(last.as_ref().map_or(close.text_range().start(), |arm| arm.text_range().end()));
    let has_comma =
        last.and_then(|arm| arm.next_sibling_or_token()).is_none_or(|next| next.kind() == SyntaxKind::COMMA);
    let (start, comma) = match (list.children().next(), has_comma) {
        (None, _) => (u32::from(close.text_range().start()), ""),
        (Some(_), true) => (end + 1, ""),
        (Some(_), false) => (end, ","),
    };
    let title = format!("fill in {} missing arm{}", missing.len(), if missing.len() == 1 { "" } else { "s" });
    let text = format!("{comma}\n{},\n", missing.join(",\n"));
    Some(action(title, Span::new(at.file, start, start), text))
}

/// Promises that a declaration does not make yet, at its name.
fn contract(at: Span, token: &SyntaxToken) -> Vec<Action> {
    let Some(decl) = token.parent().and_then(ast::Decl::cast) else { return vec![] };
    let offered: &[(SyntaxKind, &str, &str)] = match &decl {
        ast::Decl::Step(_) => &[
            (SyntaxKind::TIMEOUT_CLAUSE, "add a timeout", "timeout 5m"),
            (SyntaxKind::RETRY_CLAUSE, "add a retry policy", "retry { up to 3 times, on timeout }"),
        ],
        ast::Decl::Flow(_) => &[(SyntaxKind::FINISH_STMT, "add a deadline", "finish within 1h")],
        ast::Decl::Dataset(_) => &[
            (SyntaxKind::FRESH_CLAUSE, "promise freshness", "fresh within 1d"),
            (SyntaxKind::OWNER_CLAUSE, "name an owner", "owner \"team\""),
        ],
        _ => return vec![],
    };
    let open = decl.syntax().descendants_with_tokens().find(|part| part.kind() == SyntaxKind::L_BRACE);
    let Some(open) = open.map(|open| u32::from(open.text_range().end())) else { return vec![] };
    let has = |kind: SyntaxKind| decl.syntax().descendants().any(|node| node.kind() == kind);
    let missing = offered.iter().filter(|(kind, ..)| !has(*kind));
    missing.map(|(_, title, text)| action(*title, Span::new(at.file, open, open), format!("\n  {text}"))).collect()
}
