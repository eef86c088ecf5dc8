//! What was asked of a model and what it said: the words that driver, executor and journal share.
//!
//! Knows neither how anybody is asked nor what follows from an answer.

use flow_expr::{Name, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A message of a conversation with a model, after the prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "said")]
pub enum Said {
    /// By the model.
    Answer {
        /// Its text.
        text: Arc<str>,
        /// The steps that it called.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<Called>,
    },
    /// What is wrong with the last answer.
    Feedback {
        /// In words.
        text: Arc<str>,
    },
    /// What a step that the model called gave.
    Result {
        /// The call.
        id: Arc<str>,
        /// The result as JSON, or what went wrong.
        text: Arc<str>,
    },
}

/// A step that a model calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Called {
    /// The call, as the provider names it.
    pub id: Arc<str>,
    /// The step.
    pub step: Arc<str>,
    /// The arguments as the model wrote them.
    pub arguments: Arc<str>,
    /// The arguments, checked against the step's parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<(Arc<str>, Value)>,
    /// Why the step is not run, if the arguments do not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Arc<str>>,
}

/// How long a prompt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// Tokens at most, everything that is sent along included.
    pub tokens: u64,
}

/// What a model said, and what that cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskReport {
    /// Whom the program asked.
    pub model: Name,
    /// Who answered, in the provider's words.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub served: Arc<str>,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// What they cost, millionths of a dollar; 0 where there is no price.
    pub micro_dollars: u64,
    /// Whether it is known what was used; otherwise the worst stays charged.
    pub known: bool,
    /// Why the answer ended, in one word: `stop`, `length`, `tool_calls`, `content_filter`; empty if nobody said.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub finish: Arc<str>,
    /// What was said to it last, cut to a bound: the prompt, or why it is asked again.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub asked: Arc<str>,
    /// The answer as it came, cut to a bound.
    pub answer: Arc<str>,
    /// What was put right in it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leniencies: Vec<Arc<str>>,
    /// The steps that it called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Called>,
}
