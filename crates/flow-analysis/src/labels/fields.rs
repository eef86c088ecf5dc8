//! The fields of a shape, shared until one of them changes: a table with hundreds of columns goes through hundreds of
//! nodes as it is.

use super::shape::Shape;
use std::{
    collections::{BTreeMap, btree_map},
    ops::{Deref, DerefMut},
    rc::Rc,
    sync::Arc,
};

type Map = BTreeMap<Arc<str>, Shape>;

/// Shapes by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Option<Rc<Map>>);

/// Where no field carries anything.
const NONE: &Map = &Map::new();

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Rc::ptr_eq(one, other) || one == other,
            _ => self.is_empty() && other.is_empty(),
        }
    }
}

impl Deref for Fields {
    type Target = Map;

    fn deref(&self) -> &Map {
        self.0.as_deref().unwrap_or(NONE)
    }
}

impl DerefMut for Fields {
    fn deref_mut(&mut self) -> &mut Map {
        Rc::make_mut(self.0.get_or_insert_default())
    }
}

impl<'f> IntoIterator for &'f Fields {
    type Item = (&'f Arc<str>, &'f Shape);
    type IntoIter = btree_map::Iter<'f, Arc<str>, Shape>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Fields {
    type Item = (Arc<str>, Shape);
    type IntoIter = btree_map::IntoIter<Arc<str>, Shape>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map(Rc::unwrap_or_clone).unwrap_or_default().into_iter()
    }
}
