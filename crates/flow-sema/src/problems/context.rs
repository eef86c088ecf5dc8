//! Things that are right elsewhere, but not at this place.

use super::mismatch::Because;
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// A step, flow or dataset outside a flow.
pub(crate) struct OnlyInFlows<'a> {
    pub(crate) name: &'a str,
    pub(crate) what: &'static str,
    pub(crate) at: Span,
    pub(crate) declared: Span,
    pub(crate) place: &'static str,
}

impl From<OnlyInFlows<'_>> for Problem {
    fn from(problem: OnlyInFlows<'_>) -> Self {
        let OnlyInFlows { name, what, at, declared, place } = problem;
        let (does, label) = match what {
            "dataset" => ("read", "read here"),
            _ => ("called", "called here"),
        };
        let help = match what {
            // Only what is asked at a prompt is a question.
            "step" if place == "a question" => "`:run` before the call runs it",
            "dataset" => "give it a parameter, and pass the dataset in a flow",
            _ => "call it in a flow, and pass on what it gives",
        };
        Self::error(codes::E0221, at, format!("{what} `{name}` cannot be {does} in {place}"), label)
            .label(declared, format!("the {what} is declared here"))
            .help(help)
    }
}

/// A secret where no credential is expected.
pub(crate) struct SecretUse<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    pub(crate) declared: Span,
}

impl From<SecretUse<'_>> for Problem {
    fn from(problem: SecretUse<'_>) -> Self {
        let title = format!("secret `{}` cannot be used as a value", problem.name);
        Self::error(codes::E0222, problem.at, title, "its value would be seen")
            .label(problem.declared, "declared as a secret here")
            .help("a secret goes only where a credential is expected: a `key`, `password` or `token`, or a header's value")
    }
}

/// The name of something that is no value by itself.
pub(crate) struct NotAValue<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    /// `a step`, `a module`
    pub(crate) found: &'static str,
    pub(crate) declared: Option<Span>,
    pub(crate) help: Option<String>,
}

impl From<NotAValue<'_>> for Problem {
    fn from(problem: NotAValue<'_>) -> Self {
        let title = format!("`{}` is {}, not a value", problem.name, problem.found);
        let mut built = Self::error(codes::E0107, problem.at, title, "expected a value");
        if let Some(declared) = problem.declared {
            built = built.label(declared, "declared here");
        }
        match problem.help {
            Some(help) => built.help(help),
            None => built,
        }
    }
}

/// `it` where there is none.
pub(crate) struct NoIt {
    pub(crate) at: Span,
    pub(crate) place: &'static str,
}

impl From<NoIt> for Problem {
    fn from(problem: NoIt) -> Self {
        let title = format!("there is no `it` in {}", problem.place);
        Self::error(codes::E0101, problem.at, title, "stands for nothing here").help(
            "`it` is the value under test in `where`, `guard`, `check` and `expect`; elsewhere, name what you mean",
        )
    }
}

/// `previous(…)` of something that is no dataset.
pub(crate) struct PreviousOfNothing {
    pub(crate) at: Span,
}

impl From<PreviousOfNothing> for Problem {
    fn from(problem: PreviousOfNothing) -> Self {
        Self::error(codes::E0107, problem.at, "`previous` takes the name of a dataset", "expected one dataset")
            .help("`previous(ds)` is the version before this run's own")
    }
}

/// A statement or expression that this body cannot have.
pub(crate) struct NotHere {
    pub(crate) at: Span,
    /// `for`, `write`, …
    pub(crate) what: String,
    pub(crate) place: &'static str,
    pub(crate) help: &'static str,
}

impl From<NotHere> for Problem {
    fn from(problem: NotHere) -> Self {
        let title = format!("`{}` cannot stand in {}", problem.what, problem.place);
        Self::error(codes::E0227, problem.at, title, "only flows have this").help(problem.help)
    }
}

/// A block that ends without a value.
pub(crate) struct NoResult<'a> {
    pub(crate) at: Span,
    pub(crate) expected: &'a Type,
    pub(crate) because: Option<Because<'a>>,
}

impl From<NoResult<'_>> for Problem {
    fn from(problem: NoResult<'_>) -> Self {
        let NoResult { at, expected, because } = problem;
        let title = match (expected, because) {
            (Type::Unknown, _) | (_, None) => "this block gives no value".to_owned(),
            (ty, Some(because)) => format!("expected `{ty}`, {}, but this block gives no value", because.sentence()),
        };
        let built =
            Self::error(codes::E0233, at, title, "ends without a value").help("a block's value is its last expression");
        match because.and_then(Because::place) {
            Some((at, text)) => built.label(at, text),
            None => built,
        }
    }
}

/// An `if` without `else` where a value is expected.
pub(crate) struct NoElse {
    pub(crate) at: Span,
}

impl From<NoElse> for Problem {
    fn from(problem: NoElse) -> Self {
        let end = Span::new(problem.at.file, problem.at.end, problem.at.end);
        Self::error(
            codes::E0233,
            problem.at,
            "this `if` gives no value when its condition does not hold",
            "has no `else`",
        )
        .help("add an `else` with the other value")
        .fix("add `else`", end, " else { none }")
    }
}

/// A value that nothing uses.
pub(crate) struct ValueUnused {
    pub(crate) at: Span,
}

impl From<ValueUnused> for Problem {
    fn from(problem: ValueUnused) -> Self {
        Self::error(codes::E0234, problem.at, "this value is not used", "computed for nothing")
            .help("name it with `let`, or remove it; a block's value is its last expression")
    }
}
