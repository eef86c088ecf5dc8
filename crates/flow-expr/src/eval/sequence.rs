//! What built-ins walk over: the items of a list or the rows of a table.
//!
//! Knows no built-ins. A lambda over a table's rows whose body only takes fields of its parameter is
//! rewritten once, so that a row costs its used cells and not a record; a table that has a faster way to what the body
//! gives ([`TableData::computed`]) is asked for it first. What it gives costs one step a row, whatever the body.

use super::{Callable, EvalError, Fault, Machine};
use crate::{Expr, ExprKind, Name, Record, TableData, Type, Value, VarId, render};
use flow_diag::Span;
use std::sync::Arc;

/// Items in order.
#[derive(Clone)]
pub(crate) enum Sequence {
    List(Arc<[Value]>),
    Table(Arc<dyn TableData>, Type),
}

impl Sequence {
    pub(crate) fn of(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::List(items) => Ok(Self::List(items.clone())),
            Value::Table(table) => match &table.data {
                Some(data) => Ok(Self::Table(data.clone(), table.ty.clone())),
                None => Err(Fault::kind("the rows of this table are not loaded here")),
            },
            Value::Absent => Err(Fault::absent("there is no list or table here")),
            other => Err(Fault::kind(format!("expected a list or table, found {}", render::kind(other)))),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Table(data, _) => data.rows(),
        }
    }

    pub(crate) fn item(&self, index: usize) -> Value {
        match self {
            Self::List(items) => items.get(index).cloned().unwrap_or(Value::Absent),
            Self::Table(data, ty) => row(&**data, ty, index),
        }
    }

    /// Calls a lambda of one parameter with every item, until `done` says so.
    pub(crate) fn each(
        &self,
        machine: &mut Machine<'_>,
        at: Span,
        callable: Callable<'_>,
        mut done: impl FnMut(&mut Machine<'_>, usize, Value) -> Result<bool, EvalError>,
    ) -> Result<(), EvalError> {
        let narrow = match (self, callable) {
            (Self::Table(data, _), Callable::Lambda([param], body)) => {
                let first = machine.column_variables(data.columns().len());
                Narrow::new(*param, body, data.columns(), first)
            }
            _ => None,
        };
        let closed = narrow.as_ref().and_then(|narrow| narrow.closed(machine));
        let mut computed = match (self, &narrow, &closed) {
            (Self::Table(data, _), Some(narrow), Some(closed)) => {
                data.computed(closed, &narrow.columns, machine.context)
            }
            _ => None,
        };
        for index in 0..self.len() {
            machine.meter.step().map_err(|fault| fault.at(at))?;
            if let Some(value) = computed.as_mut().and_then(|computed| computed.get(index)) {
                if done(machine, index, value)? {
                    break;
                }
                continue;
            }
            let value = match (&narrow, self) {
                (Some(narrow), Self::Table(data, _)) => {
                    machine.with_locals(narrow.cells(&**data, index), |machine| machine.evaluate(&narrow.body))
                }
                _ => machine.apply(at, callable, [self.item(index)]),
            };
            let value = value.map_err(|error| match self {
                Self::Table(..) => EvalError { row: error.row.or(Some(index as u64)), ..error },
                Self::List(_) => error,
            })?;
            if done(machine, index, value)? {
                break;
            }
        }
        Ok(())
    }
}

/// A row as a record.
pub(crate) fn row(data: &dyn TableData, ty: &Type, index: usize) -> Value {
    let ty = match ty {
        Type::Named(name) => name.clone(),
        _ => Name::new(""),
    };
    let fields = data.columns().iter().enumerate().map(|(column, name)| (name.clone(), data.cell(index, column)));
    Value::Record(Arc::new(Record { ty, fields: fields.collect() }))
}

/// A lambda's body over the cells of a row in place of the row.
pub(crate) struct Narrow {
    pub(crate) body: Expr,
    /// The columns that it uses, with their variables.
    columns: Vec<(VarId, usize)>,
}

impl Narrow {
    /// Rewrites `param.column` to variables, that of column n being `first - n`.
    ///
    /// `None` if the body uses the parameter in any other way.
    pub(crate) fn new(param: VarId, body: &Expr, names: &[Arc<str>], first: u32) -> Option<Self> {
        let mut body = body.clone();
        let mut columns: Vec<(VarId, usize)> = Vec::new();
        body.visit_mut(&mut |expr| {
            let ExprKind::Field { base, name } = &expr.kind else { return };
            if base.kind != ExprKind::Var(param) {
                return;
            }
            let Some(column) = names.iter().position(|declared| declared == name) else { return };
            let var = VarId(first.wrapping_sub(column as u32));
            if columns.iter().all(|(known, _)| *known != var) {
                columns.push((var, column));
            }
            expr.kind = ExprKind::Var(var);
        });
        let mut whole = false;
        body.visit(&mut |expr| whole |= expr.kind == ExprKind::Var(param));
        (!whole).then_some(Self { body, columns })
    }

    /// The body with the values of all other variables in their place.
    fn closed(&self, machine: &Machine<'_>) -> Option<Expr> {
        let free = self.body.free_variables();
        let others: Vec<VarId> =
            free.into_iter().filter(|var| self.columns.iter().all(|(column, _)| column != var)).collect();
        let values: Vec<(VarId, Value)> =
            others.into_iter().map(|var| Some((var, machine.variable(var).ok()?))).collect::<Option<_>>()?;
        let mut body = self.body.clone();
        body.visit_mut(&mut |part| {
            if let ExprKind::Var(var) = &part.kind
                && let Some((_, value)) = values.iter().find(|(known, _)| known == var)
            {
                part.kind = ExprKind::Const(value.clone());
            }
        });
        Some(body)
    }

    /// Which columns the body uses, in the order of first use.
    pub(crate) fn positions(&self) -> Vec<usize> {
        self.columns.iter().map(|(_, column)| *column).collect()
    }

    pub(crate) fn cells<'t>(
        &'t self,
        data: &'t dyn TableData,
        row: usize,
    ) -> impl Iterator<Item = (VarId, Value)> + 't {
        self.columns.iter().map(move |(var, column)| (*var, data.cell(row, *column)))
    }
}
