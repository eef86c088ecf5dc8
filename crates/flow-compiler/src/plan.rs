//! From a compiled program to the plan of one flow.
//!
//! Picks the part of the program that the flow reaches, reads its parameters, adds the bounds. What would
//! run and why is decided where there is a journal; a plan made here has no decisions and no inputs.

use crate::problems::{CannotRunYet, MissingParameter, NoSuchFlow, UnknownParameter, WhichFlow, WrongParameter};
use flow_diag::{Problem, Problems};
use flow_expr::{Context, ExprKind, Name, Value, codec};
use flow_plan::{Body, Flow, PLAN_FORMAT, Plan, Program, Start};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// The version of this compiler, as plans keep it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The name of the flow that is meant: whole, or short where only one flow has it; without one, the only flow.
///
/// # Errors
/// There is no such flow, or there are several.
pub fn flow_meant(program: &Program, wanted: Option<&str>) -> Result<Name, Problems> {
    let known = || program.flows.keys().filter(|name| !name.as_str().starts_with("std.")).cloned().collect();
    let Some(wanted) = wanted else {
        let mut flows = program.flows.keys();
        return match (flows.next(), flows.next()) {
            (Some(only), None) => Ok(only.clone()),
            _ => Err(only(WhichFlow { known: known() })),
        };
    };
    let whole = Name::new(wanted);
    if program.flows.contains_key(&whole) {
        return Ok(whole);
    }
    let mut found = program.flows.keys().filter(|name| name.short() == wanted);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) => Err(only(NoSuchFlow { wanted, known: known() })),
        (Some(_), Some(_)) => {
            let several = program.flows.keys().filter(|name| name.short() == wanted).cloned().collect();
            Err(only(WhichFlow { known: several }))
        }
    }
}

fn only(problem: impl Into<Problem>) -> Problems {
    let mut problems = Problems::default();
    problems.push(problem);
    problems
}

/// The plan of a flow with the given parameters as text, as of a time. `part` is what the flow reaches of a
/// program without errors. The plan has no hash yet, since not every plan needs one: [`Plan::seal`] gives it.
///
/// # Errors
/// A parameter is missing, unknown or of another type; a step cannot be run by this version.
pub fn plan(part: Program, flow: &Name, params: &BTreeMap<String, String>, now: Timestamp) -> Result<Plan, Problems> {
    plan_of_start(part, flow, None, params, now)
}

/// As [`plan`], for a start by one of the flow's own clauses, from 0: what it says `with` counts before defaults.
///
/// # Errors
/// As there.
pub fn plan_of_start(
    part: Program,
    flow: &Name,
    clause: Option<usize>,
    params: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Plan, Problems> {
    let Some(declared) = part.flows.get(flow) else {
        return Err(only(NoSuchFlow { wanted: flow.as_str(), known: vec![] }));
    };
    let mut problems = Problems::default();
    let params = parameters(&part, declared, (clause, params), now, &mut problems);
    for step in part.steps.values() {
        if let Body::Other { keyword } = &step.body {
            problems.push(CannotRunYet { step: &step.name, keyword, at: step.at });
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Plan {
        format: PLAN_FORMAT,
        compiler: VERSION.into(),
        hash: "".into(),
        flow: flow.clone(),
        params,
        bounds: flow_analysis::time::bounds(&part, flow),
        program: part,
        inputs: vec![],
        decisions: vec![],
    })
}

/// Values of all parameters: given, or their defaults.
fn parameters(
    program: &Program,
    flow: &Flow,
    (clause, given): (Option<usize>, &BTreeMap<String, String>),
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
        if let Some(text) = given.get(&*param.name) {
            match codec::decode_text(text, &param.ty, &param.name, &context) {
                Ok(value) => drop(values.insert(param.name.clone(), value)),
                Err(errors) => problems.push(WrongParameter { flow, param, text, why: errors.to_string() }),
            }
            continue;
        }
        let by_clause = clause.and_then(|clause| given_by(flow.starts.get(clause)?, &param.name));
        let value = by_clause.or(param.default.as_ref()).or_else(|| match (clause, &flow.starts[..]) {
            // What the flow's only start gives a parameter, a run by hand takes too.
            (None, [only]) => given_by(only, &param.name),
            _ => None,
        });
        match value.map(|value| (&value.kind, value)) {
            Some((ExprKind::Const(value), _)) => drop(values.insert(param.name.clone(), value.clone())),
            Some((_, value)) => match flow_expr::evaluate(value, &(), &context) {
                Ok(value) => drop(values.insert(param.name.clone(), value)),
                Err(error) => {
                    problems.push(WrongParameter { flow, param, text: "", why: error.message.to_string() });
                }
            },
            None => problems.push(MissingParameter { flow, param }),
        }
    }
    values
}

/// What a start gives a parameter.
fn given_by<'f>(start: &'f Start, param: &str) -> Option<&'f flow_expr::Expr> {
    start.with.iter().find(|(name, _)| **name == *param).map(|(_, value)| value)
}
