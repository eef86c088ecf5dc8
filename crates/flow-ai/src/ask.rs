//! What is asked, what is answered, and what is said when there is no answer. The same for every provider.
//!
//! The key is in an [`Ask`] and nowhere else: `Debug` leaves it out. Knows no protocol.

use flow_diag::codes;
use flow_plan::{ErrorClass, Failure, Model};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::{fmt, sync::Arc, time::Duration};

/// One question to one model.
#[derive(Clone)]
pub struct Ask<'a> {
    /// Whom.
    pub model: &'a Model,
    /// The key's value, if the model has one. Never shown, recorded or logged.
    pub key: Option<&'a str>,
    /// What the model is told to be; empty for nothing.
    pub system: String,
    /// The conversation so far, oldest first; the last one is not the model's.
    pub messages: Vec<Message>,
    /// A name for the result and its JSON Schema, as [`crate::structured::schema`] makes it.
    pub schema: Option<(Arc<str>, Json)>,
    /// What the model may call instead of answering.
    pub tools: Vec<Tool>,
    /// Tokens that the answer may have.
    pub max_tokens: u64,
    /// How freely it picks words, 0 to 2; none for the provider's default.
    pub temperature: Option<Decimal>,
    /// The last message as others than the model may see it, if that is not as it is.
    pub shown: Option<String>,
    /// What makes sampling repeatable, where the provider can.
    pub seed: Option<u64>,
    /// For the whole answer, from when the request is sent: waiting for the model's rate is not counted.
    pub timeout: Duration,
    /// Between two pieces of an answer that comes in pieces. The first piece may take the whole timeout.
    pub silence: Duration,
}

impl fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask")
            .field("model", &self.model.name)
            .field("key", &self.key.map(|_| "[redacted]"))
            .field("system", &self.system)
            .field("messages", &self.messages)
            .field("schema", &self.schema)
            .field("tools", &self.tools)
            .field("max_tokens", &self.max_tokens)
            .field("temperature", &self.temperature)
            .field("seed", &self.seed)
            .field("timeout", &self.timeout)
            .field("silence", &self.silence)
            .finish()
    }
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// What the asker says.
    User(String),
    /// What the model said.
    Assistant {
        /// Its words.
        text: String,
        /// What it called.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<ToolCall>,
    },
    /// What a call gave.
    ToolResult {
        /// Of which call.
        id: String,
        /// What it gave, as text.
        text: String,
    },
}

/// Something that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Json,
}

/// A call that the model wants made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// What the result must name.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them, which may be no JSON.
    pub arguments: String,
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its words; with a schema, the JSON of the result.
    pub text: String,
    /// What it wants called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// What it took.
    pub usage: Usage,
    /// The model that answered, in the provider's words: often a dated version of the one that was asked.
    pub served: String,
    /// Why it ended.
    pub stop: Stop,
    /// The provider's name for this exchange, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// How long the ask waited for the model's rate before it was sent. Not part of the attempt's time.
    #[serde(skip)]
    pub waited: Duration,
}

impl Answer {
    /// The failure that a refusal is.
    #[must_use]
    pub fn refusal(&self) -> Option<Failure> {
        let Stop::Refused(reason) = &self.stop else { return None };
        let failure = Failure::new(ErrorClass::Refused, codes::R0808.as_str(), "the model refused to answer");
        let said = crate::failures::snippet(reason);
        Some(if said.is_empty() { failure } else { failure.detail(format!("it said: {said}")) })
    }
}

/// Tokens of one ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Sent, those of a cached prefix included.
    pub input_tokens: u64,
    /// Received, hidden reasoning included.
    pub output_tokens: u64,
    /// Whether the provider did not say, so that these are [`crate::prompt::tokens_at_most`].
    #[serde(default)]
    pub estimated: bool,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The model was done.
    Done,
    /// It ran out of `max_tokens` or of context: the text is a beginning.
    Length,
    /// It would not answer, and said so.
    Refused(String),
    /// It wants tools called.
    Tools,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskFailed {
    /// The class, code and words.
    pub failure: Failure,
    /// What it took all the same: nothing where no server was reached, or it turned the ask down; none where nobody
    /// knows.
    pub usage: Option<Usage>,
    /// How long the ask waited for the model's rate.
    pub waited: Duration,
}

/// Nothing was sent, so nothing is paid.
impl From<Failure> for AskFailed {
    fn from(failure: Failure) -> Self {
        Self { failure, usage: Some(Usage::default()), waited: Duration::ZERO }
    }
}

impl fmt::Display for AskFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.failure.code, self.failure.message)
    }
}

impl std::error::Error for AskFailed {}
