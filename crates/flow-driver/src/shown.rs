//! What people are shown of values: words, with labelled data left out.
//!
//! Labels stand at parameters, fields and types. A hole of a message that mentions labelled data is replaced by the
//! label's name, and so is the data itself among the arguments. Where it is not certain what an expression makes of
//! a value, it counts as shown; sums and counts over rows do not. Knows nothing of questions.

use crate::evaluate::holds_data;
use flow_expr::{
    Expr, ExprKind, Name, Part, Type, TypeDef, TypeTable, Value, VarId, codec,
    redact::{self, map_labelled},
};
use flow_plan::{Step, subexpressions};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Characters of one value, or of a message, that are shown.
const MOST_CHARACTERS: usize = 16_384;

/// Built-ins whose result tells nothing of single rows.
const SUMS: [&str; 4] = ["count", "sum", "average", "median"];

/// The variables of a step's own expressions: their types and their own labels.
pub(crate) type Seen<'a> = BTreeMap<VarId, (&'a Type, &'a [Name])>;

/// The variables that a step's expressions see, the result under test included.
pub(crate) fn variables(step: &Step) -> Seen<'_> {
    let params = step.params.iter().map(|param| (param.var, (&param.ty, &*param.labels)));
    params.chain([(VarId::IT, (&step.returns, &[][..]))]).collect()
}

/// A message whose holes show no labelled data.
pub(crate) fn without_labelled(message: &Expr, seen: &Seen<'_>, types: &TypeTable) -> Expr {
    let ExprKind::Interpolate(parts) = &message.kind else {
        let labels = labels_in(message, seen, types);
        return if labels.is_empty() { message.clone() } else { text(&labels, message) };
    };
    let parts = parts.iter().map(|part| match part {
        Part::Hole(hole, _) => {
            let labels = labels_in(hole, seen, types);
            if labels.is_empty() { part.clone() } else { Part::Text(instead(&labels).into()) }
        }
        Part::Text(_) => part.clone(),
    });
    Expr::new(ExprKind::Interpolate(parts.collect()), message.at)
}

fn text(labels: &BTreeSet<Name>, at: &Expr) -> Expr {
    Expr::new(ExprKind::Const(Value::String(instead(labels).into())), at.at)
}

/// What stands in the place of labelled data: `‹pii›`.
pub(crate) fn instead<'a>(labels: impl IntoIterator<Item = &'a Name>) -> String {
    format!("‹{}›", labels.into_iter().map(Name::short).collect::<Vec<_>>().join(", "))
}

/// The labels of what an expression may show.
pub(crate) fn labels_in(expr: &Expr, seen: &Seen<'_>, types: &TypeTable) -> BTreeSet<Name> {
    let mut found = BTreeSet::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match &expr.kind {
            ExprKind::Var(_) | ExprKind::Field { .. } => match typed(expr, seen, types, &mut found) {
                Some(ty) => found.extend(redact::labels_in(&ty, types)),
                None => {
                    if let ExprKind::Field { base, name } = &expr.kind {
                        named(name, seen, types, &mut found);
                        open.push(base);
                    }
                }
            },
            // What takes labels off by its own word.
            ExprKind::Builtin(name, _) if matches!(&**name, "redact" | "hash" | "declassify") => {}
            ExprKind::Builtin(name, args) if SUMS.contains(&&**name) => {
                if let Some(rows) = args.first() {
                    typed(rows, seen, types, &mut found);
                }
                open.extend(args.iter().skip(1));
            }
            _ => open.extend(subexpressions(expr)),
        }
    }
    found
}

/// The type of a variable or of a field of one, with the labels on the way to it.
fn typed(expr: &Expr, seen: &Seen<'_>, types: &TypeTable, found: &mut BTreeSet<Name>) -> Option<Type> {
    match &expr.kind {
        ExprKind::Var(var) => {
            let (ty, labels) = seen.get(var)?;
            found.extend(labels.iter().cloned());
            Some((*ty).clone())
        }
        ExprKind::Field { base, name } => {
            let base = typed(base, seen, types, found)?;
            let Type::Named(record) = through_aliases(base.required(), types, found) else { return None };
            let TypeDef::Record(fields) = types.get(&record)? else { return None };
            let field = fields.iter().find(|field| field.name == *name)?;
            found.extend(field.labels.iter().cloned());
            Some(field.ty.clone())
        }
        _ => None,
    }
}

fn through_aliases(ty: &Type, types: &TypeTable, found: &mut BTreeSet<Name>) -> Type {
    let mut ty = ty.clone();
    while let Type::Named(name) = &ty
        && let Some(TypeDef::Refined { base, labels, .. }) = types.get(name)
    {
        found.extend(labels.iter().cloned());
        ty = base.clone();
    }
    ty
}

/// The labels of every field of that name in the types that are seen: for a row that a lambda takes.
fn named(field: &str, seen: &Seen<'_>, types: &TypeTable, found: &mut BTreeSet<Name>) {
    for (ty, _) in seen.values() {
        each_field(ty, types, &mut |one| {
            if *one.name == *field {
                found.extend(one.labels.iter().cloned());
            }
        });
    }
}

fn each_field(ty: &Type, types: &TypeTable, see: &mut dyn FnMut(&flow_expr::Field)) {
    for definition in crate::meaning::definitions(ty, types).into_values() {
        match definition {
            TypeDef::Record(fields) => fields.iter().for_each(&mut *see),
            TypeDef::Enum(variants) => {
                variants.iter().flat_map(|variant| &variant.payload).for_each(&mut *see);
            }
            TypeDef::Refined { .. } => {}
        }
    }
}

/// A value as people see it, at most so long that it can be read.
pub(crate) fn value(value: &Value, ty: &Type, labels: &[Name], types: &TypeTable) -> Arc<str> {
    let mut own: BTreeSet<Name> = labels.iter().cloned().collect();
    through_aliases(ty.required(), types, &mut own);
    if !own.is_empty() {
        return instead(&own).into();
    }
    let text = match value {
        Value::String(text) => text.to_string(),
        // Of rows only how many there are is shown.
        Value::Table(_) | Value::File(_) => crate::call::short(value).to_string(),
        // What is shown must not depend on what happens to be loaded.
        value if holds_data(value) => {
            let inside: BTreeSet<Name> = redact::labels_in(ty, types).into_iter().collect();
            if inside.is_empty() { crate::call::short(value).to_string() } else { instead(&inside) }
        }
        Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Variant(_) | Value::Json(_) => {
            let shown = &mut |labels: &[Name], _: &Value| Value::String(instead(labels).into());
            match codec::encode(&map_labelled(value, Some(ty), &[], types, shown)) {
                serde_json::Value::String(text) => text,
                json => format!("{json:#}"),
            }
        }
        plain => flow_plan::words::value(plain),
    };
    short(&text)
}

/// A text that is cut where nobody would read on.
pub(crate) fn short(text: &str) -> Arc<str> {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => {
            let rest = text[end..].chars().count();
            format!("{}… ({rest} characters more)", &text[..end]).into()
        }
        None => text.into(),
    }
}
