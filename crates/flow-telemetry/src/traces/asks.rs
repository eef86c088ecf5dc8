//! Asks of models and calls of tools, with the attributes of the GenAI semantic conventions 1.41.
//!
//! What was said goes along only where content is wanted; it comes from the attempt's log, which holds no
//! labelled value and no key.

use super::{Span, Teller, attributes::Attributes, attributes::span, class_word, status};
use flow_driver::NodeEnd;
use flow_expr::codec;
use flow_plan::{AiBody, AskReport, Body, Model, Provider};
use flow_store::AttemptRow;
use serde_json::{Value as Json, json};

impl Teller<'_> {
    /// The ask of an attempt, and the steps that its answer called; nothing for attempts that asked nobody.
    pub(super) fn ask(&self, node: &NodeEnd, attempt: &AttemptRow) -> Vec<Span> {
        let Some(ask) = &attempt.ask else { return vec![] };
        let program = &self.record.plan.program;
        let step = node.subject.as_ref().and_then(|name| program.steps.get(name));
        let body = step.and_then(|step| match &step.body {
            Body::Ai(ai) => Some(&**ai),
            _ => None,
        });
        let model = program.models.get(&ask.model);
        let mut attributes = Attributes::default();
        attributes.text("gen_ai.operation.name", "chat");
        requested(&mut attributes, ask, model, body);
        answered(&mut attributes, ask, attempt);
        if self.config.content {
            self.content(&mut attributes, attempt);
        }
        let id = self.id(&["ask", &attempt.path, &attempt.attempt.to_string()]);
        let name = format!("chat {}", model.map_or(ask.model.short(), |model| &model.model));
        let parent = self.attempt_id(attempt);
        let mut json = span(&self.trace(), &id, Some(&parent), &name, (attempt.began, attempt.ended));
        json["kind"] = 3.into();
        json["attributes"] = attributes.json();
        json["status"] = status(attempt.failure.as_ref());
        let mut found = vec![Span { id, json }];
        found.extend(self.tools(node, attempt, ask));
        found
    }

    fn tools(&self, node: &NodeEnd, attempt: &AttemptRow, ask: &AskReport) -> Vec<Span> {
        let of_attempt = |run: &&crate::ToolRun| run.path == attempt.path && run.attempt == attempt.attempt;
        let runs = self.record.tools.iter().filter(of_attempt);
        let one = |run: &crate::ToolRun| {
            let call = ask.calls.get(run.call)?;
            let mut attributes = Attributes::default();
            attributes.text("gen_ai.operation.name", "execute_tool");
            attributes.text("gen_ai.tool.name", call.step.rsplit('.').next().unwrap_or(&call.step));
            attributes.text("gen_ai.tool.type", "function");
            attributes.text("gen_ai.tool.call.id", &call.id);
            attributes.text("flow.node.subject", &call.step);
            if self.config.content {
                attributes.text("gen_ai.tool.call.arguments", &call.arguments);
            }
            match &run.result {
                Ok(value) if self.config.content => {
                    attributes.text("gen_ai.tool.call.result", &codec::encode(value).to_string());
                }
                Ok(_) => {}
                Err(failure) => attributes.text("error.type", &class_word(failure.class)),
            }
            let id = self.id(&["tool", &run.path, &run.attempt.to_string(), &run.call.to_string()]);
            let name = format!("execute_tool {}", call.step.rsplit('.').next().unwrap_or(&call.step));
            // The model's answer is over when its calls begin, so they stand beside the attempt, below the step.
            let parent = self.id(&["node", &node.path]);
            let mut json = span(&self.trace(), &id, Some(&parent), &name, (run.began, run.ended));
            json["attributes"] = attributes.json();
            json["status"] = status(run.result.as_ref().err());
            Some(Span { id, json })
        };
        runs.filter_map(one).collect()
    }

    /// What was said, from the log: sections that begin with a line of `── title`.
    fn content(&self, attributes: &mut Attributes, attempt: &AttemptRow) {
        let Some(lines) = self.record.logs.get(&(attempt.path.clone(), attempt.attempt)) else { return };
        let (mut system, mut input, mut output) = (vec![], vec![], vec![]);
        for (title, text) in sections(lines) {
            let part = |text: &str| json!({ "type": "text", "content": text });
            let message = |role: &str| json!({ "role": role, "parts": [part(&text)] });
            match &*title {
                "system" => system.push(part(&text)),
                "prompt" => input.push(message("user")),
                "its earlier answer" => input.push(message("assistant")),
                "result of a call" => input.push(message("tool")),
                "answer" => output.push(message("assistant")),
                _ => {}
            }
        }
        let parts: [(&str, Vec<Json>); 3] = [
            ("gen_ai.system_instructions", system),
            ("gen_ai.input.messages", input),
            ("gen_ai.output.messages", output),
        ];
        for (key, messages) in parts.into_iter().filter(|(_, messages)| !messages.is_empty()) {
            attributes.text(key, &Json::Array(messages).to_string());
        }
    }
}

/// What was asked for.
fn requested(attributes: &mut Attributes, ask: &AskReport, model: Option<&Model>, body: Option<&AiBody>) {
    attributes.text("flow.model", ask.model.as_str());
    let Some(model) = model else { return };
    attributes.text("gen_ai.provider.name", provider(&model.provider));
    attributes.text("gen_ai.request.model", &model.model);
    let endpoint = model.endpoint.as_deref().and_then(|url| reqwest::Url::parse(url).ok());
    if let Some(host) = endpoint.as_ref().and_then(|url| url.host_str()) {
        attributes.text("server.address", host);
    }
    if let Some(port) = endpoint.and_then(|url| url.port_or_known_default()) {
        attributes.number("server.port", u64::from(port));
    }
    let Some(body) = body else { return };
    attributes.number("gen_ai.request.max_tokens", body.answer_tokens(model));
    let temperature = body.temperature.or(model.temperature);
    if let Some(temperature) = temperature.and_then(|number| number.to_string().parse().ok()) {
        attributes.double("gen_ai.request.temperature", temperature);
    }
    if let Some(seed) = body.seed {
        attributes.number("gen_ai.request.seed", seed);
    }
}

/// What came back.
fn answered(attributes: &mut Attributes, ask: &AskReport, attempt: &AttemptRow) {
    if !ask.served.is_empty() {
        attributes.text("gen_ai.response.model", &ask.served);
    }
    if ask.known {
        attributes.number("gen_ai.usage.input_tokens", ask.input_tokens);
        attributes.number("gen_ai.usage.output_tokens", ask.output_tokens);
    }
    if !ask.finish.is_empty() {
        attributes.texts("gen_ai.response.finish_reasons", &[&ask.finish]);
    }
    attributes.number("flow.cost.micro_dollars", ask.micro_dollars);
    if let Some(failure) = &attempt.failure {
        attributes.text("error.type", &class_word(failure.class));
    }
}

/// The provider by its well-known name.
fn provider(provider: &Provider) -> &'static str {
    match provider {
        Provider::Openai => "openai",
        Provider::Anthropic => "anthropic",
        Provider::Ollama => "ollama",
        Provider::Replay { .. } => "flow.replay",
        Provider::Scripted => "flow.scripted",
    }
}

/// The sections of an attempt's log, whose lines are `TIME STREAM TEXT`.
fn sections(lines: &[String]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = vec![];
    for line in lines {
        let text = line.splitn(3, ' ').nth(2).unwrap_or_default();
        match (text.strip_prefix("── "), found.last_mut()) {
            (Some(title), _) => found.push((title.to_owned(), String::new())),
            (None, Some((_, section))) => {
                if !section.is_empty() {
                    section.push('\n');
                }
                section.push_str(text);
            }
            (None, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_log_is_taken_apart_into_what_was_said() {
        let lines = ["note ── model", "note m-1", "note ── prompt", "note one", "note ", "note two", "note ── answer"];
        let lines: Vec<String> = lines.iter().map(|line| format!("2026-01-01T00:00:00.000Z {line}")).collect();
        let found = super::sections(&lines);
        assert_eq!(found[1], ("prompt".to_owned(), "one\n\ntwo".to_owned()));
        assert_eq!(found[2], ("answer".to_owned(), String::new()));
    }
}
