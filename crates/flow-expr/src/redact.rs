//! Labelled data, found by its type: the one place that knows which part of a value must not be seen.
//!
//! A field, a named type or a parameter has labels (`@pii`); what is below one is labelled as a whole. Records
//! and variants name their types themselves, so labels are found even where nobody knows the static type.
//! A map whose keys have labels is labelled as a whole. Knows not what becomes of what it finds: that is for the callers, at the rims.

use crate::{Field, MapKey, Name, Record, Table, TableData, Type, TypeDef, TypeTable, Value, VariantValue};
use std::{collections::BTreeSet, sync::Arc};

/// What stands in the place of labelled data: `‹@pii›`.
#[must_use]
pub fn mark(labels: &[Name]) -> String {
    let words: Vec<String> = labels.iter().map(|label| format!("@{}", label.short())).collect();
    format!("‹{}›", words.join(" "))
}

/// The value with every labelled part changed. `ty` is its type, where that is known; `labels` are its own.
pub fn map_labelled(
    value: &Value,
    ty: Option<&Type>,
    labels: &[Name],
    types: &TypeTable,
    change: &mut dyn FnMut(&[Name], &Value) -> Value,
) -> Value {
    if matches!(value, Value::Absent) {
        return Value::Absent;
    }
    if !labels.is_empty() {
        return change(labels, value);
    }
    let ty = match ty.map(Type::required) {
        Some(Type::Named(name)) => match types.get(name) {
            Some(TypeDef::Refined { base, labels, .. }) => {
                return map_labelled(value, Some(base), labels, types, change);
            }
            _ => None,
        },
        other => other,
    };
    match value {
        Value::List(items) => {
            let inner = match ty {
                Some(Type::List(inner)) => Some(&**inner),
                _ => None,
            };
            Value::List(items.iter().map(|item| map_labelled(item, inner, &[], types, change)).collect())
        }
        Value::Map(entries) => {
            let (key_labels, inner) = match ty {
                Some(Type::Map(key, inner)) => (labels_in(key, types), Some(&**inner)),
                _ => (vec![], None),
            };
            if !key_labels.is_empty() {
                // Nothing can stand in the place of a key.
                return change(&key_labels, value);
            }
            let each = |(key, item): (&MapKey, &Value)| (key.clone(), map_labelled(item, inner, &[], types, change));
            Value::Map(Arc::new(entries.iter().map(each).collect()))
        }
        Value::Record(record) => {
            let declared = match types.get(&record.ty) {
                Some(TypeDef::Record(fields)) => fields.as_slice(),
                _ => &[],
            };
            let fields = fields(&record.fields, declared, types, change);
            Value::Record(Arc::new(Record { ty: record.ty.clone(), fields }))
        }
        Value::Variant(variant) => {
            let declared = match types.get(&variant.ty) {
                Some(TypeDef::Enum(variants)) => variants.iter().find(|known| known.name == variant.variant),
                _ => None,
            };
            let payload = declared.map_or(&[][..], |declared| &declared.payload);
            let fields = fields(&variant.fields, payload, types, change);
            let (ty, name) = (variant.ty.clone(), variant.variant.clone());
            Value::Variant(Arc::new(VariantValue { ty, variant: name, fields }))
        }
        plain => plain.clone(),
    }
}

fn fields(
    found: &[(Arc<str>, Value)],
    declared: &[Field],
    types: &TypeTable,
    change: &mut dyn FnMut(&[Name], &Value) -> Value,
) -> Vec<(Arc<str>, Value)> {
    let each = |(name, value): &(Arc<str>, Value)| {
        let field = declared.iter().find(|field| field.name == *name);
        let (ty, labels) = field.map_or((None, &[][..]), |field| (Some(&field.ty), &field.labels));
        (name.clone(), map_labelled(value, ty, labels, types, change))
    };
    found.iter().map(each).collect()
}

/// The value with everything in it changed that is neither a list, a record nor data out of line: for labels that no type
/// places. A map is changed as a whole, as its keys may be what is labelled.
pub fn map_leaves(value: &Value, change: &mut dyn FnMut(&Value) -> Value) -> Value {
    let mut each = |fields: &[(Arc<str>, Value)]| -> Vec<(Arc<str>, Value)> {
        fields.iter().map(|(name, value)| (name.clone(), map_leaves(value, change))).collect()
    };
    match value {
        Value::Record(record) => {
            Value::Record(Arc::new(Record { ty: record.ty.clone(), fields: each(&record.fields) }))
        }
        Value::Variant(variant) if !variant.fields.is_empty() => {
            let (ty, name) = (variant.ty.clone(), variant.variant.clone());
            Value::Variant(Arc::new(VariantValue { ty, variant: name, fields: each(&variant.fields) }))
        }
        Value::List(items) => Value::List(items.iter().map(|item| map_leaves(item, change)).collect()),
        Value::Unit | Value::Absent | Value::Table(_) | Value::File(_) => value.clone(),
        leaf => change(leaf),
    }
}

/// The value with marks of these labels in it, if there are any, wherever [`map_leaves`] goes.
#[must_use]
pub fn redact_leaves(value: &Value, labels: &[Name]) -> Value {
    if labels.is_empty() {
        return value.clone();
    }
    let mark: Arc<str> = mark(labels).into();
    map_leaves(value, &mut |_| Value::String(mark.clone()))
}

/// The value with a mark in the place of every labelled part, in loaded tables too.
#[must_use]
pub fn redact(value: &Value, ty: Option<&Type>, labels: &[Name], types: &TypeTable) -> Value {
    let marked = map_labelled(value, ty, labels, types, &mut |labels, _| Value::String(mark(labels).into()));
    tables(marked, types)
}

/// Loaded tables behind a view that hides their labelled columns.
fn tables(value: Value, types: &TypeTable) -> Value {
    match value {
        Value::Table(table) => {
            let data = table.data.map(|data| {
                let declared = types.record(&table.ty).unwrap_or_default();
                let hidden = data.columns().iter().map(|name| {
                    let field = declared.iter().find(|field| field.name == *name)?;
                    let labels = labels_of(field, types);
                    (!labels.is_empty()).then(|| mark(&labels).into())
                });
                Arc::new(Hidden { hidden: hidden.collect(), data }) as Arc<dyn TableData>
            });
            Value::Table(Table { data, ..table })
        }
        Value::List(items) => Value::List(items.iter().map(|item| tables(item.clone(), types)).collect()),
        other => other,
    }
}

/// The labels of a field, of its type, and of what is inside.
fn labels_of(field: &Field, types: &TypeTable) -> Vec<Name> {
    let mut found = field.labels.clone();
    collect(&field.ty, types, &mut found);
    found
}

/// Adds the labels inside a type. One that holds itself, even twice, is looked into once; a chain of any length is no
/// recursion.
fn collect(ty: &Type, types: &TypeTable, found: &mut Vec<Name>) {
    let (mut open, mut seen) = (vec![ty], BTreeSet::new());
    while let Some(ty) = open.pop() {
        match ty {
            Type::Optional(inner) | Type::List(inner) | Type::Map(_, inner) | Type::Table(inner) => open.push(inner),
            Type::Named(name) if seen.insert(name) => match types.get(name) {
                Some(TypeDef::Refined { base, labels, .. }) => {
                    add(labels, found);
                    open.push(base);
                }
                Some(TypeDef::Record(fields)) => look_into(fields, &mut open, found),
                Some(TypeDef::Enum(variants)) => {
                    variants.iter().rev().for_each(|variant| look_into(&variant.payload, &mut open, found));
                }
                None => {}
            },
            _ => {}
        }
    }
}

fn look_into<'t>(fields: &'t [Field], open: &mut Vec<&'t Type>, found: &mut Vec<Name>) {
    fields.iter().for_each(|field| add(&field.labels, found));
    open.extend(fields.iter().rev().map(|field| &field.ty));
}

fn add(labels: &[Name], found: &mut Vec<Name>) {
    for label in labels {
        if !found.contains(label) {
            found.push(label.clone());
        }
    }
}

/// The labels of a type and of everything inside it.
#[must_use]
pub fn labels_in(ty: &Type, types: &TypeTable) -> Vec<Name> {
    let mut found = vec![];
    collect(ty, types, &mut found);
    found
}

/// A table whose labelled columns show a mark.
struct Hidden {
    /// By column.
    hidden: Vec<Option<Arc<str>>>,
    data: Arc<dyn TableData>,
}

impl TableData for Hidden {
    fn rows(&self) -> usize {
        self.data.rows()
    }

    fn columns(&self) -> &[Arc<str>] {
        self.data.columns()
    }

    fn cell(&self, row: usize, column: usize) -> Value {
        match self.hidden.get(column) {
            Some(Some(mark)) => Value::String(mark.clone()),
            _ => self.data.cell(row, column),
        }
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTable;

    fn types() -> TypeTable {
        let pii = vec![Name::new("m.pii")];
        let field = |name: &str, ty: Type, labels: &[Name]| Field {
            name: name.into(),
            ty,
            refinement: None,
            labels: labels.to_vec(),
        };
        let person = TypeDef::Record(vec![
            field("id", Type::Int, &[]),
            field("email", Type::String.optional(), &pii),
            field("phone", Type::Named(Name::new("m.Phone")), &[]),
        ]);
        let condition = crate::Expr::new(crate::ExprKind::Const(Value::Bool(true)), flow_diag::Span::default());
        let refinement = crate::Refinement { condition, text: "true".into() };
        let phone = TypeDef::Refined { base: Type::String, refinement, labels: vec![Name::new("m.secret")] };
        TypeTable([(Name::new("m.Person"), person), (Name::new("m.Phone"), phone)].into())
    }

    fn person(email: Value) -> Value {
        let fields =
            vec![("id".into(), Value::Int(7)), ("email".into(), email), ("phone".into(), Value::String("0123".into()))];
        Value::Record(Arc::new(Record { ty: Name::new("m.Person"), fields }))
    }

    fn shown(value: &Value) -> String {
        crate::codec::encode(value).to_string()
    }

    #[test]
    fn labels_are_found_by_fields_named_types_and_parameters() {
        let types = types();
        let ada = person(Value::String("ada@x.org".into()));
        let expected = r#"{"id":7,"email":"‹@pii›","phone":"‹@secret›"}"#;
        assert_eq!(shown(&redact(&ada, None, &[], &types)), expected);
        let list = Value::List([ada.clone()].into());
        assert_eq!(shown(&redact(&list, None, &[], &types)), format!("[{expected}]"));
        // What has no value gives nothing away.
        assert!(shown(&redact(&person(Value::Absent), None, &[], &types)).contains("\"email\":null"));
        let text = Value::String("0123".into());
        let phone = Type::List(Type::Named(Name::new("m.Phone")).into());
        assert_eq!(shown(&redact(&Value::List([text.clone()].into()), Some(&phone), &[], &types)), r#"["‹@secret›"]"#);
        assert_eq!(shown(&redact(&text, None, &[Name::new("m.pii")], &types)), r#""‹@pii›""#);
        assert_eq!(shown(&redact(&text, Some(&Type::String), &[], &types)), r#""0123""#);
        let names: Vec<_> = labels_in(&Type::Table(Type::Named(Name::new("m.Person")).into()), &types);
        assert_eq!(names, [Name::new("m.pii"), Name::new("m.secret")]);
    }

    #[test]
    fn loaded_tables_hide_their_columns() {
        let types = types();
        let columns = ["id", "email", "phone"].map(Arc::from).to_vec();
        let row = vec![Value::Int(1), Value::String("ada@x.org".into()), Value::String("0123".into())];
        let data: Arc<dyn TableData> = Arc::new(MemoryTable::new(columns, vec![row]));
        let table = Table { hash: "h".into(), rows: 1, ty: Type::Named(Name::new("m.Person")), data: Some(data) };
        let Value::Table(hidden) = redact(&Value::Table(table), None, &[], &types) else { panic!("it is a table") };
        let data = hidden.data.expect("its rows are loaded");
        assert_eq!((shown(&data.cell(0, 0)), shown(&data.cell(0, 1))), ("1".into(), "\"‹@pii›\"".into()));
        assert_eq!(shown(&data.cell(0, 2)), "\"‹@secret›\"");
    }

    #[test]
    fn a_type_that_holds_itself_twice_is_looked_into_once() {
        let (pii, tree) = (Name::new("m.pii"), Name::new("m.Tree"));
        let field = |name: &str, ty: Type, labels: &[Name]| Field {
            name: name.into(),
            ty,
            refinement: None,
            labels: labels.to_vec(),
        };
        let below = Type::Named(tree.clone()).optional();
        let fields = ["a", "b", "c"].map(|name| field(name, below.clone(), &[]));
        let fields = fields.into_iter().chain([field("name", Type::String, std::slice::from_ref(&pii))]).collect();
        let types = TypeTable([(tree.clone(), TypeDef::Record(fields))].into());
        assert_eq!(labels_in(&Type::Named(tree), &types), [pii]);
    }
}
