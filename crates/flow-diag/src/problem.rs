//! A problem as data: what is wrong, where, why, and how to mend it.
//!
//! Each crate that finds problems declares one struct per kind with the facts as fields, and an
//! `impl From<ThatStruct> for Problem` which is its one rendering into words. Nothing here prints.

use crate::{Code, Span};
use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program is accepted; somebody should look.
    Warning,
}

/// A place in the text with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to say there. Lower case, no full stop.
    pub text: String,
    /// The place the problem is about; the others (producer, consumer, declaration) give reasons.
    pub primary: bool,
}

/// One replacement of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// A change that an editor can apply and that makes the problem go away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What it does, as a command: "rename to `amount`".
    pub title: String,
    /// The replacements, not overlapping.
    pub edits: Vec<Edit>,
}

/// Something wrong with the program, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The code, which has a page.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence with the names involved. Lower case, no full stop.
    pub title: String,
    /// The places; the first primary one is where the problem is.
    pub labels: Vec<Label>,
    /// Facts that have no place in the text: a sum, a list of valid names.
    pub notes: Vec<String>,
    /// What to do about it.
    pub helps: Vec<String>,
    /// Changes that mend it.
    pub fixes: Vec<Fix>,
}

impl Problem {
    /// An error with one primary place.
    #[must_use]
    pub fn error(code: Code, span: Span, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, title.into(), label.into())
    }

    /// A warning with one primary place.
    #[must_use]
    pub fn warning(code: Code, span: Span, title: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, title.into(), label.into())
    }

    fn new(severity: Severity, code: Code, span: Span, title: String, text: String) -> Self {
        let label = Label { span, text, primary: true };
        Self { code, severity, title, labels: vec![label], notes: vec![], helps: vec![], fixes: vec![] }
    }

    /// Adds a place that gives a reason.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), primary: false });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.reserve_exact(1);
        self.helps.push(text.into());
        self
    }

    /// Adds a change that mends it, replacing one place.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.fixes.reserve_exact(1);
        self.fixes.push(Fix { title: title.into(), edits: vec![Edit { span, text: text.into() }] });
        self
    }

    /// Where the problem is: its first primary label.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels
            .iter()
            .find(|label| label.primary)
            .or(self.labels.first())
            .map(|label| label.span)
            .unwrap_or_default()
    }
}

/// Problems in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds one; problem structs convert by `From`.
    pub fn push(&mut self, problem: impl Into<Problem>) {
        self.0.push(problem.into());
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether anything makes the program unacceptable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sorts by file and place, drops exact repeats: the order in which people read.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|problem| (problem.span(), problem.code));
        self.0.dedup();
    }
}
