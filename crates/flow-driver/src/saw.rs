//! What a guard that does not hold looked at: the values of the result and the parameters in its condition.
//!
//! Labelled data is left out. Knows nothing of what the condition makes of the values; tested in `tests/judging.rs` and
//! through `flowc show`.

use crate::{
    shown::{self, instead, labels_in},
    state::CallState,
};
use flow_expr::{Expr, ExprKind, Name, Value, VarId};
use flow_plan::{Carried, Program, subexpressions, words};
use std::sync::Arc;

/// The most values that are kept of one guard.
const MOST_VALUES: usize = 8;

impl CallState {
    /// The parts of a condition that are values of the result or of parameters, as written, with those values.
    pub(crate) fn saw(&self, condition: &Expr, program: &Program) -> Vec<(Arc<str>, Arc<str>)> {
        let (types, carried) = (&program.types, &program.carried);
        let seen = shown::variables(&self.step);
        let mut found: Vec<(Arc<str>, Arc<str>)> = vec![];
        let mut open = vec![condition];
        while let Some(expr) = open.pop() {
            let Some((text, value)) = self.part(expr) else {
                let before = open.len();
                open.extend(subexpressions(expr));
                open[before..].reverse();
                continue;
            };
            if found.len() < MOST_VALUES && found.iter().all(|(known, _)| **known != *text) {
                let mut labels = labels_in(expr, &seen, types);
                labels.extend(self.carried(expr, carried).iter().cloned());
                let words = if labels.is_empty() { words::value(value) } else { instead(&labels) };
                found.push((text.into(), words.into()));
            }
        }
        found
    }

    /// The labels that such a part carries beyond its type.
    fn carried<'c>(&self, expr: &Expr, carried: &'c Carried) -> &'c [Name] {
        match &expr.kind {
            ExprKind::Var(VarId::IT) => carried.by_result(&self.step.name),
            ExprKind::Var(var) => {
                let param = self.step.params.iter().find(|param| param.var == *var);
                param.map_or(&[], |param| carried.by_argument(&self.step.name, &param.name))
            }
            ExprKind::Field { base, .. } => self.carried(base, carried),
            _ => &[],
        }
    }

    /// `it`, a parameter, or a field of one.
    fn part(&self, expr: &Expr) -> Option<(String, &Value)> {
        match &expr.kind {
            ExprKind::Var(VarId::IT) => Some(("it".to_owned(), &self.product.as_ref()?.value)),
            ExprKind::Var(var) => {
                let (param, value) = self.step.params.iter().zip(&self.args).find(|(param, _)| param.var == *var)?;
                Some((param.name.to_string(), value))
            }
            ExprKind::Field { base, name } => {
                let (text, Value::Record(record)) = self.part(base)? else { return None };
                let (_, value) = record.fields.iter().find(|(field, _)| field == name)?;
                Some((format!("{text}.{name}"), value))
            }
            _ => None,
        }
    }
}
