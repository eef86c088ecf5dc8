//! What can be wrong with a query, as data: facts and a place inside its text.
//!
//! One file per family holds the facts' making and their rendering. The caller turns places into spans.

mod names;
mod result;
mod text;
mod types;

use flow_diag::{Problem, Span};
use std::ops::Range;

/// Something wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlProblem {
    /// Bytes of the query's text.
    pub range: Range<usize>,
    /// What.
    pub kind: SqlProblemKind,
}

/// The kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlProblemKind {
    /// The text.
    Text(text::TextProblem),
    /// Names.
    Name(names::NameProblem),
    /// Types and everything else that the planner refuses.
    Type(types::TypeProblem),
    /// The result against its declared type.
    Result(result::ResultProblem),
}

impl SqlProblem {
    fn new(range: Range<usize>, kind: SqlProblemKind) -> Self {
        Self { range, kind }
    }

    /// The problem in words, at its place in the program. `place` turns bytes of the query into a span.
    #[must_use]
    pub fn into_problem(self, place: impl Fn(Range<usize>) -> Span) -> Problem {
        let span = place(self.range);
        match self.kind {
            SqlProblemKind::Text(problem) => problem.render(span),
            SqlProblemKind::Name(problem) => problem.render(span),
            SqlProblemKind::Type(problem) => problem.render(span),
            SqlProblemKind::Result(problem) => problem.render(span),
        }
    }
}

/// `a`, `b` and `c`, for notes; long lists are cut.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let quoted: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let rest = names.len().saturating_sub(SHOWN);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", quoted.join(", "))
}

/// The nearest of some names, if it is near.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let limit = (name.chars().count() / 3).max(1);
    let distance = |other: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let best = names.map(|other| (distance(other), other)).min()?;
    (best.0 <= limit).then(|| best.1.to_owned())
}
