//! Questions to people and their answers, as data, and what an answer comes to.
//!
//! An answer is bound to the digest of what was shown. Whether it fits is decided by one function, which the driver
//! asks before it goes on and a command line before it writes anything down. Knows neither when somebody is asked
//! nor what follows.

use crate::Task;
use flow_expr::{Context, Name, Type, TypeDef, TypeTable, Value, codec, redact::labels_in};
use flow_plan::Step;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A question to a person, with all that is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Answer with [`crate::Event::Answered`].
    pub task: Task,
    /// Where in the run.
    pub path: Arc<str>,
    /// What people call it.
    pub label: Arc<str>,
    /// The step.
    pub step: Name,
    /// The how-manieth question of this node, from 1.
    pub number: u32,
    /// Who is asked.
    pub who: Arc<str>,
    /// What is said. Labelled data is left out of it, as of all that is shown.
    pub message: Arc<str>,
    /// The step's arguments.
    pub arguments: Vec<(Arc<str>, Arc<str>)>,
    /// The result that a guard did not let pass, if that is what is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
    /// The words to choose from; none where the question is whether or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Arc<str>>,
    /// Hash of who is asked what about which values: what an answer is bound to.
    pub digest: Arc<str>,
    /// Since when.
    pub since: Timestamp,
    /// How long is waited.
    pub until: Timestamp,
}

/// A result that a guard did not let pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The guard's condition as written.
    pub guard: Arc<str>,
    /// The result.
    pub value: Arc<str>,
}

/// What a person answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who, by the name that came with the answer.
    pub by: Arc<str>,
    /// What.
    pub says: Says,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
    /// The digest of the question that was seen.
    pub digest: Arc<str>,
}

/// The answer itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Yes.
    Approved,
    /// This: one of the words to choose from, or another result than the one that a guard did not let pass.
    Gives(Arc<str>),
    /// No.
    Rejected,
}

/// How a question ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum QuestionEnd {
    /// Somebody answered.
    Answered(Answer),
    /// Nobody did in time.
    Unanswered,
    /// The run was cancelled.
    Cancelled,
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Yes.
    Approved,
    /// This value.
    Value(Value),
    /// No.
    Rejected,
}

/// Why an answer is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is bound to something else than what is asked.
    OtherDigest,
    /// One of these words is wanted.
    WordWanted(Vec<Arc<str>>),
    /// Nothing but yes or no is wanted.
    NoValueWanted,
    /// Values of the type cannot be given so.
    Unwritable(Type),
    /// Values of the type hold data with these labels, which may not stand in the records in clear.
    Labelled(Vec<Name>),
    /// The value is none of the step's result.
    Value(String),
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherDigest => f.write_str("the question is another one now than the one that was answered"),
            Self::WordWanted(words) => write!(f, "one of {} is wanted: `--with {}`", list(words), first(words)),
            Self::NoValueWanted => f.write_str("it is approved or rejected as it is: no value is wanted"),
            Self::Unwritable(ty) => write!(f, "a `{ty}` cannot be given with an answer: approve or reject"),
            Self::Labelled(labels) => {
                let labels: Vec<String> = labels.iter().map(|label| format!("@{}", label.short())).collect();
                let labels = labels.join(", ");
                write!(
                    f,
                    "a value with {labels} would stand in the records in clear: approve or reject, or mend its source"
                )
            }
            Self::Value(why) => f.write_str(why),
        }
    }
}

fn list(words: &[Arc<str>]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn first(words: &[Arc<str>]) -> &str {
    words.first().map_or("", |word| word)
}

impl Question {
    /// What an answer to the question of a step comes to.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn read(&self, answer: &Answer, step: &Step, context: &Context<'_>) -> Result<Verdict, Misfit> {
        if answer.digest != self.digest {
            return Err(Misfit::OtherDigest);
        }
        match &answer.says {
            Says::Rejected => Ok(Verdict::Rejected),
            Says::Approved if self.choices.is_empty() => Ok(Verdict::Approved),
            Says::Approved => Err(Misfit::WordWanted(self.choices.clone())),
            Says::Gives(text) if !self.choices.is_empty() && !self.choices.contains(text) => {
                Err(Misfit::WordWanted(self.choices.clone()))
            }
            Says::Gives(_) if self.choices.is_empty() && self.draft.is_none() => Err(Misfit::NoValueWanted),
            Says::Gives(_) if crate::meaning::may_hold_data(&step.returns, context.types) => {
                Err(Misfit::Unwritable(step.returns.clone()))
            }
            Says::Gives(_) if !labels_in(&step.returns, context.types).is_empty() => {
                Err(Misfit::Labelled(labels_in(&step.returns, context.types)))
            }
            Says::Gives(text) => codec::decode_text(text, &step.returns, "value", context)
                .map(Verdict::Value)
                .map_err(|errors| Misfit::Value(errors.to_string())),
        }
    }
}

/// The words that a person can choose from where a step gives this type; none where the question is whether or not.
pub(crate) fn choices(ty: &Type, types: &TypeTable) -> Vec<Arc<str>> {
    let mut ty = ty;
    while let Type::Named(name) = ty {
        match types.get(name) {
            Some(TypeDef::Refined { base, .. }) => ty = base,
            Some(TypeDef::Enum(variants)) => return variants.iter().map(|variant| variant.name.clone()).collect(),
            _ => break,
        }
    }
    vec![]
}
