//! `match`: which arm fits, and what its pattern binds.
//!
//! Knows no types: the checker proved that some arm fits, and where none does, that is a fault.

use super::{
    error::{EvalError, Fault},
    machine::Machine,
};
use crate::{Arm, Expr, Pattern, Value, VarId, render};
use flow_diag::Span;

impl Machine<'_> {
    pub(super) fn matching(&mut self, at: Span, subject: &Expr, arms: &[Arm]) -> Result<Value, EvalError> {
        let subject = self.evaluate(subject)?;
        for arm in arms {
            self.meter.step().map_err(|fault| fault.at(at))?;
            let mut bound = Vec::new();
            if !fits(&arm.pattern, &subject, &mut bound) {
                continue;
            }
            let taken = self.with_locals(bound, |machine| match &arm.condition {
                Some(condition) if !machine.condition(condition)? => Ok(None),
                _ => machine.evaluate(&arm.body).map(Some),
            })?;
            if let Some(value) = taken {
                return Ok(value);
            }
        }
        let mut found = String::new();
        render::short_into(&subject, &mut found);
        Err(Fault::missing(format!("no arm of this `match` fits {found}")).at(at))
    }
}

/// Whether a value fits; fills in what the pattern binds.
fn fits(pattern: &Pattern, value: &Value, bound: &mut Vec<(VarId, Value)>) -> bool {
    match pattern {
        Pattern::Any => true,
        Pattern::Bind(var) => {
            bound.push((*var, value.clone()));
            true
        }
        Pattern::Const(expected) => super::order::equal(expected, value).unwrap_or(false),
        Pattern::Absent => matches!(value, Value::Absent),
        Pattern::Variant(name, payload) => match value {
            Value::Variant(variant) if variant.variant == *name => payload.iter().all(|(field, pattern)| {
                variant
                    .fields
                    .iter()
                    .find(|(declared, _)| declared == field)
                    .is_some_and(|(_, value)| fits(pattern, value, bound))
            }),
            _ => false,
        },
        Pattern::Either(patterns) => patterns.iter().any(|pattern| fits(pattern, value, bound)),
    }
}
