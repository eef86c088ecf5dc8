//! Places where somebody wrote a type: parameters, results, fields that are filled, `let`, `const` and `var`.
//!
//! A type that names labels says which data may be there: that data, and no other. So what comes there with another label
//! is a finding, and goes on without it; and what is there has the labels of the type from then on. A type that names no
//! label says nothing, and what is there keeps what it has; so do the fields of one that is a record. Knows no expressions and no bodies.

use super::{
    marks::{LabelId, Source},
    shape::{ALONE, COUNT, KEYS, Shape},
    sink::Sink,
    trail::{Origin, Says, What},
    walk::Walk,
};
use flow_diag::Span;
use flow_expr::{Arm, Expr, ExprKind, Name, Pattern, Type};
use flow_plan::Param;
use std::sync::Arc;

/// A place with a written type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Site<'a> {
    /// A parameter of a function, guard, step or flow, by its position.
    Param(&'a Name, usize),
    /// The result of a function or flow.
    Result(&'a Name),
    /// A `let`, by where its value is computed; a `const` or `var`, by where it is mentioned.
    Value(Span),
    /// A field of a record or variant that is being made.
    Field(&'a Name, &'a str),
}

/// What is written at such a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) name: &'a str,
    pub(super) ty: &'a Type,
    /// Behind the type.
    pub(super) labels: &'a [Name],
    /// Where; nowhere in a program without a text.
    pub(super) at: Span,
}

impl<'a> Walk<'a> {
    /// What is written at a place.
    pub(super) fn written(&self, site: Site<'a>) -> Option<Written<'a>> {
        let known = match site {
            Site::Param(owner, position) => self.annotations.params.get(owner).and_then(|params| params.get(position)),
            Site::Result(owner) => self.annotations.results.get(owner),
            Site::Value(place) => self.annotations.values.get(&place).map(|value| &**value),
            Site::Field(owner, name) => {
                let field = self.declared.field(owner, name)?;
                let (ty, labels) = (&field.ty, &field.labels[..]);
                return Some(Written { name: &field.name, ty, labels, at: Span::default() });
            }
        };
        if let Some(known) = known {
            return Some(Written { name: &known.name, ty: &known.ty, labels: &known.labels, at: known.at });
        }
        // A program without a text, or a type that cannot name a label.
        let Site::Param(owner, position) = site else { return None };
        let (params, at): (&'a [Param], Span) = match self.step_named(owner) {
            Some(step) => (&step.params, step.at),
            None => self.program.flows.get(owner).map(|flow| (&flow.params[..], flow.at))?,
        };
        let param = params.get(position)?;
        Some(Written { name: &param.name, ty: &param.ty, labels: &param.labels, at })
    }

    /// What is written at a place, if it names a label.
    fn naming(&self, site: Site<'a>) -> Option<Written<'a>> {
        self.written(site).filter(|written| !written.labels.is_empty() || self.declared.names_any(written.ty))
    }

    /// The labels that a place names, in a field of it.
    pub(super) fn named_at(&self, site: Site<'a>, path: &[Arc<str>]) -> Vec<&'a Name> {
        self.written(site)
            .map(|written| self.declared.named_on_the_way(written.ty, written.labels, path))
            .unwrap_or_default()
    }

    /// Whether a place names labels, and not this one.
    pub(super) fn is_refused(&self, site: Site<'a>, path: &[Arc<str>], label: LabelId) -> bool {
        let named = self.named_at(site, path);
        !named.is_empty() && !named.contains(&self.labels.name(label))
    }

    /// What a value at a place carries by what is written there.
    pub(super) fn said_at(&mut self, site: Site<'a>) -> Shape {
        let Some(Written { name, ty, labels, at }) = self.naming(site) else { return Shape::default() };
        let mut shape = self.declared.shape(ty, &mut self.labels, &mut self.trails);
        let says = match site {
            Site::Param(..) => Says::Param(name),
            Site::Result(owner) => Says::Gives(owner),
            Site::Value(_) | Site::Field(..) => Says::Declared(name),
        };
        self.hop(&mut shape, at, says);
        let few = self.declared.holds_few(ty);
        for label in labels {
            let trail = self.trails.begin(Origin { what: What::Written(site) }, at, Says::Begins);
            shape.own.insert(Source::Label { label: self.labels.id(label), few }, trail);
        }
        shape
    }

    /// A value as it comes to a place: what the place refuses is noted, and stays behind.
    pub(super) fn admitted(&mut self, shape: Shape, site: Site<'a>, at: Span) -> Shape {
        if shape.is_clean() {
            return shape;
        }
        let Some(written) = self.naming(site) else { return shape };
        // The fields of a record are not looked at here, and there may be thousands.
        if written.labels.is_empty() && self.declared.is_record(written.ty) {
            return shape;
        }
        self.out(&shape, Sink::Written(site), at, &mut vec![], None);
        let labels: Vec<LabelId> = written.labels.iter().map(|label| self.labels.id(label)).collect();
        self.fitted(shape, written.ty, labels)
    }

    /// A value as it is at a place.
    pub(super) fn put(&mut self, shape: Shape, site: Site<'a>, at: Span) -> Shape {
        let mut shape = self.admitted(shape, site, at);
        shape.join(&self.said_at(site));
        shape
    }

    /// Without what a type refuses that is written with these labels.
    fn fitted(&mut self, mut shape: Shape, ty: &'a Type, labels: Vec<LabelId>) -> Shape {
        let mut allowed = labels;
        let (mut ty, mut named) = (ty, !allowed.is_empty());
        // Other names for a type, and what may be absent, are no level of their own.
        while let Type::Named(_) | Type::Optional(_) = ty {
            let Some((inner, labels)) = self.declared.renamed(ty) else { break };
            allowed.extend(labels.iter().map(|label| self.labels.id(label)));
            named |= !labels.is_empty();
            ty = inner;
        }
        if named {
            allowed.extend(self.declared.inside(ty));
            let others: Vec<LabelId> = self.labels.all().filter(|label| !allowed.contains(label)).collect();
            return self.without(shape, &others);
        }
        let (key, item) = match ty {
            Type::List(item) => (None, item),
            Type::Map(key, value) => (Some(key), value),
            _ => return shape,
        };
        let (count, alone) = (shape.without_field(COUNT), shape.without_field(ALONE));
        let keys = shape.without_field(KEYS).map(|keys| match key {
            Some(key) => self.fitted(keys, key, vec![]),
            None => keys,
        });
        let mut shape = self.fitted(shape.items(), item, vec![]).listed();
        for (name, field) in [(COUNT, count), (ALONE, alone), (KEYS, keys)] {
            shape.set(&name.into(), field.unwrap_or_default());
        }
        shape
    }
}

/// The expression that gives the value of a body with `let`s.
pub(super) fn given_by(body: &Expr) -> &Expr {
    let mut body = body;
    while let ExprKind::Match(_, arms) = &body.kind
        && let [Arm { pattern: Pattern::Bind(_), condition: None, body: inner }] = &arms[..]
    {
        body = inner;
    }
    body
}
