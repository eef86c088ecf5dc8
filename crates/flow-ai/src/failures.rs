//! What a bad answer means: class, code and one sentence. From a status, or from the error that an answer holds.
//!
//! Knows the words by which providers name their errors, not how the answer came. Tested by tables of real ones.

use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use serde_json::Value as Json;

/// Characters of a server's words that are shown.
const MOST_SHOWN: usize = 300;

/// A server's or model's words in one line for people.
pub(crate) fn snippet(text: &str) -> String {
    let words = text.split_whitespace().take(MOST_SHOWN);
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|letter| !letter.is_control()).take(MOST_SHOWN).collect()
}

/// The answer is nothing that the provider's protocol allows.
pub(crate) fn no_protocol(message: impl Into<String>) -> Failure {
    Failure::new(ErrorClass::Malformed, codes::R0809.as_str(), message)
}

/// The failure of a status that reports none, with the beginning of what came with it.
pub(crate) fn of_status(status: u16, body: &str) -> Failure {
    let json: Option<Json> = serde_json::from_str(body).ok();
    let said = json.as_ref().and_then(Reported::find);
    let kind = match &said {
        Some(said) if (400..500).contains(&status) && ![401, 403, 408, 429].contains(&status) => said.kind(),
        _ => None,
    };
    let kind = kind.unwrap_or_else(|| Kind::of_status(status));
    let message = match kind {
        Kind::Redirected => format!("the server answered {status}, a redirect, which is not followed with a key"),
        _ => format!("the server answered {status}{}", kind.words()),
    };
    let failure = Failure::new(kind.class(), kind.code(), message);
    let words = said.map_or_else(|| snippet(body), |said| snippet(&said.text));
    if words.is_empty() { failure } else { failure.detail(format!("it said: {words}")) }
}

/// The failure in an answer that was sent as a success, if it holds one.
pub(crate) fn in_answer(json: &Json) -> Option<Failure> {
    let said = Reported::find(json)?;
    let kind = said.kind();
    let (class, code) = kind.map_or((ErrorClass::Malformed, codes::R0809.as_str()), |kind| (kind.class(), kind.code()));
    let words = kind.map_or("", Kind::words);
    let message = format!("the server answered 200 with an error in it{words}");
    Some(Failure::new(class, code, message).detail(format!("it said: {}", snippet(&said.text))))
}

/// Kinds of error that providers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Limited,
    Server,
    Client,
    Redirected,
    TooLong,
    Auth,
    Refused,
    Timeout,
}

impl Kind {
    fn of_status(status: u16) -> Self {
        match status {
            300..=399 => Self::Redirected,
            401 | 403 | 407 => Self::Auth,
            408 => Self::Timeout,
            413 => Self::TooLong,
            429 => Self::Limited,
            500.. => Self::Server,
            _ => Self::Client,
        }
    }

    fn class(self) -> ErrorClass {
        match self {
            Self::Limited => ErrorClass::RateLimited,
            Self::Server => ErrorClass::ServerError,
            Self::Client | Self::Redirected | Self::TooLong => ErrorClass::ClientError,
            Self::Auth => ErrorClass::Auth,
            Self::Refused => ErrorClass::Refused,
            Self::Timeout => ErrorClass::Timeout,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Limited => codes::R0803,
            Self::Server => codes::R0804,
            Self::Client | Self::Redirected => codes::R0805,
            Self::TooLong => codes::R0806,
            Self::Auth => codes::R0807,
            Self::Refused => codes::R0808,
            Self::Timeout => codes::R0802,
        }
        .as_str()
    }

    fn words(self) -> &'static str {
        match self {
            Self::Limited => ": it asks to slow down",
            Self::Server => ": it failed or is overloaded",
            Self::TooLong => ": the prompt is longer than the model's context",
            Self::Auth => ": the key is wrong, or may not use this model",
            Self::Refused => ": its policy refuses this prompt",
            Self::Client | Self::Redirected | Self::Timeout => "",
        }
    }
}

/// An error as a server words it.
struct Reported {
    /// Its type and code, in small letters.
    labels: Vec<String>,
    text: String,
}

impl Reported {
    /// `{"error": {"message", "type", "code"}}`, `{"error": "…"}`, `{"message", "object": "error"}`, or a list of one of them.
    fn find(json: &Json) -> Option<Self> {
        let json = json.as_array().and_then(|items| items.first()).unwrap_or(json);
        let error = match json.get("error") {
            None | Some(Json::Null) => {
                let is_error =
                    ["object", "type"].iter().any(|name| json.get(name).and_then(Json::as_str) == Some("error"));
                is_error.then_some(json)?
            }
            Some(error) => error,
        };
        if let Json::String(text) = error {
            return Some(Self { labels: vec![], text: text.clone() });
        }
        let label = |name: &str| match error.get(name)? {
            Json::String(text) => Some(text.to_lowercase()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let labels = ["code", "type", "status"].iter().filter_map(|name| label(name)).collect();
        let text = error.get("message").and_then(Json::as_str).map_or_else(|| error.to_string(), str::to_owned);
        Some(Self { labels, text })
    }

    /// What it is, where it says so in words that are known.
    fn kind(&self) -> Option<Kind> {
        let text = self.text.to_lowercase();
        let labelled = |words: &[&str]| self.labels.iter().any(|label| words.iter().any(|word| label.contains(word)));
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let too_long =
            ["maximum context length", "prompt is too long", "context window", "context size", "input is too long"];
        if labelled(&["context_length", "exceed_context_size", "request_too_large"]) || says(&too_long) {
            Some(Kind::TooLong)
        } else if labelled(&["content_policy", "content_filter", "safety"]) {
            Some(Kind::Refused)
        } else if labelled(&["rate_limit", "resource_exhausted", "insufficient_quota", "429"]) {
            Some(Kind::Limited)
        } else if labelled(&["authentication", "permission", "invalid_api_key", "unauthenticated", "401", "403"]) {
            Some(Kind::Auth)
        } else if labelled(&["overloaded", "server_error", "api_error", "unavailable", "500", "502", "503", "529"]) {
            Some(Kind::Server)
        } else if labelled(&["invalid_request", "not_found", "invalid_argument", "400", "404", "422"]) {
            Some(Kind::Client)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_their_bodies() {
        let cases = [
            (429, "slow down", ErrorClass::RateLimited, "R0803"),
            (500, "", ErrorClass::ServerError, "R0804"),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                ErrorClass::ServerError,
                "R0804",
            ),
            (401, r#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#, ErrorClass::Auth, "R0807"),
            (403, "<html>no</html>", ErrorClass::Auth, "R0807"),
            (
                404,
                r#"{"error":{"message":"no such model","code":"model_not_found"}}"#,
                ErrorClass::ClientError,
                "R0805",
            ),
            (
                400,
                r#"{"error":{"message":"too many","code":"context_length_exceeded"}}"#,
                ErrorClass::ClientError,
                "R0806",
            ),
            (
                400,
                r#"{"error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens"}}"#,
                ErrorClass::ClientError,
                "R0806",
            ),
            (400, r#"{"error":{"message":"blocked","code":"content_filter"}}"#, ErrorClass::Refused, "R0808"),
            (302, "", ErrorClass::ClientError, "R0805"),
            (408, "", ErrorClass::Timeout, "R0802"),
            (413, "", ErrorClass::ClientError, "R0806"),
        ];
        for (status, body, class, code) in cases {
            let failure = of_status(status, body);
            assert_eq!((failure.class, &*failure.code), (class, code), "{status} {body}");
        }
    }

    #[test]
    fn errors_in_answers_that_report_success() {
        let found = |text: &str| in_answer(&serde_json::from_str(text).unwrap()).map(|failure| failure.class);
        assert_eq!(found(r#"{"choices":[]}"#), None);
        assert_eq!(found(r#"{"choices":[],"error":null}"#), None);
        assert_eq!(found(r#"{"error":"the model went away"}"#), Some(ErrorClass::Malformed));
        assert_eq!(found(r#"{"error":{"type":"overloaded_error","message":"x"}}"#), Some(ErrorClass::ServerError));
        assert_eq!(found(r#"{"error":{"code":429,"message":"x"}}"#), Some(ErrorClass::RateLimited));
        assert_eq!(found(r#"{"object":"error","message":"x","code":404}"#), Some(ErrorClass::ClientError));
    }

    #[test]
    fn words_are_one_short_line() {
        assert_eq!(snippet("a\n\u{1b}[31mb\0  c"), "a [31mb c");
        assert_eq!(snippet(&"x".repeat(1000)).len(), 300);
    }
}
