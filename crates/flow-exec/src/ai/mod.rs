//! `ai` steps: a prompt whose holes are data, one ask of one model, and its answer as a value of the step's type.
//!
//! Which model, what it was told before, whether it is asked again and who pays is decided elsewhere; this asks
//! once. The key is put in last and is in nothing that leaves this module.

mod prompt;
mod tools;

use crate::{
    Secrets,
    api::{AskCall, Asked, Cancel, LogSink, Outcome, StepCall, Stream},
    borders::context,
    data::Data,
};
use flow_ai::{Answer, Ask, AskFailed, Client, Message, Stop, structured};
use flow_diag::codes;
use flow_expr::{
    Name, TypeTable, Value, codec,
    redact::{labels_in, mark, redact},
};
use flow_plan::{AiBody, AskReport, Body, Called, ErrorClass, Failure, Model, Program, Provider, Rendered, Said, Step};
use std::{sync::Arc, time::Duration};

/// Bytes of an answer that are kept.
const ANSWER_LIMIT: usize = 64 << 10;
/// Bytes of a prompt that are kept with it; the log of the attempt has all.
const PROMPT_LIMIT: usize = 16 << 10;

/// Asks models for the steps of one project.
pub(crate) struct Asker {
    client: Arc<Client>,
    secrets: Arc<Secrets>,
    data: Data,
}

impl Asker {
    pub(crate) fn new(client: Arc<Client>, secrets: Arc<Secrets>, data: Data) -> Self {
        Self { client, secrets, data }
    }

    /// A new run begins.
    pub(crate) fn begin_run(&self) {
        self.client.begin_run();
    }

    /// Fills in the prompt and says how long it is.
    ///
    /// # Errors
    /// If a hole has no value.
    pub(crate) async fn render(&self, call: &StepCall, cancel: &Cancel) -> Result<Rendered, Failure> {
        let ai = body(call)?;
        let model = ai.models.first().and_then(|name| call.program.models.get(name)).ok_or_else(no_model)?;
        let (ask, _) = self.ask(call, ai, model, &[], cancel).await?;
        Ok(Rendered { tokens: ask.input_tokens_at_most() })
    }

    /// What would be sent to the first model, as others than the model may see it. Asks nobody.
    pub(crate) async fn prompt(&self, call: &StepCall, cancel: &Cancel) -> Result<String, Failure> {
        let ai = body(call)?;
        let name = ai.models.first().ok_or_else(no_model)?;
        let model = call.program.models.get(name).ok_or_else(no_model)?;
        let (ask, _) = self.ask(call, ai, model, &[], cancel).await?;
        let (system, prompt) = prompt::fill(&self.data, call, ai, cancel).await?.shown;
        let head = format!("to {} ({}), at most {} tokens\n", name.short(), model.model, ask.input_tokens_at_most());
        let system = if system.is_empty() { String::new() } else { format!("── system\n{}\n", system.trim_end()) };
        Ok(format!("{head}{system}── prompt\n{}\n", prompt.trim_end()))
    }

    /// Whether a model can be asked: its key is at hand, or it needs none.
    ///
    /// # Errors
    /// With the class `auth`.
    pub(crate) async fn ready(&self, program: &Program, model: &Model) -> Result<(), Failure> {
        if is_offline(model) {
            return Ok(());
        }
        let key = match &model.key {
            Some(secret) => Some(self.secrets.get(program, secret).await?),
            None => None,
        };
        flow_ai::needs(model, key.as_ref().map(crate::SecretValue::reveal))
    }

    /// Asks once.
    pub(crate) async fn run(&self, call: &StepCall, ask: &AskCall, log: &dyn LogSink, cancel: &Cancel) -> Asked {
        let failed = |failure| Asked { result: Err(failure), report: None };
        let ai = match body(call) {
            Ok(ai) => ai,
            Err(failure) => return failed(failure),
        };
        let Some(model) = call.program.models.get(&ask.model) else { return failed(no_model()) };
        // Nothing was sent, so nothing is paid.
        let unsent = |failure| Asked { result: Err(failure), report: Some(report(model, "", (0, 0), "")) };
        let asking = async {
            let key = match &model.key {
                Some(_) if is_offline(model) => None,
                Some(secret) => Some(self.secrets.get(&call.program, secret).await?),
                None => None,
            };
            let (question, shown) = self.ask(call, ai, model, &ask.said, cancel).await?;
            Ok::<_, Failure>((question, shown, key))
        };
        let (mut question, shown, key) = match asking.await {
            Ok(ready) => ready,
            Err(failure) => return unsent(failure),
        };
        question.key = key.as_ref().map(crate::SecretValue::reveal);
        if call.program.judges.contains_key(&call.step.name) {
            section(log, "judge", call.step.name.short());
        }
        write_question(log, &question, &shown);
        let mut asked = match self.client.ask(&question, cancel.cancelled()).await {
            Ok(answer) => answered(call, ai, model, &answer, log),
            Err(AskFailed { failure, usage, .. }) => {
                let known = usage.is_some();
                let usage = usage.unwrap_or_default();
                let report = report(model, "", (usage.input_tokens, usage.output_tokens), "");
                Asked { result: Err(failure), report: Some(AskReport { known, ..report }) }
            }
        };
        if let Some(report) = &mut asked.report {
            report.asked = beginning(last_said(&question, &shown), PROMPT_LIMIT).into();
        }
        asked
    }

    /// What is sent, without the key; and system and prompt as others may see them.
    async fn ask<'a>(
        &self,
        call: &StepCall,
        ai: &AiBody,
        model: &'a Model,
        said: &[Said],
        cancel: &Cancel,
    ) -> Result<(Ask<'a>, (String, String)), Failure> {
        let filled = prompt::fill(&self.data, call, ai, cancel).await?;
        let types = &call.program.types;
        let returns = &call.step.returns;
        let schema = (!structured::is_text(returns, types))
            .then(|| (Arc::from(call.step.name.short()), structured::schema(returns, types)));
        let labels = of_params(&call.step, types);
        let shown = match said.len() {
            _ if labels.is_empty() => None,
            0 => Some(filled.shown.1.clone()),
            _ => Some(mark(&labels)),
        };
        let ask = Ask {
            model,
            key: None,
            shown,
            system: filled.system,
            messages: [Message::User(filled.prompt)].into_iter().chain(said.iter().map(message)).collect(),
            schema,
            tools: tools::offered(ai, &call.program),
            max_tokens: ai.answer_tokens(model),
            temperature: ai.temperature.or(model.temperature),
            seed: ai.seed,
            timeout: call.timeout,
            silence: call.timeout.min(Duration::from_secs(30)),
        };
        Ok((ask, filled.shown))
    }
}

/// The labels of what a recording of the step's answers would hold in clear: its result, and the arguments with which
/// its model calls steps.
#[must_use]
pub fn labels_in_answers(step: &Step, program: &Program) -> Vec<Name> {
    let Body::Ai(ai) = &step.body else { return vec![] };
    let mut found = labels_in(&step.returns, &program.types);
    for tool in ai.tools.iter().filter_map(|tool| program.steps.get(tool)) {
        found.extend(of_params(tool, &program.types));
    }
    found.sort();
    found.dedup();
    found
}

/// The labels of a step's parameters, and of what is in them.
fn of_params(step: &Step, types: &TypeTable) -> Vec<Name> {
    let params = step.params.iter();
    let mut found: Vec<Name> =
        params.flat_map(|param| param.labels.iter().cloned().chain(labels_in(&param.ty, types))).collect();
    found.sort();
    found.dedup();
    found
}

fn body(call: &StepCall) -> Result<&AiBody, Failure> {
    match &call.step.body {
        Body::Ai(ai) => Ok(ai),
        _ => Err(Failure::new(ErrorClass::Internal, codes::R0111.as_str(), "this is no ai step")),
    }
}

fn no_model() -> Failure {
    Failure::new(ErrorClass::Internal, codes::R0701.as_str(), "it asks a model that there is not")
}

/// Whether nobody is asked over a network, so that no key is needed.
fn is_offline(model: &Model) -> bool {
    matches!(model.provider, Provider::Replay { .. } | Provider::Scripted)
}

fn message(said: &Said) -> Message {
    match said {
        Said::Answer { text, calls } => {
            let call = |call: &Called| flow_ai::ToolCall {
                id: call.id.to_string(),
                name: tools::short(&call.step).to_owned(),
                arguments: call.arguments.to_string(),
            };
            Message::Assistant { text: text.to_string(), calls: calls.iter().map(call).collect() }
        }
        Said::Feedback { text } => Message::User(text.to_string()),
        Said::Result { id, text } => Message::ToolResult { id: id.to_string(), text: text.to_string() },
    }
}

/// What the model said, as a value.
fn answered(call: &StepCall, ai: &AiBody, model: &Model, answer: &Answer, log: &dyn LogSink) -> Asked {
    let usage = (answer.usage.input_tokens, answer.usage.output_tokens);
    let report =
        AskReport { finish: finish_word(&answer.stop).into(), ..report(model, &answer.served, usage, &answer.text) };
    if !answer.calls.is_empty() && !ai.tools.is_empty() {
        let calls: Vec<Called> = answer.calls.iter().map(|wanted| tools::called(wanted, ai, call)).collect();
        section(log, "answer", &answer.text);
        calls
            .iter()
            .for_each(|wanted| section(log, &format!("calls {}", tools::short(&wanted.step)), &wanted.arguments));
        return Asked { result: Ok(Outcome::new(Value::Unit)), report: Some(AskReport { calls, ..report }) };
    }
    let step = &call.step;
    let read = structured::read_answer(answer, &step.returns, step.name.short(), &context(&call.program, call.now));
    let labels = labels_in(&step.returns, &call.program.types);
    match &read {
        _ if labels.is_empty() => section(log, "answer", &answer.text),
        Ok((value, _)) => {
            let seen = redact(value, Some(&step.returns), &[], &call.program.types);
            section(log, "answer", &codec::encode(&seen).to_string());
        }
        Err(_) => section(log, "answer", &mark(&labels)),
    }
    match read {
        Ok((value, leniencies)) => {
            let leniencies: Vec<Arc<str>> = leniencies.iter().map(|found| found.to_string().into()).collect();
            leniencies.iter().for_each(|found| section(log, "read with leniency", found));
            let result = Ok(Outcome { value, rows: None, bytes: Some(answer.text.len() as u64) });
            Asked { result, report: Some(AskReport { leniencies, ..report }) }
        }
        Err(failure) => Asked { result: Err(failure), report: Some(report) },
    }
}

fn report(model: &Model, served: &str, (input_tokens, output_tokens): (u64, u64), answer: &str) -> AskReport {
    AskReport {
        model: model.name.clone(),
        served: served.into(),
        input_tokens,
        output_tokens,
        micro_dollars: model.price.map_or(0, |price| price.micro_dollars(input_tokens, output_tokens)),
        known: true,
        finish: "".into(),
        asked: "".into(),
        answer: beginning(answer, ANSWER_LIMIT).into(),
        leniencies: vec![],
        calls: vec![],
    }
}

/// The first bytes of a text, so many at most.
fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// What is said to a model last, as others may see it.
fn last_said<'a>(question: &'a Ask<'_>, shown: &'a (String, String)) -> &'a str {
    match question.messages.last() {
        Some(Message::User(text) | Message::ToolResult { text, .. }) if question.messages.len() > 1 => text,
        _ => &shown.1,
    }
}

/// Why an answer ended, in OpenTelemetry's words.
fn finish_word(stop: &Stop) -> &'static str {
    match stop {
        Stop::Done => "stop",
        Stop::Length => "length",
        Stop::Refused(_) => "content_filter",
        Stop::Tools => "tool_calls",
    }
}

/// The question, for `flowc logs`.
fn write_question(log: &dyn LogSink, ask: &Ask<'_>, (system, prompt): &(String, String)) {
    section(log, "model", &ask.model.model);
    if !system.is_empty() {
        section(log, "system", system);
    }
    section(log, "prompt", prompt);
    for message in ask.messages.iter().skip(1) {
        match message {
            Message::User(text) => section(log, "prompt", text),
            Message::Assistant { text, .. } => section(log, "its earlier answer", text),
            Message::ToolResult { text, .. } => section(log, "result of a call", text),
        }
    }
}

fn section(log: &dyn LogSink, title: &str, text: &str) {
    log.line(Stream::Note, format!("── {title}").as_bytes());
    text.lines().for_each(|line| log.line(Stream::Note, line.as_bytes()));
}
