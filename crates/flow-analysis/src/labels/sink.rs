//! Where labelled data may not go by itself, who accepts what there, and what is noted when it arrives.
//!
//! What a parameter brings is noted for the callers, as an outlet; what is labelled here is a finding, or is accepted.

use super::{
    annotated::Site,
    marks::{How, LabelId, Source},
    shape::{ALONE, COUNT, Shape, VALUES},
    trail::{Hop, Says, TrailId},
    walk::Walk,
};
use flow_diag::Span;
use flow_expr::{Name, Type};
use flow_plan::Dataset;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

/// How many outlets of one function, step or flow are kept, each by itself.
const MOST_OUTLETS: usize = 256;

/// Where data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sink<'a> {
    /// A model sees it.
    Model(&'a Name),
    /// It is sent over a connection.
    Connection(&'a Name),
    /// It is sent to an address that no connection describes, by a step.
    Url(&'a Name),
    /// It is written to a dataset.
    Dataset(&'a Name),
    /// It decides whether a dataset is written.
    Version(&'a Name),
    /// A person is shown it: a parameter of a step, by its position, or else the step's result.
    Person(&'a Name, Option<usize>),
    /// Its labels are taken off at a place.
    Removed(Span),
    /// It comes to a place whose type names labels.
    Written(Site<'a>),
    /// The runtime writes it down or shows it: no mistake, as it is told what is in there.
    Kept(Kept<'a>),
}

/// What the runtime writes down or shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kept<'a> {
    /// What a step or judge gives.
    Result(&'a Name),
    /// What it is given, by position.
    Argument(&'a Name, usize),
    /// What a step tells its model by `else retry`.
    Feedback(&'a Name),
    /// What a flow gives.
    Flow(&'a Name),
    /// A part of a message.
    Message(Span),
}

/// What becomes of something that a caller gives.
#[derive(Clone, Debug)]
pub(super) struct Outlet<'a> {
    source: Source,
    sink: Sink<'a>,
    path: Vec<Arc<str>>,
    at: Span,
    trail: TrailId,
}

/// A call that is looked at: its arguments, and what was brought of them already.
struct Call<'c> {
    args: &'c [(Shape, Span)],
    brought: HashMap<(Source, TrailId), Rc<Shape>>,
}

/// How many places of the way inside a function are shown to its callers.
const MOST_INSIDE: usize = 6;

/// What callers must know of a function, step or flow.
#[derive(Debug, Default)]
pub(super) struct Summary<'a> {
    pub(super) returns: Shape,
    outlets: Vec<Outlet<'a>>,
    /// The kinds of outlets that there are.
    pub(super) known: HashSet<Kind<'a>>,
}

/// What comes out, where that is accepted, and as which of its fields.
pub(super) type Kind<'a> = (Source, Accepts<'a>, Vec<Arc<str>>);

/// What decides what is accepted at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Accepts<'a> {
    /// A model's list.
    Model(&'a [Name]),
    /// A connection's list.
    Connection(&'a [Name]),
    /// Nothing is.
    Nothing,
    /// A type, of a kind of place, with labels behind it.
    Typed(u8, &'a Type, &'a [Name]),
    /// This very place.
    Only(Sink<'a>),
}

/// Labelled data that goes where it may not.
#[derive(Clone, Debug)]
pub(super) struct Finding<'a> {
    pub(super) label: LabelId,
    pub(super) sink: Sink<'a>,
    /// Fields of what is written.
    pub(super) path: Vec<Arc<str>>,
    pub(super) at: Span,
    pub(super) trail: TrailId,
    /// Where it is given to the step or flow that lets it out.
    pub(super) given_at: Option<Span>,
}

/// How labels come off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Removes<'a> {
    /// `redact(x)`.
    Redact,
    /// `hash(x)`.
    Hash,
    /// An aggregate over many rows.
    Aggregate,
    /// `declassify(x, because: "…")`.
    Declassify(&'a str),
}

/// A place that takes labels off.
#[derive(Clone, Debug)]
pub(super) struct Removal<'a> {
    pub(super) how: Removes<'a>,
    pub(super) labels: BTreeSet<LabelId>,
}

/// What was noted over the whole program.
#[derive(Debug, Default)]
pub(super) struct Noted<'a> {
    pub(super) findings: Vec<Finding<'a>>,
    pub(super) removed: BTreeMap<Span, Removal<'a>>,
    /// Labels that arrive where they are accepted.
    pub(super) accepted: BTreeSet<(Sink<'a>, LabelId, Span)>,
    /// What datasets are given that accept it, where their types do not have it.
    pub(super) held: Held<'a>,
    /// What the runtime keeps, with labels that no type says are there.
    pub(super) kept: BTreeSet<(Kept<'a>, LabelId)>,
}

/// Datasets, with the fields in which they hold a label that the fields do not have.
pub(super) type Held<'a> = BTreeSet<(&'a Name, Vec<Arc<str>>, LabelId)>;

impl<'a> Walk<'a> {
    /// A value goes somewhere, all of it as one.
    pub(super) fn out_flat(&mut self, shape: &Shape, sink: Sink<'a>, at: Span) {
        if !shape.is_clean() {
            self.out(&Shape::of(shape.flat()), sink, at, &mut vec![], None);
        }
    }

    /// A value goes somewhere, field by field.
    pub(super) fn out(
        &mut self,
        shape: &Shape,
        sink: Sink<'a>,
        at: Span,
        path: &mut Vec<Arc<str>>,
        given_at: Option<Span>,
    ) {
        for (source, trail) in shape.own.iter() {
            match source {
                Source::Label { label, .. } => self.arrives(label, sink, at, path, (trail, given_at)),
                Source::Place { .. } => self.outlet(Outlet { source, sink, path: path.clone(), at, trail }),
            }
        }
        for (name, field) in &shape.fields {
            // How many items there are is told by all of them.
            if [COUNT, ALONE, VALUES].contains(&&**name) {
                self.out(field, sink, at, path, given_at);
                continue;
            }
            path.push(name.clone());
            self.out(field, sink, at, path, given_at);
            path.pop();
        }
    }

    fn arrives(
        &mut self,
        label: LabelId,
        sink: Sink<'a>,
        at: Span,
        path: &[Arc<str>],
        (trail, given_at): (TrailId, Option<Span>),
    ) {
        if let Sink::Removed(place) = sink {
            if let Some(removal) = self.noted.removed.get_mut(&place) {
                removal.labels.insert(label);
            }
        } else if let Sink::Written(site) = sink {
            if self.is_refused(site, path, label) {
                self.noted.findings.push(Finding { label, sink, path: path.to_vec(), at, trail, given_at });
            }
        } else if let Sink::Kept(kept) = sink {
            if !self.admits(sink, path, label) {
                self.noted.kept.insert((kept, label));
            }
        } else if self.admits(sink, path, label) {
            self.noted.accepted.insert((sink, label, at));
        } else if let Sink::Dataset(dataset) = sink
            && self.accepts_anywhere(dataset, label)
        {
            self.noted.accepted.insert((sink, label, at));
            self.noted.held.insert((dataset, path.to_vec(), label));
        } else {
            self.noted.findings.push(Finding { label, sink, path: path.to_vec(), at, trail, given_at });
        }
    }

    /// One of each kind is enough: what is accepted by one is accepted by all that accept the same.
    fn outlet(&mut self, outlet: Outlet<'a>) {
        let is_much = self.current.outlets.len() >= MOST_OUTLETS;
        let accepts = self.accepts(outlet.sink, is_much);
        if self.current.known.insert((outlet.source, accepts, outlet.path.clone())) {
            self.current.outlets.push(outlet);
        }
    }

    /// What decides what is accepted there; of many places of one type, that alone.
    fn accepts(&self, sink: Sink<'a>, is_much: bool) -> Accepts<'a> {
        let program = self.program;
        let known = match sink {
            Sink::Model(name) => program.models.get(name).map(|model| Accepts::Model(&model.accepts)),
            Sink::Connection(name) => {
                program.connections.get(name).map(|connection| Accepts::Connection(&connection.accepts))
            }
            Sink::Url(_) => Some(Accepts::Nothing),
            Sink::Dataset(name) | Sink::Version(name) if is_much => {
                // One that accepts more than its type is told apart from others by what it then holds.
                let dataset = program.datasets.get(name).filter(|dataset| dataset.accepts.is_empty());
                let is_version = matches!(sink, Sink::Version(_));
                dataset.map(|dataset| Accepts::Typed(if is_version { 1 } else { 0 }, &dataset.ty, &[]))
            }
            Sink::Person(step, position) if is_much => self.step_named(step).map(|step| {
                let param = position.and_then(|position| step.params.get(position));
                let result = (&step.returns, &[][..]);
                let (ty, labels) = param.map_or(result, |param| (&param.ty, &param.labels[..]));
                Accepts::Typed(2, ty, labels)
            }),
            Sink::Written(site) if is_much => {
                self.written(site).map(|written| Accepts::Typed(3, written.ty, written.labels))
            }
            _ => None,
        };
        known.unwrap_or(Accepts::Only(sink))
    }

    /// Whether a label may be at a place.
    fn admits(&self, sink: Sink<'a>, path: &[Arc<str>], label: LabelId) -> bool {
        let name = self.labels.name(label);
        match sink {
            Sink::Model(model) => self.program.models.get(model).is_none_or(|model| model.accepts.contains(name)),
            Sink::Connection(connection) => {
                self.program.connections.get(connection).is_none_or(|connection| connection.accepts.contains(name))
            }
            Sink::Url(_) => false,
            Sink::Dataset(dataset) => {
                let admits = |dataset: &Dataset| self.declared.admits(&dataset.ty, &[], path, name);
                self.program.datasets.get(dataset).is_none_or(admits)
            }
            Sink::Version(dataset) => self.program.datasets.get(dataset).is_none_or(|dataset| {
                dataset.accepts.contains(name) || self.declared.inside(&dataset.ty).contains(&label)
            }),
            Sink::Person(step, Some(param)) => self.step_named(step).is_none_or(|step| {
                step.params.get(param).is_none_or(|param| self.declared.admits(&param.ty, &param.labels, path, name))
            }),
            Sink::Person(step, None) => {
                self.step_named(step).is_none_or(|step| self.declared.admits(&step.returns, &[], path, name))
            }
            Sink::Kept(kept) => self.is_named(kept, path, name),
            Sink::Removed(_) | Sink::Written(_) => true,
        }
    }

    /// Whether the type of what is kept names a label itself.
    fn is_named(&self, kept: Kept<'a>, path: &[Arc<str>], label: &Name) -> bool {
        let typed = match kept {
            Kept::Result(step) => self.step_named(step).map(|step| (&step.returns, &[][..])),
            Kept::Argument(step, param) => self.step_named(step).and_then(|step| {
                let param = step.params.get(param)?;
                Some((&param.ty, &param.labels[..]))
            }),
            Kept::Flow(flow) => self.program.flows.get(flow).map(|flow| (&flow.returns, &[][..])),
            Kept::Feedback(_) | Kept::Message(_) => None,
        };
        typed.is_some_and(|(ty, own)| self.declared.admits(ty, own, path, label))
    }

    /// Whether a dataset says that it may hold a label, wherever its type has it.
    fn accepts_anywhere(&self, dataset: &Name, label: LabelId) -> bool {
        let name = self.labels.name(label);
        self.program.datasets.get(dataset).is_some_and(|dataset| dataset.accepts.contains(name))
    }

    /// What becomes of the arguments of a call, and what it gives for them.
    pub(super) fn fill(&mut self, summary: &Rc<Summary<'a>>, args: &[(Shape, Span)]) -> Shape {
        // Where no ways are kept, the same again would give and note the same again.
        let same = |given: &[Shape]| given.iter().eq(args.iter().map(|(arg, _)| arg));
        if let Some((_, _, known)) = self.filled.get(&Rc::as_ptr(summary)).filter(|(_, given, _)| same(given)) {
            return known.clone();
        }
        let result = self.filled_anew(summary, args);
        if !self.keeps_ways {
            let given = args.iter().map(|(arg, _)| arg.clone()).collect();
            self.filled.insert(Rc::as_ptr(summary), (summary.clone(), given, result.clone()));
        }
        result
    }

    fn filled_anew(&mut self, summary: &Summary<'a>, args: &[(Shape, Span)]) -> Shape {
        let mut call = Call { args, brought: HashMap::new() };
        for outlet in &summary.outlets {
            let Source::Place { place, .. } = outlet.source else { continue };
            let given = self.bring((outlet.source, outlet.trail), &mut call);
            if !given.is_clean() {
                let given_at = args.get(self.places.root(place)).map(|(_, at)| *at);
                self.out(&given, outlet.sink, outlet.at, &mut outlet.path.clone(), given_at);
            }
        }
        self.filled(&summary.returns, &mut call)
    }

    /// A shape with what the arguments are in the place of the parameters.
    fn filled(&mut self, shape: &Shape, call: &mut Call<'_>) -> Shape {
        let mut result = Shape::default();
        for mark in shape.own.iter() {
            if matches!(mark.0, Source::Place { .. }) {
                result.take(&self.bring(mark, call));
            }
        }
        for (source, trail) in shape.own.iter() {
            if matches!(source, Source::Label { .. }) {
                result.own.insert(source, trail);
            }
        }
        for (name, field) in &shape.fields {
            let field = self.filled(field, call);
            if !field.is_clean() {
                result.fields.entry(name.clone()).or_default().take(&field);
            }
        }
        result
    }

    /// What a place is in a call. Many fields of a result may be made of the same one.
    fn bring(&mut self, mark: (Source, TrailId), call: &mut Call<'_>) -> Rc<Shape> {
        if let Some(known) = call.brought.get(&mark) {
            return known.clone();
        }
        let brought = Rc::new(self.brought(mark, call.args));
        call.brought.insert(mark, brought.clone());
        brought
    }

    fn brought(&mut self, (source, inside): (Source, TrailId), args: &[(Shape, Span)]) -> Shape {
        let Source::Place { place, how, except } = source else { return Shape::default() };
        let (param, path) = self.places.path(place);
        let Some((arg, _)) = args.get(param).filter(|(arg, _)| !arg.is_clean()) else { return Shape::default() };
        let mut given = None;
        for name in &path {
            let whole = given.as_ref().unwrap_or(arg);
            given = Some(whole.field_of_place(name, &mut self.places));
        }
        let given = given.unwrap_or_else(|| arg.clone());
        if given.is_clean() {
            return given;
        }
        let given = match how {
            How::Same => given,
            How::Whole => Shape::of(given.flat()),
            How::Chosen => Shape::of(self.choice(&given)),
        };
        let except = self.places.excepted(except).to_vec();
        let mut given = self.without(given, &except);
        self.goes_on(&mut given, inside);
        given
    }

    /// The way of a value goes on as it does inside a function.
    fn goes_on(&mut self, shape: &mut Shape, inside: TrailId) {
        if shape.is_clean() {
            return;
        }
        let hops: Vec<Hop<'a>> = self.trails.backwards(inside).take(MOST_INSIDE).collect();
        for hop in hops.into_iter().rev() {
            if !matches!(hop.says, Says::Begins) {
                self.hop(shape, hop.at, hop.says);
            }
        }
    }

    /// A shape without some labels.
    pub(super) fn without(&mut self, shape: Shape, labels: &[LabelId]) -> Shape {
        if labels.is_empty() {
            return shape;
        }
        let own = shape.own.without(labels, &mut self.places);
        let mut kept = Shape::of(own);
        for (name, field) in shape.fields {
            let field = self.without(field, labels);
            kept.set(&name, field);
        }
        kept
    }

    /// Labels come off: all that the value carries.
    pub(super) fn removes(&mut self, shape: &Shape, how: Removes<'a>, at: Span) {
        self.noted.removed.entry(at).or_insert_with(|| Removal { how, labels: BTreeSet::new() });
        self.out_flat(shape, Sink::Removed(at), at);
    }
}
