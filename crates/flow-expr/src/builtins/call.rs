//! What an implementation of a built-in sees: its arguments, the machine for lambdas and limits, its place.
//!
//! The accessors fault rather than trust: the IR may come from a stored plan.

use crate::{
    EvalError, Expr, MapKey, TableData, Value, VarId,
    eval::{Callable, Fault, Machine, order, sequence::Sequence},
    render,
};
use flow_diag::Span;
use std::{collections::BTreeMap, sync::Arc};

/// An argument: lambdas on the spot are not made into values.
pub(super) enum Argument<'e> {
    Value(Value),
    Lambda(&'e [VarId], &'e Expr),
}

/// One call.
pub(super) struct Call<'c, 'm, 'e> {
    pub(super) machine: &'c mut Machine<'m>,
    pub(super) at: Span,
    pub(super) arguments: &'e [Argument<'e>],
}

type Outcome<T> = Result<T, EvalError>;

impl<'e> Call<'_, '_, 'e> {
    /// Gives a fault the place of the call.
    pub(super) fn fail<T>(&self, fault: Fault) -> Outcome<T> {
        Err(fault.at(self.at))
    }

    pub(super) fn locate<T>(&self, result: Result<T, Fault>) -> Outcome<T> {
        result.map_err(|fault| fault.at(self.at))
    }

    /// An argument, unless it is not given.
    pub(super) fn given(&self, index: usize) -> Option<&'e Value> {
        match self.arguments.get(index) {
            Some(Argument::Value(value)) => Some(value),
            _ => None,
        }
    }

    pub(super) fn value(&self, index: usize) -> Outcome<&'e Value> {
        self.given(index).ok_or_else(|| Fault::kind(format!("argument {} is missing", index + 1)).at(self.at))
    }

    fn expected<T>(&self, index: usize, kind: &str) -> Outcome<T> {
        match self.value(index)? {
            Value::Absent => self.fail(Fault::absent(format!("argument {} has no value", index + 1))),
            found => {
                let found = render::kind(found);
                self.fail(Fault::kind(format!("argument {} must be {kind}, found {found}", index + 1)))
            }
        }
    }

    pub(super) fn text(&self, index: usize) -> Outcome<&'e Arc<str>> {
        match self.value(index)? {
            Value::String(text) => Ok(text),
            _ => self.expected(index, "a String"),
        }
    }

    pub(super) fn int(&self, index: usize) -> Outcome<i64> {
        match self.value(index)? {
            Value::Int(number) => Ok(*number),
            _ => self.expected(index, "an Int"),
        }
    }

    pub(super) fn int_or(&self, index: usize, default: i64) -> Outcome<i64> {
        if self.arguments.len() > index { self.int(index) } else { Ok(default) }
    }

    pub(super) fn text_or(&self, index: usize, default: &'e str) -> Outcome<&'e str> {
        if self.arguments.len() > index { self.text(index).map(|text| &**text) } else { Ok(default) }
    }

    /// How many: not negative.
    pub(super) fn count(&self, index: usize) -> Outcome<usize> {
        let number = self.int(index)?;
        usize::try_from(number).or_else(|_| self.fail(Fault::argument(format!("expected 0 or more, found {number}"))))
    }

    pub(super) fn list(&self, index: usize) -> Outcome<&'e Arc<[Value]>> {
        match self.value(index)? {
            Value::List(items) => Ok(items),
            _ => self.expected(index, "a List"),
        }
    }

    pub(super) fn map(&self, index: usize) -> Outcome<&'e Arc<BTreeMap<MapKey, Value>>> {
        match self.value(index)? {
            Value::Map(entries) => Ok(entries),
            _ => self.expected(index, "a Map"),
        }
    }

    pub(super) fn key(&self, index: usize) -> Outcome<MapKey> {
        self.locate(order::map_key(self.value(index)?))
    }

    pub(super) fn json(&self, index: usize) -> Outcome<&'e Arc<serde_json::Value>> {
        match self.value(index)? {
            Value::Json(json) => Ok(json),
            _ => self.expected(index, "Json"),
        }
    }

    pub(super) fn sequence(&self, index: usize) -> Outcome<Sequence> {
        self.locate(Sequence::of(self.value(index)?))
    }

    pub(super) fn table(&self, index: usize) -> Outcome<(Arc<dyn TableData>, crate::Type)> {
        match self.sequence(index)? {
            Sequence::Table(data, ty) => Ok((data, ty)),
            Sequence::List(_) => self.expected(index, "a Table"),
        }
    }

    pub(super) fn callable(&self, index: usize) -> Outcome<Callable<'e>> {
        match self.arguments.get(index).and_then(Argument::callable) {
            Some(callable) => Ok(callable),
            None => self.expected(index, "a function"),
        }
    }

    /// Whether there is a lambda at this place.
    pub(super) fn has_callable(&self, index: usize) -> bool {
        self.arguments.get(index).is_some_and(|argument| argument.callable().is_some())
    }

    /// Every item of the first argument, or what the lambda at `lambda` makes of it if one is there; stops on `true`.
    pub(super) fn each(
        &mut self,
        lambda: usize,
        mut done: impl FnMut(&mut Machine<'_>, usize, Value) -> Outcome<bool>,
    ) -> Outcome<()> {
        let items = self.sequence(0)?;
        if self.has_callable(lambda) {
            let callable = self.callable(lambda)?;
            return items.each(self.machine, self.at, callable, done);
        }
        for index in 0..items.len() {
            self.step()?;
            if done(self.machine, index, items.item(index))? {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn step(&mut self) -> Outcome<()> {
        self.machine.meter.step().map_err(|fault| fault.at(self.at))
    }

    /// Counts elements that are about to be made.
    pub(super) fn elements(&mut self, count: usize) -> Outcome<()> {
        self.machine.meter.elements(count as u64).map_err(|fault| fault.at(self.at))
    }

    /// Counts bytes that are about to be made.
    pub(super) fn bytes(&mut self, count: usize) -> Outcome<()> {
        self.machine.meter.bytes(count as u64).map_err(|fault| fault.at(self.at))
    }

    /// A list of values, counted.
    pub(super) fn list_of(&mut self, values: Vec<Value>) -> Outcome<Value> {
        self.elements(values.len())?;
        Ok(Value::List(values.into()))
    }

    /// A string, counted.
    pub(super) fn string(&mut self, text: impl Into<Arc<str>>) -> Outcome<Value> {
        let text = text.into();
        self.bytes(text.len())?;
        Ok(Value::String(text))
    }
}

/// Copies of the items of a sequence.
pub(super) fn items(sequence: &Sequence) -> Vec<Value> {
    (0..sequence.len()).map(|index| sequence.item(index)).collect()
}
