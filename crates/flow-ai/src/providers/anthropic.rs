//! Anthropic's messages.
//!
//! A result of a type is asked for as the input of a tool that the model must call, and read back as the answer's
//! text. The protocol has no seed, and temperatures up to 1.

use super::{Draft, Protocol, Request, arguments, count_of, number, object, openai::short, text_of, url};
use crate::{
    Ask, Message, Stop,
    failures::{in_answer, no_protocol, snippet},
    frames::Frame,
};
use flow_plan::Failure;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

const DEFAULT: &str = "https://api.anthropic.com/v1";

/// The version of the protocol that this file speaks.
const VERSION: &str = "2023-06-01";

/// What the tool that takes the result is called.
pub(super) fn tool_name(name: &str) -> String {
    short(&format!("give_{name}"))
}

pub(super) fn request(ask: &Ask<'_>) -> Request {
    let tool = |tool: &crate::Tool| json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters});
    let mut tools: Vec<Json> = ask.tools.iter().map(tool).collect();
    let mut choice = None;
    if let Some((name, schema)) = &ask.schema {
        let name = tool_name(name);
        // With other tools beside it, the model may call one of those first.
        choice = Some(if tools.is_empty() { json!({"type": "tool", "name": name}) } else { json!({"type": "any"}) });
        tools.push(json!({"name": name, "description": "Takes the final answer.", "input_schema": schema}));
    }
    let body = object([
        ("model", Some(json!(ask.model.model))),
        ("max_tokens", Some(json!(ask.max_tokens))),
        ("stream", Some(json!(true))),
        ("system", (!ask.system.is_empty()).then(|| json!(ask.system))),
        ("messages", Some(Json::from(messages(&ask.messages)))),
        ("temperature", ask.temperature.map(|freely| number(freely.min(Decimal::ONE)))),
        ("tools", (!tools.is_empty()).then(|| Json::from(tools))),
        ("tool_choice", choice),
    ]);
    let mut headers = vec![("anthropic-version", VERSION.to_owned())];
    headers.extend(ask.key.map(|key| ("x-api-key", key.trim().to_owned())));
    Request { url: url(ask.model.endpoint.as_deref(), DEFAULT, "/messages"), headers, body }
}

/// Turns that alternate: neighbours of the same role become one, as results of several calls must.
fn messages(messages: &[Message]) -> Vec<Json> {
    let mut turns: Vec<(&str, Vec<Json>)> = Vec::new();
    for message in messages {
        let (role, blocks) = match message {
            Message::User(text) => ("user", vec![json!({"type": "text", "text": text})]),
            Message::ToolResult { id, text } => {
                ("user", vec![json!({"type": "tool_result", "tool_use_id": id, "content": text})])
            }
            Message::Assistant { text, calls } => {
                let words = (!text.is_empty()).then(|| json!({"type": "text", "text": text}));
                let call = |call: &crate::ToolCall| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": arguments(&call.arguments)});
                ("assistant", words.into_iter().chain(calls.iter().map(call)).collect())
            }
        };
        match turns.last_mut() {
            Some((last, before)) if *last == role => before.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    let spoken = turns.into_iter().filter(|(_, blocks)| !blocks.is_empty());
    spoken.map(|(role, blocks)| json!({"role": role, "content": blocks})).collect()
}

/// What a block of the answer's content is.
#[derive(Clone, Copy)]
enum Block {
    Text,
    /// The input of the tool that takes the result.
    Result,
    Call(usize),
    Other,
}

/// The events of a streamed message, or the whole of one.
pub(super) struct Messages {
    /// The tool that takes the result.
    result: Option<String>,
    blocks: Vec<(u64, Block)>,
    /// The result's tool was called: what it got is the answer, whatever was said before.
    given: bool,
}

impl Messages {
    pub(super) fn new(result: Option<String>) -> Self {
        Self { result, blocks: vec![], given: false }
    }

    fn event(&mut self, json: &Json, draft: &mut Draft) -> Result<(), Failure> {
        let index = count_of(json, "index").unwrap_or(0);
        match text_of(json, "type") {
            Some("message_start") => self.head(json.get("message").unwrap_or(&Json::Null), draft),
            Some("content_block_start") => {
                let block = self.begin(json.get("content_block").unwrap_or(&Json::Null), draft)?;
                self.blocks.push((index, block));
            }
            Some("content_block_delta") => {
                let delta = json.get("delta").unwrap_or(&Json::Null);
                let block = self.blocks.iter().rev().find(|(known, _)| *known == index).map(|(_, block)| *block);
                let part = text_of(delta, "text").or_else(|| text_of(delta, "partial_json")).unwrap_or_default();
                match block {
                    Some(Block::Text) if !self.given => draft.text.push_str(part),
                    Some(Block::Result) => draft.text.push_str(part),
                    Some(Block::Call(place)) => draft.call(place)?.arguments.push_str(part),
                    _ => {}
                }
            }
            Some("message_delta") => {
                self.stop(json.get("delta").unwrap_or(&Json::Null), draft);
                usage(json, draft);
            }
            Some("message_stop") => draft.complete = true,
            _ => {}
        }
        Ok(())
    }

    fn head(&self, message: &Json, draft: &mut Draft) {
        text_of(message, "model").unwrap_or_default().clone_into(&mut draft.served);
        draft.request_id = text_of(message, "id").map(str::to_owned);
        usage(message, draft);
    }

    fn begin(&mut self, block: &Json, draft: &mut Draft) -> Result<Block, Failure> {
        // A whole message has the input here; a stream begins with an empty one.
        let input = block.get("input").filter(|input| input.as_object().is_some_and(|input| !input.is_empty()));
        let input = input.map(Json::to_string).unwrap_or_default();
        Ok(match text_of(block, "type") {
            Some("text") => {
                if !self.given {
                    draft.text.push_str(text_of(block, "text").unwrap_or_default());
                }
                Block::Text
            }
            Some("tool_use") if text_of(block, "name") == self.result.as_deref() && !self.given => {
                self.given = true;
                draft.text = input;
                Block::Result
            }
            Some("tool_use") => {
                let place = draft.calls.len();
                let call = draft.call(place)?;
                text_of(block, "id").unwrap_or_default().clone_into(&mut call.id);
                text_of(block, "name").unwrap_or_default().clone_into(&mut call.name);
                call.arguments = input;
                Block::Call(place)
            }
            _ => Block::Other,
        })
    }

    fn stop(&self, json: &Json, draft: &mut Draft) {
        let Some(reason) = text_of(json, "stop_reason") else { return };
        draft.stop = Some(match reason {
            "max_tokens" | "model_context_window_exceeded" => Stop::Length,
            "refusal" => Stop::Refused(draft.text.clone()),
            "tool_use" if !draft.calls.is_empty() => Stop::Tools,
            _ => Stop::Done,
        });
    }
}

impl Protocol for Messages {
    fn take(&mut self, frame: Frame, draft: &mut Draft) -> Result<(), Failure> {
        let (Frame::Event(text) | Frame::Json(text)) = &frame;
        let json: Json = serde_json::from_str(text)
            .map_err(|error| no_protocol(format!("a piece of the answer is no JSON: {error}")).detail(snippet(text)))?;
        if let Some(failure) = in_answer(&json) {
            return Err(failure);
        }
        if matches!(frame, Frame::Event(_)) {
            return self.event(&json, draft);
        }
        let Some(content) = json.get("content").and_then(Json::as_array) else {
            return Err(no_protocol("the answer has no content"));
        };
        self.head(&json, draft);
        for block in content {
            self.begin(block, draft)?;
        }
        self.stop(&json, draft);
        Ok(())
    }
}

fn usage(json: &Json, draft: &mut Draft) {
    let Some(usage) = json.get("usage") else { return };
    // What is read from or written to the cache is counted apart.
    let parts = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
    if usage.get("input_tokens").is_some_and(Json::is_u64) {
        let input = parts.iter().filter_map(|part| count_of(usage, part)).fold(0, u64::saturating_add);
        draft.input_tokens = Some(input.max(draft.input_tokens.unwrap_or(0)));
    }
    draft.output_tokens = count_of(usage, "output_tokens").or(draft.output_tokens);
}
