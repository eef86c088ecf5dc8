//! Asking a model, in a test: how long a prompt is about, and what an answer costs.

use flow_driver::{AskStep, RunStep};
use flow_expr::{Context, Name, Part, Record, Value, VarId, codec, evaluate};
use flow_plan::{AskReport, Body, Called, ErrorClass, Failure, Program, Rendered, Said, tokens_at_most};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// How long the prompt is, near enough: its texts and what stands in its holes.
pub(crate) fn rendered(run: &RunStep, program: &Program, now: Timestamp) -> Result<Rendered, Failure> {
    let Body::Ai(ai) = &run.step.body else { return Ok(Rendered { tokens: 0 }) };
    let context = Context::new(&program.functions, &program.types, now);
    let scope: BTreeMap<VarId, Value> =
        run.step.params.iter().zip(&run.args).map(|(param, (_, value))| (param.var, value.clone())).collect();
    let mut tokens = 0;
    for part in ai.system.iter().chain(&ai.prompt) {
        tokens += match part {
            Part::Text(text) => tokens_at_most(text),
            Part::Hole(expr, _) => {
                let value = evaluate(expr, &scope, &context).map_err(|error| {
                    let message = format!("the prompt cannot be filled in: {error}");
                    Failure::new(ErrorClass::ClientError, error.code.as_str(), message).at(error.at)
                })?;
                tokens_at_most(&shown(&value))
            }
        };
    }
    Ok(Rendered { tokens })
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Table(table) => {
            crate::tables::rows(table).iter().map(|row| codec::encode(row).to_string()).collect::<Vec<_>>().join("\n")
        }
        other => codec::encode(other).to_string(),
    }
}

/// A step that the model calls, as a provider would tell.
pub(crate) fn called(number: usize, (step, args): (Name, Vec<Value>), program: &Program) -> Called {
    let params = program.steps.get(&step).map(|step| step.params.as_slice()).unwrap_or_default();
    let names = params.iter().map(|param| param.name.clone());
    let args: Vec<(Arc<str>, Value)> =
        names.zip(args.into_iter().map(|value| crate::tables::settled(value, &program.types))).collect();
    let written = Value::Record(Arc::new(Record { ty: step.clone(), fields: args.clone() }));
    let arguments = codec::encode(&written).to_string().into();
    Called { id: format!("call-{number}").into(), step: step.as_str().into(), arguments, args, refused: None }
}

/// What an ask used, as a provider would tell.
pub(crate) fn report(
    run: &RunStep,
    ask: &AskStep,
    result: &Result<Value, Failure>,
    text: Option<Arc<str>>,
    program: &Program,
    now: Timestamp,
) -> AskReport {
    let prompt = rendered(run, program, now).map_or(0, |rendered| rendered.tokens);
    let said: u64 = ask.said.iter().map(said_tokens).sum();
    let answer: Arc<str> = match (text, result) {
        (Some(text), _) => text,
        (None, Ok(value)) => codec::encode(value).to_string().into(),
        (None, Err(_)) => "".into(),
    };
    let class = result.as_ref().err().map(|failure| failure.class);
    // Of what never came through nothing is paid; of what broke off nobody knows.
    let unpaid = matches!(
        class,
        Some(ErrorClass::Connection | ErrorClass::RateLimited | ErrorClass::Auth | ErrorClass::ClientError)
    );
    let known = !matches!(class, Some(ErrorClass::Timeout | ErrorClass::ServerError));
    let (input_tokens, output_tokens) = if unpaid { (0, 0) } else { (prompt + said, tokens_at_most(&answer)) };
    let model = program.models.get(&ask.model);
    let price = model.and_then(|model| model.price);
    AskReport {
        model: ask.model.clone(),
        served: model.map_or_else(|| "".into(), |model| model.model.clone()),
        input_tokens,
        output_tokens,
        micro_dollars: price.map_or(0, |price| price.micro_dollars(input_tokens, output_tokens)),
        known,
        finish: "".into(),
        asked: "".into(),
        answer,
        leniencies: vec![],
        calls: vec![],
    }
}

fn said_tokens(said: &Said) -> u64 {
    match said {
        Said::Answer { text, .. } | Said::Feedback { text } | Said::Result { text, .. } => tokens_at_most(text),
    }
}
