//! Problems with profiles, `--set` and the values of `var`s.

use super::{nearest, one_of};
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;
use std::sync::Arc;

/// A profile that the manifest does not have.
pub(crate) struct UnknownProfile<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
    pub(crate) known: Vec<&'a str>,
}

impl From<UnknownProfile<'_>> for Problem {
    fn from(problem: UnknownProfile<'_>) -> Self {
        let title = format!("there is no profile `{}`", problem.name);
        let built = Self::error(codes::E0112, problem.at, title, "not in `flow.toml`");
        match nearest(problem.name, problem.known.iter().copied()) {
            Some(near) => built.help(format!("did you mean `{near}`?")),
            None if problem.known.is_empty() => {
                built.help(format!("`flow.toml` can have a table `[profiles.{}.vars]`", problem.name))
            }
            None => built.help(format!("`flow.toml` has {}", one_of(problem.known))),
        }
    }
}

/// A value for a `var` that does not exist, or of which there are several.
pub(crate) struct UnknownVar<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
    pub(crate) nearest: Option<String>,
    /// The vars that it may mean, if several.
    pub(crate) several: Vec<(String, Span)>,
}

impl From<UnknownVar<'_>> for Problem {
    fn from(problem: UnknownVar<'_>) -> Self {
        if problem.several.is_empty() {
            let title = format!("no module declares a `var {}`", problem.name);
            let built = Self::error(codes::E0113, problem.at, title, "sets nothing");
            return match problem.nearest {
                Some(near) => built.help(format!("did you mean `{near}`?")),
                None => built.help(format!("declare it: `var {}: Type = default`", problem.name)),
            };
        }
        let title = format!("more than one module declares a `var {}`", problem.name);
        let mut built = Self::error(codes::E0113, problem.at, title, "which one?");
        for (_, at) in &problem.several {
            built = built.label(*at, "one of them");
        }
        let names = problem.several.iter().map(|(name, _)| name.as_str());
        built.help(format!("write its module too: {}", one_of(names)))
    }
}

/// A value that is none of the `var`'s type.
pub(crate) struct WrongSetting<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
    pub(crate) value: Arc<str>,
    pub(crate) ty: Type,
    pub(crate) declared: Span,
    pub(crate) why: String,
}

impl From<WrongSetting<'_>> for Problem {
    fn from(problem: WrongSetting<'_>) -> Self {
        let title = format!("`{}` is no {} for `var {}`", problem.value, problem.ty, problem.name);
        Self::error(codes::E0114, problem.at, title, problem.why)
            .label(problem.declared, format!("declared as {} here", problem.ty))
    }
}

/// A `var` without a value.
pub(crate) struct NoSetting<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
    pub(crate) profile: Option<&'a str>,
}

impl From<NoSetting<'_>> for Problem {
    fn from(problem: NoSetting<'_>) -> Self {
        let title = match problem.profile {
            Some(profile) => format!("`var {}` has no value in profile `{profile}`", problem.name),
            None => format!("`var {}` has no value", problem.name),
        };
        Self::error(codes::E0115, problem.at, title, "has no default, and nothing sets it")
            .help(format!("give it a default (`= …`), set it in a profile, or pass `--set {}=…`", problem.name))
    }
}
