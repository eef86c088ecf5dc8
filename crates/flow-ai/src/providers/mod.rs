//! One file per provider: what is sent for an ask, and what the bytes of an answer mean. Pure: no network, no clock.
//!
//! A request never holds the key in its body. A new provider is a file with a `request` and a [`Protocol`].

mod anthropic;
mod decoder;
mod dialect;
mod ollama;
mod openai;
#[cfg(test)]
mod tests;

pub(crate) use decoder::{Decoder, Draft, too_long};
pub(crate) use dialect::Dialect;

use crate::{
    Ask,
    frames::{Frame, Plain},
};
use flow_plan::{Failure, Provider};
use serde_json::{Map, Number, Value as Json};

/// What is sent. Has no `Debug`, since a header holds the key.
pub(crate) struct Request {
    /// The whole URL.
    pub(crate) url: String,
    /// Headers besides the content's type.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Json,
}

/// What the pieces of an answer mean.
pub(crate) trait Protocol: Send {
    /// Adds a piece to the answer.
    fn take(&mut self, frame: Frame, draft: &mut Draft) -> Result<(), Failure>;
}

/// The request for an ask; none where the provider is no server.
pub(crate) fn request(ask: &Ask<'_>, dialect: Dialect) -> Option<Request> {
    match ask.model.provider {
        Provider::Openai => Some(openai::request(ask, dialect)),
        Provider::Anthropic => Some(anthropic::request(ask)),
        Provider::Ollama => Some(ollama::request(ask)),
        Provider::Replay { .. } | Provider::Scripted => None,
    }
}

/// What reads the answer to it.
pub(crate) fn decoder(ask: &Ask<'_>) -> Decoder {
    match ask.model.provider {
        Provider::Anthropic => {
            let schema = ask.schema.as_ref().map(|(name, _)| anthropic::tool_name(name));
            Decoder::new(Plain::Document, Box::new(anthropic::Messages::new(schema)), ask.max_tokens)
        }
        Provider::Ollama => Decoder::new(Plain::Lines, Box::new(ollama::Chat), ask.max_tokens),
        _ => Decoder::new(Plain::Document, Box::new(openai::Completions), ask.max_tokens),
    }
}

/// The URL of a path under the endpoint, whether or not that names a version (`/v1`) or already has the path.
fn url(endpoint: Option<&str>, default: &str, path: &str) -> String {
    let base = endpoint.unwrap_or(default).trim().trim_end_matches('/');
    let base = base.strip_suffix(path).unwrap_or(base).trim_end_matches('/');
    let after_scheme = base.split_once("://").map_or(base, |(_, rest)| rest);
    let is_version =
        |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let version = if after_scheme.split('/').skip(1).any(is_version) { "" } else { "/v1" };
    format!("{base}{version}{path}")
}

/// A decimal as a number of JSON.
fn number(decimal: rust_decimal::Decimal) -> Json {
    let double = decimal.to_string().parse().ok().and_then(Number::from_f64);
    double.map_or(Json::Null, Json::Number)
}

/// An object of the entries that are there.
fn object<const N: usize>(entries: [(&str, Option<Json>); N]) -> Json {
    let present = entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(present.collect::<Map<_, _>>())
}

/// The arguments of a call as an object; empty if they are none.
fn arguments(text: &str) -> Json {
    serde_json::from_str(text).ok().filter(Json::is_object).unwrap_or_else(|| Json::Object(Map::new()))
}

fn text_of<'j>(json: &'j Json, name: &str) -> Option<&'j str> {
    json.get(name)?.as_str()
}

fn count_of(json: &Json, name: &str) -> Option<u64> {
    json.get(name)?.as_u64()
}
