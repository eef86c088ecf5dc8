//! Spans of a run: who is below whom, when, and what asks carry.

use crate::sample::{self, at};
use flow_telemetry::{
    Config, RunRecord, Settings,
    traces::{request, spans},
};
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub(crate) fn config() -> Config {
    Config::of(&Settings::default(), "shop", &|_| None).0
}

fn told(record: &RunRecord, config: &Config) -> BTreeMap<String, Json> {
    let spans = spans(record, config);
    let count = spans.len();
    let by_name: BTreeMap<String, Json> = spans
        .into_iter()
        .map(|span| (format!("{} {}", text(&span.json["name"]), text(&span.json["startTimeUnixNano"])), span.json))
        .map(|(name, json)| (name.rsplit_once(' ').map_or(name.clone(), |(name, _)| name.to_owned()), json))
        .collect();
    assert!(by_name.len() <= count);
    by_name
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// The value of an attribute.
pub(crate) fn attribute(span: &Json, key: &str) -> Option<Json> {
    let attributes = span["attributes"].as_array()?;
    let found = attributes.iter().find(|attribute| attribute["key"] == key)?;
    found["value"].as_object()?.values().next().cloned()
}

#[test]
fn spans_stand_below_one_another() {
    let (record, config) = (sample::record(), config());
    let found = spans(&record, &config);
    let ids: Vec<&str> = found.iter().map(|span| &*span.id).collect();
    let root = &found.last().unwrap().json;
    assert_eq!((text(&root["name"]), root.get("parentSpanId")), ("flow daily".into(), None));
    for span in &found[..found.len() - 1] {
        assert_eq!(span.json["traceId"], root["traceId"]);
        let parent = text(&span.json["parentSpanId"]);
        assert!(ids.contains(&&*parent), "{} has no parent", span.json);
        assert_ne!(parent, span.id);
    }
    let spans = told(&record, &config);
    let id = |name: &str| spans[name]["spanId"].clone();
    assert_eq!(spans["step write_note"]["parentSpanId"], id("flow daily"));
    assert_eq!(spans["attempt write_note"]["parentSpanId"], id("step write_note"));
    assert_eq!(spans["chat gpt-x-2026-01-01"]["parentSpanId"], id("attempt write_note"));
    assert_eq!(spans["execute_tool look_up"]["parentSpanId"], id("step write_note"));
    assert_eq!(spans["write note"]["endTimeUnixNano"], at(1000).as_nanosecond().to_string());
    // Whenever they are made, they are the same.
    assert_eq!(found, flow_telemetry::traces::spans(&record, &config));
}

#[test]
fn asks_carry_the_conventions_attributes_and_no_content() {
    let spans = told(&sample::record(), &config());
    let chat = &spans["chat gpt-x-2026-01-01"];
    let expected = [
        ("gen_ai.operation.name", "chat".into()),
        ("gen_ai.provider.name", "openai".into()),
        ("gen_ai.request.model", "gpt-x-2026-01-01".into()),
        ("gen_ai.response.model", "gpt-x-2026-01-01".into()),
        ("gen_ai.request.max_tokens", "50".into()),
        ("gen_ai.usage.input_tokens", "100".into()),
        ("gen_ai.usage.output_tokens", "20".into()),
        ("server.address", "127.0.0.1".into()),
        ("server.port", Json::from("9")),
    ];
    for (key, value) in expected {
        assert_eq!(attribute(chat, key), Some(value), "{key}");
    }
    let reasons = attribute(chat, "gen_ai.response.finish_reasons").unwrap();
    assert_eq!(reasons["values"][0]["stringValue"], "stop");
    assert_eq!(chat["kind"], 3);
    let tool = &spans["execute_tool look_up"];
    assert_eq!(attribute(tool, "gen_ai.tool.call.id"), Some("c1".into()));
    let all = serde_json::to_string(&spans).unwrap();
    assert!(!all.contains("Seven.") && !all.contains("gen_ai.tool.call.result"), "{all}");
    // The guard's verdict is on its step.
    let events = spans["step write_note"]["events"].as_array().unwrap();
    assert_eq!(attribute(&events[0], "flow.contract.kind"), Some("guard".into()));
}

#[test]
fn content_goes_along_when_asked_for() {
    let mut record = sample::record();
    let lines = ["── model", "gpt-x", "── prompt", "Write.", "Now.", "── answer", "Seven."];
    let lines = lines.iter().map(|line| format!("{} note {line}", at(500)));
    record.logs.insert(("3".into(), 2), lines.collect());
    let with = Config { content: true, ..config() };
    let spans = told(&record, &with);
    let chat = &spans["chat gpt-x-2026-01-01"];
    let input: Json = serde_json::from_str(&text(&attribute(chat, "gen_ai.input.messages").unwrap())).unwrap();
    assert_eq!((&input[0]["role"], &input[0]["parts"][0]["content"]), (&"user".into(), &"Write.\nNow.".into()));
    let output: Json = serde_json::from_str(&text(&attribute(chat, "gen_ai.output.messages").unwrap())).unwrap();
    assert_eq!(output[0]["parts"][0]["content"], "Seven.");
    assert_eq!(attribute(&spans["execute_tool look_up"], "gen_ai.tool.call.result"), Some("7".into()));
}

#[test]
fn failures_are_errors_with_their_class() {
    let spans = told(&sample::failed(), &config());
    for name in ["step clean", "attempt clean"] {
        let span = &spans[name];
        assert_eq!(span["status"]["code"], 2, "{span}");
        assert!(text(&span["status"]["message"]).contains("R0312"));
        assert_eq!(attribute(span, "error.type"), Some("client_error".into()));
    }
    assert_eq!(spans["flow daily"]["status"]["code"], 2);
    assert_eq!(attribute(&spans["flow daily"], "flow.status"), Some("failed".into()));
}

#[test]
fn a_trace_can_go_on_from_another_process() {
    let parent = Some(("4bf92f3577b34da6a3ce929d0e0e4736".to_owned(), "00f067aa0ba902b7".to_owned()));
    let config = Config { parent, resource: vec![("team".into(), "a".into())], ..config() };
    let found = spans(&sample::record(), &config);
    let root = &found.last().unwrap().json;
    assert_eq!(root["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(root["parentSpanId"], "00f067aa0ba902b7");
    let request = request(found.into_iter().map(|span| span.json), &config);
    let resource = &request["resourceSpans"][0]["resource"];
    assert_eq!(attribute(resource, "service.name"), Some("shop".into()));
    assert_eq!(attribute(resource, "team"), Some("a".into()));
    assert!(request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len() > 8);
}
