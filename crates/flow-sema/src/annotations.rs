//! Types that people write where the plan keeps none: of functions, `let`, `const` and `var`; and where parameters stand.
//!
//! Kept only in a program that declares a label: the analysis of labels alone asks for them. Knows nothing of what labels
//! mean. Tested by the cases of labels under `tests/check`.

use crate::environment::{Constant, Environment, Signature, is_type_parameter};
use flow_diag::Span;
use flow_expr::{Expr, Name, Type};
use flow_syntax::ast;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A place with a type that somebody wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Its name; of a result, that of what gives it.
    pub name: Arc<str>,
    /// The type.
    pub ty: Type,
    /// Labels behind the type, qualified, besides those of the type itself.
    pub labels: Vec<Name>,
    /// Where it is declared.
    pub at: Span,
}

/// All of a program, as far as a label may be in them.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    /// Parameters of functions, guards, steps and flows, in order; none of those whose types cannot name a label.
    pub params: BTreeMap<Name, Vec<Annotation>>,
    /// Results of functions, guards, steps and flows.
    pub results: BTreeMap<Name, Annotation>,
    /// By the place of the value: of a `let`, that of the statement or of the node that computes it; of a `const` or `var`,
    /// each mention.
    pub values: HashMap<Span, Arc<Annotation>>,
    /// Whether the program declares a label at all.
    is_on: bool,
}

impl Annotations {
    /// Begins with a program: everything else is left out of one without labels.
    pub(crate) fn begin(&mut self, env: &Environment) {
        self.is_on = env.names.all().any(|(_, item)| matches!(item.decl, ast::Decl::Label(_)));
    }

    /// Keeps what a signature says.
    pub(crate) fn signature(&mut self, owner: &Name, signature: &Signature) {
        if !self.is_on {
            return;
        }
        let name = |param: &crate::environment::Parameter| may_be_labelled(&param.ty, &param.labels);
        if signature.params.iter().any(name) {
            let params = signature.params.iter().map(|param| Annotation {
                name: param.name.clone(),
                ty: param.ty.clone(),
                labels: param.labels.clone(),
                at: param.at,
            });
            self.params.insert(owner.clone(), params.collect());
        }
        if may_be_labelled(&signature.returns, &[]) {
            let (ty, at) = (signature.returns.clone(), signature.returns_at);
            self.results.insert(owner.clone(), Annotation { name: owner.short().into(), ty, labels: vec![], at });
        }
    }

    /// Keeps the type that is written for a value.
    pub(crate) fn value(&mut self, place: Span, name: &str, ty: &Type, at: Span) {
        if self.is_on && may_be_labelled(ty, &[]) {
            let annotation = Annotation { name: name.into(), ty: ty.clone(), labels: vec![], at };
            self.values.insert(place, annotation.into());
        }
    }

    /// Keeps what a mention of a `const` or `var` is.
    pub(crate) fn mention(&mut self, place: Span, name: &Name, constant: &Constant, at: Span) {
        if self.is_on && may_be_labelled(&constant.ty, &constant.labels) {
            let (ty, labels) = (constant.ty.clone(), constant.labels.clone());
            self.values.insert(place, Annotation { name: name.short().into(), ty, labels, at }.into());
        }
    }

    /// The labels of all that is mentioned in an expression that is computed when compiling, by itself or by its type.
    pub(crate) fn labels_within(&self, expr: &Expr, env: &Environment) -> Vec<Name> {
        let mut found = vec![];
        if self.is_on && !self.values.is_empty() {
            expr.visit(&mut |part| {
                if let Some(known) = self.values.get(&part.at) {
                    found.extend(known.labels.iter().cloned());
                    found.extend(flow_expr::redact::labels_in(&known.ty, &env.types));
                }
            });
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Whether a type names something in which a label may be.
fn may_be_labelled(ty: &Type, labels: &[Name]) -> bool {
    let mut pending = vec![ty];
    while let Some(ty) = pending.pop() {
        match ty {
            Type::Named(name) if !is_type_parameter(name) => return true,
            Type::Optional(inner) | Type::List(inner) | Type::Table(inner) => pending.push(inner),
            Type::Map(key, value) => pending.extend([&**key, &**value]),
            _ => {}
        }
    }
    !labels.is_empty()
}
