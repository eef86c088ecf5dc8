//! What a node means, clause by clause: what its last record is compared with, and what keys kept results.
//!
//! The hashing is `flow_plan`'s; this picks the clauses that can change a result. One that cannot
//! (`timeout`, `retry`, `owner`, …) is no reason to run anything. Knows nothing of values.

use crate::{Component, decide::why_not_cacheable, expressions::tells_time};
use flow_expr::{Expr, Name, Part, Type, TypeDef, TypeTable};
use flow_plan::{
    Body, Clause, Dataset, HttpValue, Meanings, Program, Step, dataset_clauses, decides_result, meaning_hash,
};
use std::{collections::BTreeMap, sync::Arc};

/// Bytes of a clause's text that are kept for showing what changed.
const TEXT_LIMIT: usize = 2048;

/// What something means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodeMeaning {
    /// By clause.
    pub(crate) components: Arc<[Component]>,
    /// Of all of them.
    pub(crate) hash: Arc<str>,
    /// Why a result is never taken again, if it is not.
    pub(crate) not_cacheable: Option<Arc<str>>,
}

impl NodeMeaning {
    /// Of a step: what its result depends on besides its arguments.
    pub(crate) fn of_step(step: &Step, meanings: &mut Meanings<'_>, program: &Program) -> Option<Self> {
        let meaning = meanings.step(&step.name)?;
        let deciding = meaning.clauses.iter().filter(|(name, _)| decides_result(name));
        let of_time = time_told(with_judges(step, program), program);
        Some(Self {
            components: deciding.map(|(name, clause)| component(name, clause)).collect(),
            hash: meaning.hash,
            not_cacheable: of_time.or_else(|| why_not_cacheable(step).map(Arc::from)),
        })
    }

    /// Of an expression over data.
    pub(crate) fn of_expression(expr: &Expr, program: &Program) -> Self {
        let hash = Meanings::new(program).expr(expr);
        let part = Component { clause: "expression".into(), hash: hash.clone(), text: "".into() };
        Self { components: [part].into(), hash, not_cacheable: time_told([expr], program) }
    }

    /// Of a dataset: what decides whether a version still is what the declaration asks for.
    pub(crate) fn of_dataset(dataset: &Dataset, program: &Program) -> Self {
        let clauses = dataset_clauses(dataset);
        let deciding = ["type", "at", "partition", "expect"];
        let mut parts: Vec<_> = deciding
            .iter()
            .filter_map(|name| clauses.get_key_value(*name))
            .map(|(name, clause)| component(name, clause))
            .collect();
        for (name, definition) in definitions(&dataset.ty, &program.types) {
            let clause = format!("type {}", name.short()).into();
            parts.push(Component { clause, hash: meaning_hash(definition), text: "".into() });
        }
        let hashes: Vec<_> = parts.iter().map(|part| (&part.clause, &part.hash)).collect();
        Self { hash: meaning_hash(&hashes), components: parts.into(), not_cacheable: None }
    }
}

/// Why no two runs mean the same by expressions, if one of them reads the clock.
fn time_told<'p>(exprs: impl IntoIterator<Item = &'p Expr>, program: &'p Program) -> Option<Arc<str>> {
    tells_time(exprs, &program.functions).then(|| "it depends on when it runs".into())
}

fn component(name: &Arc<str>, clause: &Clause) -> Component {
    let end = (0..=TEXT_LIMIT.min(clause.text.len())).rev().find(|end| clause.text.is_char_boundary(*end));
    let text = match end {
        Some(end) if end < clause.text.len() => clause.text[..end].into(),
        _ => clause.text.clone(),
    };
    Component { clause: name.clone(), hash: clause.hash.clone(), text }
}

/// Every expression of a step that bears on its result, those of the judges that its guards ask included.
fn with_judges<'p>(step: &'p Step, program: &'p Program) -> Vec<&'p Expr> {
    let asked = step.guards.iter().flat_map(|guard| program.judges_asked(&guard.condition));
    let judges = asked.filter_map(|call| program.judges.get(call.judge));
    judges.flat_map(step_expressions).chain(step_expressions(step)).collect()
}

/// Every expression of a step that bears on its result.
fn step_expressions(step: &Step) -> Vec<&Expr> {
    let mut exprs: Vec<&Expr> = vec![];
    if let Body::Http { url, headers, query, body, .. } = &step.body {
        exprs.extend(url.iter().filter_map(|part| match part {
            Part::Hole(hole, _) => Some(hole),
            Part::Text(_) => None,
        }));
        exprs.extend(headers.iter().filter_map(|(_, header)| match header {
            HttpValue::Expr(expr) => Some(expr),
            HttpValue::Secret { .. } => None,
        }));
        exprs.extend(query.iter().map(|(_, value)| value));
        exprs.extend(body);
    }
    if let Body::Ai(ai) = &step.body {
        exprs.extend(ai.system.iter().chain(&ai.prompt).filter_map(|part| match part {
            Part::Hole(hole, _) => Some(hole),
            Part::Text(_) => None,
        }));
    }
    if let Body::Ask { who, message } = &step.body {
        exprs.extend([who, message]);
    }
    for guard in &step.guards {
        exprs.push(&guard.condition);
        exprs.extend(guard.action.expressions());
    }
    exprs.extend(&step.fallback);
    exprs
}

/// The definitions of all named types that a type leads to.
pub(crate) fn definitions<'a>(ty: &'a Type, table: &'a TypeTable) -> BTreeMap<&'a Name, &'a TypeDef> {
    let mut found = BTreeMap::new();
    let mut open: Vec<&Type> = vec![ty];
    while let Some(ty) = open.pop() {
        match ty {
            Type::Optional(inner) | Type::List(inner) | Type::Table(inner) => open.push(inner),
            Type::Map(key, value) => open.extend([&**key, &**value]),
            Type::Named(name) => {
                let Some(definition) = table.get(name) else { continue };
                if found.insert(name, definition).is_none() {
                    open.extend(parts(definition));
                }
            }
            _ => {}
        }
    }
    found
}

/// The types directly in a definition.
fn parts(definition: &TypeDef) -> Vec<&Type> {
    match definition {
        TypeDef::Record(fields) => fields.iter().map(|field| &field.ty).collect(),
        TypeDef::Enum(variants) => {
            variants.iter().flat_map(|variant| &variant.payload).map(|field| &field.ty).collect()
        }
        TypeDef::Refined { base, .. } => vec![base],
    }
}

/// Whether a value of this type may hold a table or a file.
pub(crate) fn may_hold_data(ty: &Type, table: &TypeTable) -> bool {
    let holds = |ty: &Type| matches!(ty, Type::Table(_) | Type::File | Type::Unknown);
    let inner = |ty: &Type| -> bool {
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            match ty {
                Type::Optional(inner) | Type::List(inner) | Type::Map(_, inner) => open.push(inner),
                plain if holds(plain) => return true,
                _ => {}
            }
        }
        false
    };
    inner(ty) || definitions(ty, table).values().any(|definition| parts(definition).into_iter().any(inner))
}
