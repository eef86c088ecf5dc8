//! The values that a profile and `--set` give to `var`s.
//!
//! A value comes as text and is read as its `var`'s type says: text as it stands, everything else as a
//! literal of the language. `--set` wins over the profile, the profile over the default.

use crate::{
    environment::Environment,
    expr::{Elaborator, Place},
    manifest::{Manifest, ProfileVar},
    names::{ItemId, Names},
    output::Output,
    problems::{
        mismatch::Because,
        nearest,
        settings::{NoSetting, UnknownProfile, UnknownVar, WrongSetting},
    },
};
use flow_diag::{FileId, Severity, Span};
use flow_expr::{Expr, ExprKind, Type, Value};
use flow_syntax::ast;
use std::{collections::HashMap, sync::Arc};

/// What is set, by `var`.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    profile: Option<Arc<str>>,
    given: HashMap<ItemId, ProfileVar>,
}

/// Finds the `var` of each value that is given.
pub(crate) fn settings(
    names: &Names,
    manifest: &Manifest,
    profile: Option<(&str, Span)>,
    overrides: &[ProfileVar],
    output: &mut Output,
) -> Settings {
    let mut settings = Settings { profile: profile.map(|(name, _)| name.into()), given: HashMap::new() };
    if let Some((name, at)) = profile {
        match manifest.profile(name) {
            Some(profile) => settings.add(names, &profile.vars, output),
            None => {
                let known = manifest.profiles.iter().map(|profile| &*profile.name).collect();
                output.problem(UnknownProfile { at, name, known });
            }
        }
    }
    // The other profiles' names are checked too: a misspelt one would be found only in production.
    for other in manifest.profiles.iter().filter(|other| profile.is_none_or(|(name, _)| *other.name != *name)) {
        for var in &other.vars {
            find(names, var, output);
        }
    }
    settings.add(names, overrides, output);
    settings
}

impl Settings {
    fn add(&mut self, names: &Names, vars: &[ProfileVar], output: &mut Output) {
        for var in vars {
            if let Some(id) = find(names, var, output) {
                self.given.insert(id, var.clone());
            }
        }
    }
}

/// The `var` that a name means: `limit`, or `shop.limit`.
fn find(names: &Names, var: &ProfileVar, output: &mut Output) -> Option<ItemId> {
    let vars = || names.all().filter(|(_, item)| matches!(item.decl, ast::Decl::Var(_)));
    let fits = |name: &flow_expr::Name| name.as_str() == &*var.name || name.short() == &*var.name;
    let found: Vec<(ItemId, &crate::names::Item)> = vars().filter(|(_, item)| fits(&item.name)).collect();
    match found.as_slice() {
        [(id, _)] => Some(*id),
        [] => {
            let known = vars().flat_map(|(_, item)| [item.name.as_str(), item.name.short()]);
            let nearest = nearest(&var.name, known).map(str::to_owned);
            output.problem(UnknownVar { at: var.name_at, name: &var.name, nearest, several: vec![] });
            None
        }
        several => {
            if let Some((id, _)) = several.iter().find(|(_, item)| item.name.as_str() == &*var.name) {
                return Some(*id);
            }
            let several = several.iter().map(|(_, item)| (item.name.to_string(), item.at)).collect();
            output.problem(UnknownVar { at: var.name_at, name: &var.name, nearest: None, several });
            None
        }
    }
}

/// The value of a `var`, with the place that gives it.
pub(super) fn value(
    env: &Environment,
    id: ItemId,
    ty: &Type,
    default: Option<Value>,
    output: &mut Output,
) -> (Option<Value>, Span) {
    let item = env.names.item(id);
    let has_default = matches!(&item.decl, ast::Decl::Var(decl) if decl.default().is_some());
    let Some(given) = env.settings.given.get(&id) else {
        if !has_default {
            let profile = env.settings.profile.as_deref();
            output.problem(NoSetting { at: item.at, name: item.name.short(), profile });
        }
        return (default, item.at);
    };
    let value = match read(env, id, &given.value, ty) {
        Ok(value) => {
            super::check_rules(env, ty, &value, given.value_at, output);
            Some(value)
        }
        Err(why) => {
            let (at, value, ty, declared) = (given.value_at, given.value.clone(), ty.clone(), item.at);
            output.problem(WrongSetting { at, name: item.name.short(), value, ty, declared, why });
            None
        }
    };
    (value, given.value_at)
}

/// A text as a value of the type.
fn read(env: &Environment, id: ItemId, text: &str, ty: &Type) -> Result<Value, String> {
    if *env.base(ty.required()) == Type::String {
        return Ok(Value::String(text.into()));
    }
    if *ty == Type::Unknown {
        return Err("its type is not known".to_owned());
    }
    let wrong = || format!("expected {}", example(env.base(ty.required())));
    let parsed = flow_syntax::parse(FileId::default(), &format!("const x = {text}"));
    let mut decls = parsed.root().decls();
    let (Some(ast::Decl::Const(decl)), None, true) = (decls.next(), decls.next(), parsed.problems.is_empty()) else {
        return Err(wrong());
    };
    let written = decl.value().ok_or_else(wrong)?;
    let mut scratch = Output::default();
    let mut elaborator = Elaborator::new(env, env.names.item(id).module, Place::Constant, &mut scratch);
    let expr = elaborator.check(&written, ty, Because::Place("as the `var` is declared so"));
    if let Some(problem) = scratch.problems.0.iter().find(|problem| problem.severity == Severity::Error) {
        return Err(format!("{}; {}", problem.title, wrong()));
    }
    literal(&expr).ok_or_else(wrong)
}

/// The value of an expression that is nothing but literals.
fn literal(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value.clone()),
        ExprKind::List(items) => items.iter().map(literal).collect::<Option<_>>().map(Value::List),
        _ => None,
    }
}

fn example(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "`true` or `false`",
        Type::Int => "a whole number such as `5` or `10MiB`",
        Type::Decimal | Type::Float => "a number such as `0.5`",
        Type::Duration => "a duration such as `30s` or `2h`",
        Type::Date => "a date such as `2026-11-22`",
        Type::Time => "a time such as `06:00`",
        Type::Timestamp => "an instant such as `2026-11-22T06:00:00Z`",
        Type::List(_) => "a list such as `[1, 2]`",
        Type::Named(_) => "the name of a variant",
        _ => "a literal of that type",
    }
}
