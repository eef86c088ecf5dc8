//! Every place that names the same thing.

use crate::Analysis;
use flow_diag::Span;
use flow_sema::index::DefinitionId;

/// A place that names something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// Where.
    pub at: Span,
    /// Whether it is declared there.
    pub declares: bool,
}

/// All places that name what is named at a place, by file and place.
#[must_use]
pub fn references(analysis: &Analysis, at: Span) -> Vec<Mention> {
    analysis.compilation.index.definition_at(at).map(|id| of(analysis, id)).unwrap_or_default()
}

/// All places that name a definition.
pub(crate) fn of(analysis: &Analysis, id: DefinitionId) -> Vec<Mention> {
    let index = &analysis.compilation.index;
    let mut found: Vec<Mention> = index.mentions(id).map(|at| Mention { at, declares: false }).collect();
    found.extend(index.definition(id).map(|definition| Mention { at: definition.at, declares: true }));
    found.sort_unstable();
    found.dedup_by_key(|mention| mention.at);
    found
}

/// The same in the file of the place alone.
#[must_use]
pub fn highlights(analysis: &Analysis, at: Span) -> Vec<Mention> {
    let mut found = references(analysis, at);
    found.retain(|mention| mention.at.file == at.file);
    found
}
