//! Steps that a model may call: what it is told of them, and its arguments checked against their types.
//!
//! What a model writes can name no step that the program did not offer, and gives no argument that the step's
//! types and refinements do not allow. Running them is not done here.

use crate::{api::StepCall, borders::context};
use flow_ai::{Tool, ToolCall, structured};
use flow_expr::{Value, codec, evaluate};
use flow_plan::{AiBody, Called, Program, Step};
use serde_json::{Map, Value as Json, json};
use std::{collections::BTreeMap, sync::Arc};

/// Bytes of arguments that are read; of longer ones nothing is kept or sent back.
const ARGUMENTS_LIMIT: usize = 64 << 10;

/// A step's name without its module.
pub(super) fn short(step: &str) -> &str {
    step.rsplit('.').next().unwrap_or(step)
}

/// What the model is told that it may call.
pub(super) fn offered(ai: &AiBody, program: &Program) -> Vec<Tool> {
    let steps = ai.tools.iter().filter_map(|name| program.steps.get(name));
    steps.map(|step| tool(step, program)).collect()
}

fn tool(step: &Step, program: &Program) -> Tool {
    let properties: Map<String, Json> = step
        .params
        .iter()
        .map(|param| (param.name.to_string(), structured::schema(&param.ty, &program.types)))
        .collect();
    let required: Vec<&str> =
        step.params.iter().filter(|param| param.default.is_none()).map(|param| &*param.name).collect();
    Tool {
        name: step.name.short().to_owned(),
        description: format!("Runs the step `{}`, which gives a {}.", step.name.short(), step.returns),
        parameters: json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        }),
    }
}

/// A call as the model wrote it, its arguments checked.
pub(super) fn called(wanted: &ToolCall, ai: &AiBody, call: &StepCall) -> Called {
    let offered = ai.tools.iter().find(|tool| tool.short() == wanted.name);
    let step = offered.and_then(|name| call.program.steps.get(name));
    let is_long = wanted.arguments.len() > ARGUMENTS_LIMIT;
    let arguments = match step {
        _ if is_long => {
            Err(format!("the arguments have {} bytes, and may have {ARGUMENTS_LIMIT}", wanted.arguments.len()))
        }
        Some(step) => arguments(&wanted.arguments, step, call),
        None => Err(format!("there is no `{}` to call", wanted.name)),
    };
    let (args, refused) = match arguments {
        Ok(args) => (args, None),
        Err(why) => (vec![], Some(format!("error: {why}").into())),
    };
    let step = offered.map_or_else(|| wanted.name.as_str().into(), |name| Arc::from(name.as_str()));
    let written = if is_long { "{}" } else { wanted.arguments.as_str() }.into();
    Called { id: wanted.id.as_str().into(), step, arguments: written, args, refused }
}

fn arguments(written: &str, step: &Step, call: &StepCall) -> Result<Vec<(Arc<str>, Value)>, String> {
    let written = if written.trim().is_empty() { "{}" } else { written };
    let json = codec::parse_json(written).map_err(|error| format!("the arguments are no JSON: {error}"))?;
    let Json::Object(mut given) = json else { return Err("the arguments are no JSON object".into()) };
    let context = context(&call.program, call.now);
    let mut args = vec![];
    for param in &step.params {
        let value = match (given.remove(&*param.name), &param.default) {
            (Some(json), _) => {
                codec::decode(&json, &param.ty, &param.name, &context).map_err(|errors| errors.to_string())?
            }
            (None, Some(default)) => {
                evaluate(default, &BTreeMap::new(), &context).map_err(|error| error.to_string())?
            }
            (None, None) => return Err(format!("the argument `{}` is missing", param.name)),
        };
        args.push((param.name.clone(), value));
    }
    match given.keys().next() {
        Some(unknown) => Err(format!("`{}` has no parameter `{unknown}`", step.name.short())),
        None => Ok(args),
    }
}
