//! One step at a time: `:run aggregate(orders)`, `:ask write_note(revenue, total)`, `:try grounded(text, table)`.
//!
//! Arguments are expressions of the prompt, checked against the parameters. An argument that is left out is the dataset, or
//! the name that was bound, that is called as its parameter is; else the parameter's default.

use crate::{
    Host, Session,
    answer::{Valued, only_named},
    session::Outcome,
    show,
};
use flow_diag::FileId;
use flow_expr::{
    Name, Value,
    redact::{labels_in, mark},
};
use flow_plan::{Body, Effect, NodeKind, Program, Step};
use flow_syntax::ast;
use std::sync::Arc;

/// A step with the arguments of a call.
struct Call {
    program: Arc<Program>,
    step: Arc<Step>,
    args: Vec<(Arc<str>, Value)>,
    /// The labels of all that it is given.
    labels: Vec<Name>,
    /// Those that arguments have beyond what their types name.
    beyond: Vec<Name>,
}

impl Call {
    /// The labels of what the step gives, beyond those that its type names. Where no flow calls it, nobody has followed
    /// them through it, so it is taken to give all that it is given.
    fn carried(&self) -> Vec<Name> {
        let calls =
            |node: &flow_plan::Node| matches!(&node.kind, NodeKind::Call { step, .. } if *step == self.step.name);
        if !self.program.flows.values().any(|flow| flow.nodes().any(calls)) {
            return self.labels.clone();
        }
        let known = self.program.carried.by_result(&self.step.name);
        known.iter().chain(&self.beyond).cloned().collect()
    }
}

impl Session {
    /// `:run STEP(…)`: one attempt, for real.
    pub(crate) fn run(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        let (text, is_sure) = match text.strip_prefix("! ") {
            Some(rest) => (rest.trim(), true),
            None => (text, false),
        };
        let call = match self.call(text, host) {
            Ok(call) => call,
            Err(outcome) => return outcome,
        };
        if matches!(call.step.body, Body::Ai(_)) {
            let name = call.step.name.short();
            return Outcome::failed(format!(
                "error: `{name}` asks a model, and its guards decide: `:ask {name}` shows the prompt, `:start FLOW` runs it\n"
            ));
        }
        if call.step.effect >= Effect::Write && !is_sure {
            return Outcome::failed(format!(
                "error: `{}` changes the world outside: `:run ! {text}` runs it all the same\n",
                call.step.name.short()
            ));
        }
        let returns = call.step.returns.clone();
        let (labels, program) = (call.carried(), call.program.clone());
        match host.run(&call.program, &call.step, call.args) {
            Ok(value) => {
                let valued = Valued { value, ty: returns, labels, program };
                let shown = valued.shown(host);
                self.keep_last(valued);
                Outcome::done(if shown.is_empty() { "done\n".to_owned() } else { shown })
            }
            Err(mut trouble) => {
                if !call.labels.is_empty() {
                    trouble.unquote(&mark(&call.labels));
                    trouble.stderr_tail = None;
                }
                Outcome::trouble(&trouble)
            }
        }
    }

    /// `:ask STEP(…)`: the prompt of an AI step, without sending it.
    pub(crate) fn prompt_of(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        let call = match self.call(text, host) {
            Ok(call) => call,
            Err(outcome) => return outcome,
        };
        if !matches!(call.step.body, Body::Ai(_)) {
            return Outcome::failed(format!("error: `{}` asks no model: `:run` runs it\n", call.step.name.short()));
        }
        match host.prompt(&call.program, &call.step, call.args) {
            Ok(prompt) => Outcome::done(prompt),
            Err(trouble) => Outcome::trouble(&trouble),
        }
    }

    /// `:try GUARD(…)` or `:try CONDITION`: whether it holds, in words.
    pub(crate) fn try_guard(&mut self, text: &str, host: &mut dyn Host) -> Outcome {
        match self.value_of(text, Some(&flow_expr::Type::Bool), host) {
            Ok(Valued { value: Value::Bool(true), .. }) => Outcome::done("it passes\n"),
            Ok(_) => Outcome { is_done: false, ..Outcome::done("it is rejected\n") },
            Err(outcome) => outcome,
        }
    }

    fn call(&mut self, text: &str, host: &mut dyn Host) -> Result<Call, Outcome> {
        let compiled = self.compiled(host);
        let (name, given) = parts(text).map_err(Outcome::failed)?;
        let program = compiled.program.clone();
        let Some(step) = only_named(program.steps.keys(), &name).and_then(|name| program.steps.get(&name)) else {
            let flow = only_named(program.flows.keys(), &name);
            let way_out = match flow {
                Some(flow) => {
                    format!("`{0}` is a flow: `:start {0}` runs it and publishes what it writes", flow.short())
                }
                None => "`:feeds *` lists what there is".to_owned(),
            };
            return Err(Outcome::failed(format!("error: there is no step `{name}`; {way_out}\n")));
        };
        let step = Arc::new(step.clone());
        let (mut args, mut labels, mut beyond) = (vec![], vec![], vec![]);
        for (place, param) in step.params.iter().enumerate() {
            let named = given.iter().find(|(name, _)| name.as_deref() == Some(&*param.name));
            let written = named.or_else(|| given.get(place).filter(|(name, _)| name.is_none()));
            let is_known = self.bound.iter().any(|bound| bound.name == param.name)
                || only_named(program.datasets.keys(), &param.name).is_some();
            let known = match written {
                Some((_, text)) => Some(text.as_str()),
                None => is_known.then_some(&*param.name),
            };
            let value = match (known, &param.default) {
                (Some(text), _) => {
                    let valued = self.value_of(text, Some(&param.ty), host)?;
                    beyond.extend(valued.labels);
                    valued.value
                }
                (None, Some(default)) => {
                    host.compute(&program, default.clone(), vec![]).map_err(|trouble| Outcome::trouble(&trouble))?
                }
                (None, None) => {
                    let (step, param, ty) = (step.name.short(), &param.name, show::short(&param.ty));
                    return Err(Outcome::failed(format!(
                        "error: `{step}` needs `{param}`, a {ty}: `:run {step}({param}: …)`, or `let {param} = …` before\n"
                    )));
                }
            };
            labels.extend(param.labels.iter().cloned().chain(labels_in(&param.ty, &program.types)));
            args.push((param.name.clone(), value));
        }
        let known = |name: &str| step.params.iter().any(|param| *param.name == *name);
        let stray = given.iter().enumerate().find(|(place, (name, _))| match name {
            Some(name) => !known(name),
            None => *place >= step.params.len(),
        });
        if let Some((_, (_, text))) = stray {
            return Err(Outcome::failed(format!("error: `{}` takes no such argument: `{text}`\n", step.name.short())));
        }
        labels.extend(beyond.iter().cloned());
        labels.sort();
        labels.dedup();
        Ok(Call { program, step, args, labels, beyond })
    }
}

/// An argument as it is written, with the name of its parameter if that is.
type Given = (Option<String>, String);

/// The name and the arguments of a call as they are written; a name alone is a call without any.
fn parts(text: &str) -> Result<(String, Vec<Given>), String> {
    let wrong = || "error: expected a call of a step, such as `:run aggregate(orders)`\n".to_owned();
    let parsed = flow_syntax::parse_expression(FileId(0), text);
    if !parsed.problems.0.is_empty() {
        return Err(wrong());
    }
    let written = |node: &flow_syntax::SyntaxNode| node.text().to_string().trim().to_owned();
    match parsed.expression() {
        Some(ast::Expr::Call(call)) => {
            let callee = call.callee().ok_or_else(wrong)?;
            let args = call.args().filter_map(|arg| {
                let name = arg.name().map(|name| name.text().to_owned());
                Some((name, written(arg.value()?.syntax())))
            });
            Ok((written(callee.syntax()), args.collect()))
        }
        Some(other @ (ast::Expr::Name(_) | ast::Expr::Field(_))) => Ok((written(other.syntax()), vec![])),
        _ => Err(wrong()),
    }
}
