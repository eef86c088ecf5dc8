//! OpenAI's chat completions, and every server that speaks them.
//!
//! The answer is streamed; a server that sends one document instead is understood too. Servers other than OpenAI's
//! may pass over `response_format` in silence, so theirs also get the schema in words.

use super::{Dialect, Draft, Protocol, Request, count_of, number, object, text_of, url};
use crate::{
    Ask, Message, Stop,
    failures::{in_answer, no_protocol, snippet},
    frames::Frame,
    prompt::schema_in_words,
};
use flow_plan::Failure;
use serde_json::{Value as Json, json};

const DEFAULT: &str = "https://api.openai.com/v1";

pub(super) fn request(ask: &Ask<'_>, dialect: Dialect) -> Request {
    let endpoint = ask.model.endpoint.as_deref();
    let mut system = ask.system.clone();
    if let Some((_, schema)) = ask.schema.as_ref().filter(|_| endpoint.is_some() || dialect.no_format) {
        if !system.is_empty() {
            system.push_str("\n\n");
        }
        system.push_str(&schema_in_words(schema));
    }
    let mut messages = Vec::with_capacity(ask.messages.len() + 1);
    if !system.is_empty() {
        messages.push(json!({"role": "system", "content": system}));
    }
    messages.extend(ask.messages.iter().map(message));
    let format = ask.schema.as_ref().filter(|_| !dialect.no_format).map(|(name, schema)| {
        let format = json!({"name": short(name), "schema": schema, "strict": is_strict(schema)});
        json!({"type": "json_schema", "json_schema": format})
    });
    let tools: Vec<Json> = ask.tools.iter().map(tool).collect();
    // OpenAI's newer models refuse the old name, and other servers may not know the new one.
    let new_name = endpoint.is_none() != dialect.other_limit;
    let limit = if new_name { "max_completion_tokens" } else { "max_tokens" };
    let body = object([
        ("model", Some(json!(ask.model.model))),
        ("messages", Some(Json::from(messages))),
        ("stream", Some(json!(true))),
        ("stream_options", (!dialect.no_stream_options).then(|| json!({"include_usage": true}))),
        (limit, Some(json!(ask.max_tokens))),
        ("temperature", ask.temperature.map(number)),
        ("seed", ask.seed.map(Json::from)),
        ("response_format", format),
        ("tools", (!tools.is_empty()).then(|| Json::from(tools))),
    ]);
    let headers = ask.key.map(|key| ("authorization", format!("Bearer {}", key.trim()))).into_iter().collect();
    Request { url: url(endpoint, DEFAULT, "/chat/completions"), headers, body }
}

fn message(message: &Message) -> Json {
    match message {
        Message::User(text) => json!({"role": "user", "content": text}),
        Message::Assistant { text, calls } if calls.is_empty() => json!({"role": "assistant", "content": text}),
        Message::Assistant { text, calls } => {
            let call = |call: &crate::ToolCall| {
                let function = json!({"name": call.name, "arguments": call.arguments});
                json!({"id": call.id, "type": "function", "function": function})
            };
            let content = if text.is_empty() { Json::Null } else { Json::from(text.as_str()) };
            json!({"role": "assistant", "content": content, "tool_calls": calls.iter().map(call).collect::<Vec<_>>()})
        }
        Message::ToolResult { id, text } => json!({"role": "tool", "tool_call_id": id, "content": text}),
    }
}

fn tool(tool: &crate::Tool) -> Json {
    let function = json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
    json!({"type": "function", "function": function})
}

/// A name that the protocol takes: letters, digits, `_` and `-`, up to 64.
pub(super) fn short(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = name.chars().map(letter).take(64).collect();
    if name.is_empty() { "result".to_owned() } else { name }
}

/// Whether the schema is of the strict kind: objects with fixed keys, and no value that may be anything.
fn is_strict(schema: &Json) -> bool {
    match schema {
        Json::Object(entries) => {
            let closed = entries.get("additionalProperties").is_none_or(|more| *more == Json::Bool(false));
            closed && entries.values().all(is_strict)
        }
        Json::Array(items) => items.iter().all(is_strict),
        _ => true,
    }
}

/// The chunks of a streamed completion, or the whole of one.
pub(super) struct Completions;

impl Protocol for Completions {
    fn take(&mut self, frame: Frame, draft: &mut Draft) -> Result<(), Failure> {
        let text = match &frame {
            Frame::Event(data) if data.trim() == "[DONE]" => {
                draft.complete = true;
                // Some servers say nothing but this.
                let said_something = !draft.text.is_empty() || !draft.calls.is_empty() || !draft.refusal.is_empty();
                if draft.stop.is_none() && said_something {
                    draft.stop = Some(Stop::Done);
                }
                return Ok(());
            }
            Frame::Event(data) | Frame::Json(data) => data,
        };
        let json: Json = serde_json::from_str(text)
            .map_err(|error| no_protocol(format!("a piece of the answer is no JSON: {error}")).detail(snippet(text)))?;
        if let Some(failure) = in_answer(&json) {
            return Err(failure);
        }
        chunk(&json, draft, matches!(frame, Frame::Json(_)))
    }
}

fn chunk(json: &Json, draft: &mut Draft, whole: bool) -> Result<(), Failure> {
    if let Some(served) = text_of(json, "model").filter(|_| draft.served.is_empty()) {
        served.clone_into(&mut draft.served);
    }
    if let Some(id) = text_of(json, "id").filter(|_| draft.request_id.is_none()) {
        draft.request_id = Some(id.to_owned());
    }
    if let Some(usage) = json.get("usage").filter(|usage| usage.is_object()) {
        draft.input_tokens = count_of(usage, "prompt_tokens").or(draft.input_tokens);
        draft.output_tokens = count_of(usage, "completion_tokens").or(draft.output_tokens);
    }
    let choice = json.get("choices").and_then(|choices| choices.get(0));
    let Some(choice) = choice else {
        // The last chunk holds only what was used.
        return if whole { Err(no_protocol("the answer has no choices")) } else { Ok(()) };
    };
    let message = choice.get("delta").or_else(|| choice.get("message")).unwrap_or(&Json::Null);
    match message.get("content") {
        Some(Json::String(text)) => draft.text.push_str(text),
        Some(Json::Array(parts)) => draft.text.extend(parts.iter().filter_map(|part| text_of(part, "text"))),
        _ => {}
    }
    if let Some(refusal) = text_of(message, "refusal") {
        draft.refusal.push_str(refusal);
    }
    for (place, call) in message.get("tool_calls").and_then(Json::as_array).into_iter().flatten().enumerate() {
        // A whole message numbers its calls by their order.
        let index = count_of(call, "index").map_or(Some(place), |index| usize::try_from(index).ok());
        let known = draft.call(index.unwrap_or(usize::MAX))?;
        if let Some(id) = text_of(call, "id").filter(|id| !id.is_empty()) {
            id.clone_into(&mut known.id);
        }
        let function = call.get("function").unwrap_or(&Json::Null);
        known.name.push_str(text_of(function, "name").unwrap_or_default());
        match function.get("arguments") {
            Some(Json::String(text)) => known.arguments.push_str(text),
            Some(object @ Json::Object(_)) => known.arguments = object.to_string(),
            _ => {}
        }
    }
    if let Some(reason) = text_of(choice, "finish_reason") {
        draft.stop = Some(match reason {
            "length" => Stop::Length,
            "content_filter" => Stop::Refused("its content filter stopped the answer".to_owned()),
            "tool_calls" | "function_call" => Stop::Tools,
            _ => Stop::Done,
        });
    } else if whole && draft.stop.is_none() && message.is_object() {
        draft.stop = Some(Stop::Done);
    }
    Ok(())
}
