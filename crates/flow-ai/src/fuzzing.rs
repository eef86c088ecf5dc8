//! What the fuzz targets hold the decoders to. Built only for them (`cargo xtask fuzz`).

use crate::{Answer, Ask, Message, cassette, providers};
use flow_plan::{Failure, Model, Provider};
use std::time::Duration;

/// Bytes from a server are an answer or a failure, the same as a whole and in two parts.
///
/// # Panics
/// They are not: that is what is looked for.
pub fn answer(protocol: u8, body: &[u8], split: usize) {
    let provider = [Provider::Openai, Provider::Anthropic, Provider::Ollama][usize::from(protocol) % 3].clone();
    let model = Model::new(flow_expr::Name::new("m.writer"), provider, "small-1");
    let ask = Ask {
        model: &model,
        key: None,
        system: String::new(),
        messages: vec![Message::User("hello".into())],
        schema: (protocol & 0x80 != 0).then(|| ("Note".into(), serde_json::json!({"type": "object"}))),
        tools: vec![],
        max_tokens: 50,
        temperature: None,
        shown: None,
        seed: None,
        timeout: Duration::from_secs(1),
        silence: Duration::from_secs(1),
    };
    let read = |parts: &[&[u8]]| -> Result<Answer, Failure> {
        let mut decoder = providers::decoder(&ask);
        for part in parts {
            if decoder.push(part)? {
                break;
            }
        }
        decoder.finish(|| 1000)
    };
    // What a failure shows of the bytes is what had come by then.
    let decoded = |parts| read(parts).map_err(|failure| (failure.class, failure.code));
    let (first, second) = body.split_at(split.min(body.len()));
    assert_eq!(decoded(&[first, second]), decoded(&[body]), "split at {split}");
}

/// A text is a cassette, or one of its lines is wrong.
///
/// # Panics
/// The line is none of the text: that is what is looked for.
pub fn cassette(text: &str) {
    if let Err((line, why)) = cassette::parse(text) {
        assert!(line >= 1 && line <= text.split_inclusive('\n').count().max(1), "{line}: {why}");
    }
}
