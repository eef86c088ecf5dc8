//! HTTP bodies: method, URL, headers, query, body.

use super::{
    body::Declared,
    clause,
    problems::{BodyTwice, HeaderSecret, NotMethod, RelativeUrl},
    settings,
};
use crate::expr::Elaborator;
use flow_expr::{Expr, ExprKind, Part, Value};
use flow_plan::{Body, Effect, HttpValue};
use flow_syntax::ast::{self, SettingClause};
use std::{collections::HashSet, sync::Arc};

const METHODS: &[&str] = &["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
const KEYS: &[&str] = &["on", "header", "query", "form", "body"];

/// The body of an HTTP step.
pub(super) fn body(el: &mut Elaborator<'_>, body: &ast::HttpBody) -> Option<Declared> {
    let method = body.method()?;
    if !METHODS.contains(&method.text()) {
        let at = el.span(method.range());
        el.problem(NotMethod { at, found: method.text(), known: METHODS });
    }
    let settings = settings::read(el, body.settings(), KEYS, "an HTTP body");
    let connection = match (body.connection(), settings.value("on")) {
        (Some(path), _) => {
            let id = clause::named(el, &path, &["connection"], "connection", "a connection")?;
            Some(el.env.names.item(id).name.clone())
        }
        (None, Some(on)) => Some(super::location::connection_of(el, &on)?),
        (None, None) => None,
    };
    let url = body.url()?;
    let parts = el.parts(&url);
    let is_absolute = match parts.first() {
        Some(Part::Text(text)) => text.contains("://"),
        // A hole may hold the whole address.
        Some(Part::Hole(..)) => true,
        None => false,
    };
    if connection.is_none() && !is_absolute {
        let at = el.span(url.range());
        el.problem(RelativeUrl { at });
    }
    // A method that does not exist has been reported: whatever was meant, nothing more is said about it.
    let reads = matches!(method.text(), "GET" | "HEAD" | "OPTIONS") || !METHODS.contains(&method.text());
    let effect = if reads { Effect::Read } else { Effect::Write };
    let (mut headers, mut query, mut form) = (vec![], vec![], vec![]);
    for entry in body.settings() {
        let SettingClause::Entry(entry) = entry else { continue };
        let (Some(key), Some(name), Some(value)) = (entry.key(), entry.name_text(), entry.value()) else { continue };
        let name: Arc<str> = name.into();
        match key.text() {
            "header" => headers.extend(header(el, &value).map(|value| (name, value))),
            "query" => query.push((name, el.infer(&value).0)),
            _ => form.push((name, value)),
        }
    }
    let content = match (settings.value("body"), form.is_empty()) {
        (Some(value), true) => Some(el.infer(&value).0),
        (Some(value), false) => {
            let at = el.span(value.range());
            el.problem(BodyTwice { at });
            None
        }
        (None, false) => Some(form_text(el, form)),
        (None, true) => None,
    };
    let has_type = headers.iter().any(|(name, _): &(Arc<str>, HttpValue)| name.eq_ignore_ascii_case("content-type"));
    if settings.value("body").is_none() && content.is_some() && !has_type {
        let form_type = ExprKind::Const(Value::String("application/x-www-form-urlencoded".into()));
        headers.push(("Content-Type".into(), HttpValue::Expr(Expr::new(form_type, el.span(body.range())))));
    }
    let method = method.text().into();
    let body = Body::Http { method, url: parts, connection, headers, query, body: content };
    Some(Declared { body, effect, timeout_ms: 30_000, mentions: HashSet::new(), query: None, changes: None })
}

/// `a=…&b=…` with each value encoded.
fn form_text(el: &mut Elaborator<'_>, form: Vec<(Arc<str>, ast::Expr)>) -> Expr {
    let mut parts = vec![];
    let mut whole = None;
    for (index, (name, value)) in form.into_iter().enumerate() {
        let at = el.span(value.range());
        let separator = if index == 0 { "" } else { "&" };
        parts.push(Part::Text(format!("{separator}{name}=").into()));
        let text = Expr::new(ExprKind::Interpolate(vec![Part::Hole(el.infer(&value).0, None)]), at);
        parts.push(Part::Hole(Expr::new(ExprKind::Builtin("url_encode".into(), vec![text]), at), None));
        whole.get_or_insert(at);
    }
    Expr::new(ExprKind::Interpolate(parts), whole.unwrap_or_default())
}

/// A header's value: a secret, text around one secret, or any expression.
fn header(el: &mut Elaborator<'_>, value: &ast::Expr) -> Option<HttpValue> {
    if let Some(secret) = settings::secret_of(el, value) {
        return Some(HttpValue::Secret { prefix: "".into(), secret, suffix: "".into() });
    }
    let ast::Expr::String(text) = value else { return Some(HttpValue::Expr(el.infer(value).0)) };
    let holes: Vec<ast::Expr> = text.holes().filter_map(|hole| hole.expr()).collect();
    let secret = holes.iter().find_map(|hole| settings::secret_of(el, hole));
    let Some(secret) = secret else { return Some(HttpValue::Expr(el.infer(value).0)) };
    if holes.len() > 1 {
        let at = el.span(text.range());
        el.problem(HeaderSecret { at });
        return None;
    }
    let (mut prefix, mut suffix, mut behind) = (String::new(), String::new(), false);
    for part in text.parts() {
        match part {
            ast::StringPart::Text { text, .. } if behind => suffix = text,
            ast::StringPart::Text { text, .. } => prefix = text,
            ast::StringPart::Hole(_) => behind = true,
        }
    }
    Some(HttpValue::Secret { prefix: prefix.into(), secret, suffix: suffix.into() })
}
