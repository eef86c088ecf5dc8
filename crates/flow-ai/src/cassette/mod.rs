//! Cassettes: answers that were recorded, and are given again to the same questions.
//!
//! A cassette is JSON lines: a header with the format's version, then one exchange a line. The same question is what
//! means the same, whoever the provider is: the model's name, system, messages, schema, tools, `max_tokens`,
//! `temperature` and seed. The answers to one question are given in the order in which they were recorded. Holds no key.

mod collect;
mod record;
mod replay;

pub(crate) use collect::Collector;
pub(crate) use record::Recorder;
pub(crate) use replay::Replay;

use crate::{Answer, Ask, Message, failures::snippet};
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::path::Path;

/// The version of the format.
const FORMAT: u64 = 1;

/// Letters of a prompt that are kept so that people, and the search for the nearest one, know it.
const KEPT: usize = 300;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    flowc_cassette: u64,
}

/// Every other line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// [`key`] of the question.
    key: String,
    /// Whom, as the provider calls it.
    model: String,
    /// How the last message begins.
    prompt: String,
    answer: Answer,
}

/// BLAKE3 (hex) of what a question means.
fn key(ask: &Ask<'_>) -> String {
    let tools: Vec<Json> =
        ask.tools.iter().map(|tool| json!([tool.name, tool.description, sorted(&tool.parameters)])).collect();
    let meaning = json!({
        "model": ask.model.model,
        "system": ask.system,
        "messages": ask.messages,
        "schema": ask.schema.as_ref().map(|(name, schema)| json!([name, sorted(schema)])),
        "tools": tools,
        "max_tokens": ask.max_tokens,
        "temperature": ask.temperature.map(|freely| freely.normalize().to_string()),
        "seed": ask.seed,
    });
    blake3::hash(meaning.to_string().as_bytes()).to_hex().to_string()
}

/// The same with the keys of objects in order, which means the same.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(entries) => {
            let mut entries: Vec<(&String, &Json)> = entries.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            Json::Object(entries.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect::<Map<_, _>>())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// How the last message begins, as others than the model may see it.
fn prompt(ask: &Ask<'_>) -> String {
    if let Some(shown) = &ask.shown {
        return shown.chars().take(KEPT).collect();
    }
    let text = match ask.messages.last() {
        Some(Message::User(text) | Message::Assistant { text, .. } | Message::ToolResult { text, .. }) => text,
        None => &ask.system,
    };
    text.chars().take(KEPT).collect()
}

/// The exchanges of a file, all of them whole.
fn load(path: &Path) -> Result<Vec<Exchange>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unusable(path, &error.to_string()))?;
    parse(&text).map_err(|(line, why)| unusable(path, &format!("line {line} {why}")))
}

/// The exchanges of a text, or the line that is wrong and why.
pub(crate) fn parse(text: &str) -> Result<Vec<Exchange>, (usize, String)> {
    let mut lines = text.split_inclusive('\n').enumerate().map(|(index, line)| (index + 1, line));
    let (_, first) = lines.next().ok_or((1, "is missing: the file is empty".to_owned()))?;
    let header: Header =
        serde_json::from_str(first).map_err(|error| (1, format!("is no header of a cassette: {error}")))?;
    if header.flowc_cassette != FORMAT {
        let version = header.flowc_cassette;
        return Err((1, format!("is of format {version}; this program reads format {FORMAT}")));
    }
    let read = |(line, text): (usize, &str)| {
        let exchange = serde_json::from_str(text).map_err(|error| (line, format!("is damaged: {error}")));
        if text.ends_with('\n') { exchange } else { Err((line, "is damaged: it has no end".to_owned())) }
    };
    lines.map(read).collect()
}

fn unusable(path: &Path, why: &str) -> Failure {
    let message = format!("the cassette {} cannot be used: {}", path.display(), snippet(why));
    Failure::new(ErrorClass::Internal, codes::R0812.as_str(), message)
}
