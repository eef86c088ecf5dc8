//! Making records and variants, whose refinements are checked as they are made.
//!
//! A value that breaks a promise of its type never exists, wherever it came from: here from an
//! expression, in `codec/` from outside.

use super::{
    error::{EvalError, Fault},
    machine::Machine,
};
use crate::{Expr, Field, Name, Record, Refinement, Type, TypeDef, Value, VarId, VariantValue, render};
use flow_diag::Span;
use std::sync::Arc;

type Fields = Vec<(Arc<str>, Value)>;

impl Machine<'_> {
    pub(super) fn record(
        &mut self,
        at: Span,
        ty: &Name,
        base: Option<&Expr>,
        fields: &[(Arc<str>, Expr)],
    ) -> Result<Value, EvalError> {
        let base = base.map(|base| self.evaluate(base)).transpose()?;
        let given = self.fields(fields)?;
        let types = self.context.types;
        let Some(TypeDef::Record(declared)) = types.get(ty) else {
            return Err(Fault::kind(format!("`{ty}` is no record")).at(at));
        };
        let complete = self.complete(at, ty, declared, base.as_ref(), given)?;
        self.check_fields(at, declared, &complete)?;
        Ok(Value::Record(Arc::new(Record { ty: ty.clone(), fields: complete })))
    }

    pub(super) fn variant(
        &mut self,
        at: Span,
        ty: &Name,
        variant: &Arc<str>,
        fields: &[(Arc<str>, Expr)],
    ) -> Result<Value, EvalError> {
        let given = self.fields(fields)?;
        let types = self.context.types;
        let declared = super::order::variants(ty, types)
            .and_then(|variants| variants.iter().find(|declared| declared.name == *variant))
            .ok_or_else(|| Fault::kind(format!("`{ty}` has no variant `{variant}`")).at(at))?;
        let complete = self.complete(at, ty, &declared.payload, None, given)?;
        self.check_fields(at, &declared.payload, &complete)?;
        Ok(Value::Variant(Arc::new(VariantValue { ty: ty.clone(), variant: variant.clone(), fields: complete })))
    }

    fn fields(&mut self, fields: &[(Arc<str>, Expr)]) -> Result<Fields, EvalError> {
        fields.iter().map(|(name, expr)| Ok((name.clone(), self.evaluate(expr)?))).collect()
    }

    /// Every declared field in order: given, else from the base, else absent where that is allowed.
    fn complete(
        &mut self,
        at: Span,
        ty: &Name,
        declared: &[Field],
        base: Option<&Value>,
        given: Fields,
    ) -> Result<Fields, EvalError> {
        self.meter.elements(declared.len() as u64).map_err(|fault| fault.at(at))?;
        if let Some((unknown, _)) = given.iter().find(|(name, _)| declared.iter().all(|field| field.name != *name)) {
            return Err(Fault::kind(format!("`{}` has no field `{unknown}`", ty.short())).at(at));
        }
        let value_of = |field: &Field| -> Result<Value, Fault> {
            if let Some((_, value)) = given.iter().find(|(name, _)| *name == field.name) {
                return Ok(value.clone());
            }
            match base {
                Some(base) => super::machine::field(base, &field.name),
                None if matches!(field.ty, Type::Optional(_)) => Ok(Value::Absent),
                None => Err(Fault::kind(format!("`{}` needs a field `{}`", ty.short(), field.name))),
            }
        };
        declared.iter().map(|field| Ok((field.name.clone(), value_of(field).map_err(|fault| fault.at(at))?))).collect()
    }

    fn check_fields(&mut self, at: Span, declared: &[Field], values: &Fields) -> Result<(), EvalError> {
        for (field, (_, value)) in declared.iter().zip(values) {
            if let Some(text) = self.broken_refinement(&field.ty, field.refinement.as_ref(), value)? {
                let found = if field.labels.is_empty() { render::short(value) } else { "[redacted]".to_owned() };
                let message = format!("`{}` must satisfy `{text}`, found {found}", field.name);
                return Err(Fault::refinement(message).at(at));
            }
        }
        Ok(())
    }

    /// The text of the first refinement of a place that its value breaks: its own, then those of its type.
    ///
    /// An absent value breaks none.
    pub(crate) fn broken_refinement(
        &mut self,
        ty: &Type,
        own: Option<&Refinement>,
        value: &Value,
    ) -> Result<Option<Arc<str>>, EvalError> {
        if matches!(value, Value::Absent) {
            return Ok(None);
        }
        let types = self.context.types;
        let mut next = own;
        let mut ty = ty.required();
        loop {
            if let Some(refinement) = next
                && !self.holds(refinement, value)?
            {
                return Ok(Some(refinement.text.clone()));
            }
            let Type::Named(name) = ty else { return Ok(None) };
            let Some(TypeDef::Refined { base, refinement, .. }) = types.get(name) else { return Ok(None) };
            next = Some(refinement);
            ty = base.required();
            // An alias of itself is refused by the checker; the meter ends it here.
            self.meter.step().map_err(|fault| fault.at(refinement.condition.at))?;
        }
    }

    /// Whether a refinement holds for a value.
    pub(crate) fn holds(&mut self, refinement: &Refinement, value: &Value) -> Result<bool, EvalError> {
        self.with_frame([(VarId::IT, value.clone())], |machine| machine.condition(&refinement.condition))
    }
}
