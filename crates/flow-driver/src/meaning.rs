//! What a node means, clause by clause: what its last record is compared with, and what keys kept results.
//!
//! A clause that cannot change a result (`timeout`, `retry`, `owner`, …) is no part of it: changing one
//! is no reason to run anything. Knows nothing of values.

use crate::{
    Component,
    expressions::{functions_called, holes, tells_time, visit},
};
use flow_expr::{Expr, ExprKind, Name, Type, TypeDef, TypeTable};
use flow_plan::{Body, Connection, Dataset, GuardAction, HttpValue, Program, Step, meaning_hash};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

/// Bytes of a clause's text that are kept for showing what changed.
const TEXT_LIMIT: usize = 2048;

/// What something means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meaning {
    /// By clause.
    pub(crate) components: Arc<[Component]>,
    /// Of all of them.
    pub(crate) hash: Arc<str>,
    /// Whether it reads the clock, so that no two runs mean the same.
    pub(crate) tells_time: bool,
}

impl Meaning {
    fn new(components: Vec<Component>, tells_time: bool) -> Self {
        let hashes: Vec<_> = components.iter().map(|part| (&part.clause, &part.hash)).collect();
        Self { hash: meaning_hash(&hashes), components: components.into(), tells_time }
    }

    /// Of a step: what its result depends on besides its arguments.
    pub(crate) fn of_step(step: &Step, program: &Program) -> Self {
        let exprs = step_expressions(step);
        let mut parts = vec![component("body", &step.body, body_text(&step.body))];
        let params: Vec<_> = step.params.iter().map(|param| (&param.name, param.var, &param.ty)).collect();
        let signature: Vec<_> = step.params.iter().map(|param| format!("{}: {}", param.name, param.ty)).collect();
        parts.push(component("parameters", &params, signature.join(", ")));
        let types = step.params.iter().map(|param| &param.ty).chain([&step.returns]);
        let definitions = definitions(types, &exprs, &program.types);
        parts.push(component("type", &(&step.returns, definitions), step.returns.to_string()));
        if !step.guards.is_empty() {
            let texts: Vec<_> = step.guards.iter().map(|guard| &*guard.text).collect();
            parts.push(component("guard", &step.guards, texts.join("\n")));
        }
        if let Some(fallback) = &step.fallback {
            parts.push(component("fallback", fallback, String::new()));
        }
        if let Some(budget) = &step.budget {
            parts.push(component("budget", budget, String::new()));
        }
        parts.extend(connection_component(&step.body, &program.connections));
        parts.extend(functions_component(&exprs, program));
        Self::new(parts, tells_time(&exprs, &program.functions))
    }

    /// Of an expression over data.
    pub(crate) fn of_expression(expr: &Expr, program: &Program) -> Self {
        let mut parts = vec![component("expression", expr, String::new())];
        parts.extend(functions_component(&[expr], program));
        Self::new(parts, tells_time(&[expr], &program.functions))
    }

    /// Of a dataset: what decides whether a version still is what the declaration asks for.
    pub(crate) fn of_dataset(dataset: &Dataset, program: &Program) -> Self {
        let mut parts = vec![
            component("at", &dataset.location, String::new()),
            component("type", &(&dataset.ty, definitions([&dataset.ty], &[], &program.types)), dataset.ty.to_string()),
        ];
        let texts: Vec<_> = dataset.expect.iter().map(|rule| &*rule.text).collect();
        parts.push(component("expect", &dataset.expect, texts.join("\n")));
        Self::new(parts, false)
    }
}

fn component<T: Serialize>(clause: &str, value: &T, text: String) -> Component {
    let mut text = text;
    if text.len() > TEXT_LIMIT {
        let end = (0..=TEXT_LIMIT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    Component { clause: clause.into(), hash: meaning_hash(value), text: text.into() }
}

fn body_text(body: &Body) -> String {
    match body {
        Body::Sql { text, .. } => text.to_string(),
        Body::Shell { script } => script.to_string(),
        Body::Python { source, .. } => source.to_string(),
        Body::Http { method, .. } => method.to_string(),
        Body::Other { keyword } => keyword.to_string(),
    }
}

/// Every expression of a step that bears on its result.
fn step_expressions(step: &Step) -> Vec<&Expr> {
    let mut exprs: Vec<&Expr> = vec![];
    if let Body::Http { url, headers, query, body, .. } = &step.body {
        holes(url, &mut |hole| exprs.push(hole));
        for (_, header) in headers {
            if let HttpValue::Expr(expr) = header {
                exprs.push(expr);
            }
        }
        exprs.extend(query.iter().map(|(_, value)| value));
        exprs.extend(body);
    }
    for guard in &step.guards {
        exprs.push(&guard.condition);
        match &guard.action {
            GuardAction::Fallback(expr) => exprs.push(expr),
            GuardAction::Retry(message) | GuardAction::Fail(message) | GuardAction::Warn(message) => {
                exprs.extend(message);
            }
        }
    }
    exprs.extend(&step.fallback);
    exprs
}

fn functions_component(exprs: &[&Expr], program: &Program) -> Option<Component> {
    let called = functions_called(exprs, &program.functions);
    if called.is_empty() {
        return None;
    }
    let names: Vec<_> = called.keys().map(|name| name.short()).collect();
    Some(component("functions", &called, names.join(", ")))
}

fn connection_component(body: &Body, connections: &BTreeMap<Name, Connection>) -> Option<Component> {
    let (Body::Sql { connection, .. } | Body::Http { connection, .. }) = body else { return None };
    let connection = connections.get(connection.as_ref()?)?;
    Some(component("connection", &connection.kind, connection.name.to_string()))
}

/// The definitions of all named types that types and expressions lead to.
fn definitions<'a>(
    types: impl IntoIterator<Item = &'a Type>,
    exprs: &[&'a Expr],
    table: &'a TypeTable,
) -> BTreeMap<&'a Name, &'a TypeDef> {
    let mut found = BTreeMap::new();
    let mut open: Vec<&Name> = vec![];
    types.into_iter().for_each(|ty| names_of(ty, &mut open));
    for expr in exprs {
        visit(expr, &mut |part| {
            if let ExprKind::Record { ty, .. } | ExprKind::Variant { ty, .. } = &part.kind {
                open.push(ty);
            }
        });
    }
    while let Some(name) = open.pop() {
        let Some(definition) = table.get(name) else { continue };
        if found.insert(name, definition).is_some() {
            continue;
        }
        match definition {
            TypeDef::Record(fields) => fields.iter().for_each(|field| names_of(&field.ty, &mut open)),
            TypeDef::Enum(variants) => {
                variants.iter().flat_map(|variant| &variant.payload).for_each(|field| names_of(&field.ty, &mut open));
            }
            TypeDef::Refined { base, .. } => names_of(base, &mut open),
        }
    }
    found
}

/// The names in a type.
pub(crate) fn names_of<'a>(ty: &'a Type, names: &mut Vec<&'a Name>) {
    match ty {
        Type::Named(name) => names.push(name),
        Type::Optional(inner) | Type::List(inner) | Type::Table(inner) => names_of(inner, names),
        Type::Map(key, value) => {
            names_of(key, names);
            names_of(value, names);
        }
        Type::Function(params, result) => {
            params.iter().for_each(|param| names_of(param, names));
            names_of(result, names);
        }
        _ => {}
    }
}

/// Whether a value of this type may hold a table or a file.
pub(crate) fn may_hold_data(ty: &Type, table: &TypeTable) -> bool {
    fn walk<'a>(ty: &'a Type, table: &'a TypeTable, seen: &mut Vec<&'a Name>) -> bool {
        match ty {
            Type::Table(_) | Type::File | Type::Unknown => true,
            Type::Optional(inner) | Type::List(inner) => walk(inner, table, seen),
            Type::Map(_, value) => walk(value, table, seen),
            Type::Named(name) => {
                if seen.contains(&name) {
                    return false;
                }
                seen.push(name);
                match table.get(name) {
                    Some(TypeDef::Record(fields)) => fields.iter().any(|field| walk(&field.ty, table, seen)),
                    Some(TypeDef::Enum(variants)) => {
                        variants.iter().flat_map(|variant| &variant.payload).any(|field| walk(&field.ty, table, seen))
                    }
                    Some(TypeDef::Refined { base, .. }) => walk(base, table, seen),
                    None => false,
                }
            }
            _ => false,
        }
    }
    walk(ty, table, &mut vec![])
}
