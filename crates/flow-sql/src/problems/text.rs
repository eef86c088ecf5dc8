//! E1101, E1107: text that is no query, or no single one.

use super::{SqlProblem, SqlProblemKind};
use flow_diag::{Problem, Span, codes};
use std::ops::Range;

/// What is wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// The parser gave up here.
    Syntax(String),
    /// There is more than one statement.
    ManyStatements(usize),
    /// It is a statement, but no query.
    NotAQuery,
    /// Its `with` parts name each other so often that putting them in would give this many.
    TooManyParts(u64),
    /// It chains so many operators.
    TooManyOperators(u64),
}

impl SqlProblem {
    pub(crate) fn syntax(range: Range<usize>, message: String) -> Self {
        Self::new(range, SqlProblemKind::Text(TextProblem::Syntax(message)))
    }

    pub(crate) fn many_statements(range: Range<usize>, count: usize) -> Self {
        Self::new(range, SqlProblemKind::Text(TextProblem::ManyStatements(count)))
    }

    pub(crate) fn not_a_query(range: Range<usize>) -> Self {
        Self::new(range, SqlProblemKind::Text(TextProblem::NotAQuery))
    }
}

impl SqlProblem {
    pub(crate) fn too_many_parts(range: Range<usize>, count: u64) -> Self {
        Self::new(range, SqlProblemKind::Text(TextProblem::TooManyParts(count)))
    }
}

impl SqlProblem {
    pub(crate) fn too_many_operators(range: Range<usize>, count: u64) -> Self {
        Self::new(range, SqlProblemKind::Text(TextProblem::TooManyOperators(count)))
    }
}

impl TextProblem {
    pub(super) fn render(self, span: Span) -> Problem {
        match self {
            Self::Syntax(message) => Problem::error(codes::E1101, span, "this is not valid SQL", message),
            Self::ManyStatements(count) => Problem::error(
                codes::E1107,
                span,
                format!("a body has one statement, this one has {count}"),
                "the second begins here",
            )
            .help("make a step of each, or one query with `with`"),
            Self::TooManyParts(count) => {
                let title = format!("this query has {count} parts once its `with` names are put in");
                Problem::error(codes::E1106, span, title, "each name stands for all of its query, again and again")
                    .help("make the parts that are named several times steps of their own")
            }
            Self::TooManyOperators(count) => {
                let title = format!("this query has {count} operators and unions");
                Problem::error(codes::E1106, span, title, "more than the engine can go through")
                    .help("name values in a list, `id in (1, 2, …)`, or keep them in a dataset and join it")
            }
            Self::NotAQuery => {
                Problem::error(codes::E1107, span, "an `sql` body is a query", "expected `select` or `with`")
                    .help("to change a database, name it: `sql on CONNECTION`")
                    .help("to change a dataset, return its new rows and `write` them in the flow")
            }
        }
    }
}
