//! Type parameters: what `T` of `fn first<T>(items: List<T>)` stands for in one call.

use crate::environment::{Environment, is_type_parameter};
use flow_expr::{Name, Type};
use std::sync::Arc;

/// What the type parameters of one call stand for.
#[derive(Debug, Default)]
pub(crate) struct Substitution(Vec<(Name, Type)>);

impl Substitution {
    /// Learns from a type that is given where another is declared.
    pub(crate) fn learn(&mut self, declared: &Type, found: &Type, env: &Environment) {
        match (declared, found) {
            (_, Type::Unknown) => {}
            (Type::Named(name), _) if is_type_parameter(name) => {
                match self.0.iter_mut().find(|(known, _)| known == name) {
                    None => self.0.push((name.clone(), found.clone())),
                    Some((_, known)) => {
                        if let Some(joined) = env.join(known, found) {
                            *known = joined;
                        }
                    }
                }
            }
            (Type::Optional(declared), _) => self.learn(declared, found.required(), env),
            (Type::List(declared), Type::List(found)) | (Type::Table(declared), Type::Table(found)) => {
                self.learn(declared, found, env);
            }
            (Type::Map(key, value), Type::Map(found_key, found_value)) => {
                self.learn(key, found_key, env);
                self.learn(value, found_value, env);
            }
            (Type::Function(params, result), Type::Function(found_params, found_result)) => {
                for (param, found) in params.iter().zip(found_params.iter()) {
                    self.learn(param, found, env);
                }
                self.learn(result, found_result, env);
            }
            _ => {}
        }
    }

    /// A declared type with what is known of its parameters; the others are unknown.
    pub(crate) fn apply(&self, ty: &Type) -> Type {
        match ty {
            Type::Named(name) if is_type_parameter(name) => {
                self.0.iter().find(|(known, _)| known == name).map_or(Type::Unknown, |(_, known)| known.clone())
            }
            Type::Optional(inner) => self.apply(inner).optional(),
            Type::List(item) => Type::List(Arc::new(self.apply(item))),
            Type::Table(row) => Type::Table(Arc::new(self.apply(row))),
            Type::Map(key, value) => Type::Map(Arc::new(self.apply(key)), Arc::new(self.apply(value))),
            Type::Function(params, result) => {
                Type::Function(params.iter().map(|param| self.apply(param)).collect(), Arc::new(self.apply(result)))
            }
            plain => plain.clone(),
        }
    }
}

/// Whether a declared type mentions a type parameter.
pub(crate) fn is_generic(ty: &Type) -> bool {
    match ty {
        Type::Named(name) => is_type_parameter(name),
        Type::Optional(inner) | Type::List(inner) | Type::Table(inner) => is_generic(inner),
        Type::Map(key, value) => is_generic(key) || is_generic(value),
        Type::Function(params, result) => params.iter().any(is_generic) || is_generic(result),
        _ => false,
    }
}
