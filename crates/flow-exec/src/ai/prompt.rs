//! Prompts: text with holes, each filled in as data that cannot end its delimiters.
//!
//! A number, a date or an enum without payload stands in the line as it is; texts, records, lists and tables
//! stand between delimiters. Tables are loaded where they are mentioned. Knows no model.

use crate::{
    api::{Cancel, ComputeCall, StepCall},
    data::Data,
};
use flow_ai::prompt::{delimit, preamble};
use flow_expr::{Expr, ExprKind, Part, Value, VarId};
use flow_plan::{AiBody, Failure};
use std::sync::Arc;

/// What is said to a model.
pub(super) struct Filled {
    pub(super) system: String,
    pub(super) prompt: String,
}

/// Fills in the holes of a body.
pub(super) async fn fill(data: &Data, call: &StepCall, ai: &AiBody, cancel: &Cancel) -> Result<Filled, Failure> {
    let mut filling = Filling { data, call, cancel, has_data: false };
    let mut system = filling.text(&ai.system).await?;
    let prompt = filling.text(&ai.prompt).await?;
    if filling.has_data {
        let gap = if system.is_empty() { "" } else { "\n\n" };
        system = format!("{system}{gap}{}", preamble());
    }
    Ok(Filled { system, prompt })
}

struct Filling<'a> {
    data: &'a Data,
    call: &'a StepCall,
    cancel: &'a Cancel,
    has_data: bool,
}

impl Filling<'_> {
    async fn text(&mut self, parts: &[Part]) -> Result<String, Failure> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Hole(expr, format) => text.push_str(&self.hole(expr, format.as_ref()).await?),
            }
        }
        Ok(text)
    }

    async fn hole(&mut self, expr: &Expr, format: Option<&Arc<str>>) -> Result<String, Failure> {
        let value = self.compute(expr.clone()).await?;
        let format = match (format, &value) {
            (Some(format), _) => Some(format.clone()),
            (None, Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Json(_)) => Some("json".into()),
            (None, Value::Variant(variant)) if !variant.fields.is_empty() => Some("json".into()),
            _ => None,
        };
        // As a text with one hole, so that it is written as everywhere else, row limit included.
        let hole = ExprKind::Interpolate(vec![Part::Hole(expr.clone(), format.clone())]);
        let Value::String(text) = self.compute(Expr::new(hole, expr.at)).await? else { return Ok(String::new()) };
        if format.is_none() && !matches!(value, Value::String(_)) {
            return Ok(text.to_string());
        }
        self.has_data = true;
        Ok(delimit(&self.name(expr), &text, format.as_deref().unwrap_or("text")))
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
        let call = self.call;
        let of = |var: VarId| {
            let param = call.step.params.iter().find(|param| param.var == var)?;
            call.args.iter().find(|(name, _)| *name == param.name).map(|(_, value)| (var, value.clone()))
        };
        let vars: std::collections::BTreeSet<VarId> = flow_plan::every_expression(&expr)
            .filter_map(|expr| match expr.kind {
                ExprKind::Var(var) => Some(var),
                _ => None,
            })
            .collect();
        let bindings = vars.into_iter().filter_map(of).collect();
        let compute = ComputeCall { program: call.program.clone(), expr, bindings, now: call.now };
        self.data.compute(compute, self.cancel).await
    }
}
