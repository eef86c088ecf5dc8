//! Types whose values could not exist, because each would hold another one.
//!
//! An edge goes from a type to what every value of it must hold: a record to its required fields. An enum
//! whose some variant holds nothing of the kind ends, as do optionals, lists, maps and tables.

use crate::{
    environment::Environment,
    output::Output,
    problems::cycles::{InfiniteType, Turn},
};
use flow_diag::Span;
use flow_expr::{Name, Type, TypeDef};
use std::collections::{BTreeMap, BTreeSet};

/// Reports each circle once.
pub(crate) fn infinite(env: &Environment, output: &mut Output) {
    let possible = possible(env);
    let mut done: BTreeSet<&Name> = BTreeSet::new();
    for name in env.types.0.keys() {
        let mut path: Vec<(&Name, Span)> = vec![];
        let mut next = name;
        // A type that cannot exist holds another one that cannot: following these ends in a circle.
        while !possible.contains(next) && done.insert(next) {
            let Some((mention, held)) = impossible_part(env, next, &possible) else { break };
            path.push((next, mention));
            next = held;
        }
        if let Some(start) = path.iter().position(|(turn, _)| *turn == next) {
            let turns = path[start..].iter().filter_map(|(name, mention)| {
                let item = env.names.item(*env.names.all_types().get(*name)?);
                Some(Turn { name: (*name).clone(), at: item.at, mention: *mention })
            });
            let mut turns: Vec<Turn> = turns.collect();
            let first = (0..turns.len()).min_by_key(|place| turns[*place].at).unwrap_or(0);
            turns.rotate_left(first);
            if !turns.is_empty() {
                output.problem(InfiniteType(turns));
            }
        }
    }
}

/// The types of which some value exists: the least set that holds all whose parts are in it.
fn possible(env: &Environment) -> BTreeSet<Name> {
    let mut possible: BTreeSet<Name> = BTreeSet::new();
    let mut waiting: BTreeMap<&Name, &TypeDef> = env.types.0.iter().collect();
    loop {
        let before = waiting.len();
        waiting.retain(|name, def| {
            let exists = match def {
                TypeDef::Record(fields) => {
                    fields.iter().all(|field| held(&field.ty).is_none_or(|ty| possible.contains(ty)))
                }
                TypeDef::Enum(variants) => {
                    variants.iter().any(|variant| {
                        variant.payload.iter().all(|field| held(&field.ty).is_none_or(|ty| possible.contains(ty)))
                    }) || variants.is_empty()
                }
                TypeDef::Refined { base, .. } => held(base).is_none_or(|ty| possible.contains(ty)),
            };
            if exists {
                possible.insert((*name).clone());
            }
            !exists
        });
        if waiting.len() == before {
            return possible;
        }
    }
}

/// The declared type of which a value must be there.
fn held(ty: &Type) -> Option<&Name> {
    match ty {
        Type::Named(name) => Some(name),
        _ => None,
    }
}

/// A part of a type that cannot exist, with the place of its mention.
fn impossible_part<'e>(env: &'e Environment, name: &Name, possible: &BTreeSet<Name>) -> Option<(Span, &'e Name)> {
    let cannot = |ty: &'e Type| held(ty).filter(|ty| !possible.contains(*ty));
    match env.types.get(name)? {
        TypeDef::Record(fields) => {
            fields.iter().find_map(|field| Some((env.member(name, &field.name)?.at, cannot(&field.ty)?)))
        }
        TypeDef::Enum(variants) => variants.iter().find_map(|variant| {
            let field = variant.payload.iter().find(|field| cannot(&field.ty).is_some())?;
            Some((env.payload_member(name, &variant.name, &field.name)?.at, cannot(&field.ty)?))
        }),
        TypeDef::Refined { base, .. } => {
            let item = env.names.item(*env.names.all_types().get(name)?);
            Some((item.at, cannot(base)?))
        }
    }
}
