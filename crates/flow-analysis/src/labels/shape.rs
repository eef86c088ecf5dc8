//! Where in a value its labels are: on it as a whole, and on its fields.
//!
//! Lists, tables and optionals are their items: what one row carries, all may. A map is its values; what its keys
//! carry stands under a field that no record can have.

use super::marks::{Marks, Places};
use crate::trail::TrailId;
use std::{collections::BTreeMap, sync::Arc};

/// Where the labels of a map's keys stand.
pub(super) const KEYS: &str = "keys()";

/// Where the labels of how many items there are stand: `(1..n)`.
pub(super) const COUNT: &str = "count()";

/// A value's labels.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// On all of it.
    pub(super) own: Marks,
    /// On fields, besides; those that carry none are left out.
    pub(super) fields: BTreeMap<Arc<str>, Shape>,
}

impl Shape {
    pub(super) fn of(own: Marks) -> Self {
        Self { own, fields: BTreeMap::new() }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.own.is_empty() && self.fields.is_empty()
    }

    /// What may be this value or that one.
    pub(super) fn join(&mut self, other: &Self) {
        self.own.join(&other.own);
        for (name, field) in &other.fields {
            self.fields.entry(name.clone()).or_default().join(field);
        }
    }

    /// The same, of what may be nothing yet: then all of it is copied at once.
    pub(super) fn take(&mut self, other: &Self) {
        if self.is_clean() {
            self.clone_from(other);
        } else {
            self.join(other);
        }
    }

    /// A field of it.
    pub(super) fn field(&self, name: &Arc<str>, places: &mut Places) -> Self {
        let mut field = self.fields.get(name).cloned().unwrap_or_default();
        for (source, trail) in self.own.iter() {
            field.own.insert(places.field(source, name), trail);
        }
        field
    }

    pub(super) fn set(&mut self, name: &Arc<str>, field: Self) {
        if field.is_clean() {
            self.fields.remove(name);
        } else {
            self.fields.insert(name.clone(), field);
        }
    }

    /// A map whose keys carry this.
    pub(super) fn with_keys(mut self, keys: Self) -> Self {
        if !keys.is_clean() {
            self.fields.entry(KEYS.into()).or_default().join(&keys);
        }
        self
    }

    /// What the number of items carries.
    pub(super) fn count(&self) -> Marks {
        self.fields.get(COUNT).map(Self::flat).unwrap_or_default()
    }

    /// A list whose number of items carries this.
    pub(super) fn with_count(mut self, count: Marks) -> Self {
        if !count.is_empty() {
            self.fields.entry(COUNT.into()).or_default().own.join(&count);
        }
        self
    }

    /// An item of a list, a row, a value of a map.
    pub(super) fn items(mut self) -> Self {
        self.fields.remove(KEYS);
        self.fields.remove(COUNT);
        self
    }

    /// All that a value made of it carries.
    pub(super) fn flat(&self) -> Marks {
        let mut marks = self.own.whole();
        let mut pending: Vec<&Self> = self.fields.values().collect();
        while let Some(shape) = pending.pop() {
            marks.join(&shape.own.whole());
            pending.extend(shape.fields.values());
        }
        marks
    }

    /// Changes every way in it.
    pub(super) fn each_trail(&mut self, change: &mut dyn FnMut(TrailId) -> TrailId) {
        let mut pending = vec![self];
        while let Some(shape) = pending.pop() {
            shape.own.trails_mut().for_each(|trail| *trail = change(*trail));
            pending.extend(shape.fields.values_mut());
        }
    }
}
