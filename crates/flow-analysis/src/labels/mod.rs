//! E0601–E0604: data with a label stays with those who accept it.
//!
//! [`declared`] says which labels types carry, [`annotated`] what becomes of values where a type is written, [`shape`], [`fields`] and [`marks`] what a value does, [`expr`], [`builtins`], [`steps`]
//! and [`walk`] follow values through expressions, bodies and flows, [`sink`] says where they may arrive, [`trail`] keeps
//! their ways, [`report`] says what is wrong, [`audit`] what is let through on purpose, [`hidden`] what the runtime keeps to
//! itself. Everything is looked at once,
//! callees first. What is not known makes its result of all that it is given, so what is called clean is clean, but for two things
//! that are meant: labels that come off by a word in the program (`redact`, `hash`, `declassify`, aggregates over many
//! rows), and what a choice tells (a comparison, a branch, a filter), which is followed where what decides is itself one of
//! few, and everywhere under `strict`. Knows no syntax and no values. A program without labels costs nothing.

mod annotated;
pub mod audit;
mod builtins;
mod declared;
mod expr;
mod fields;
mod hidden;
mod marks;
mod passed;
mod report;
mod shape;
mod sink;
mod steps;
mod trail;
mod walk;

pub use hidden::Hidden;

use crate::{Mentions, sql::Queries};
use flow_diag::Problems;
use flow_expr::TypeDef;
use flow_plan::Program;
use flow_sema::Annotations;

/// Whether anything in a program has a label.
#[must_use]
pub fn concerns(program: &Program, annotations: &Annotations) -> bool {
    let of_type = |def: &TypeDef| match def {
        TypeDef::Record(fields) => fields.iter().any(|field| !field.labels.is_empty()),
        TypeDef::Enum(variants) => {
            variants.iter().flat_map(|variant| &variant.payload).any(|field| !field.labels.is_empty())
        }
        TypeDef::Refined { labels, .. } => !labels.is_empty(),
    };
    let steps = program.steps.values().chain(program.judges.values()).map(|step| &step.params);
    let mut params = steps.chain(program.flows.values().map(|flow| &flow.params)).flatten();
    program.types.0.values().any(of_type)
        || params.any(|param| !param.labels.is_empty())
        || annotations.params.values().flatten().any(|param| !param.labels.is_empty())
        || annotations.values.values().any(|value| !value.labels.is_empty())
        || program.datasets.values().any(|dataset| !dataset.accepts.is_empty())
}

/// All checks of the family, and what the runtime is to hide. `strict`: what decides rows or a branch is in what it
/// decides.
#[must_use]
pub fn check(program: &Program, mentions: &Mentions, queries: &Queries, strict: bool) -> (Problems, Hidden) {
    let annotations = &*mentions.annotations;
    if !concerns(program, annotations) {
        return Default::default();
    }
    let walk = walk::Walk::over(program, (queries, annotations), strict);
    (report::problems(&walk, mentions), Hidden::of(&walk))
}
