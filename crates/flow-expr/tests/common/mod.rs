//! Expressions and values in a few characters, for the tests of this crate.
#![allow(dead_code, clippy::unwrap_used, reason = "test helpers; each binary uses a part of them")]

use flow_expr::{
    BinaryOp, Context, EvalError, Expr, ExprKind, Function, MapKey, MemoryTable, Name, Record, Scope, Type, TypeTable,
    Value, VarId, evaluate,
};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) static FUNCTIONS: BTreeMap<Name, Function> = BTreeMap::new();
pub(crate) static TYPES: TypeTable = TypeTable(BTreeMap::new());

pub(crate) fn now() -> jiff::Timestamp {
    "2026-11-22T23:30:00Z".parse().unwrap()
}

pub(crate) fn context() -> Context<'static> {
    Context::new(&FUNCTIONS, &TYPES, now())
}

pub(crate) fn e(kind: ExprKind) -> Expr {
    Expr::new(kind, flow_diag::Span::default())
}

pub(crate) fn c(value: Value) -> Expr {
    e(ExprKind::Const(value))
}

pub(crate) fn var(id: u32) -> Expr {
    e(ExprKind::Var(VarId(id)))
}

pub(crate) fn field(base: Expr, name: &str) -> Expr {
    e(ExprKind::Field { base: Box::new(base), name: name.into() })
}

pub(crate) fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    e(ExprKind::Binary(op, Box::new(left), Box::new(right)))
}

pub(crate) fn lambda(params: &[u32], body: Expr) -> Expr {
    e(ExprKind::Lambda(params.iter().copied().map(VarId).collect(), Box::new(body)))
}

pub(crate) fn builtin(name: &str, arguments: Vec<Expr>) -> Expr {
    e(ExprKind::Builtin(name.into(), arguments))
}

pub(crate) fn int(number: i64) -> Value {
    Value::Int(number)
}

pub(crate) fn float(number: f64) -> Value {
    Value::Float(number)
}

pub(crate) fn dec(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

pub(crate) fn s(text: &str) -> Value {
    Value::String(text.into())
}

pub(crate) fn date(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

pub(crate) fn instant(text: &str) -> Value {
    Value::Timestamp(text.parse().unwrap())
}

pub(crate) fn time(text: &str) -> Value {
    Value::Time(text.parse().unwrap())
}

pub(crate) fn duration(text: &str) -> Value {
    Value::Duration(text.parse().unwrap())
}

pub(crate) fn json(text: &str) -> Value {
    Value::Json(Arc::new(serde_json::from_str(text).unwrap()))
}

pub(crate) fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

pub(crate) fn ints(items: &[i64]) -> Value {
    list(items.iter().copied().map(Value::Int))
}

pub(crate) fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(Arc::new(entries.into_iter().map(|(key, value)| (MapKey::String(key.into()), value)).collect()))
}

pub(crate) fn record(ty: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Value::Record(Arc::new(Record { ty: Name::new(ty), fields }))
}

pub(crate) fn table(columns: &[&str], rows: Vec<Vec<Value>>) -> Value {
    let columns = columns.iter().map(|name| Arc::from(*name)).collect();
    Value::Table(MemoryTable::new(columns, rows).into_table(Type::Named(Name::new("m.Row"))))
}

pub(crate) fn eval(expr: &Expr) -> Result<Value, EvalError> {
    eval_in(expr, &())
}

pub(crate) fn eval_in(expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
    evaluate(expr, scope, &context())
}

/// The value of a built-in on constants, or its error's code.
pub(crate) fn run(name: &str, arguments: &[Value]) -> Result<Value, &'static str> {
    eval(&builtin(name, arguments.iter().cloned().map(c).collect())).map_err(|error| error.code.as_str())
}
