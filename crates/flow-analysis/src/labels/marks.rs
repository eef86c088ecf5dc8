//! What a value may carry: labels, and parameters of the function, step or flow that is being looked at.
//!
//! A function is looked at once for all its callers. So what it gives is said by its parameters: `Place` is a
//! parameter, or a field of one, that a caller fills in. Knows neither types nor where marks come from.

use crate::trail::TrailId;
use flow_expr::Name;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A label, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LabelId(pub(super) u32);

/// A parameter, or a field of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PlaceId(u32);

/// Labels that do not come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ExceptId(u32);

/// How a place's labels come into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum How {
    /// The value is what is there, with its fields.
    Same,
    /// It is made of all that is there.
    Whole,
    /// It is chosen by what is there.
    Chosen,
}

/// One thing that a value may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// A label.
    Label {
        /// Which.
        label: LabelId,
        /// What has it is itself a choice among few: a Bool, an enum. Then a choice by it tells as much.
        few: bool,
    },
    /// Whatever the caller gives.
    Place {
        /// Where.
        place: PlaceId,
        /// How it comes in.
        how: How,
        /// What does not.
        except: ExceptId,
    },
}

impl Source {
    /// The same in what is made of it.
    pub(super) fn whole(self) -> Self {
        match self {
            Self::Place { place, how: How::Same, except } => Self::Place { place, how: How::Whole, except },
            other => other,
        }
    }
}

/// All that a value carries itself, each with the way that it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Marks(BTreeMap<Source, TrailId>);

impl Marks {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Source, TrailId)> + '_ {
        self.0.iter().map(|(source, trail)| (*source, *trail))
    }

    /// What is known already keeps its way.
    pub(super) fn insert(&mut self, source: Source, trail: TrailId) {
        self.0.entry(source).or_insert(trail);
    }

    pub(super) fn join(&mut self, other: &Self) {
        other.iter().for_each(|(source, trail)| self.insert(source, trail));
    }

    pub(super) fn trails_mut(&mut self) -> impl Iterator<Item = &mut TrailId> {
        self.0.values_mut()
    }

    /// What is left when the value only decides among few: what is itself such a decision.
    pub(super) fn chosen(&self) -> Self {
        let kept = self.iter().filter_map(|(source, trail)| match source {
            Source::Label { few, .. } => few.then_some((source, trail)),
            Source::Place { place, except, .. } => Some((Source::Place { place, how: How::Chosen, except }, trail)),
        });
        Self(kept.collect())
    }

    /// The same of a value that is made of this one.
    pub(super) fn whole(&self) -> Self {
        Self(self.iter().map(|(source, trail)| (source.whole(), trail)).collect())
    }

    /// As far as others have these labels too; what callers give is not known.
    pub(super) fn within(&self, others: &Self) -> Self {
        let is_in = |source: &Source| match source {
            Source::Label { label, .. } => {
                others.0.keys().any(|other| matches!(other, Source::Label { label: known, .. } if known == label))
            }
            Source::Place { .. } => true,
        };
        Self(self.iter().filter(|(source, _)| is_in(source)).collect())
    }

    /// What is left of it in what is made of some of it: labels that are in there, and what callers give that is.
    pub(super) fn taken_of(&self, made: &Self, places: &Places) -> Self {
        // A part of what is there, or what that is a part of.
        let path = |source: Source| match source {
            Source::Place { place, .. } => {
                let (param, mut path) = places.path(place);
                path.retain(|name| !name.ends_with("()"));
                Some((param, path))
            }
            Source::Label { .. } => None,
        };
        let given: Vec<_> = made.0.keys().filter_map(|source| path(*source)).collect();
        let is_taken = |source: Source| {
            path(source).is_none_or(|(param, path)| {
                given.iter().any(|(other, given)| {
                    *other == param && (given.starts_with(path.as_slice()) || path.starts_with(given.as_slice()))
                })
            })
        };
        Self(self.within(made).iter().filter(|(source, _)| is_taken(*source)).collect())
    }

    /// Without the labels that others have.
    pub(super) fn beyond(&self, others: &Self) -> Self {
        let known = self.within(others);
        let is_new = |source: &Source| matches!(source, Source::Place { .. }) || !known.0.contains_key(source);
        Self(self.iter().filter(|(source, _)| is_new(source)).collect())
    }

    /// What is labelled whoever calls.
    pub(super) fn labels_only(&self) -> Self {
        Self(self.iter().filter(|(source, _)| matches!(source, Source::Label { .. })).collect())
    }

    /// Without some labels, from callers too.
    pub(super) fn without(&self, labels: &[LabelId], places: &mut Places) -> Self {
        if labels.is_empty() {
            return self.clone();
        }
        let kept = self.iter().filter_map(|(source, trail)| match source {
            Source::Label { label, .. } => (!labels.contains(&label)).then_some((source, trail)),
            Source::Place { place, how, except } => {
                let except = places.except(except, labels);
                Some((Source::Place { place, how, except }, trail))
            }
        });
        Self(kept.collect())
    }
}

/// Fields of fields further down are not told apart.
const DEEPEST: u32 = 4;

#[derive(Debug)]
struct Place {
    param: usize,
    parent: Option<PlaceId>,
    name: Option<Arc<str>>,
    depth: u32,
}

/// All places and exceptions, each once.
#[derive(Debug)]
pub(super) struct Places {
    places: Vec<Place>,
    roots: HashMap<usize, PlaceId>,
    fields: HashMap<(PlaceId, Arc<str>), PlaceId>,
    exceptions: Vec<Vec<LabelId>>,
    exception_ids: HashMap<Vec<LabelId>, ExceptId>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            places: vec![],
            roots: HashMap::new(),
            fields: HashMap::new(),
            exceptions: vec![vec![]],
            exception_ids: HashMap::from([(vec![], ExceptId(0))]),
        }
    }
}

impl Places {
    /// A parameter as it is given.
    pub(super) fn param(&mut self, param: usize) -> Source {
        let next = PlaceId(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        let place = *self.roots.entry(param).or_insert(next);
        if place == next {
            self.places.push(Place { param, parent: None, name: None, depth: 0 });
        }
        Source::Place { place, how: How::Same, except: ExceptId(0) }
    }

    /// A field of what a source stands for.
    pub(super) fn field(&mut self, source: Source, name: &Arc<str>) -> Source {
        let Source::Place { place, how: How::Same, except } = source else { return source };
        let depth = self.places[place.0 as usize].depth;
        if depth >= DEEPEST {
            return Source::Place { place, how: How::Whole, except };
        }
        let next = PlaceId(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        let field = *self.fields.entry((place, name.clone())).or_insert(next);
        if field == next {
            let param = self.places[place.0 as usize].param;
            self.places.push(Place { param, parent: Some(place), name: Some(name.clone()), depth: depth + 1 });
        }
        Source::Place { place: field, how: How::Same, except }
    }

    /// The parameter that a place is in.
    pub(super) fn root(&self, place: PlaceId) -> usize {
        self.places[place.0 as usize].param
    }

    /// The parameter of a place, and the fields that lead to it.
    pub(super) fn path(&self, place: PlaceId) -> (usize, Vec<Arc<str>>) {
        let mut path = vec![];
        let mut next = Some(place);
        while let Some(id) = next {
            let place = &self.places[id.0 as usize];
            path.extend(place.name.clone());
            next = place.parent;
        }
        path.reverse();
        (self.places[place.0 as usize].param, path)
    }

    pub(super) fn excepted(&self, except: ExceptId) -> &[LabelId] {
        self.exceptions.get(except.0 as usize).map_or(&[], Vec::as_slice)
    }

    fn except(&mut self, before: ExceptId, labels: &[LabelId]) -> ExceptId {
        let mut all = self.excepted(before).to_vec();
        all.extend(labels);
        all.sort_unstable();
        all.dedup();
        let next = ExceptId(u32::try_from(self.exceptions.len()).unwrap_or(u32::MAX));
        let id = *self.exception_ids.entry(all.clone()).or_insert(next);
        if id == next {
            self.exceptions.push(all);
        }
        id
    }
}

/// The labels of a program, numbered.
#[derive(Debug, Default)]
pub(super) struct Labels<'a> {
    names: Vec<&'a Name>,
    ids: HashMap<&'a Name, LabelId>,
}

impl<'a> Labels<'a> {
    pub(super) fn id(&mut self, name: &'a Name) -> LabelId {
        let next = LabelId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry(name).or_insert(next);
        if id == next {
            self.names.push(name);
        }
        id
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = LabelId> + use<> {
        (0..u32::try_from(self.names.len()).unwrap_or(u32::MAX)).map(LabelId)
    }

    pub(super) fn name(&self, id: LabelId) -> &'a Name {
        self.names[id.0 as usize]
    }
}
