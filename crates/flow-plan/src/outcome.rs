//! What happened when something was tried: failures, versions found, verdicts of rules.
//!
//! The words that executor, driver, journal and terminal share. Knows nothing of how anything is done.

use crate::ErrorClass;
use flow_diag::Span;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// Why an attempt failed.
///
/// Data that breaks its own contract (an `expect` rule, or a dataset's type at the border) has class
/// [`ErrorClass::GuardFailed`] or [`ErrorClass::Malformed`] when it comes from reading or writing a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What a retry policy can name.
    pub class: ErrorClass,
    /// The run-time code (`R0…`), which has a page.
    pub code: Arc<str>,
    /// One sentence: what was expected, what happened. Never a secret.
    pub message: String,
    /// Facts, one each: the path in a value, the rule, the command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// How long the other side asked to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    /// The end of the process's standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr_tail: Option<String>,
    /// The expression that it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Span>,
}

impl Failure {
    /// Puts a mark in the place of what is quoted, which may be labelled data: all between the first quotation mark of a
    /// sentence and its last one, as what is quoted may hold some itself.
    pub fn unquote(&mut self, mark: &str) {
        let unquoted = |text: &str| match (text.find('"'), text.rfind('"')) {
            (Some(first), Some(last)) if first < last => format!("{}{mark}{}", &text[..first], &text[last + 1..]),
            (Some(first), _) => format!("{}{mark}", &text[..first]),
            _ => text.to_owned(),
        };
        self.message = unquoted(&self.message);
        self.details.iter_mut().for_each(|detail| *detail = unquoted(detail));
    }

    /// A failure with a sentence and nothing else.
    #[must_use]
    pub fn new(class: ErrorClass, code: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self {
            class,
            code: code.into(),
            message: message.into(),
            details: vec![],
            retry_after: None,
            stderr_tail: None,
            at: None,
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn detail(mut self, fact: impl Into<String>) -> Self {
        self.details.push(fact.into());
        self
    }

    /// Adds what the other side asked for.
    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Adds the expression that it happened in.
    #[must_use]
    pub fn at(mut self, at: Span) -> Self {
        self.at = Some(at);
        self
    }

    /// Adds the end of standard error.
    #[must_use]
    pub fn stderr_tail(mut self, tail: Option<String>) -> Self {
        self.stderr_tail = tail;
        self
    }
}

/// What identifies what is at a dataset's location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// BLAKE3 (hex) of the content that is there, as stored there.
    pub hash: Arc<str>,
    /// When it was last modified, where the location knows.
    pub modified: Option<Timestamp>,
    /// Its data time where that can be known from outside: the newest value of the `by` column, or
    /// the modification time. For `Derived` data of a flow the catalogue knows better.
    pub data_time: Option<Timestamp>,
}

/// What became of one `expect` rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVerdict {
    /// The rule as written.
    pub rule: Arc<str>,
    /// Whether it holds, its share counted in.
    pub holds: bool,
    /// Whether a breach is only recorded.
    pub warn: bool,
    /// Rows that it was asked of.
    pub checked: u64,
    /// Rows that broke it.
    pub broken: u64,
    /// A few of them, for people: `row 17: amount = -3`. Labelled values redacted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}
