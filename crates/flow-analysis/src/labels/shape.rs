//! Where in a value its labels are: on it as a whole, and on its fields.
//!
//! Lists, tables and optionals are their items: what one row carries, all may. A map is its values. What its keys carry,
//! and what the number of items tells, stands under fields that no record can have; those of the items themselves, one
//! level below.

use super::{
    fields::Fields,
    marks::{How, Marks, Places, Source},
};
use crate::trail::TrailId;
use std::sync::Arc;

/// Where the labels of a map's keys stand.
pub(super) const KEYS: &str = "keys()";

/// Where the labels of how many items there are stand: `(1..n)`.
pub(super) const COUNT: &str = "count()";

/// Where the labels of items stand that the text lists one by one: `[a, b]` is no crowd to hide in.
pub(super) const ALONE: &str = "alone()";

/// Where all of these stand of items that are lists or maps themselves.
pub(super) const ITEMS: &str = "items()";

/// Where the labels of values stand that are put into a map one by one: they say nothing of its keys.
pub(super) const VALUES: &str = "values()";

/// What belongs to a list or map, not to its items.
const OF_ALL: [&str; 5] = [KEYS, COUNT, ALONE, VALUES, ITEMS];

/// A value's labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// On all of it.
    pub(super) own: Marks,
    /// On fields, besides; those that carry none are left out.
    pub(super) fields: Fields,
}

impl Shape {
    pub(super) fn of(own: Marks) -> Self {
        Self { own, fields: Fields::default() }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.own.is_empty() && self.fields.is_empty()
    }

    /// What may be this value or that one.
    pub(super) fn join(&mut self, other: &Self) {
        self.own.join(&other.own);
        if self.fields.is_empty() {
            self.fields.clone_from(&other.fields);
            return;
        }
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

    /// A field of what a caller gives. Its keys, and how many items it has, may be those of its items: a function does not
    /// tell their levels apart.
    pub(super) fn field_of_place(&self, name: &Arc<str>, places: &mut Places) -> Self {
        let mut field = match &**name {
            COUNT | ALONE => Self::of(self.beside(name, places)),
            _ => self.field(name, places),
        };
        if let Some(inner) = self.fields.get(ITEMS).filter(|_| OF_ALL.contains(&&**name)) {
            let mut pending = vec![inner];
            while let Some(shape) = pending.pop() {
                shape.fields.get(&**name).into_iter().for_each(|found| field.own.join(&found.flat()));
                pending.extend(shape.fields.get(ITEMS));
            }
        }
        field
    }

    pub(super) fn set(&mut self, name: &Arc<str>, field: Self) {
        if field.is_clean() {
            self.without_field(name);
        } else {
            self.fields.insert(name.clone(), field);
        }
    }

    /// Takes a field away; where there is none, nothing is copied.
    pub(super) fn without_field(&mut self, name: &str) -> Option<Self> {
        if self.fields.contains_key(name) { self.fields.remove(name) } else { None }
    }

    /// A map whose keys carry this.
    pub(super) fn with_keys(mut self, keys: Self) -> Self {
        if !keys.is_clean() {
            self.fields.entry(KEYS.into()).or_default().join(&keys);
        }
        self
    }

    /// What [`COUNT`] or [`ALONE`] is of it: labels of the items say nothing of that.
    pub(super) fn beside(&self, name: &str, places: &mut Places) -> Marks {
        let mut marks = self.fields.get(name).map(Self::flat).unwrap_or_default();
        for (source, trail) in self.own.iter() {
            if let Source::Place { how: How::Same, .. } = source {
                marks.insert(places.field(source, &name.into()).whole(), trail);
            }
        }
        marks
    }

    /// A list of which something is known besides its items.
    pub(super) fn with(mut self, name: &str, marks: Marks) -> Self {
        if !marks.is_empty() {
            self.fields.entry(name.into()).or_default().own.join(&marks);
        }
        self
    }

    /// An item of a list, a row, a value of a map.
    pub(super) fn items(mut self) -> Self {
        let inner = self.without_field(ITEMS);
        if let Some(values) = self.without_field(VALUES) {
            self.own.join(&values.flat());
        }
        OF_ALL.iter().for_each(|name| drop(self.without_field(name)));
        if let Some(inner) = inner {
            self.fields.extend(inner.fields);
        }
        self
    }

    /// A list of such items, a map of such values.
    pub(super) fn listed(mut self) -> Self {
        let mut inner = Self::default();
        for name in OF_ALL {
            if let Some(field) = self.without_field(name) {
                inner.fields.insert(name.into(), field);
            }
        }
        if !inner.is_clean() {
            self.fields.insert(ITEMS.into(), inner);
        }
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
            if !shape.fields.is_empty() {
                pending.extend(shape.fields.values_mut());
            }
        }
    }
}
