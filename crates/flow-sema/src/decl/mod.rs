//! From declarations as written to the declarations of the plan: one file per declaration.
//!
//! Types, signatures and constants are known when this runs (see [`crate::environment`]). Everything here
//! is total: a clause that is wrong is reported and left at its default, so that the rest is still checked.
//! Knows nothing of flows' bodies ([`crate::flow`]) nor of how declarations depend on each other
//! (`flow-analysis`). Tested by the caret cases under `tests/check`.

mod after;
mod ai;
mod body;
mod budget;
mod clause;
mod code;
mod connection;
mod dataset;
mod expect;
mod guard;
mod http;
mod judge;
mod location;
mod model;
pub(crate) mod params;
mod pool;
pub(crate) mod problems;
mod retry;
pub(crate) mod schedule;
mod secret;
mod settings;
mod step;

pub(crate) use after::{blocks_mut, order_calls};
pub(crate) use budget::of_flow as flow_budget;
pub(crate) use clause::{item_of, mention, milliseconds, named, number, path_of, tags, text};
pub(crate) use guard::feedback;
pub(crate) use problems::{NotSupported, UnknownClass};
pub(crate) use retry::can_raise;
pub use retry::raised;

use crate::{
    environment::Environment,
    expr::{Elaborator, Place},
    names::{ItemId, ModuleId},
    output::Output,
};
use flow_diag::{FileId, Span};
use flow_expr::Name;
use flow_plan::{Program, RetryPolicy};
use flow_syntax::ast;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Reads code that stands in a file beside a module: given the module's file and the path as written, the
/// path from the project's root and the text, or why it cannot be read.
pub type ReadFile<'a> = &'a dyn Fn(FileId, &str) -> Result<(Arc<str>, Arc<str>), String>;

/// What the text says that a plan does not keep, for analyses and fixes.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Just behind the opening brace of each step and dataset: where a clause may be inserted.
    pub inside: BTreeMap<Name, Span>,
    /// The queries of the steps, with where each byte of them stands.
    pub queries: Vec<QueryText>,
    /// What each step's `after` names: other steps and datasets.
    pub after: BTreeMap<Name, Vec<(Name, Span)>>,
    /// Types that are written where the plan keeps none.
    pub annotations: std::sync::Arc<crate::Annotations>,
}

/// A query in the text.
#[derive(Clone, Debug)]
pub struct QueryText {
    /// The step.
    pub step: Name,
    /// The whole text, quotes included.
    pub at: Span,
    /// From bytes of the dedented query to bytes of the file; none if the query is in a file of its own.
    pub map: Option<ast::TextMap>,
}

impl QueryText {
    /// The span of a range of the query; all of it if the query has no text.
    #[must_use]
    pub fn span(&self, start: u32, end: u32) -> Span {
        match &self.map {
            Some(map) => {
                let range = map.range_to_source(start, end);
                let span = Span::new(self.at.file, range.start().into(), range.end().into());
                if self.at.start <= span.start && span.end <= self.at.end { span } else { self.at }
            }
            None => self.at,
        }
    }
}

/// Where declarations go, and what they are made with.
pub(crate) struct Declaring<'a> {
    pub(crate) env: &'a Environment,
    pub(crate) output: &'a mut Output,
    pub(crate) read_file: ReadFile<'a>,
    pub(crate) program: &'a mut Program,
    pub(crate) places: &'a mut Places,
    /// The declared retry policies that are right.
    pub(crate) retries: HashMap<ItemId, RetryPolicy>,
}

impl<'a> Declaring<'a> {
    /// An elaborator for one declaration.
    pub(crate) fn elaborator(&mut self, module: ModuleId, place: Place) -> Elaborator<'_> {
        Elaborator::new(self.env, module, place, self.output)
    }
}

/// Declares everything but functions, types, constants (which are in the environment) and flows.
pub(crate) fn declare(declaring: &mut Declaring<'_>) {
    let env = declaring.env;
    let all: Vec<ItemId> = env.names.all().map(|(id, _)| id).collect();
    // Others look into these.
    for id in &all {
        match &env.names.item(*id).decl {
            ast::Decl::Retry(decl) => retry::declare(declaring, *id, decl),
            ast::Decl::Connection(decl) => connection::declare(declaring, *id, decl),
            _ => {}
        }
    }
    for id in all {
        match &env.names.item(id).decl {
            ast::Decl::Secret(decl) => secret::declare(declaring, id, decl),
            ast::Decl::Model(decl) => model::declare(declaring, id, decl),
            ast::Decl::Pool(decl) => pool::declare(declaring, id, decl),
            ast::Decl::Dataset(decl) => dataset::declare(declaring, id, decl),
            ast::Decl::Step(decl) => step::declare(declaring, id, decl),
            ast::Decl::Guard(decl) => judge::declare(declaring, id, decl),
            _ => {}
        }
    }
}
