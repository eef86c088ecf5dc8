//! Problems in `flow.toml`.

use super::{nearest, one_of};
use flow_diag::{Problem, Span, codes};

/// The text is not TOML.
pub(crate) struct InvalidToml {
    pub(crate) at: Span,
    pub(crate) message: String,
}

impl From<InvalidToml> for Problem {
    fn from(problem: InvalidToml) -> Self {
        let message = problem.message.lines().collect::<Vec<_>>().join(", ");
        Self::error(codes::E0109, problem.at, "`flow.toml` is not valid TOML", message)
            .help("texts stand in quotes: `name = \"shop\"`; tables in brackets: `[profiles.prod.vars]`")
    }
}

/// A key that means nothing there.
pub(crate) struct UnknownKey {
    pub(crate) at: Span,
    pub(crate) key: Box<str>,
    pub(crate) place: &'static str,
    pub(crate) known: &'static [&'static str],
}

impl From<UnknownKey> for Problem {
    fn from(problem: UnknownKey) -> Self {
        let title = format!("{} has no key `{}`", problem.place, problem.key);
        let built = Self::error(codes::E0110, problem.at, title, "not a known key");
        match nearest(&problem.key, problem.known.iter().copied()) {
            Some(name) => {
                built.help(format!("did you mean `{name}`?")).fix(format!("rename to `{name}`"), problem.at, name)
            }
            None => built.help(format!("it can have {}", one_of(problem.known.iter().copied()))),
        }
    }
}

/// A key's value is not what it takes.
pub(crate) struct WrongValue {
    pub(crate) at: Span,
    pub(crate) expected: &'static str,
    pub(crate) found: &'static str,
}

impl From<WrongValue> for Problem {
    fn from(problem: WrongValue) -> Self {
        let title = format!("expected {}", problem.expected);
        Self::error(codes::E0111, problem.at, title, format!("this {} cannot stand here", problem.found))
    }
}
