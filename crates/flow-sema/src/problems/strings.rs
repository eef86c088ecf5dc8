//! Holes in texts.

use super::{nearest, one_of};
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// A format that does not exist.
pub(crate) struct UnknownFormat<'a> {
    pub(crate) at: Span,
    pub(crate) format: &'a str,
    pub(crate) known: &'static [&'static str],
}

impl From<UnknownFormat<'_>> for Problem {
    fn from(problem: UnknownFormat<'_>) -> Self {
        let UnknownFormat { at, format, known } = problem;
        let built = Self::error(codes::E0224, at, format!("there is no format `{format}`"), "not a format");
        match nearest(format, known.iter().copied()) {
            Some(near) => built.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), at, near),
            None => built.help(format!("it can be {}", one_of(known.iter().copied()))),
        }
    }
}

/// A value in a format that cannot hold it.
pub(crate) struct WrongFormat<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
    pub(crate) format: &'a str,
}

impl From<WrongFormat<'_>> for Problem {
    fn from(problem: WrongFormat<'_>) -> Self {
        let WrongFormat { at, found, format } = problem;
        let title = format!("`{found}` cannot be shown as {format}");
        Self::error(codes::E0224, at, title, format!("this is `{found}`"))
            .help("csv and markdown show a table or a list of records; `json` shows everything")
    }
}

/// A value that a hole cannot show.
pub(crate) struct NotPrintable<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
}

impl From<NotPrintable<'_>> for Problem {
    fn from(problem: NotPrintable<'_>) -> Self {
        let title = format!("a text cannot show `{}`", problem.found);
        let built = Self::error(codes::E0224, problem.at, title, format!("this is `{}`", problem.found));
        match problem.found {
            Type::Table(_) => {
                let end = Span::new(problem.at.file, problem.at.end, problem.at.end);
                built.help("say how: `{x as csv}`, `{x as markdown}` or `{x as json}`").fix(
                    "show it as csv",
                    end,
                    " as csv",
                )
            }
            _ => built,
        }
    }
}
