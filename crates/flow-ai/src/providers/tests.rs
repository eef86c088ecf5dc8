//! Recorded answers of every provider, split at every position; and what is sent for an ask.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Dialect, decoder, number, request, url};
use crate::{Answer, Ask, Message, Stop, Tool, ToolCall};
use flow_expr::Name;
use flow_plan::{ErrorClass, Failure, Model, Provider};
use serde_json::{Value as Json, json};
use std::time::Duration;

fn model(provider: Provider, endpoint: Option<&str>) -> Model {
    Model { endpoint: endpoint.map(Into::into), ..Model::new(Name::new("m.writer"), provider, "small-1") }
}

fn ask(model: &Model) -> Ask<'_> {
    let call = ToolCall { id: "c1".into(), name: "look_up".into(), arguments: "{\"q\":1}".into() };
    let messages = vec![
        Message::User("hello".into()),
        Message::Assistant { text: String::new(), calls: vec![call.clone(), ToolCall { id: "c2".into(), ..call }] },
        Message::ToolResult { id: "c1".into(), text: "42".into() },
        Message::ToolResult { id: "c2".into(), text: "43".into() },
        Message::User("go on".into()),
    ];
    let parameters = json!({"type": "object", "properties": {}});
    Ask {
        model,
        key: Some("sk-secret"),
        system: "Be brief.".into(),
        messages,
        schema: Some(("my Note".into(), json!({"type": "object", "additionalProperties": false}))),
        tools: vec![Tool { name: "look_up".into(), description: "Looks up.".into(), parameters }],
        max_tokens: 50,
        shown: None,
        temperature: Some("1.5".parse().unwrap()),
        seed: Some(7),
        timeout: Duration::from_secs(1),
        silence: Duration::from_secs(1),
    }
}

/// What the bytes mean, however they are split.
fn decode(provider: Provider, bytes: &[u8]) -> Result<Answer, Failure> {
    let model = model(provider, None);
    let ask = ask(&model);
    let portions = |portions: &[&[u8]]| {
        let mut decoder = decoder(&ask);
        for portion in portions {
            if decoder.push(portion)? {
                break;
            }
        }
        decoder.finish(|| 1000)
    };
    let whole = portions(&[bytes]);
    for middle in 0..=bytes.len() {
        assert_eq!(portions(&[&bytes[..middle], &bytes[middle..]]), whole, "split at {middle}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(portions(&single), whole);
    whole
}

/// Id, name and arguments of a call.
type Call = (String, String, String);

/// Text, calls, tokens, stop.
fn summary(answer: &Answer) -> (String, Vec<Call>, (u64, u64, bool), Stop) {
    let calls = answer.calls.iter().map(|call| (call.id.clone(), call.name.clone(), call.arguments.clone())).collect();
    let usage = (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.estimated);
    (answer.text.clone(), calls, usage, answer.stop.clone())
}

fn call(id: &str, name: &str, arguments: &str) -> Call {
    (id.into(), name.into(), arguments.into())
}

#[test]
fn openai_streams() {
    let stream = r#"data: {"id":"x1","model":"small-1-2026","choices":[{"delta":{"role":"assistant","content":""}}]}

: keep-alive

data: {"choices":[{"delta":{"content":"Grüße "}}]}

data: {"choices":[{"delta":{"content":"😀"},"finish_reason":"stop"}]}

data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}

data: [DONE]

data: never read
"#;
    let answer = decode(Provider::Openai, stream.as_bytes()).unwrap();
    assert_eq!(summary(&answer), ("Grüße 😀".into(), vec![], (12, 3, false), Stop::Done));
    assert_eq!((answer.served.as_str(), answer.request_id.as_deref()), ("small-1-2026", Some("x1")));
}

#[test]
fn openai_calls_refusals_lengths_and_no_usage() {
    let stream = r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"look_up","arguments":"{\"q\""}}]}}]}

data: {"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"look_up","arguments":"{}"}},{"index":0,"function":{"arguments":":2}"}}]}}]}

data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}

"#;
    let answer = decode(Provider::Openai, stream.as_bytes()).unwrap();
    let calls = vec![call("a", "look_up", "{\"q\":2}"), call("b", "look_up", "{}")];
    assert_eq!((summary(&answer).1, answer.stop.clone(), answer.usage.estimated), (calls, Stop::Tools, true));
    assert_eq!(answer.usage.input_tokens, 1000);
    let refusal = "data: {\"choices\":[{\"delta\":{\"refusal\":\"I will not.\"},\"finish_reason\":\"stop\"}]}\n\n";
    let answer = decode(Provider::Openai, refusal.as_bytes()).unwrap();
    assert_eq!(answer.stop, Stop::Refused("I will not.".into()));
    assert_eq!(answer.refusal().unwrap().class, ErrorClass::Refused);
    let length = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"length\"}]}\n\n";
    assert_eq!(decode(Provider::Openai, length.as_bytes()).unwrap().stop, Stop::Length);
    let done_only = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n";
    assert_eq!(decode(Provider::Openai, done_only.as_bytes()).unwrap().stop, Stop::Done);
}

#[test]
fn openai_in_one_document() {
    let document = r#"{
      "model": "m", "choices": [{"message": {"content": "hi", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]}, "finish_reason": "stop"}],
      "usage": {"prompt_tokens": 1, "completion_tokens": 2}}"#;
    let answer = decode(Provider::Openai, document.as_bytes()).unwrap();
    assert_eq!(summary(&answer), ("hi".into(), vec![call("a", "f", "{}")], (1, 2, false), Stop::Tools));
}

#[test]
fn anthropic_streams_and_gives_the_result_of_the_forced_tool() {
    let stream = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Let me see."}}

event: ping
data: {"type":"ping"}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"give_my_Note","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"\"é\"}"}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}

event: message_stop
data: {"type":"message_stop"}

"#;
    let answer = decode(Provider::Anthropic, stream.as_bytes()).unwrap();
    assert_eq!(summary(&answer), ("{\"a\":\"é\"}".into(), vec![], (15, 9, false), Stop::Done));
    assert_eq!((answer.served.as_str(), answer.request_id.as_deref()), ("claude-x", Some("msg_1")));
    let other = stream.replace("give_my_Note", "look_up");
    let answer = decode(Provider::Anthropic, other.as_bytes()).unwrap();
    assert_eq!((summary(&answer).1, answer.stop), (vec![call("t1", "look_up", "{\"a\":\"é\"}")], Stop::Tools));
    let error =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n";
    assert_eq!(decode(Provider::Anthropic, error.as_bytes()).unwrap_err().class, ErrorClass::ServerError);
}

#[test]
fn anthropic_in_one_document() {
    let document = r#"{"type":"message","id":"m1","model":"c","content":[{"type":"text","text":"No."}],"stop_reason":"refusal","usage":{"input_tokens":1,"output_tokens":2}}"#;
    let answer = decode(Provider::Anthropic, document.as_bytes()).unwrap();
    assert_eq!(summary(&answer), ("No.".into(), vec![], (1, 2, false), Stop::Refused("No.".into())));
}

#[test]
fn ollama_streams() {
    let stream = r#"{"model":"smol","message":{"role":"assistant","content":"Hi "},"done":false}
{"model":"smol","message":{"content":"ü","tool_calls":[{"function":{"name":"look_up","arguments":{"q":1}}}]},"done":false}
{"model":"smol","message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":4,"eval_count":2}
"#;
    let answer = decode(Provider::Ollama, stream.as_bytes()).unwrap();
    assert_eq!(
        summary(&answer),
        ("Hi ü".into(), vec![call("call_0", "look_up", "{\"q\":1}")], (4, 2, false), Stop::Tools)
    );
    let length = stream.replace("\"stop\"", "\"length\"");
    assert_eq!(decode(Provider::Ollama, length.as_bytes()).unwrap().stop, Stop::Length);
}

#[test]
fn what_is_no_answer_is_malformed_at_every_split() {
    let cases: [(Provider, &[u8], &str); 9] = [
        (Provider::Openai, b"", "empty"),
        (Provider::Openai, b"<html>busy</html>", "HTML"),
        (Provider::Openai, b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", "cut off"),
        (Provider::Openai, b"data: {\"choices\":[{\"del\n\n", "no JSON"),
        (Provider::Openai, b"data: {\"choices\":[{\"delta\":{\"content\":\"\xf0\x9f\"}}]}\n\n", "UTF-8"),
        (Provider::Openai, b"{\"error\":{\"message\":\"oh\"}}", "error in it"),
        (Provider::Openai, b"{\"hello\":1}", "no choices"),
        (Provider::Ollama, b"{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"mess", "no JSON"),
        (Provider::Anthropic, b"{\"ok\":true}", "no content"),
    ];
    for (provider, bytes, expected) in cases {
        let failure = decode(provider, bytes).unwrap_err();
        assert_eq!((failure.class, &*failure.code), (ErrorClass::Malformed, "R0809"));
        assert!(failure.message.contains(expected), "{}", failure.message);
    }
}

/// Whether what followed came at once with it or later: found by the fuzz target `answer`.
#[test]
fn an_answer_or_an_error_that_came_whole_counts_whatever_follows_it() {
    let refused = b"data: {\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"}}\n\nevent: \x9b\n\n";
    let failure = decode(Provider::Anthropic, refused).unwrap_err();
    assert_eq!((failure.class, &*failure.code), (ErrorClass::ClientError, "R0805"));
    let done = b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n\x9b\n";
    assert_eq!(decode(Provider::Openai, done).map(|answer| answer.text), Ok("a".to_owned()));
}

#[test]
fn an_answer_without_an_end_is_ended() {
    let model = model(Provider::Openai, None);
    let ask = Ask { max_tokens: 1 << 20, ..ask(&model) };
    let mut decoder = decoder(&ask);
    let chunk = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(1 << 20));
    let failure = (0..20).find_map(|_| decoder.push(chunk.as_bytes()).err()).unwrap();
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Malformed, "R0810"));
    let usage = decoder.usage(|| 5).unwrap();
    assert!(usage.estimated && usage.input_tokens == 5 && usage.output_tokens == 1 << 20);
}

#[test]
fn an_answer_far_longer_than_asked_for_is_cut_off_and_costs_no_more() {
    let model = model(Provider::Openai, None);
    let ask = ask(&model);
    let mut decoder = decoder(&ask);
    let chunk = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x ".repeat(500));
    let (chunks, failure) = (0..1_000).find_map(|n| Some((n, decoder.push(chunk.as_bytes()).err()?))).unwrap();
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Malformed, "R0810"));
    assert!(failure.message.contains("50 tokens") && (13..=90).contains(&chunks), "{chunks} {}", failure.message);
    assert_eq!(decoder.usage(|| 5).unwrap().output_tokens, 50);
}

/// The body, and the names of the headers.
fn sent(provider: Provider, endpoint: Option<&str>, dialect: Dialect) -> (Json, Vec<(&'static str, String)>) {
    let model = model(provider, endpoint);
    let request = request(&ask(&model), dialect).unwrap();
    assert!(!request.body.to_string().contains("sk-secret") && !request.url.contains("sk-secret"));
    (request.body, request.headers)
}

#[test]
fn what_is_sent_to_openai() {
    let (body, headers) = sent(Provider::Openai, None, Dialect::default());
    assert_eq!(headers, [("authorization", "Bearer sk-secret".to_owned())]);
    let message = |index: usize| body["messages"][index].clone();
    assert_eq!(message(0), json!({"role": "system", "content": "Be brief."}));
    assert_eq!(message(2)["tool_calls"][1]["function"]["arguments"], "{\"q\":1}");
    assert_eq!(message(3), json!({"role": "tool", "tool_call_id": "c1", "content": "42"}));
    assert_eq!(body["response_format"]["json_schema"]["name"], "my_Note");
    assert_eq!(body["response_format"]["json_schema"]["strict"], true);
    assert_eq!(
        (&body["max_completion_tokens"], &body["temperature"], &body["seed"]),
        (&json!(50), &json!(1.5), &json!(7))
    );
    let all = Dialect { no_format: true, no_stream_options: true, other_limit: true };
    let (body, _) = sent(Provider::Openai, None, all);
    assert!(body.get("response_format").is_none() && body.get("stream_options").is_none());
    assert_eq!(body["max_tokens"], 50);
    assert!(body["messages"][0]["content"].as_str().unwrap().contains("JSON Schema"));
}

#[test]
fn what_is_sent_to_anthropic_and_ollama() {
    let (body, headers) = sent(Provider::Anthropic, None, Dialect::default());
    assert_eq!(headers[1], ("x-api-key", "sk-secret".to_owned()));
    assert_eq!(body["messages"].as_array().unwrap().len(), 3);
    assert_eq!(body["messages"][2]["content"].as_array().unwrap().len(), 3);
    assert_eq!(body["messages"][1]["content"][0]["input"], json!({"q": 1}));
    assert_eq!((&body["tool_choice"], &body["temperature"]), (&json!({"type": "any"}), &json!(1.0)));
    assert_eq!(body["tools"][1]["name"], "give_my_Note");
    let (body, _) = sent(Provider::Ollama, None, Dialect::default());
    assert_eq!(body["format"]["type"], "object");
    assert_eq!(body["options"], json!({"num_predict": 50, "temperature": 1.5, "seed": 7}));
    assert_eq!(body["messages"][3]["tool_name"], "look_up");
}

#[test]
fn endpoints_with_and_without_a_version() {
    let url = |endpoint: &str| url(Some(endpoint), "", "/chat/completions");
    for endpoint in ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/", "http://h:1/v1/chat/completions"] {
        assert_eq!(url(endpoint), "http://h:1/v1/chat/completions");
    }
    assert_eq!(url("https://h/api/v1beta/openai"), "https://h/api/v1beta/openai/chat/completions");
    assert_eq!(url("https://v1.example"), "https://v1.example/v1/chat/completions");
    assert_eq!(number("0.70".parse().unwrap()), json!(0.7));
    for endpoint in
        [None, Some("http://127.0.0.1:11434/"), Some("http://127.0.0.1:11434/v1"), Some("http://127.0.0.1:11434/api")]
    {
        let model = model(Provider::Ollama, endpoint);
        assert_eq!(request(&ask(&model), Dialect::default()).unwrap().url, "http://127.0.0.1:11434/api/chat");
    }
}
