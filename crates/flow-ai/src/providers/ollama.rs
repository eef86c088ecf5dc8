//! Ollama's chat: lines of JSON, the schema as `format`, arguments of calls as objects without ids.

use super::{Draft, Protocol, Request, arguments, count_of, number, object, text_of};
use crate::{
    Ask, Message, Stop,
    failures::{in_answer, no_protocol, snippet},
    frames::Frame,
};
use flow_plan::Failure;
use serde_json::{Value as Json, json};

const DEFAULT: &str = "http://127.0.0.1:11434";

pub(super) fn request(ask: &Ask<'_>) -> Request {
    let mut messages = Vec::with_capacity(ask.messages.len() + 1);
    if !ask.system.is_empty() {
        messages.push(json!({"role": "system", "content": ask.system}));
    }
    messages.extend(ask.messages.iter().map(|message| self::message(message, &ask.messages)));
    let tool = |tool: &crate::Tool| {
        let function = json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
        json!({"type": "function", "function": function})
    };
    let tools: Vec<Json> = ask.tools.iter().map(tool).collect();
    let options = object([
        ("num_predict", Some(json!(ask.max_tokens))),
        ("num_ctx", ask.model.context.map(Json::from)),
        ("temperature", ask.temperature.map(number)),
        ("seed", ask.seed.map(Json::from)),
    ]);
    let body = object([
        ("model", Some(json!(ask.model.model))),
        ("messages", Some(Json::from(messages))),
        ("stream", Some(json!(true))),
        ("format", ask.schema.as_ref().map(|(_, schema)| schema.clone())),
        ("tools", (!tools.is_empty()).then(|| Json::from(tools))),
        ("options", Some(options)),
    ]);
    let headers = ask.key.map(|key| ("authorization", format!("Bearer {}", key.trim()))).into_iter().collect();
    let base = ask.model.endpoint.as_deref().unwrap_or(DEFAULT).trim().trim_end_matches('/');
    let base = ["/api/chat", "/api", "/v1"].iter().find_map(|end| base.strip_suffix(end)).unwrap_or(base);
    Request { url: format!("{}/api/chat", base.trim_end_matches('/')), headers, body }
}

fn message(message: &Message, all: &[Message]) -> Json {
    match message {
        Message::User(text) => json!({"role": "user", "content": text}),
        Message::Assistant { text, calls } => {
            let call = |call: &crate::ToolCall| json!({"function": {"name": call.name, "arguments": arguments(&call.arguments)}});
            let calls: Vec<Json> = calls.iter().map(call).collect();
            object([
                ("role", Some(json!("assistant"))),
                ("content", Some(json!(text))),
                ("tool_calls", (!calls.is_empty()).then(|| Json::from(calls))),
            ])
        }
        Message::ToolResult { id, text } => {
            // Results are told apart by the tool's name.
            let calls = all.iter().flat_map(|message| match message {
                Message::Assistant { calls, .. } => calls.as_slice(),
                _ => &[],
            });
            let name = calls.rev().find(|call| call.id == *id).map(|call| json!(call.name));
            object([("role", Some(json!("tool"))), ("content", Some(json!(text))), ("tool_name", name)])
        }
    }
}

/// The lines of an answer.
pub(super) struct Chat;

impl Protocol for Chat {
    fn take(&mut self, frame: Frame, draft: &mut Draft) -> Result<(), Failure> {
        let (Frame::Event(text) | Frame::Json(text)) = &frame;
        let json: Json = serde_json::from_str(text)
            .map_err(|error| no_protocol(format!("a line of the answer is no JSON: {error}")).detail(snippet(text)))?;
        if let Some(failure) = in_answer(&json) {
            return Err(failure);
        }
        if let Some(served) = text_of(&json, "model").filter(|_| draft.served.is_empty()) {
            served.clone_into(&mut draft.served);
        }
        let message = json.get("message").unwrap_or(&Json::Null);
        draft.text.push_str(text_of(message, "content").unwrap_or_default());
        for call in message.get("tool_calls").and_then(Json::as_array).into_iter().flatten() {
            let function = call.get("function").unwrap_or(&Json::Null);
            let known = draft.call(draft.calls.len())?;
            text_of(function, "name").unwrap_or_default().clone_into(&mut known.name);
            known.arguments = match function.get("arguments") {
                Some(Json::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => "{}".to_owned(),
            };
        }
        if json.get("done").and_then(Json::as_bool) == Some(true) {
            draft.input_tokens = count_of(&json, "prompt_eval_count").or(draft.input_tokens);
            draft.output_tokens = count_of(&json, "eval_count").or(draft.output_tokens);
            draft.stop = Some(if text_of(&json, "done_reason") == Some("length") { Stop::Length } else { Stop::Done });
            draft.complete = true;
        }
        Ok(())
    }
}
