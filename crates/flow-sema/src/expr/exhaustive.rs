//! Whether the arms of a `match` cover every value, and whether each takes a value that no earlier one takes.
//!
//! The usual algorithm on a matrix of patterns, one row an arm, one column a value that is looked at: take the
//! first column apart by its type's constructors. Numbers, texts and times have too many to list, so there
//! only a row that takes anything counts. Arms with conditions are left out by the caller.

use crate::environment::Environment;
use flow_expr::{Pattern, Type, Value};
use std::sync::Arc;

/// A row of patterns, one for each column.
pub(super) type Checked<'p> = Vec<&'p Pattern>;

/// One way in which values of a type begin.
#[derive(Clone, Debug, PartialEq)]
enum Constructor {
    Absent,
    Bool(bool),
    Variant(Arc<str>),
}

/// What a value that begins so holds: names and types.
type Payload = Vec<(Arc<str>, Type)>;

static ANY: Pattern = Pattern::Any;

/// The constructors of a type, with the types of what each holds; none if there are too many to list.
fn constructors(env: &Environment, ty: &Type) -> Option<Vec<(Constructor, Payload)>> {
    match env.base(ty) {
        Type::Bool => Some(vec![(Constructor::Bool(true), vec![]), (Constructor::Bool(false), vec![])]),
        other => {
            let (_, variants) = env.variants_of(other)?;
            let all = variants.iter().map(|variant| {
                let payload = variant.payload.iter().map(|field| (field.name.clone(), field.ty.clone()));
                (Constructor::Variant(variant.name.clone()), payload.collect())
            });
            Some(all.collect())
        }
    }
}

/// The rows whose first pattern takes a value that begins so, with patterns for what it holds in its place.
fn specialize<'p>(rows: &[Checked<'p>], constructor: &Constructor, payload: &[(Arc<str>, Type)]) -> Vec<Checked<'p>> {
    let mut result = vec![];
    for row in rows {
        let Some((first, rest)) = row.split_first() else { continue };
        match (first, constructor) {
            (Pattern::Any | Pattern::Bind(_), _) => {
                result.push(payload.iter().map(|_| &ANY).chain(rest.iter().copied()).collect());
            }
            (Pattern::Either(all), _) => {
                for one in all {
                    let row: Checked<'p> = std::iter::once(one).chain(rest.iter().copied()).collect();
                    result.extend(specialize(&[row], constructor, payload));
                }
            }
            (Pattern::Absent, Constructor::Absent) => result.push(rest.to_vec()),
            (Pattern::Const(Value::Bool(value)), Constructor::Bool(wanted)) if value == wanted => {
                result.push(rest.to_vec());
            }
            (Pattern::Variant(name, fields), Constructor::Variant(wanted)) if name == wanted => {
                let held = payload.iter().map(|(field, _)| {
                    fields.iter().find(|(name, _)| name == field).map_or(&ANY, |(_, pattern)| pattern)
                });
                result.push(held.chain(rest.iter().copied()).collect());
            }
            _ => {}
        }
    }
    result
}

/// The rows that take anything in the first column, without that column.
fn default_rows<'p>(rows: &[Checked<'p>]) -> Vec<Checked<'p>> {
    let mut result = vec![];
    for row in rows {
        let Some((first, rest)) = row.split_first() else { continue };
        if takes_anything(first) {
            result.push(rest.to_vec());
        }
    }
    result
}

fn takes_anything(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Any | Pattern::Bind(_) => true,
        Pattern::Either(all) => all.iter().any(takes_anything),
        _ => false,
    }
}

/// A value that no row takes, one text for each column.
pub(super) fn uncovered(env: &Environment, rows: &[Checked<'_>], types: &[Type]) -> Option<Vec<String>> {
    let Some((first, rest)) = types.split_first() else {
        return rows.is_empty().then(Vec::new);
    };
    if let Type::Optional(inner) = first {
        let absent = specialize(rows, &Constructor::Absent, &[]);
        if let Some(witness) = uncovered(env, &absent, rest) {
            return Some(std::iter::once("none".to_owned()).chain(witness).collect());
        }
        let present: Vec<Checked<'_>> = rows.iter().filter_map(|row| without_absent(row)).collect();
        let types: Vec<Type> = std::iter::once((**inner).clone()).chain(rest.iter().cloned()).collect();
        return uncovered(env, &present, &types);
    }
    match constructors(env, first) {
        Some(all) => all.iter().find_map(|(constructor, payload)| {
            let rows = specialize(rows, constructor, payload);
            let types: Vec<Type> = payload.iter().map(|(_, ty)| ty.clone()).chain(rest.iter().cloned()).collect();
            let mut witness = uncovered(env, &rows, &types)?;
            let rest = witness.split_off(payload.len());
            Some(std::iter::once(shown(constructor, payload, &witness)).chain(rest).collect())
        }),
        None => {
            let witness = uncovered(env, &default_rows(rows), rest)?;
            Some(std::iter::once("_".to_owned()).chain(witness).collect())
        }
    }
}

/// The row, if it takes a value that is there.
fn without_absent<'p>(row: &Checked<'p>) -> Option<Checked<'p>> {
    (!matches!(row.first(), Some(Pattern::Absent))).then(|| row.clone())
}

fn shown(constructor: &Constructor, payload: &[(Arc<str>, Type)], held: &[String]) -> String {
    match constructor {
        Constructor::Absent => "none".to_owned(),
        Constructor::Bool(value) => value.to_string(),
        Constructor::Variant(name) if held.iter().all(|held| held == "_") && payload.is_empty() => name.to_string(),
        Constructor::Variant(name) if held.iter().all(|held| held == "_") => format!("{name}(..)"),
        Constructor::Variant(name) => {
            let fields: Vec<String> =
                payload.iter().zip(held).map(|((field, _), held)| format!("{field}: {held}")).collect();
            format!("{name}({})", fields.join(", "))
        }
    }
}

/// Whether a row takes a value that none of the rows before it takes.
pub(super) fn useful(env: &Environment, rows: &[Checked<'_>], row: &Checked<'_>, types: &[Type]) -> bool {
    let (Some((first, rest)), Some((ty, rest_types))) = (row.split_first(), types.split_first()) else {
        return rows.is_empty();
    };
    let with_rest = |pattern| std::iter::once(pattern).chain(rest.iter().copied()).collect::<Checked<'_>>();
    if let Pattern::Either(all) = first {
        return all.iter().any(|one| useful(env, rows, &with_rest(one), types));
    }
    if let Type::Optional(inner) = ty {
        let absent = || {
            let rows = specialize(rows, &Constructor::Absent, &[]);
            useful(env, &rows, &rest.to_vec(), rest_types)
        };
        let present = || {
            let rows: Vec<Checked<'_>> = rows.iter().filter_map(without_absent).collect();
            let types: Vec<Type> = std::iter::once((**inner).clone()).chain(rest_types.iter().cloned()).collect();
            useful(env, &rows, row, &types)
        };
        return match first {
            Pattern::Absent => absent(),
            Pattern::Any | Pattern::Bind(_) => absent() || present(),
            _ => present(),
        };
    }
    match (constructors(env, ty), first) {
        (Some(all), _) => all.iter().any(|(constructor, payload)| {
            let own = specialize(std::slice::from_ref(row), constructor, payload);
            let rows = specialize(rows, constructor, payload);
            let types: Vec<Type> = payload.iter().map(|(_, ty)| ty.clone()).chain(rest_types.iter().cloned()).collect();
            own.iter().any(|row| useful(env, &rows, row, &types))
        }),
        (None, Pattern::Const(value)) => {
            let taking = rows.iter().filter(|row| row.first().is_some_and(|first| takes(first, value)));
            let rows: Vec<Checked<'_>> = taking.map(|row| row[1..].to_vec()).collect();
            useful(env, &rows, &rest.to_vec(), rest_types)
        }
        (None, _) => useful(env, &default_rows(rows), &rest.to_vec(), rest_types),
    }
}

fn takes(pattern: &Pattern, value: &Value) -> bool {
    match pattern {
        Pattern::Any | Pattern::Bind(_) => true,
        Pattern::Const(known) => known == value,
        Pattern::Either(all) => all.iter().any(|one| takes(one, value)),
        _ => false,
    }
}
