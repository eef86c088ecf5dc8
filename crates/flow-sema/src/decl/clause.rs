//! What clauses share: each stands once, constants where the value must be known, names of declarations.

use super::problems::NotPositive;
use crate::{
    expr::Elaborator,
    names::{Found, ItemId},
    problems::{mismatch::Because, names::WrongKind},
};
use flow_diag::Span;
use flow_expr::{Type, Value};
use flow_syntax::ast;
use std::{collections::HashMap, sync::Arc};

/// The clauses of one declaration that have been seen. The parser reports a second one; the first counts.
#[derive(Debug, Default)]
pub(super) struct Seen {
    places: HashMap<&'static str, Span>,
}

impl Seen {
    /// Whether this is the first clause of its name.
    pub(super) fn first(&mut self, name: &'static str, at: Span) -> bool {
        let mut first = false;
        self.places.entry(name).or_insert_with(|| {
            first = true;
            at
        });
        first
    }

    /// Where a clause is.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.places.get(name).copied()
    }
}

/// The value of a constant of that type; none where it is wrong, which has been reported.
pub(crate) fn constant(
    el: &mut Elaborator<'_>,
    expr: Option<ast::Expr>,
    ty: &Type,
    place: &str,
) -> Option<(Value, Span)> {
    let expr = expr?;
    let at = el.span(expr.range());
    el.constant(&expr, ty, Because::Place(place)).map(|value| (value, at))
}

/// Milliseconds of a duration longer than nothing.
pub(crate) fn milliseconds(el: &mut Elaborator<'_>, expr: Option<ast::Expr>, clause: &str) -> Option<u64> {
    let place = format!("as `{clause}` takes a time");
    let (value, at) = constant(el, expr, &Type::Duration, &place)?;
    let Value::Duration(length) = value else { return None };
    match u64::try_from(length.as_millis()) {
        Ok(milliseconds) if milliseconds > 0 => Some(milliseconds),
        _ => {
            el.problem(NotPositive { at, clause, what: "a time longer than nothing, at least `1ms`" });
            None
        }
    }
}

/// A whole number of at least `least`.
pub(crate) fn number(el: &mut Elaborator<'_>, expr: Option<ast::Expr>, clause: &str, least: i64) -> Option<u64> {
    let place = format!("as `{clause}` takes a number");
    let (value, at) = constant(el, expr, &Type::Int, &place)?;
    let Value::Int(number) = value else { return None };
    if number < least {
        let what = if least == 0 { "a number of at least 0" } else { "a number of at least 1" };
        el.problem(NotPositive { at, clause, what });
        return None;
    }
    u64::try_from(number).ok()
}

/// A text that is known now.
pub(crate) fn text(el: &mut Elaborator<'_>, expr: Option<ast::Expr>, clause: &str) -> Option<Arc<str>> {
    let place = format!("as `{clause}` takes a text");
    match constant(el, expr, &Type::String, &place)?.0 {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The tags of a clause.
pub(crate) fn tags(clause: &ast::TagsClause) -> Vec<Arc<str>> {
    clause.tags().filter_map(|tag| tag.plain_text()).map(Into::into).collect()
}

/// The declaration of that kind that a path names; anything else is reported.
pub(crate) fn named(
    el: &mut Elaborator<'_>,
    path: &ast::Path,
    keywords: &[&str],
    noun: &'static str,
    expected: &'static str,
) -> Option<ItemId> {
    let at = el.span(path.range());
    let parts: Vec<ast::Name> = path.parts().collect();
    let env = el.env;
    match env.names.find_path(el.module, parts.iter().map(ast::Name::text)) {
        Found::Item(id) => {
            let item = env.names.item(id);
            let last = parts.last().map_or(at, |part| el.span(part.range()));
            el.output.index.mention(last, item.definition);
            if keywords.contains(&item.keyword()) {
                return Some(id);
            }
            let (found, declared) = (item.keyword(), item.at);
            el.problem(WrongKind { name: item.name.short(), at, expected, found, declared });
            None
        }
        Found::Broken => None,
        Found::Module(_) | Found::Nothing => {
            el.unknown_value(&path.text(), at, noun);
            None
        }
    }
}

/// The path that an expression is, if it is one: `warehouse`, `shop.warehouse`.
pub(crate) fn path_of(expr: &ast::Expr) -> Option<Vec<ast::Name>> {
    match expr {
        ast::Expr::Name(name) => Some(vec![name.name()?]),
        ast::Expr::Field(field) => {
            let mut path = path_of(&field.receiver()?)?;
            path.push(field.name()?);
            Some(path)
        }
        ast::Expr::Paren(paren) => path_of(&paren.inner()?),
        _ => None,
    }
}

/// The declaration that an expression names without more, if it names one. Reports nothing.
pub(crate) fn item_of(el: &mut Elaborator<'_>, expr: &ast::Expr) -> Option<ItemId> {
    let path = path_of(expr)?;
    let first = path.first()?.text();
    if el.locals.is_bound(first) {
        return None;
    }
    match el.env.names.find_path(el.module, path.iter().map(ast::Name::text)) {
        Found::Item(id) => Some(id),
        _ => None,
    }
}

/// Remembers that an expression mentions the declaration that [`item_of`] found.
pub(crate) fn mention(el: &mut Elaborator<'_>, expr: &ast::Expr, id: ItemId) {
    if let Some(last) = path_of(expr).and_then(|path| path.last().map(ast::Name::range)) {
        let at = el.span(last);
        el.output.index.mention(at, el.env.names.item(id).definition);
    }
}
