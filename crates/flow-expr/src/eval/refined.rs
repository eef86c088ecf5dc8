//! Refinements of a type wherever they are inside of a value: in lists, maps, records and variants.
//!
//! Knows what breaks first and where; who asks says whether that is a fault of an expression or of data.

use super::{
    Context, EvalError, evaluate,
    machine::{Machine, STACK_LEFT, STACK_MORE},
};
use crate::{Field, Refinement, Type, TypeDef, TypeTable, Value, render};
use std::{fmt, sync::Arc};

/// Types that hold themselves end here.
const MAX_DEPTH: u32 = 32;

/// A refinement that a value breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where in the value: `it`, `it[3].amount`.
    pub path: String,
    /// The refinement, as written.
    pub rule: Arc<str>,
    /// What was found, short; `[redacted]` under a label; with the reason if the refinement could not be computed.
    pub found: String,
}

/// As in `it[3]` must satisfy `it > 0`, found -1.
impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "it" => write!(f, "the value must satisfy `{}`, found {}", self.rule, self.found),
            path => write!(f, "`{path}` must satisfy `{}`, found {}", self.rule, self.found),
        }
    }
}

/// The first refinement that a value breaks of those that a type has anywhere inside. An absent value breaks none.
#[must_use]
pub fn broken_inside(value: &Value, ty: &Type, context: &Context<'_>) -> Option<Broken> {
    let holds = &mut |refinement: &Refinement, value: &Value| {
        Ok(matches!(evaluate(&refinement.condition, value, context)?, Value::Bool(true)))
    };
    Search { types: context.types, holds }.at(value, ty).map(|broken| broken.under("it"))
}

/// Whether a type has refinements anywhere inside.
#[must_use]
pub fn has_refinements(ty: &Type, types: &TypeTable) -> bool {
    fn of_field(field: &Field, types: &TypeTable, depth: u32) -> bool {
        field.refinement.is_some() || inside(&field.ty, types, depth)
    }
    fn inside(ty: &Type, types: &TypeTable, depth: u32) -> bool {
        depth < MAX_DEPTH
            && match ty {
                Type::Optional(inner) | Type::List(inner) => inside(inner, types, depth + 1),
                Type::Map(key, item) => inside(key, types, depth + 1) || inside(item, types, depth + 1),
                Type::Named(name) => match types.get(name) {
                    Some(TypeDef::Refined { .. }) => true,
                    Some(TypeDef::Record(fields)) => fields.iter().any(|field| of_field(field, types, depth + 1)),
                    Some(TypeDef::Enum(variants)) => variants
                        .iter()
                        .flat_map(|variant| &variant.payload)
                        .any(|field| of_field(field, types, depth + 1)),
                    None => false,
                },
                _ => false,
            }
    }
    inside(ty, types, 0)
}

impl Machine<'_> {
    /// As [`broken_inside`], within this evaluation's limits.
    pub(super) fn broken_inside(&mut self, ty: &Type, value: &Value) -> Option<Broken> {
        let types = self.context.types;
        let holds = &mut |refinement: &Refinement, value: &Value| self.holds(refinement, value);
        Search { types, holds }.at(value, ty).map(|broken| broken.under("it"))
    }
}

type Holds<'h> = &'h mut dyn FnMut(&Refinement, &Value) -> Result<bool, EvalError>;

struct Search<'h, 't> {
    types: &'t TypeTable,
    holds: Holds<'h>,
}

impl Search<'_, '_> {
    fn at(&mut self, value: &Value, ty: &Type) -> Option<Broken> {
        match (value, ty) {
            (Value::Absent, _) => None,
            (_, Type::Optional(inner)) => self.at(value, inner),
            (Value::List(items), Type::List(inner)) => items
                .iter()
                .enumerate()
                .find_map(|(index, item)| Some(self.at(item, inner)?.under(&format!("[{index}]")))),
            (Value::Map(entries), Type::Map(key, inner)) => entries.iter().find_map(|(found, item)| {
                let found = Value::from(found.clone());
                let broken = self.at(&found, key).or_else(|| self.at(item, inner))?;
                Some(broken.under(&format!("[{}]", render::short(&found))))
            }),
            (_, Type::Named(name)) => {
                let types = self.types;
                match (types.get(name)?, value) {
                    (TypeDef::Refined { base, refinement, labels }, _) => {
                        let broken = self.at(value, base).or_else(|| self.rule(value, refinement))?;
                        Some(if labels.is_empty() { broken } else { broken.redacted() })
                    }
                    (TypeDef::Record(fields), Value::Record(record)) => {
                        fields.iter().find_map(|field| self.field(record.get(&field.name)?, field))
                    }
                    (TypeDef::Enum(variants), Value::Variant(found)) => {
                        let variant = variants.iter().find(|variant| variant.name == found.variant)?;
                        let mut pairs = variant.payload.iter().zip(&found.fields);
                        pairs.find_map(|(field, (_, value))| self.field(value, field))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn field(&mut self, value: &Value, field: &Field) -> Option<Broken> {
        // A type may hold itself, and a value of it be as deep as its evaluation went.
        let inside = stacker::maybe_grow(STACK_LEFT, STACK_MORE, || self.at(value, &field.ty));
        let broken = inside.or_else(|| self.rule(value, field.refinement.as_ref()?))?;
        let broken = broken.under(&format!(".{}", field.name));
        Some(if field.labels.is_empty() { broken } else { broken.redacted() })
    }

    fn rule(&mut self, value: &Value, refinement: &Refinement) -> Option<Broken> {
        if matches!(value, Value::Absent) {
            return None;
        }
        let found = match (self.holds)(refinement, value) {
            Ok(true) => return None,
            Ok(false) => render::short(value),
            Err(error) => format!("{}: {error}", render::short(value)),
        };
        Some(Broken { path: String::new(), rule: refinement.text.clone(), found })
    }
}

impl Broken {
    fn under(self, outer: &str) -> Self {
        Self { path: format!("{outer}{}", self.path), ..self }
    }

    fn redacted(self) -> Self {
        Self { found: "[redacted]".into(), ..self }
    }
}
