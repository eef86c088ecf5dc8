//! Refinements inside of lists, maps and records.

use crate::tables::shown;
use flow_expr::{Context, Refinement, Type, TypeDef, TypeTable, Value, evaluate};

/// Types that hold themselves end here.
const MAX_DEPTH: u32 = 32;

/// Whether a type has refinements anywhere inside.
pub(crate) fn has_refinements(ty: &Type, types: &TypeTable) -> bool {
    fn inside(ty: &Type, types: &TypeTable, depth: u32) -> bool {
        depth < MAX_DEPTH
            && match ty {
                Type::Optional(inner) | Type::List(inner) => inside(inner, types, depth + 1),
                Type::Map(key, item) => inside(key, types, depth + 1) || inside(item, types, depth + 1),
                Type::Named(name) => match types.get(name) {
                    Some(TypeDef::Refined { .. }) => true,
                    Some(TypeDef::Record(fields)) => {
                        fields.iter().any(|field| field.refinement.is_some() || inside(&field.ty, types, depth + 1))
                    }
                    Some(TypeDef::Enum(variants)) => variants
                        .iter()
                        .flat_map(|variant| &variant.payload)
                        .any(|field| field.refinement.is_some() || inside(&field.ty, types, depth + 1)),
                    None => false,
                },
                _ => false,
            }
    }
    inside(ty, types, 0)
}

/// The first refinement that a value breaks: path, rule, what was found.
pub(crate) fn broken(value: &Value, ty: &Type, context: &Context<'_>) -> Option<(String, String, String)> {
    at(value, ty, "it", context)
}

fn at(value: &Value, ty: &Type, path: &str, context: &Context<'_>) -> Option<(String, String, String)> {
    match (value, ty) {
        (Value::Absent, _) => None,
        (_, Type::Optional(inner)) => at(value, inner, path, context),
        (Value::List(items), Type::List(inner)) => {
            items.iter().enumerate().find_map(|(index, item)| at(item, inner, &format!("{path}[{index}]"), context))
        }
        (Value::Map(entries), Type::Map(key, inner)) => entries.iter().find_map(|(found, item)| {
            let inside = format!("{path}[{}]", shown(&found.clone().into()));
            at(&found.clone().into(), key, &inside, context).or_else(|| at(item, inner, &inside, context))
        }),
        (_, Type::Named(name)) => match (context.types.get(name)?, value) {
            (TypeDef::Refined { base, refinement, .. }, _) => {
                at(value, base, path, context).or_else(|| refined(value, refinement, path, context))
            }
            (TypeDef::Record(fields), Value::Record(record)) => {
                fields.iter().find_map(|field| field_at(record.get(&field.name)?, field, path, context))
            }
            (TypeDef::Enum(variants), Value::Variant(found)) => {
                let variant = variants.iter().find(|variant| variant.name == found.variant)?;
                let pairs = variant.payload.iter().zip(&found.fields);
                pairs.into_iter().find_map(|(field, (_, value))| field_at(value, field, path, context))
            }
            _ => None,
        },
        _ => None,
    }
}

fn field_at(
    value: &Value,
    field: &flow_expr::Field,
    path: &str,
    context: &Context<'_>,
) -> Option<(String, String, String)> {
    let inside = format!("{path}.{}", field.name);
    let own = |refinement: &Refinement| refined(value, refinement, &inside, context);
    let found = at(value, &field.ty, &inside, context).or_else(|| field.refinement.as_ref().and_then(own))?;
    Some(if field.labels.is_empty() { found } else { (found.0, found.1, "[redacted]".into()) })
}

fn refined(
    value: &Value,
    refinement: &Refinement,
    path: &str,
    context: &Context<'_>,
) -> Option<(String, String, String)> {
    if matches!(value, Value::Absent) {
        return None;
    }
    let found = match evaluate(&refinement.condition, value, context) {
        Ok(Value::Bool(true)) => return None,
        Ok(_) => shown(value),
        Err(error) => format!("{}: {error}", shown(value)),
    };
    Some((path.to_owned(), refinement.text.to_string(), found))
}
