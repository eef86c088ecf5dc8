//! Models and what a step asks of them, as the runtime sees it.
//!
//! Prices and caps are whole numbers, so that a ledger never rounds. Knows no provider's protocol.

use flow_diag::Span;
use flow_expr::{Name, Part};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Tokens that an answer may have where nothing says otherwise.
pub const DEFAULT_MAX_TOKENS: u64 = 1024;

/// Turns of a conversation with tools where nothing says otherwise.
pub const DEFAULT_TURNS: u32 = 8;

/// A model that steps may ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Model {
    /// Its qualified name.
    pub name: Name,
    /// Whose protocol it speaks.
    pub provider: Provider,
    /// What the provider calls it.
    pub model: Arc<str>,
    /// The base URL; none for the provider's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Arc<str>>,
    /// The secret that is sent as the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Name>,
    /// What tokens cost; none if that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// How many asks in what time, over all steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<RateLimit>,
    /// Tokens that prompt and answer may have together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// Tokens that an answer may have, where the step does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// How freely it picks words, where the step does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub temperature: Option<Decimal>,
    /// Labels of data that it may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<Name>,
    /// Where it is declared.
    #[serde(default)]
    pub at: Span,
}

/// Whose protocol a model speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// OpenAI's chat completions, and every server that speaks them.
    Openai,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's chat.
    Ollama,
    /// Answers that were recorded, from a file relative to the project's root.
    Replay {
        /// The file.
        file: Arc<str>,
    },
    /// Answers that a test gives; asking it anywhere else is an error.
    Scripted,
}

/// What tokens cost, in millionths of a dollar for a million tokens: `$0.25 per 1M tokens` is 250,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// Tokens sent.
    pub input: u64,
    /// Tokens received.
    pub output: u64,
}

impl Price {
    /// Millionths of a dollar, rounded up, so that a cap is never passed by rounding.
    #[must_use]
    pub fn micro_dollars(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        let exact =
            u128::from(self.input) * u128::from(input_tokens) + u128::from(self.output) * u128::from(output_tokens);
        u64::try_from(exact.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// `limit 60 per 1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateLimit {
    /// How many asks.
    pub count: u32,
    /// In how many milliseconds.
    pub per_ms: u64,
}

/// What a step asks of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AiBody {
    /// Whom it asks: the first, then backups in order. Never empty.
    pub models: Vec<Name>,
    /// What the model is told to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<Part>,
    /// What it is asked. Holes are delimited as data.
    pub prompt: Vec<Part>,
    /// Tokens that the answer may have; none for the model's, else [`DEFAULT_MAX_TOKENS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// How freely it picks words: 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub temperature: Option<Decimal>,
    /// What makes sampling repeatable where the provider can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Steps that the model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Name>,
    /// Answers that one conversation with tools may have.
    pub turns: u32,
}

impl AiBody {
    /// Tokens that an answer of this model may have.
    #[must_use]
    pub fn answer_tokens(&self, model: &Model) -> u64 {
        self.max_tokens.or(model.max_tokens).unwrap_or(DEFAULT_MAX_TOKENS)
    }
}

/// Tokens that a text takes at most, near enough to charge for it before it is sent.
///
/// An estimate that errs high: byte-pair vocabularies take three to five letters of prose for a token and
/// never need more tokens than bytes, so letters, digits and blanks of ASCII count half, everything else
/// whole. What is really used is settled afterwards.
#[must_use]
pub fn tokens_at_most(text: &str) -> u64 {
    let halves: u64 = text.bytes().map(|byte| if byte.is_ascii_alphanumeric() || byte == b' ' { 1 } else { 2 }).sum();
    halves.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::{Price, tokens_at_most};

    #[test]
    fn text_takes_fewer_tokens_than_bytes() {
        assert_eq!(tokens_at_most(""), 0);
        assert_eq!(tokens_at_most("four"), 2);
        assert_eq!(tokens_at_most("a,b"), 2);
        assert_eq!(tokens_at_most("é"), 2);
    }

    #[test]
    fn money_is_rounded_up() {
        let price = Price { input: 250_000, output: 2_000_000 };
        assert_eq!(price.micro_dollars(1_000_000, 0), 250_000);
        assert_eq!(price.micro_dollars(1, 0), 1);
        assert_eq!(price.micro_dollars(1000, 100), 250 + 200);
        assert_eq!(price.micro_dollars(u64::MAX, u64::MAX), u64::MAX);
    }
}
