//! From a compiled program to the plan of one flow.
//!
//! Picks the part of the program that the flow reaches, reads its parameters, adds the bounds. What would
//! run and why is decided where there is a journal; a plan made here has no decisions and no inputs.

use crate::{
    Compilation,
    problems::{CannotRunYet, MissingParameter, NoSuchFlow, UnknownParameter, WhichFlow, WrongParameter},
};
use flow_diag::Problems;
use flow_expr::{Context, ExprKind, Name, Value, codec};
use flow_plan::{Body, Flow, PLAN_FORMAT, Plan, Program};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// The version of this compiler, as plans keep it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The plan of a flow with the given parameters as text, as of a time.
///
/// Without a name, the program's only flow is meant.
///
/// # Errors
/// The program is wrong; there is no such flow; a parameter is missing, unknown or of another type; a step
/// cannot be run by this version.
pub fn plan(
    compilation: &Compilation,
    flow: Option<&str>,
    params: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Plan, Problems> {
    if compilation.problems.has_errors() {
        return Err(compilation.problems.clone());
    }
    let mut problems = Problems::default();
    let Some(flow) = find(&compilation.program, flow, &mut problems) else { return Err(problems) };
    let program = compilation.program.part(&flow.name);
    let params = parameters(&program, flow, params, now, &mut problems);
    for step in program.steps.values() {
        if let Body::Other { keyword } = &step.body {
            problems.push(CannotRunYet { step: &step.name, keyword, at: step.at });
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let bounds = flow_analysis::time::bounds(&program, &flow.name);
    let mut plan = Plan {
        format: PLAN_FORMAT,
        compiler: VERSION.into(),
        hash: "".into(),
        flow: flow.name.clone(),
        params,
        program,
        inputs: vec![],
        decisions: vec![],
        bounds,
    };
    plan.hash = plan.content_hash();
    Ok(plan)
}

/// The flow of that name: whole, or short where only one flow has it.
fn find<'p>(program: &'p Program, wanted: Option<&str>, problems: &mut Problems) -> Option<&'p Flow> {
    let known = || program.flows.keys().filter(|name| !name.as_str().starts_with("std.")).cloned().collect();
    let Some(wanted) = wanted else {
        let mut flows = program.flows.values();
        return match (flows.next(), flows.next()) {
            (Some(only), None) => Some(only),
            _ => {
                problems.push(WhichFlow { known: known() });
                None
            }
        };
    };
    if let Some(flow) = program.flows.get(&Name::new(wanted)) {
        return Some(flow);
    }
    let mut found = program.flows.values().filter(|flow| flow.name.short() == wanted);
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        (None, _) => {
            problems.push(NoSuchFlow { wanted, known: known() });
            None
        }
        (Some(_), Some(_)) => {
            let several = program.flows.keys().filter(|name| name.short() == wanted).cloned().collect();
            problems.push(WhichFlow { known: several });
            None
        }
    }
}

/// Values of all parameters: given, or their defaults.
fn parameters(
    program: &Program,
    flow: &Flow,
    given: &BTreeMap<String, String>,
    now: Timestamp,
    problems: &mut Problems,
) -> BTreeMap<Arc<str>, Value> {
    let context = Context::new(&program.functions, &program.types, now);
    let mut values = BTreeMap::new();
    for name in given.keys() {
        if !flow.params.iter().any(|param| *param.name == **name) {
            problems.push(UnknownParameter { flow, name });
        }
    }
    for param in &flow.params {
        match (given.get(&*param.name), &param.default) {
            (Some(text), _) => match codec::decode_text(text, &param.ty, &param.name, &context) {
                Ok(value) => drop(values.insert(param.name.clone(), value)),
                Err(errors) => problems.push(WrongParameter { flow, param, text, why: errors.to_string() }),
            },
            (None, Some(default)) => match &default.kind {
                ExprKind::Const(value) => drop(values.insert(param.name.clone(), value.clone())),
                _ => match flow_expr::evaluate(default, &(), &context) {
                    Ok(value) => drop(values.insert(param.name.clone(), value)),
                    Err(error) => {
                        problems.push(WrongParameter { flow, param, text: "", why: error.message.to_string() });
                    }
                },
            },
            (None, None) => match started_with(flow, &param.name) {
                Some(value) => match flow_expr::evaluate(value, &(), &context) {
                    Ok(value) => drop(values.insert(param.name.clone(), value)),
                    Err(error) => {
                        problems.push(WrongParameter { flow, param, text: "", why: error.message.to_string() });
                    }
                },
                None => problems.push(MissingParameter { flow, param }),
            },
        }
    }
    values
}

/// What the flow's only start gives a parameter: a run by hand takes it too.
fn started_with<'f>(flow: &'f Flow, param: &str) -> Option<&'f flow_expr::Expr> {
    let [start] = &flow.starts[..] else { return None };
    start.with.iter().find(|(name, _)| **name == *param).map(|(_, value)| value)
}
