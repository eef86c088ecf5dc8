//! A kernel: an expression over rows that is compiled once enough of them have come.
//!
//! Knows how to choose: rows are counted, and compiled code is made when it has become worth its making, for the shape
//! that batches have. Until then, and where it cannot be, [`Kernel::run`] gives nothing and the evaluator does it.

use crate::{
    answers::Answers,
    code::{Code, Shape},
    cost::worth_from,
    input::{self, Batch},
    kind::Kind,
    plan::{Lower, Plan, Why, within},
};
use arrow_array::{Array as _, ArrayRef};
use flow_expr::{Context, Expr, ExprKind, Limits, Type, Value, VarId};
use std::sync::Arc;

/// Shapes of batches for which there is code at a time; more are unusual.
const MOST_SHAPES: usize = 4;
/// Limits below these are for the evaluator, which counts exactly.
const LEAST_LIMITS: Limits = Limits { steps: 1_000_000, bytes: 1 << 20, depth: 500 };

/// How an expression refers to the columns of its row.
#[derive(Clone, Copy)]
pub enum Rows<'a> {
    /// The variable is the row, its fields are the columns of these names.
    Record(VarId, &'a [Arc<str>]),
    /// The variable is the only column.
    Value(VarId),
    /// These variables are the columns with these numbers.
    Variables(&'a [(VarId, usize)]),
}

/// What is compiled of an expression, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// It is compiled for more rows than this. Parts of it may be evaluated, for these reasons.
    Compiled {
        /// The rows from which on it is worth it.
        more_than: u64,
        /// Why parts of it are not compiled; clauses such as `it calls `upper``.
        evaluated: Vec<String>,
    },
    /// It is evaluated, for this reason.
    Evaluated(String),
}

/// An expression over rows.
pub struct Kernel {
    plan: Result<Plan, Why>,
    worth_from: Option<u64>,
    rows: u64,
    codes: Vec<Code>,
    /// It could not be compiled on this machine.
    refused: bool,
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel").field("coverage", &self.coverage()).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Kernel {
    /// A kernel of a condition over rows with columns of these types.
    #[must_use]
    pub fn condition(expr: &Expr, rows: Rows<'_>, columns: &[Type], context: &Context<'_>) -> Self {
        Self::new(expr, rows, columns, Some(&Kind::Bool), context)
    }

    /// A kernel of any expression over rows with columns of these types.
    #[must_use]
    pub fn value(expr: &Expr, rows: Rows<'_>, columns: &[Type], context: &Context<'_>) -> Self {
        Self::new(expr, rows, columns, None, context)
    }

    fn new(expr: &Expr, rows: Rows<'_>, columns: &[Type], hint: Option<&Kind>, context: &Context<'_>) -> Self {
        let expr = within(expr, &|part| rows.column(part));
        let plan = Lower::plan(&expr, columns, hint, context).and_then(|plan| match plan.root.kind {
            // The evaluator keeps the digits after the point as they came about, which shows in texts.
            Kind::Decimal(_) => Err("its value is a Decimal".to_owned()),
            _ => Ok(plan),
        });
        let mut size = 0;
        expr.visit(&mut |_| size += 1);
        let worth_from = plan.as_ref().ok().and_then(|plan| worth_from(plan, size));
        Self { plan, worth_from, rows: 0, codes: vec![], refused: false }
    }

    /// What of it is compiled, and from when on.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        match (&self.plan, self.worth_from) {
            (Err(why), _) => Coverage::Evaluated(why.clone()),
            (Ok(plan), Some(more_than)) => {
                let mut evaluated: Vec<String> = plan.evaluated.iter().map(|(why, _)| why.clone()).collect();
                evaluated.dedup();
                Coverage::Compiled { more_than, evaluated }
            }
            (Ok(plan), None) => {
                let whys: Vec<&str> = plan.evaluated.iter().map(|(why, _)| why.as_str()).collect();
                Coverage::Evaluated(if whys.is_empty() { "it is short".to_owned() } else { whys.join(", ") })
            }
        }
    }

    /// Compiles from the first row on: for tests and measurements.
    #[must_use]
    pub fn eager(mut self) -> Self {
        self.worth_from = self.plan.is_ok().then_some(0);
        self.expecting(1)
    }

    /// So many rows are going to come, or have gone by without it.
    #[must_use]
    pub fn expecting(mut self, rows: u64) -> Self {
        self.rows = rows;
        self
    }

    /// Whether enough rows have come, or are expected, for it to be compiled.
    #[must_use]
    pub fn is_worth_it(&self) -> bool {
        !self.refused && self.worth_from.is_some_and(|worth| self.rows > worth)
    }

    /// Bytes of machine code that it holds.
    #[must_use]
    pub fn code_bytes(&self) -> usize {
        self.codes.iter().map(Code::bytes).sum()
    }

    /// Runs over a batch, whose columns are those that were declared; `cell` gives one as a value. None if the evaluator
    /// is to do it: there were too few rows so far, it is not compiled, or a column is of another layout.
    pub fn run(
        &mut self,
        columns: &[ArrayRef],
        cell: &dyn Fn(usize, usize) -> Value,
        context: &Context<'_>,
    ) -> Option<Answers> {
        let rows = columns.first()?.len();
        self.rows = self.rows.saturating_add(rows as u64);
        if !self.is_worth_it() || !roomy(&context.limits) {
            return None;
        }
        let plan = self.plan.as_ref().ok()?;
        let batch = Batch { arrays: columns, rows, cell };
        let inputs = input::inputs(plan, &batch, context)?;
        let shape = Shape::of(&inputs);
        let at = match self.codes.iter().position(|code| *code.shape() == shape) {
            Some(at) => at,
            None => {
                let Ok(code) = Code::of(plan, shape) else {
                    self.refused = true;
                    return None;
                };
                if self.codes.len() >= MOST_SHAPES {
                    self.codes.remove(0);
                }
                self.codes.push(code);
                self.codes.len() - 1
            }
        };
        Some(self.codes[at].run(plan, &inputs, rows))
    }
}

fn roomy(limits: &Limits) -> bool {
    limits.steps >= LEAST_LIMITS.steps && limits.bytes >= LEAST_LIMITS.bytes && limits.depth >= LEAST_LIMITS.depth
}

impl Rows<'_> {
    /// The column that an expression is.
    fn column(&self, expr: &Expr) -> Option<usize> {
        match (self, &expr.kind) {
            (Self::Record(row, names), ExprKind::Field { base, name }) => {
                (base.kind == ExprKind::Var(*row)).then(|| names.iter().position(|column| column == name)).flatten()
            }
            (Self::Value(value), ExprKind::Var(var)) => (var == value).then_some(0),
            (Self::Variables(columns), ExprKind::Var(var)) => {
                columns.iter().find(|(known, _)| known == var).map(|(_, column)| *column)
            }
            _ => None,
        }
    }
}
