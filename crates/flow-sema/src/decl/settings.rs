//! `key value` settings of connections, models, pools and bodies: known keys, each once.

use super::{
    clause::{self, Seen},
    problems::{MissingSetting, NotASecret, UnknownSetting},
};
use crate::{
    expr::Elaborator,
    types::{TypeContext, resolve_labels},
};
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::SecretOr;
use flow_syntax::ast::{self, SettingClause};
use std::sync::Arc;

/// The settings of one block.
#[derive(Debug, Default)]
pub(super) struct Settings {
    values: Vec<(&'static str, ast::Expr, Span)>,
    /// `accepts`.
    pub(super) accepts: Vec<Name>,
    /// Whether some key was not known: it may be the one that is missing.
    has_unknown: bool,
}

/// Reads settings; what is not among `known` is reported. Clauses with a form of their own (`price`,
/// `limit`, `accepts`, `header`, …) go by their first word. `owner`, `tags` and `doc` may stand everywhere.
pub(super) fn read(
    el: &mut Elaborator<'_>,
    clauses: impl Iterator<Item = SettingClause>,
    known: &[&'static str],
    owner: &str,
) -> Settings {
    let (mut settings, mut seen) = (Settings::default(), Seen::default());
    for clause in clauses {
        let at = el.span(clause.range());
        let (key, key_at) = match &clause {
            SettingClause::Setting(setting) => {
                let Some(key) = setting.key() else { continue };
                (key.text().to_owned(), el.span(key.range()))
            }
            SettingClause::Entry(entry) => (entry.key().map(|key| key.text().to_owned()).unwrap_or_default(), at),
            SettingClause::Price(_) => ("price".to_owned(), at),
            SettingClause::Limit(_) => ("limit".to_owned(), at),
            SettingClause::Accepts(_) => ("accepts".to_owned(), at),
            SettingClause::Owner(_) | SettingClause::Tags(_) | SettingClause::Doc(_) => continue,
        };
        let Some(known_key) = known.iter().find(|known| **known == key) else {
            el.problem(UnknownSetting { key: &key, at: key_at, owner, known });
            settings.has_unknown = true;
            continue;
        };
        let repeats = matches!(clause, SettingClause::Entry(_));
        if !repeats && !seen.first(known_key, at) {
            continue;
        }
        match clause {
            SettingClause::Setting(setting) => {
                settings.values.extend(setting.value().map(|value| (*known_key, value, key_at)));
            }
            SettingClause::Accepts(accepts) => settings.accepts = labels(el, &accepts),
            _ => {}
        }
    }
    settings
}

impl Settings {
    /// The value of a setting.
    pub(super) fn value(&self, key: &str) -> Option<ast::Expr> {
        self.values.iter().find(|(known, ..)| *known == key).map(|(_, value, _)| value.clone())
    }

    /// The first of these settings that is written, with the place of its key.
    pub(super) fn first_of(&self, keys: &[&'static str]) -> Option<(&'static str, ast::Expr, Span)> {
        self.values.iter().find(|(known, ..)| keys.contains(known)).cloned()
    }

    /// A text known now; reported where it is missing.
    pub(super) fn required_text(
        &self,
        el: &mut Elaborator<'_>,
        key: &'static str,
        owner: &str,
        at: Span,
        example: &'static str,
    ) -> Option<Arc<str>> {
        match self.value(key) {
            Some(value) => clause::text(el, Some(value), key),
            None => {
                self.missing(el, key, owner, at, example);
                None
            }
        }
    }

    /// Reports a setting that is missing, unless it may be there under a wrong name.
    pub(super) fn missing(
        &self,
        el: &mut Elaborator<'_>,
        key: &'static str,
        owner: &str,
        at: Span,
        example: &'static str,
    ) {
        if !self.has_unknown {
            el.problem(MissingSetting { key, owner, at, example });
        }
    }

    /// The secret that a setting names.
    pub(super) fn secret(&self, el: &mut Elaborator<'_>, key: &'static str) -> Option<Name> {
        let value = self.value(key)?;
        let found = secret_of(el, &value);
        if found.is_none() {
            let at = el.span(value.range());
            el.problem(NotASecret { key, at });
        }
        found
    }
}

/// A value in the text, or the secret that holds it.
pub(super) fn text_or_secret(el: &mut Elaborator<'_>, value: ast::Expr, key: &str) -> Option<SecretOr<Arc<str>>> {
    match secret_of(el, &value) {
        Some(secret) => Some(SecretOr::Secret(secret)),
        None => clause::text(el, Some(value), key).map(SecretOr::Plain),
    }
}

/// The secret that an expression names, if it names one.
pub(super) fn secret_of(el: &mut Elaborator<'_>, value: &ast::Expr) -> Option<Name> {
    let id = clause::item_of(el, value)?;
    let item = el.env.names.item(id);
    if !matches!(item.decl, ast::Decl::Secret(_)) {
        return None;
    }
    let name = item.name.clone();
    clause::mention(el, value, id);
    Some(name)
}

/// The labels of an `accepts`; unknown ones are reported.
pub(super) fn labels(el: &mut Elaborator<'_>, clause: &ast::AcceptsClause) -> Vec<Name> {
    let context = TypeContext { env: el.env, module: el.module, parameters: &[] };
    resolve_labels(&context, clause.labels(), el.output)
}
