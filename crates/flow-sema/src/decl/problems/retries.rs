//! Retry policies.

use crate::problems::{nearest, one_of};
use flow_diag::{Problem, Span, codes};

/// A class that is not known.
pub(crate) struct UnknownClass<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    pub(crate) known: Vec<&'static str>,
}

impl From<UnknownClass<'_>> for Problem {
    fn from(found: UnknownClass<'_>) -> Self {
        let UnknownClass { name, at, known } = found;
        let problem = Self::error(codes::E0160, at, format!("there is no class of errors `{name}`"), "not known");
        match nearest(name, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")).fix(format!("use `{near}`"), at, near),
            None => problem.note(format!(
                "the classes are {}, `exit(N)`",
                known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ")
            )),
        }
    }
}

/// A status that no process ends with.
pub(crate) struct StatusRange {
    pub(crate) at: Span,
}

impl From<StatusRange> for Problem {
    fn from(found: StatusRange) -> Self {
        Self::error(codes::E0160, found.at, "`exit` takes the status of a process, 0 to 255", "no such status")
            .help("write the status, as in `exit(2)`")
    }
}

/// A class that the body never raises.
pub(crate) struct CannotRaise<'a> {
    pub(crate) class: &'a str,
    pub(crate) at: Span,
    pub(crate) kind: &'a str,
    pub(crate) raised: &'static [&'static str],
}

impl From<CannotRaise<'_>> for Problem {
    fn from(found: CannotRaise<'_>) -> Self {
        let CannotRaise { class, at, kind, raised } = found;
        Self::warning(codes::W0306, at, format!("a `{kind}` body never fails with `{class}`"), "has no effect")
            .note(format!("it can fail with {}", one_of(raised.iter().copied())))
    }
}

/// A policy that does not say how often.
pub(crate) struct NoAttempts {
    pub(crate) at: Span,
}

impl From<NoAttempts> for Problem {
    fn from(found: NoAttempts) -> Self {
        Self::error(codes::E0157, found.at, "a retry policy says how often", "has no `up to N times`")
            .help("everything that can go wrong is bounded in the text: add `up to 3 times`")
    }
}

/// A backoff that shrinks.
pub(crate) struct BackoffOrder {
    pub(crate) at: Span,
}

impl From<BackoffOrder> for Problem {
    fn from(found: BackoffOrder) -> Self {
        Self::error(
            codes::E0261,
            found.at,
            "the first backoff is longer than the longest",
            "from the shorter to the longer",
        )
        .help("swap the bounds")
    }
}
