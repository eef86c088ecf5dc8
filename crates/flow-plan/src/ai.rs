//! Models and what a step asks of them, as the runtime sees it.
//!
//! Prices and caps are whole numbers, so that a ledger never rounds. Knows no provider's protocol.

use flow_diag::Span;
use flow_expr::{Expr, Name, Part};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Tokens that an answer may have where nothing says otherwise.
pub const DEFAULT_MAX_TOKENS: u64 = 1024;

/// Turns of a conversation with tools where nothing says otherwise.
pub const DEFAULT_TURNS: u32 = 8;

/// Steps that one answer of a model may call.
pub const MOST_CALLS: usize = 8;

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

impl Model {
    /// A model of which only that is said.
    #[must_use]
    pub fn new(name: Name, provider: Provider, model: impl Into<Arc<str>>) -> Self {
        Self {
            name,
            provider,
            model: model.into(),
            endpoint: None,
            key: None,
            price: None,
            limit: None,
            context: None,
            max_tokens: None,
            temperature: None,
            accepts: vec![],
            at: Span::default(),
        }
    }

    /// Whether the provider may put another model behind the name tomorrow.
    ///
    /// OpenAI and Anthropic pin a model by a date in its name, Ollama by a tag. What stands behind an endpoint
    /// of one's own is one's own business, unless it says `latest`.
    #[must_use]
    pub fn floats(&self) -> bool {
        if self.model.ends_with("latest") {
            return true;
        }
        match self.provider {
            Provider::Openai | Provider::Anthropic if self.endpoint.is_none() => {
                let tail = self.model.rsplit(|c: char| !c.is_ascii_digit() && c != '-').next();
                tail.map_or(0, |tail| tail.chars().filter(char::is_ascii_digit).count()) < 6
            }
            Provider::Ollama => !self.model.contains(':'),
            _ => false,
        }
    }
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
    /// How many answers are asked for, of which some must agree; none for one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<Box<Samples>>,
}

/// Several answers to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Samples {
    /// How many are asked for at most.
    pub most: u32,
    /// How many must agree.
    pub agree: u32,
    /// What they must agree on, an expression over `it`; none for the whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Expr>,
    /// What they must agree on, as written; empty for the whole answer.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub text: Arc<str>,
}

impl AiBody {
    /// A body that asks these models that, and says no more.
    #[must_use]
    pub fn new(models: Vec<Name>, prompt: Vec<Part>) -> Self {
        Self {
            models,
            system: vec![],
            prompt,
            max_tokens: None,
            temperature: None,
            seed: None,
            tools: vec![],
            turns: DEFAULT_TURNS,
            samples: None,
        }
    }

    /// How many answers one result takes at most.
    #[must_use]
    pub fn most_answers(&self) -> u32 {
        self.samples.as_ref().map_or(1, |samples| samples.most)
    }

    /// Tokens that an answer of this model may have.
    #[must_use]
    pub fn answer_tokens(&self, model: &Model) -> u64 {
        self.max_tokens.or(model.max_tokens).unwrap_or(DEFAULT_MAX_TOKENS)
    }
}

/// A number of tokens that a text hardly exceeds, for charging before sending: one for two letters of a word or two
/// spaces, one for each byte of everything else: digits, signs, letters that are not ASCII, and words of more than
/// twenty letters or with digits in them, which are keys and codes.
///
/// Tokenisers take three to four letters of English to a token, each digit by itself if they are careful, and never
/// less than a byte. So this errs high, by about a half for prose. Only short words that are no words of any language
/// can take more: up to four tokens for five letters.
#[must_use]
pub fn tokens_at_most(text: &str) -> u64 {
    const LONGEST_WORD: usize = 20;
    let mut tokens = 0;
    let mut spaces = 0;
    let mut rest = text.as_bytes();
    while let Some(first) = rest.first() {
        let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if word > 0 {
            let is_code = word > LONGEST_WORD || rest[..word].iter().any(u8::is_ascii_digit);
            tokens += if is_code { word } else { word.div_ceil(2) };
        } else if *first == b' ' {
            spaces += 1;
        } else {
            tokens += 1;
        }
        rest = &rest[word.max(1)..];
    }
    (tokens + usize::div_ceil(spaces, 2)) as u64
}

#[cfg(test)]
mod tests {
    use super::{Model, Price, Provider, tokens_at_most};
    use flow_expr::Name;
    use std::sync::Arc;

    #[test]
    fn tokens_err_high() {
        // Counted by SmolLM2's tokeniser, which takes each digit by itself.
        let cases = [
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("xkqzjvwpfhgmbtrxkqzjvwpf", 19),
            ("1234567890123456", 16),
            ("日本語です", 9),
            ("😀", 3),
        ];
        for (text, tokens) in cases {
            assert!(tokens_at_most(text) >= tokens, "{text}");
        }
        assert_eq!((tokens_at_most(""), tokens_at_most("abc"), tokens_at_most("a b,é")), (0, 2, 6));
    }

    #[test]
    fn money_is_rounded_up() {
        let price = Price { input: 250_000, output: 2_000_000 };
        assert_eq!(price.micro_dollars(1_000_000, 0), 250_000);
        assert_eq!(price.micro_dollars(1, 0), 1);
        assert_eq!(price.micro_dollars(1000, 100), 250 + 200);
        assert_eq!(price.micro_dollars(u64::MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn a_name_without_date_or_tag_floats() {
        let replay = Provider::Replay { file: "a.jsonl".into() };
        let cases = [
            (Provider::Openai, None, "gpt-5-mini-2025-08-07", false),
            (Provider::Openai, None, "gpt-5-mini", true),
            (Provider::Openai, Some("http://127.0.0.1/v1"), "smollm2", false),
            (Provider::Openai, Some("http://127.0.0.1/v1"), "chat-latest", true),
            (Provider::Anthropic, None, "claude-sonnet-4-5-20250929", false),
            (Provider::Anthropic, None, "claude-sonnet-4-5", true),
            (Provider::Ollama, None, "llama4:8b", false),
            (Provider::Ollama, None, "llama4", true),
            (replay, None, "gpt-5-mini", false),
        ];
        for (provider, endpoint, name, expected) in cases {
            let mut model = Model::new(Name::new("m"), provider, name);
            model.endpoint = endpoint.map(Arc::from);
            assert_eq!(model.floats(), expected, "{name}");
        }
    }
}
