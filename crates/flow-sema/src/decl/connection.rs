//! Connections: Postgres, SQLite, HTTP. `provider postgres, url "…"`, or `postgres "…"` for short.

use super::{
    Declaring,
    problems::ConnectionKindProblem,
    settings::{self, Settings},
};
use crate::{
    expr::{Elaborator, Place},
    names::ItemId,
};
use flow_diag::Span;
use flow_plan::{Connection, ConnectionKind, SecretOr};
use flow_syntax::ast;

/// The providers that can be used.
const SUPPORTED: &[&str] = &["postgres", "sqlite", "http"];
/// Providers that the language knows and this version cannot use.
const LATER: &[&str] = &["ssh", "s3", "gcs", "azure", "mysql", "snowflake", "bigquery", "kafka", "smtp", "slack"];
/// All keys of a connection's block.
const KEYS: &[&str] = &[
    "provider",
    "url",
    "path",
    "password",
    "token",
    "accepts",
    "postgres",
    "sqlite",
    "http",
    "ssh",
    "s3",
    "gcs",
    "azure",
    "mysql",
    "snowflake",
    "bigquery",
    "kafka",
    "smtp",
    "slack",
    "host",
    "user",
    "key",
    "region",
    "bucket",
];

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::ConnectionDecl) {
    let item = declaring.env.names.item(id);
    let (name, at, module) = (item.name.clone(), item.at, item.module);
    let mut el = declaring.elaborator(module, Place::Constant);
    let settings = settings::read(&mut el, decl.clauses(), KEYS, "a connection");
    let Some((provider, address, provider_at)) = provider(&mut el, &settings, at) else { return };
    let Some(kind) = kind(&mut el, &settings, &provider, address, at, provider_at) else { return };
    declaring.program.connections.insert(name.clone(), Connection { name, kind, accepts: settings.accepts, at });
}

/// The provider, with the address if the short form gives it.
fn provider(el: &mut Elaborator<'_>, settings: &Settings, at: Span) -> Option<(String, Option<ast::Expr>, Span)> {
    let short: Vec<&'static str> = SUPPORTED.iter().chain(LATER).copied().collect();
    if let Some((provider, address, key_at)) = settings.first_of(&short) {
        return Some((provider.to_owned(), Some(address), key_at));
    }
    let Some(value) = settings.value("provider") else {
        settings.missing(el, "provider", "a connection", at, "provider postgres");
        return None;
    };
    let at = el.span(value.range());
    let word = match &value {
        ast::Expr::Name(name) => name.name()?.text().to_owned(),
        ast::Expr::String(text) => text.plain_text()?,
        _ => String::new(),
    };
    Some((word, None, at))
}

fn kind(
    el: &mut Elaborator<'_>,
    settings: &Settings,
    provider: &str,
    address: Option<ast::Expr>,
    at: Span,
    provider_at: Span,
) -> Option<ConnectionKind> {
    let key = if provider == "sqlite" { "path" } else { "url" };
    if !SUPPORTED.contains(&provider) {
        el.problem(ConnectionKindProblem {
            provider,
            at: provider_at,
            later: LATER.contains(&provider),
            supported: SUPPORTED,
        });
        return None;
    }
    let address = address.or_else(|| settings.value(key).or_else(|| settings.value("url")));
    let Some(address) = address else {
        let example = if provider == "sqlite" { "path \"data/shop.sqlite\"" } else { "url \"…\"" };
        settings.missing(el, key, "a connection", at, example);
        return None;
    };
    let address = settings::text_or_secret(el, address, key);
    match (provider, address?) {
        ("postgres", url) => Some(ConnectionKind::Postgres { url, password: settings.secret(el, "password") }),
        ("sqlite", SecretOr::Plain(path)) => Some(ConnectionKind::Sqlite { path }),
        ("http", SecretOr::Plain(url)) => {
            let url = url.trim_end_matches('/').into();
            Some(ConnectionKind::Http { url, token: settings.secret(el, "token") })
        }
        (_, SecretOr::Secret(secret)) => {
            el.problem(super::problems::AddressIsSecret { at: provider_at, provider, secret });
            None
        }
        _ => None,
    }
}
