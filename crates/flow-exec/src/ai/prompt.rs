//! Prompts: text with holes, each filled in as data that cannot end its delimiters.
//!
//! A number, a date or an enum without payload stands in the line as it is; texts, records, lists and tables
//! stand between delimiters. Tables are loaded where they are mentioned. Knows no model.

use crate::{
    api::{Cancel, ComputeCall, StepCall},
    data::Data,
};
use flow_ai::prompt::{delimit, preamble};
use flow_expr::{
    Expr, ExprKind, Name, Part, Type, Value, VarId,
    redact::{labels_in, mark},
};
use flow_plan::{AiBody, Failure};
use std::{collections::BTreeSet, sync::Arc};

/// What is said to a model.
pub(super) struct Filled {
    pub(super) system: String,
    pub(super) prompt: String,
    /// Both as they may be seen by others than the model: labelled data redacted.
    pub(super) shown: (String, String),
}

/// Fills in the holes of a body.
pub(super) async fn fill(data: &Data, call: &StepCall, ai: &AiBody, cancel: &Cancel) -> Result<Filled, Failure> {
    let mut filling = Filling { data, call, cancel, has_data: false };
    let (mut system, mut shown_system) = filling.text(&ai.system).await?;
    let (prompt, shown_prompt) = filling.text(&ai.prompt).await?;
    if filling.has_data {
        for system in [&mut system, &mut shown_system] {
            let gap = if system.is_empty() { "" } else { "\n\n" };
            *system = format!("{system}{gap}{}", preamble());
        }
    }
    Ok(Filled { system, prompt, shown: (shown_system, shown_prompt) })
}

struct Filling<'a> {
    data: &'a Data,
    call: &'a StepCall,
    cancel: &'a Cancel,
    has_data: bool,
}

impl Filling<'_> {
    /// The text, and the text as it may be seen.
    async fn text(&mut self, parts: &[Part]) -> Result<(String, String), Failure> {
        let (mut text, mut shown) = (String::new(), String::new());
        for part in parts {
            match part {
                Part::Text(literal) => {
                    text.push_str(literal);
                    shown.push_str(literal);
                }
                Part::Hole(expr, format) => {
                    let filled = self.hole(expr, format.as_ref()).await?;
                    shown.push_str(self.seen(expr, format.as_ref()).await.as_deref().unwrap_or(&filled));
                    text.push_str(&filled);
                }
            }
        }
        Ok((text, shown))
    }

    /// A hole as it may be seen, if it uses labelled data: what it is with marks in the place of that data. So
    /// whatever it makes of the data, none of it can be in there.
    async fn seen(&self, expr: &Expr, format: Option<&Arc<str>>) -> Option<String> {
        let labels = self.labels(expr);
        if labels.is_empty() {
            return None;
        }
        let hole = Expr::new(ExprKind::Interpolate(vec![Part::Hole(expr.clone(), format.cloned())]), expr.at);
        let compute = self.call_of(hole);
        let redacted = self.data.compute_seen(compute, self.hidden(), self.cancel).await;
        Some(match redacted {
            Ok(Value::String(text)) => text.to_string(),
            // A mark is no number.
            _ => mark(&labels),
        })
    }

    /// The labels of the parameters that an expression uses, and of what is in them.
    fn labels(&self, expr: &Expr) -> Vec<Name> {
        let used = variables(expr);
        let mut found = vec![];
        for param in self.call.step.params.iter().filter(|param| used.contains(&param.var)) {
            found.extend(param.labels.iter().cloned().chain(labels_in(&param.ty, &self.call.program.types)));
        }
        found.sort();
        found.dedup();
        found
    }

    /// What is known of the parameters: their types and labels.
    fn hidden(&self) -> Vec<(VarId, Option<Type>, Vec<Name>)> {
        let params = self.call.step.params.iter();
        params.map(|param| (param.var, Some(param.ty.clone()), param.labels.clone())).collect()
    }

    async fn hole(&mut self, expr: &Expr, format: Option<&Arc<str>>) -> Result<String, Failure> {
        let mut format = format.cloned();
        // What is not said to be a table in CSV or the like is looked at first: a number needs no delimiters.
        if format.is_none() {
            match self.compute(expr.clone()).await? {
                Value::String(_) => {}
                Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Json(_) => format = Some("json".into()),
                Value::Variant(variant) if !variant.fields.is_empty() => format = Some("json".into()),
                _ => return self.written(expr, None).await,
            }
        }
        let text = self.written(expr, format.as_ref()).await?;
        self.has_data = true;
        Ok(delimit(&self.name(expr), &text, format.as_deref().unwrap_or("text")))
    }

    /// A hole as a text with one hole, so that it is written as everywhere else, row limit included.
    async fn written(&self, expr: &Expr, format: Option<&Arc<str>>) -> Result<String, Failure> {
        let hole = ExprKind::Interpolate(vec![Part::Hole(expr.clone(), format.cloned())]);
        match self.compute(Expr::new(hole, expr.at)).await? {
            Value::String(text) => Ok(text.to_string()),
            _ => Ok(String::new()),
        }
    }

    /// What the hole holds, in a word: the parameter, the field.
    fn name(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Var(var) => {
                let param = self.call.step.params.iter().find(|param| param.var == *var);
                param.map_or_else(|| "value".into(), |param| param.name.to_string())
            }
            ExprKind::Field { base, name } => format!("{}.{name}", self.name(base)),
            _ => "value".into(),
        }
    }

    async fn compute(&self, expr: Expr) -> Result<Value, Failure> {
        self.data.compute(self.call_of(expr), self.cancel).await
    }

    fn call_of(&self, expr: Expr) -> ComputeCall {
        let call = self.call;
        let of = |var: VarId| {
            let param = call.step.params.iter().find(|param| param.var == var)?;
            call.args.iter().find(|(name, _)| *name == param.name).map(|(_, value)| (var, value.clone()))
        };
        let bindings = variables(&expr).into_iter().filter_map(of).collect();
        ComputeCall { program: call.program.clone(), expr, bindings, now: call.now }
    }
}

/// The variables that an expression mentions.
fn variables(expr: &Expr) -> BTreeSet<VarId> {
    let var = |expr: &Expr| match expr.kind {
        ExprKind::Var(var) => Some(var),
        _ => None,
    };
    flow_plan::every_expression(expr).filter_map(var).collect()
}
