//! A value of one type where another is needed, with the reason why it is needed.

use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// Why a type is expected at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Because<'a> {
    /// The place itself says it.
    Place(&'a str),
    /// A field's declaration.
    Field { owner: &'a str, field: &'a str, at: Span },
    /// A parameter's declaration.
    Parameter { owner: &'a str, parameter: &'a str, at: Option<Span> },
    /// A declared result.
    Returns { owner: &'a str, at: Span },
    /// A `let`, `const` or `var` with a type.
    Declared { name: &'a str, at: Span },
    /// Another value of the same list, `if`, `match` or comparison.
    Like { what: &'a str, at: Span },
}

impl Because<'_> {
    /// As in "expected `Int`, because …".
    pub(crate) fn sentence(self) -> String {
        match self {
            Self::Place(place) => place.to_owned(),
            Self::Field { owner, field, .. } => format!("because field `{field}` of `{owner}` is declared so"),
            Self::Parameter { owner, parameter, .. } => {
                format!("because parameter `{parameter}` of `{owner}` is declared so")
            }
            Self::Returns { owner, .. } => format!("because `{owner}` is declared to return it"),
            Self::Declared { name, .. } => format!("because `{name}` is declared so"),
            Self::Like { what, .. } => format!("because {what} is one"),
        }
    }

    /// The place that gives the reason, with what to say there.
    pub(crate) fn place(self) -> Option<(Span, &'static str)> {
        match self {
            Self::Place(_) => None,
            Self::Parameter { at, .. } => at.map(|at| (at, "declared here")),
            Self::Field { at, .. } | Self::Returns { at, .. } | Self::Declared { at, .. } => {
                Some((at, "declared here"))
            }
            Self::Like { at, .. } => Some((at, "this one")),
        }
    }
}

/// The wrong type.
pub(crate) struct Mismatch<'a> {
    pub(crate) at: Span,
    pub(crate) expected: &'a Type,
    pub(crate) found: &'a Type,
    pub(crate) because: Because<'a>,
}

impl From<Mismatch<'_>> for Problem {
    fn from(problem: Mismatch<'_>) -> Self {
        let Mismatch { at, expected, found, because } = problem;
        if let Type::Optional(inner) = found
            && **inner == *expected.required()
        {
            return absent(at, expected, because);
        }
        // Two types of one name: say the modules too.
        let (expected_text, found_text) = match (expected, found) {
            (Type::Named(a), Type::Named(b)) if a.short() == b.short() => (a.to_string(), b.to_string()),
            _ => (expected.to_string(), found.to_string()),
        };
        let title = format!("expected `{expected_text}`, {}, found `{found_text}`", because.sentence());
        let mut built = Self::error(codes::E0201, at, title, format!("this is `{found_text}`"));
        if let Some((place, text)) = because.place() {
            built = built.label(place, text);
        }
        if matches!(because, Because::Place("which `or` takes")) {
            return built
                .help("`or` joins conditions; a value for what is missing follows `??`, for what fails `else`");
        }
        match help(expected.required(), found.required()) {
            Some(help) => built.help(help),
            None => built,
        }
    }
}

/// How the types could be brought together.
fn help(expected: &Type, found: &Type) -> Option<String> {
    Some(match (expected, found) {
        (Type::Int, Type::Decimal | Type::Float) => "say how to make it whole: `x.round().to_int()`".to_owned(),
        (Type::Decimal, Type::Float) => "a Float is inexact: convert it openly with `x.to_decimal()`".to_owned(),
        (Type::Float, Type::Int | Type::Decimal) => "convert it with `x.to_float()`".to_owned(),
        (Type::String, Type::Named(_) | Type::Int | Type::Decimal | Type::Float | Type::Bool | Type::Date) => {
            "put it into a text: `\"{x}\"`".to_owned()
        }
        (Type::Timestamp, Type::Date) => "a day becomes an instant only in a zone".to_owned(),
        (Type::List(item), Type::Table(row)) if item == row => "take the rows as a list: `x.to_list()`".to_owned(),
        (Type::List(item), other) if **item == *other => "put it into a list: `[x]`".to_owned(),
        (Type::Duration, Type::Int) => "a duration has a unit: `30s`, `5m`, `2h`".to_owned(),
        _ => return None,
    })
}

fn absent(at: Span, expected: &Type, because: Because<'_>) -> Problem {
    let title = format!("expected `{expected}`, {}, but this may have no value", because.sentence());
    let mut built = Problem::error(codes::E0202, at, title, format!("this is `{expected}?`"));
    if let Some((place, text)) = because.place() {
        built = built.label(place, text);
    }
    built.help("say what to use when there is none: `x ?? other`, or look with `match x { none => …, value => … }`")
}
