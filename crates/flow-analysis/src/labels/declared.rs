//! What types say: which labels a value of a type carries, and where; and whether a place of a type may hold a label.
//!
//! Knows no expressions and no flows. A type that holds itself is labelled as a whole from there on.

use super::{
    marks::{LabelId, Labels, Marks, Source},
    shape::{ITEMS, KEYS, Shape},
    trail::{Origin, Says, Trails, What},
};
use flow_diag::Span;
use flow_expr::{Field, Name, Type, TypeDef, TypeTable};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Records inside records further down are labelled as a whole.
const DEEPEST: usize = 4;

/// Steps through a type that holds itself.
const MOST_STEPS: usize = 64;

/// What the types of a program say.
#[derive(Debug)]
pub(super) struct Declared<'a> {
    types: &'a TypeTable,
    /// By named type, everything inside.
    inside: HashMap<&'a Name, BTreeSet<LabelId>>,
    known: HashMap<&'a Name, Shape>,
}

/// A level of the way down a type.
#[derive(Clone, Copy)]
enum Level<'a> {
    /// Another name for a type, with the labels that it says.
    Alias(&'a [Name]),
    /// A field.
    Field(&'a Field),
    /// The place is all of this record or enum.
    Whole(&'a Name),
}

fn field_of<'a>(declared: &'a TypeDef, name: &str) -> Option<&'a Field> {
    match declared {
        TypeDef::Record(fields) => fields.iter().find(|field| *field.name == *name),
        TypeDef::Enum(variants) => {
            variants.iter().flat_map(|variant| &variant.payload).find(|field| *field.name == *name)
        }
        TypeDef::Refined { .. } => None,
    }
}

impl<'a> Declared<'a> {
    pub(super) fn new(types: &'a TypeTable, labels: &mut Labels<'a>) -> Self {
        Self { types, inside: inside(types, labels), known: HashMap::new() }
    }

    /// The labels anywhere in a type.
    pub(super) fn inside(&self, ty: &Type) -> Vec<LabelId> {
        let mut found = BTreeSet::new();
        let mut pending = vec![ty];
        while let Some(ty) = pending.pop() {
            match ty {
                Type::Optional(inner) | Type::List(inner) | Type::Table(inner) => pending.push(inner),
                Type::Map(key, value) => pending.extend([&**key, &**value]),
                Type::Named(name) => found.extend(self.inside.get(name).into_iter().flatten()),
                _ => {}
            }
        }
        found.into_iter().collect()
    }

    /// What a value of a type carries, as far as the type says.
    pub(super) fn shape(&mut self, ty: &'a Type, labels: &mut Labels<'a>, trails: &mut Trails<'a>) -> Shape {
        self.part(ty, &mut vec![], labels, trails)
    }

    fn part(
        &mut self,
        ty: &'a Type,
        open: &mut Vec<&'a Name>,
        labels: &mut Labels<'a>,
        trails: &mut Trails<'a>,
    ) -> Shape {
        match ty {
            Type::Optional(inner) => self.part(inner, open, labels, trails),
            Type::List(inner) | Type::Table(inner) => self.part(inner, open, labels, trails).listed(),
            Type::Map(key, value) => {
                let mut shape = self.part(value, open, labels, trails).listed();
                let keys = self.part(key, open, labels, trails);
                shape.set(&KEYS.into(), keys);
                shape
            }
            Type::Named(name) => {
                if self.inside.get(name).is_none_or(BTreeSet::is_empty) {
                    return Shape::default();
                }
                if let Some(known) = self.known.get(name).filter(|_| open.is_empty()) {
                    return known.clone();
                }
                if open.contains(&name) || open.len() >= DEEPEST {
                    return self.as_a_whole(name, trails);
                }
                open.push(name);
                let shape = self.named(name, open, labels, trails);
                open.pop();
                if open.is_empty() {
                    self.known.insert(name, shape.clone());
                }
                shape
            }
            _ => Shape::default(),
        }
    }

    fn as_a_whole(&self, name: &'a Name, trails: &mut Trails<'a>) -> Shape {
        let mut own = Marks::default();
        for label in self.inside.get(name).into_iter().flatten() {
            let trail = trails.begin(Origin { what: What::Type(name) }, Span::default(), Says::Begins);
            own.insert(Source::Label { label: *label, few: true }, trail);
        }
        Shape::of(own)
    }

    fn named(
        &mut self,
        name: &'a Name,
        open: &mut Vec<&'a Name>,
        labels: &mut Labels<'a>,
        trails: &mut Trails<'a>,
    ) -> Shape {
        let mut shape = Shape::default();
        let fields: Vec<&'a Field> = match self.types.get(name) {
            Some(TypeDef::Record(fields)) => fields.iter().collect(),
            Some(TypeDef::Enum(variants)) => variants.iter().flat_map(|variant| &variant.payload).collect(),
            Some(TypeDef::Refined { base, labels: own, .. }) => {
                let mut shape = self.part(base, open, labels, trails);
                let few = self.holds_few(base);
                for label in own {
                    let trail = trails.begin(Origin { what: What::Type(name) }, Span::default(), Says::Begins);
                    shape.own.insert(Source::Label { label: labels.id(label), few }, trail);
                }
                return shape;
            }
            None => vec![],
        };
        for field in fields {
            let mut inner = self.part(&field.ty, open, labels, trails);
            inner.own.join(&self.of_field(name, field, labels, trails));
            if !inner.is_clean() {
                shape.fields.entry(field.name.clone()).or_default().join(&inner);
            }
        }
        shape
    }

    /// What a field's own labels are.
    pub(super) fn of_field(
        &self,
        owner: &'a Name,
        field: &'a Field,
        labels: &mut Labels<'a>,
        trails: &mut Trails<'a>,
    ) -> Marks {
        let mut own = Marks::default();
        for label in &field.labels {
            let what = What::Field { owner, field: &field.name };
            let trail = trails.begin(Origin { what }, Span::default(), Says::Begins);
            let few = self.holds_few(&field.ty);
            own.insert(Source::Label { label: labels.id(label), few }, trail);
        }
        own
    }

    /// The fields of a record, through other names for it.
    pub(super) fn record(&self, ty: &'a Type) -> Option<(&'a Name, &'a [Field])> {
        let mut ty = ty;
        for _ in 0..MOST_STEPS {
            let Type::Named(name) = ty else { return None };
            match self.types.get(name)? {
                TypeDef::Record(fields) => return Some((name, fields)),
                TypeDef::Refined { base, .. } => ty = base,
                TypeDef::Enum(_) => return None,
            }
        }
        None
    }

    /// The names of a record's fields.
    pub(super) fn field_names(&self, record: &Name) -> impl Iterator<Item = &'a Arc<str>> + use<'a> {
        let fields: &'a [Field] = match self.types.get(record) {
            Some(TypeDef::Record(fields)) => fields,
            _ => &[],
        };
        fields.iter().map(|field| &field.name)
    }

    /// A declared field of a record or of a variant's payload.
    pub(super) fn field(&self, owner: &Name, name: &str) -> Option<&'a Field> {
        field_of(self.types.get(owner)?, name)
    }

    /// Whether values of a type are one of few: a Bool, an enum without fields, or nothing at all.
    pub(super) fn is_few(&self, ty: &Type) -> bool {
        let mut ty = ty;
        for _ in 0..MOST_STEPS {
            ty = match ty {
                Type::Optional(inner) => inner,
                Type::Bool | Type::Unit => return true,
                Type::Named(name) => match self.types.get(name) {
                    Some(TypeDef::Enum(variants)) => return variants.iter().all(|one| one.payload.is_empty()),
                    Some(TypeDef::Refined { base, .. }) => base,
                    _ => return false,
                },
                _ => return false,
            };
        }
        false
    }

    /// Whether something in values of a type is text, or may be.
    pub(super) fn holds_text(&self, ty: &Type) -> bool {
        let mut pending = vec![ty];
        for _ in 0..MOST_STEPS {
            match pending.pop() {
                None => return false,
                Some(Type::String | Type::Bytes | Type::Json | Type::File | Type::Unknown) => return true,
                Some(Type::Optional(inner) | Type::List(inner) | Type::Table(inner)) => pending.push(inner),
                Some(Type::Map(key, value)) => pending.extend([&**key, &**value]),
                Some(Type::Named(name)) => match self.types.get(name) {
                    Some(TypeDef::Refined { base, .. }) => pending.push(base),
                    Some(TypeDef::Record(fields)) => pending.extend(fields.iter().map(|field| &field.ty)),
                    Some(TypeDef::Enum(variants)) => {
                        pending.extend(variants.iter().flat_map(|one| &one.payload).map(|field| &field.ty));
                    }
                    None => {}
                },
                Some(_) => {}
            }
        }
        true
    }

    /// Whether something in values of a type is one of few: then a choice by it may tell what the label hides.
    pub(super) fn holds_few(&self, ty: &Type) -> bool {
        let mut pending = vec![ty];
        for _ in 0..MOST_STEPS {
            match pending.pop() {
                None => return false,
                Some(Type::Bool) => return true,
                Some(Type::Optional(inner) | Type::List(inner) | Type::Table(inner)) => pending.push(inner),
                Some(Type::Map(_, value)) => pending.push(value),
                Some(Type::Named(name)) => match self.types.get(name) {
                    Some(TypeDef::Enum(_)) => return true,
                    Some(TypeDef::Refined { base, .. }) => pending.push(base),
                    Some(TypeDef::Record(fields)) => pending.extend(fields.iter().map(|field| &field.ty)),
                    None => {}
                },
                Some(_) => {}
            }
        }
        true
    }

    /// Whether a place in a type may hold a label: it, or what it is in, or all that it consists of, has it.
    pub(super) fn admits(&self, ty: &'a Type, own: &[Name], path: &[Arc<str>], label: &Name) -> bool {
        let mut has = own.contains(label);
        for level in self.descend(ty, path) {
            match level {
                _ if has => return true,
                Level::Alias(labels) => has = labels.contains(label),
                Level::Field(field) => has = field.labels.contains(label),
                Level::Whole(name) => return self.covers(name, label),
            }
        }
        has
    }

    /// The labels that are named on the way to a place in a type: by what is written there, and then by fields in it. One
    /// that is written as a record says nothing by itself of what its fields take.
    pub(super) fn named_on_the_way(&self, ty: &'a Type, own: &'a [Name], path: &[Arc<str>]) -> Vec<&'a Name> {
        let mut named: Vec<&Name> = own.iter().collect();
        for level in self.descend(ty, path) {
            match level {
                Level::Alias(labels) => named.extend(labels),
                Level::Field(field) if !named.is_empty() => named.extend(&field.labels),
                Level::Field(_) | Level::Whole(_) => break,
            }
        }
        named
    }

    /// Down a type to a place in it, level by level. Ends where the types know no more.
    fn descend<'p>(&self, ty: &'a Type, path: &'p [Arc<str>]) -> impl Iterator<Item = Level<'a>> + use<'a, 'p> {
        let types = self.types;
        let (mut ty, mut path) = (Some(ty), path.iter());
        let mut steps = 0..MOST_STEPS;
        std::iter::from_fn(move || {
            for _ in steps.by_ref() {
                match ty? {
                    Type::Optional(inner) => ty = Some(inner),
                    Type::List(inner) | Type::Table(inner) => {
                        ty = Some(inner);
                        path = skipped(path.clone(), ITEMS);
                    }
                    Type::Map(key, value) => {
                        let is_key = path.as_slice().first().is_some_and(|name| **name == *KEYS);
                        ty = Some(if is_key { key } else { value });
                        path = skipped(path.clone(), if is_key { KEYS } else { ITEMS });
                    }
                    Type::Named(name) => match (types.get(name)?, path.clone().next()) {
                        (TypeDef::Refined { base, labels, .. }, _) => {
                            ty = Some(base);
                            return Some(Level::Alias(labels));
                        }
                        (_, None) => {
                            ty = None;
                            return Some(Level::Whole(name));
                        }
                        (declared, Some(field)) => {
                            path.next();
                            let field = field_of(declared, field)?;
                            ty = Some(&field.ty);
                            return Some(Level::Field(field));
                        }
                    },
                    _ => return None,
                }
            }
            None
        })
    }

    /// Whether a type may name a label somewhere.
    pub(super) fn names_any(&self, ty: &Type) -> bool {
        let mut pending = vec![ty];
        while let Some(ty) = pending.pop() {
            match ty {
                Type::Optional(inner) | Type::List(inner) | Type::Table(inner) => pending.push(inner),
                Type::Map(key, value) => pending.extend([&**key, &**value]),
                Type::Named(name) if self.inside.get(name).is_some_and(|found| !found.is_empty()) => return true,
                _ => {}
            }
        }
        false
    }

    /// What another name for a type stands for, with the labels that it has; what is there if it is not absent.
    pub(super) fn renamed(&self, ty: &'a Type) -> Option<(&'a Type, &'a [Name])> {
        match ty {
            Type::Optional(inner) => Some((inner, &[])),
            Type::Named(name) => match self.types.get(name)? {
                TypeDef::Refined { base, labels, .. } => Some((base, labels)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a type is a record or an enum, a list of them or a table, and nothing around it names a label.
    pub(super) fn is_record(&self, ty: &'a Type) -> bool {
        let mut ty = ty;
        for _ in 0..MOST_STEPS {
            ty = match ty {
                Type::List(inner) | Type::Table(inner) => inner,
                _ => match self.renamed(ty) {
                    Some((inner, [])) => inner,
                    Some(_) => return false,
                    None => return matches!(ty, Type::Named(_)),
                },
            };
        }
        false
    }

    /// Whether each field of a record has a label.
    fn covers(&self, name: &Name, label: &Name) -> bool {
        match self.types.get(name) {
            Some(TypeDef::Record(fields)) => {
                !fields.is_empty()
                    && fields.iter().all(|field| {
                        field.labels.contains(label)
                            || matches!(field.ty.required(), Type::Named(alias)
                                if matches!(self.types.get(alias), Some(TypeDef::Refined { labels, .. }) if labels.contains(label)))
                    })
            }
            _ => false,
        }
    }
}

/// A path behind a name, if it begins with that.
fn skipped<'p>(path: std::slice::Iter<'p, Arc<str>>, name: &str) -> std::slice::Iter<'p, Arc<str>> {
    match path.as_slice() {
        [first, rest @ ..] if **first == *name => rest.iter(),
        _ => path,
    }
}

/// By named type, the labels in it and in the types that it mentions.
fn inside<'a>(types: &'a TypeTable, labels: &mut Labels<'a>) -> HashMap<&'a Name, BTreeSet<LabelId>> {
    let mut found: HashMap<&Name, BTreeSet<LabelId>> = HashMap::new();
    let mut mentioned_by: HashMap<&Name, Vec<&Name>> = HashMap::new();
    let mut pending = vec![];
    for (name, def) in &types.0 {
        let (own, held): (Vec<&Name>, Vec<&Type>) = match def {
            TypeDef::Record(fields) => (
                fields.iter().flat_map(|field| &field.labels).collect(),
                fields.iter().map(|field| &field.ty).collect(),
            ),
            TypeDef::Enum(variants) => {
                let fields = || variants.iter().flat_map(|variant| &variant.payload);
                (fields().flat_map(|field| &field.labels).collect(), fields().map(|field| &field.ty).collect())
            }
            TypeDef::Refined { base, labels, .. } => (labels.iter().collect(), vec![base]),
        };
        pending.extend(own.into_iter().map(|label| (name, labels.id(label))));
        let mut held = held;
        while let Some(ty) = held.pop() {
            match ty {
                Type::Optional(inner) | Type::List(inner) | Type::Table(inner) => held.push(inner),
                Type::Map(key, value) => held.extend([&**key, &**value]),
                Type::Named(other) => mentioned_by.entry(other).or_default().push(name),
                _ => {}
            }
        }
    }
    while let Some((name, label)) = pending.pop() {
        if found.entry(name).or_default().insert(label) {
            pending.extend(mentioned_by.get(name).into_iter().flatten().map(|holder| (*holder, label)));
        }
    }
    found
}
