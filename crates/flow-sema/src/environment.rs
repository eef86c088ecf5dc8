//! What is known of the whole program while bodies are checked: names, types, signatures, constants.
//!
//! Filled phase by phase (see `lib.rs`); bodies only read it. Knows no bodies.

use crate::{
    index::DefinitionId,
    names::{ItemId, Names},
    values::Settings,
};
use flow_diag::Span;
use flow_expr::{Expr, Function, Name, Refinement, Type, TypeDef, TypeTable, Value};
use flow_syntax::ast;
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

/// A parameter of something that is called, or a partition key.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its type; type parameters are named types beginning with `'`.
    pub(crate) ty: Type,
    /// Its own labels, qualified.
    pub(crate) labels: Vec<Name>,
    /// Whether a call may leave it out.
    pub(crate) has_default: bool,
    /// Its default; filled in when all constants are known. Before: [`crate::expr::Elaborator::default_of`].
    pub(crate) default: Option<Expr>,
    /// Its default as written.
    pub(crate) written: Option<ast::Expr>,
    /// What it is a parameter of.
    pub(crate) owner: ItemId,
    /// Where it is named.
    pub(crate) at: Span,
    /// Its entry in the index.
    pub(crate) definition: DefinitionId,
}

/// How a function, guard, step, flow or dataset is used.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// Its parameters; of a dataset, its partition keys.
    pub(crate) params: Vec<Parameter>,
    /// What it gives.
    pub(crate) returns: Type,
    /// Where that is said.
    pub(crate) returns_at: Span,
}

/// A field, or a variant with its fields, where it is declared.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Where.
    pub(crate) at: Span,
    /// Its entry in the index.
    pub(crate) definition: DefinitionId,
    /// A field's default, once it is checked.
    pub(crate) default: Option<Expr>,
    /// A variant's fields.
    pub(crate) fields: Vec<Member>,
}

/// A constant or setting.
#[derive(Clone, Debug)]
pub(crate) struct Constant {
    /// Its type.
    pub(crate) ty: Type,
    /// Its own labels, qualified, or else those of what it is computed from.
    pub(crate) labels: Vec<Name>,
    /// Its value; none where that failed, which has been reported.
    pub(crate) value: Option<Value>,
}

impl Constant {
    /// What was not understood.
    pub(crate) fn unknown() -> Self {
        Self { ty: Type::Unknown, labels: vec![], value: None }
    }
}

/// The whole program, as bodies see it.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// Modules and declarations.
    pub(crate) names: Names,
    /// What named types are.
    pub(crate) types: TypeTable,
    /// Fields and variants by type, in the order of declaration.
    pub(crate) members: HashMap<Name, Vec<Member>>,
    /// Types by declaration: what an alias stands for, else the named type.
    pub(crate) type_items: HashMap<ItemId, Type>,
    /// Signatures by declaration.
    pub(crate) signatures: HashMap<ItemId, Rc<Signature>>,
    /// What the profile and `--set` give.
    pub(crate) settings: Settings,
    /// Constants and settings that are worked out.
    pub(crate) constants: RefCell<HashMap<ItemId, Constant>>,
    /// Bodies of functions and guards that are checked.
    pub(crate) functions: RefCell<BTreeMap<Name, Function>>,
    /// Functions whose check has begun.
    pub(crate) begun: RefCell<HashSet<ItemId>>,
    /// Defaults that are checked.
    pub(crate) defaults: RefCell<HashMap<DefinitionId, Option<Expr>>>,
    /// What is being worked out, with where each mentions the next.
    pub(crate) open: RefCell<Vec<(ItemId, Span)>>,
    /// Enums by the short names of their variants.
    pub(crate) variants: HashMap<Arc<str>, Vec<ItemId>>,
}

impl Environment {
    /// A type through refined aliases: what its values are made of.
    pub(crate) fn base<'t>(&'t self, ty: &'t Type) -> &'t Type {
        let mut ty = ty;
        // Aliases of aliases end: circles have been cut when types were collected.
        while let Type::Named(name) = ty
            && let Some(TypeDef::Refined { base, .. }) = self.types.get(name)
        {
            ty = base;
        }
        ty
    }

    /// The names that a type has before what its values are made of, with their rules, from the outermost.
    pub(crate) fn aliases<'t>(&'t self, ty: &'t Type) -> impl Iterator<Item = (&'t Name, &'t Refinement)> {
        let mut ty = ty.required();
        std::iter::from_fn(move || {
            let Type::Named(name) = ty else { return None };
            let Some(TypeDef::Refined { base, refinement, .. }) = self.types.get(name) else { return None };
            ty = base.required();
            Some((name, refinement))
        })
    }

    /// The fields of a record type with their declarations.
    pub(crate) fn record<'e>(&'e self, ty: &Type) -> Option<(&'e Name, &'e [flow_expr::Field])> {
        match self.base(ty) {
            Type::Named(name) => match self.types.0.get_key_value(name)? {
                (name, TypeDef::Record(fields)) => Some((name, fields)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The variants of an enum type.
    pub(crate) fn variants_of<'e>(&'e self, ty: &Type) -> Option<(&'e Name, &'e [flow_expr::Variant])> {
        match self.base(ty) {
            Type::Named(name) => match self.types.0.get_key_value(name)? {
                (name, TypeDef::Enum(variants)) => Some((name, variants)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Where a field or variant is declared.
    pub(crate) fn member(&self, of: &Name, name: &str) -> Option<&Member> {
        self.members.get(of)?.iter().find(|member| &*member.name == name)
    }

    /// Where a field of a variant is declared.
    pub(crate) fn payload_member(&self, of: &Name, variant: &str, field: &str) -> Option<&Member> {
        self.member(of, variant)?.fields.iter().find(|member| &*member.name == field)
    }

    /// A type parameter: `T` of `fn first<T>(…)`.
    pub(crate) fn type_parameter(name: &str) -> Type {
        Type::Named(Name::new(format!("'{name}")))
    }
}

/// Whether a name is a type parameter's.
pub(crate) fn is_type_parameter(name: &Name) -> bool {
    name.as_str().starts_with('\'')
}
