//! Types, values, the expression IR, and its one meaning: the evaluator; built-ins; the border to JSON.
//!
//! Invariants: no I/O, no clock (`now` is an argument), no panics on any expression that the checker
//! accepted or any JSON that it is given; total, bounded by fuel. Knows no syntax and no plan.

pub mod builtins;
mod chain;
mod closure;
pub mod codec;
mod digest;
mod equality;
mod eval;
mod hex;
mod ir;
mod memory;
mod prose;
pub mod redact;
pub mod render;
pub mod rules;
mod schema;
mod selection;
mod stored;
mod types;
mod value;

pub use closure::Closure;
pub use digest::digest;
pub use equality::compare;
pub use eval::{Broken, Context, EvalError, Limits, Scope, broken_inside, evaluate, has_refinements};
pub use ir::{Arm, BinaryOp, Expr, ExprKind, Function, Part, Pattern, UnaryOp, VarId};
pub use memory::MemoryTable;
pub use schema::{wrong_json_schema, wrong_schema};
pub use selection::SelectedRows;
pub use types::{Field, Name, Refinement, Type, TypeDef, TypeTable, Variant};
pub use value::{FileHandle, MapKey, Record, RowValues, Table, TableData, Value, VariantValue};
