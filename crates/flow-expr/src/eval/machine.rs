//! The walk over expressions: variables, control flow, calls, lambdas.
//!
//! Knows no operators (`arithmetic.rs`), no patterns (`matching.rs`), no built-in by name.
//!
//! Chains such as `a + b + c` are walked in a loop, since they nest as deep as they are long. All other
//! nesting counts against `Limits::depth`.

use super::{Context, EvalError, Scope, arithmetic, error::Fault, limits::Meter, order};
use crate::{BinaryOp, Closure, Expr, ExprKind, Name, Part, Value, VarId, builtins, render};
use flow_diag::Span;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A level takes less than this, in a debug build too; with less left, the stack grows on the heap. Evaluations run
/// on worker threads whose stacks are small.
pub(super) const STACK_LEFT: usize = 128 << 10;
/// How much it grows by.
pub(super) const STACK_MORE: usize = 1 << 20;

/// What an argument in function position is: a lambda on the spot, or a value that is one.
#[derive(Clone, Copy)]
pub(crate) enum Callable<'e> {
    /// Parameters and body; evaluated where it stands, so it needs no captured values.
    Lambda(&'e [VarId], &'e Expr),
    /// A closure.
    Closure(&'e Closure),
}

/// One evaluation.
pub(crate) struct Machine<'a> {
    scope: &'a dyn Scope,
    pub(crate) context: &'a Context<'a>,
    pub(crate) meter: Meter,
    /// Values of lambda parameters, pattern bindings and function parameters, innermost last.
    locals: Vec<(VarId, Value)>,
    /// Where the variables of the current function begin in `locals`.
    frame: usize,
    /// Whether the outer scope is visible: not inside a function of the program.
    outermost: bool,
    /// The next variable that may stand for a column of a table; they count down, far above a program's own.
    next_column: u32,
    /// Regular expressions compiled so far, by pattern.
    pub(crate) regexes: HashMap<Arc<str>, Arc<regex::Regex>>,
    /// JSON Schemas compiled so far, by their text.
    pub(crate) schemas: HashMap<Arc<str>, Arc<crate::schema::Schema>>,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(scope: &'a dyn Scope, context: &'a Context<'a>) -> Self {
        Self {
            scope,
            context,
            meter: Meter::new(context.limits),
            locals: Vec::new(),
            frame: 0,
            outermost: true,
            next_column: VarId::IT.0 - 1,
            regexes: HashMap::new(),
            schemas: HashMap::new(),
        }
    }

    /// The value of an expression in the current frame.
    pub(crate) fn evaluate(&mut self, expr: &Expr) -> Result<Value, EvalError> {
        self.meter.step().map_err(|fault| fault.at(expr.at))?;
        // Leaves do not nest.
        match &expr.kind {
            ExprKind::Const(value) => return Ok(value.clone()),
            ExprKind::Var(var) => return self.variable(*var).map_err(|fault| fault.at(expr.at)),
            _ => {}
        }
        self.meter.enter().map_err(|fault| fault.at(expr.at))?;
        let value = stacker::maybe_grow(STACK_LEFT, STACK_MORE, || self.evaluate_node(expr));
        self.meter.leave();
        value
    }

    fn evaluate_node(&mut self, expr: &Expr) -> Result<Value, EvalError> {
        let at = expr.at;
        match &expr.kind {
            ExprKind::Const(value) => Ok(value.clone()),
            ExprKind::Var(var) => self.variable(*var).map_err(|fault| fault.at(at)),
            ExprKind::Field { base, name } => {
                let base = self.evaluate(base)?;
                field(&base, name).map_err(|fault| fault.at(at))
            }
            ExprKind::Record { ty, base, fields } => self.record(at, ty, base.as_deref(), fields),
            ExprKind::Variant { ty, variant, fields } => self.variant(at, ty, variant, fields),
            ExprKind::List(items) => self.list(at, items),
            ExprKind::Range(low, high) => {
                let (low, high) = (self.evaluate(low)?, self.evaluate(high)?);
                arithmetic::range(&low, &high, &mut self.meter).map_err(|fault| fault.at(at))
            }
            ExprKind::Unary(op, operand) => {
                let operand = self.evaluate(operand)?;
                arithmetic::unary(*op, &operand).map_err(|fault| fault.at(at))
            }
            ExprKind::Binary(..) => self.chain(expr),
            ExprKind::If(condition, then, otherwise) => {
                if self.condition(condition)? {
                    self.evaluate(then)
                } else {
                    self.evaluate(otherwise)
                }
            }
            ExprKind::Match(subject, arms) => self.matching(at, subject, arms),
            ExprKind::Call(name, arguments) => self.call(at, name, arguments),
            ExprKind::Builtin(name, arguments) => builtins::call(self, at, name, arguments),
            ExprKind::Lambda(params, body) => Ok(self.close(params, body)),
            ExprKind::Interpolate(parts) => self.interpolate(at, parts),
            ExprKind::Refined(inner, ty) => {
                let value = self.evaluate(inner)?;
                match self.broken_inside(ty, &value) {
                    None => Ok(value),
                    Some(broken) => Err(Fault::refinement(broken.to_string()).at(at)),
                }
            }
            ExprKind::IntToDecimal(inner) => match self.evaluate(inner)? {
                Value::Int(number) => Ok(Value::Decimal(number.into())),
                same @ (Value::Decimal(_) | Value::Absent) => Ok(same),
                other => Err(Fault::kind(format!("expected an Int, found {}", render::kind(&other))).at(at)),
            },
        }
    }

    /// The value of a variable of the current frame.
    pub(super) fn variable(&self, var: VarId) -> Result<Value, Fault> {
        let local = self.locals[self.frame..].iter().rev().find(|(name, _)| *name == var);
        match local {
            Some((_, value)) => Ok(value.clone()),
            None if self.outermost => self.scope.get(var).ok_or_else(|| Fault::kind("this variable has no value here")),
            None => Err(Fault::kind("this variable has no value here")),
        }
    }

    /// The first of this many variables for columns, distinct from those of the tables being walked around this one.
    pub(crate) fn column_variables(&mut self, count: usize) -> u32 {
        let first = self.next_column;
        self.next_column = first.saturating_sub(count as u32);
        first
    }

    /// Evaluates with more variables, which are gone afterwards.
    pub(crate) fn with_locals<T>(
        &mut self,
        locals: impl IntoIterator<Item = (VarId, Value)>,
        work: impl FnOnce(&mut Self) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let before = self.locals.len();
        self.locals.extend(locals);
        let result = work(self);
        self.locals.truncate(before);
        result
    }

    /// Evaluates with these variables and no others.
    pub(super) fn with_frame<T>(
        &mut self,
        locals: impl IntoIterator<Item = (VarId, Value)>,
        work: impl FnOnce(&mut Self) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let (frame, outermost) = (self.frame, self.outermost);
        self.frame = self.locals.len();
        self.outermost = false;
        let result = self.with_locals(locals, work);
        self.frame = frame;
        self.outermost = outermost;
        result
    }

    /// The value of a condition.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Result<bool, EvalError> {
        let value = self.evaluate(expr)?;
        truth(&value).map_err(|fault| fault.at(expr.at))
    }

    fn list(&mut self, at: Span, items: &[Expr]) -> Result<Value, EvalError> {
        self.meter.elements(items.len() as u64).map_err(|fault| fault.at(at))?;
        items.iter().map(|item| self.evaluate(item)).collect::<Result<_, _>>().map(Value::List)
    }

    /// `a op b op c …`, from the left, in a loop.
    fn chain(&mut self, expr: &Expr) -> Result<Value, EvalError> {
        let mut links = Vec::new();
        let mut leftmost = expr;
        while let ExprKind::Binary(op, left, right) = &leftmost.kind {
            links.push((*op, &**right, leftmost.at));
            leftmost = left;
        }
        let mut value = self.evaluate(leftmost)?;
        for (op, right, at) in links.into_iter().rev() {
            self.meter.step().map_err(|fault| fault.at(at))?;
            value = self.link(op, value, right, at)?;
        }
        Ok(value)
    }

    fn link(&mut self, op: BinaryOp, left: Value, right: &Expr, at: Span) -> Result<Value, EvalError> {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let left = truth(&left).map_err(|fault| fault.at(at))?;
                let decided = left == (op == BinaryOp::Or);
                Ok(Value::Bool(if decided { left } else { self.condition(right)? }))
            }
            BinaryOp::Coalesce => match left {
                Value::Absent => self.evaluate(right),
                present => Ok(present),
            },
            _ => {
                let right = self.evaluate(right)?;
                self.operate(op, &left, &right).map_err(|fault| fault.at(at))
            }
        }
    }

    fn operate(&mut self, op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Fault> {
        use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        if matches!(op, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual) {
            self.meter.look(left)?;
        }
        match op {
            Equal => order::equal(left, right).map(Value::Bool),
            NotEqual => order::equal(left, right).map(|equal| Value::Bool(!equal)),
            Less | LessEqual | Greater | GreaterEqual => {
                // Comparing lists and variants looks at all of both.
                self.meter.look(right)?;
                order::comparison(op, left, right, self.context.types)
            }
            _ => arithmetic::binary(op, left, right, &mut self.meter),
        }
    }

    fn call(&mut self, at: Span, name: &Name, arguments: &[Expr]) -> Result<Value, EvalError> {
        let context = self.context;
        let Some(function) = context.functions.get(name) else {
            return Err(Fault::kind(format!("there is no function `{name}`")).at(at));
        };
        if function.params.len() != arguments.len() {
            let (expected, found) = (function.params.len(), arguments.len());
            return Err(Fault::kind(format!("`{name}` takes {expected} arguments, found {found}")).at(at));
        }
        let mut locals = Vec::with_capacity(arguments.len());
        for (param, argument) in function.params.iter().zip(arguments) {
            locals.push((*param, self.evaluate(argument)?));
        }
        self.with_frame(locals, |machine| machine.evaluate(&function.body))
    }

    /// The value of a lambda on these arguments.
    pub(crate) fn apply(
        &mut self,
        at: Span,
        callable: Callable<'_>,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Result<Value, EvalError> {
        let params = match callable {
            Callable::Lambda(params, _) => params,
            Callable::Closure(closure) => &closure.params,
        };
        let before = self.locals.len();
        let arguments: Vec<Value> = arguments.into_iter().collect();
        if arguments.len() != params.len() {
            let (expected, found) = (arguments.len(), params.len());
            return Err(Fault::kind(format!("expected a lambda of {expected} parameters, found {found}")).at(at));
        }
        debug_assert_eq!(before, self.locals.len());
        match callable {
            Callable::Lambda(params, body) => {
                self.with_locals(params.iter().copied().zip(arguments), |machine| machine.evaluate(body))
            }
            Callable::Closure(closure) => {
                let captured = closure.captured.iter().map(|(var, value)| (*var, value.clone()));
                let locals: Vec<_> = captured.chain(params.iter().copied().zip(arguments)).collect();
                self.with_frame(locals, |machine| machine.evaluate(&closure.body))
            }
        }
    }

    /// Keeps a lambda together with the variables that it mentions.
    fn close(&self, params: &[VarId], body: &Expr) -> Value {
        let mut mentioned = Vec::new();
        body.visit(&mut |expr| {
            if let ExprKind::Var(var) = expr.kind {
                mentioned.push(var);
            }
        });
        let captured: BTreeMap<VarId, Value> =
            mentioned.into_iter().filter_map(|var| Some((var, self.variable(var).ok()?))).collect();
        Value::Closure(Arc::new(Closure { params: params.to_vec(), body: body.clone(), captured }))
    }

    fn interpolate(&mut self, at: Span, parts: &[Part]) -> Result<Value, EvalError> {
        let mut text = String::new();
        for part in parts {
            let before = text.len();
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Hole(expr, format) => {
                    let value = self.evaluate(expr)?;
                    self.meter.weigh(&value).map_err(|fault| fault.at(at))?;
                    let rendered = match format {
                        None => render::text_into(&value, &mut text),
                        Some(format) => render::formatted_into(&value, format, self.context.types, &mut text),
                    };
                    rendered.map_err(|fault| fault.at(expr.at))?;
                }
            }
            self.meter.bytes((text.len() - before) as u64).map_err(|fault| fault.at(at))?;
        }
        Ok(Value::String(text.into()))
    }
}

fn truth(value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Absent => Err(Fault::absent("this condition has no value")),
        other => Err(Fault::kind(format!("expected a Bool, found {}", render::kind(other)))),
    }
}

/// `base.name`.
pub(crate) fn field(base: &Value, name: &str) -> Result<Value, Fault> {
    let found = match base {
        Value::Record(record) => record.get(name).cloned(),
        Value::Variant(variant) => {
            variant.fields.iter().find(|(field, _)| &**field == name).map(|(_, value)| value.clone())
        }
        Value::Json(json) => match &**json {
            serde_json::Value::Object(entries) => entries.get(name).map(|value| Value::Json(Arc::new(value.clone()))),
            other => {
                let kind = render::json_kind(other);
                return Err(Fault::cast(format!("expected a JSON object with `{name}`, found {kind}")));
            }
        },
        Value::Absent => return Err(Fault::absent(format!("there is no value to take `{name}` from"))),
        other => return Err(Fault::kind(format!("{} has no fields", render::kind(other)))),
    };
    found.ok_or_else(|| Fault::missing(format!("there is no field `{name}`")))
}
