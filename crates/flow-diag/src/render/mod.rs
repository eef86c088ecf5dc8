//! Problems as text for people, and as JSON, SARIF and GitHub annotations for tools.
//!
//! All return strings; where they go, and whether that place shows colour, is the caller's business.

mod excerpt;
mod github;
mod json;
mod places;
mod sarif;
mod text;

pub use excerpt::clean;
pub use github::github;
pub use json::{PROBLEMS_FORMAT, json};
pub use sarif::sarif;
pub use text::text;

use crate::{Problems, Severity};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Even in a file.
    Always,
    /// Not even on a terminal.
    Never,
}

impl ColorChoice {
    /// Whether to colour, given what the output is and whether `NO_COLOR` holds something.
    #[must_use]
    pub fn enabled(self, is_terminal: bool, no_color: bool) -> bool {
        match self {
            Self::Auto => is_terminal && !no_color,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// How many errors and warnings there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
}

impl Counts {
    /// Counts a list.
    #[must_use]
    pub fn of(problems: &Problems) -> Self {
        let errors = problems.0.iter().filter(|problem| problem.severity == Severity::Error).count();
        Self { errors, warnings: problems.0.len() - errors }
    }
}

impl std::fmt::Display for Counts {
    /// `3 errors, 1 warning`; `no problems` when there are none.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (errors, warnings) = (self.errors, self.warnings);
        match (errors, warnings) {
            (0, 0) => f.write_str("no problems"),
            (_, 0) => write!(f, "{errors} error{}", plural(errors)),
            (0, _) => write!(f, "{warnings} warning{}", plural(warnings)),
            _ => write!(f, "{errors} error{}, {warnings} warning{}", plural(errors), plural(warnings)),
        }
    }
}
