//! Expressions and values in a few characters, for the tests of this crate.
#![allow(dead_code, clippy::unwrap_used, reason = "test helpers; each binary uses a part of them")]

use flow_expr::{
    BinaryOp, Context, EvalError, Expr, ExprKind, Function, MapKey, MemoryTable, Name, Record, Scope, Type, TypeTable,
    Value, VarId, evaluate,
};
use std::{collections::BTreeMap, sync::Arc};

pub static FUNCTIONS: BTreeMap<Name, Function> = BTreeMap::new();
pub static TYPES: TypeTable = TypeTable(BTreeMap::new());

pub fn now() -> jiff::Timestamp {
    "2026-11-22T23:30:00Z".parse().unwrap()
}

pub fn context() -> Context<'static> {
    Context::new(&FUNCTIONS, &TYPES, now())
}

pub fn e(kind: ExprKind) -> Expr {
    Expr::new(kind, flow_diag::Span::default())
}

pub fn c(value: Value) -> Expr {
    e(ExprKind::Const(value))
}

pub fn var(id: u32) -> Expr {
    e(ExprKind::Var(VarId(id)))
}

pub fn field(base: Expr, name: &str) -> Expr {
    e(ExprKind::Field { base: Box::new(base), name: name.into() })
}

pub fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    e(ExprKind::Binary(op, Box::new(left), Box::new(right)))
}

pub fn lambda(params: &[u32], body: Expr) -> Expr {
    e(ExprKind::Lambda(params.iter().copied().map(VarId).collect(), Box::new(body)))
}

pub fn builtin(name: &str, arguments: Vec<Expr>) -> Expr {
    e(ExprKind::Builtin(name.into(), arguments))
}

pub fn int(number: i64) -> Value {
    Value::Int(number)
}

pub fn float(number: f64) -> Value {
    Value::Float(number)
}

pub fn dec(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

pub fn s(text: &str) -> Value {
    Value::String(text.into())
}

pub fn date(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

pub fn instant(text: &str) -> Value {
    Value::Timestamp(text.parse().unwrap())
}

pub fn time(text: &str) -> Value {
    Value::Time(text.parse().unwrap())
}

pub fn duration(text: &str) -> Value {
    Value::Duration(text.parse().unwrap())
}

pub fn json(text: &str) -> Value {
    Value::Json(Arc::new(serde_json::from_str(text).unwrap()))
}

pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

pub fn ints(items: &[i64]) -> Value {
    list(items.iter().copied().map(Value::Int))
}

pub fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(Arc::new(entries.into_iter().map(|(key, value)| (MapKey::String(key.into()), value)).collect()))
}

pub fn record(ty: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Value::Record(Arc::new(Record { ty: Name::new(ty), fields }))
}

pub fn table(columns: &[&str], rows: Vec<Vec<Value>>) -> Value {
    let columns = columns.iter().map(|name| Arc::from(*name)).collect();
    Value::Table(MemoryTable::new(columns, rows).into_table(Type::Named(Name::new("m.Row"))))
}

pub fn eval(expr: &Expr) -> Result<Value, EvalError> {
    eval_in(expr, &())
}

pub fn eval_in(expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
    evaluate(expr, scope, &context())
}

/// The value of a built-in on constants, or its error's code.
pub fn run(name: &str, arguments: &[Value]) -> Result<Value, &'static str> {
    eval(&builtin(name, arguments.iter().cloned().map(c).collect())).map_err(|error| error.code.as_str())
}
