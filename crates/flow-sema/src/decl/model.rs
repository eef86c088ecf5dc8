//! Models: their settings are checked; calling them comes with AI bodies.

use super::{
    Declaring,
    clause::{milliseconds, number},
    settings,
};
use crate::{expr::Place, names::ItemId};
use flow_syntax::ast;

const KEYS: &[&str] = &[
    "provider",
    "name",
    "endpoint",
    "url",
    "key",
    "price",
    "limit",
    "context",
    "accepts",
    "temperature",
    "max_tokens",
];

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::ModelDecl) {
    let item = declaring.env.names.item(id);
    let (at, module) = (item.at, item.module);
    let mut el = declaring.elaborator(module, Place::Constant);
    let settings = settings::read(&mut el, decl.clauses(), KEYS, "a model");
    if settings.value("provider").is_none() {
        settings.missing(&mut el, "provider", "a model", at, "provider openai");
    }
    settings.required_text(&mut el, "name", "a model", at, "name \"gpt-5-mini-2025-08-07\"");
    settings.secret(&mut el, "key");
    for clause in decl.clauses() {
        if let ast::SettingClause::Limit(limit) = clause {
            number(&mut el, limit.count(), "limit", 1);
            milliseconds(&mut el, limit.per(), "limit … per");
        }
    }
}
