//! Types, values, the expression IR, and its one meaning: the evaluator.
//!
//! Invariants: no I/O, no clock (`now` is an argument), no panics on any expression that the checker
//! accepted or any JSON that it is given; total, bounded by fuel. Knows no syntax and no plan.

mod ir;
mod types;
mod value;

pub use ir::{Arm, BinaryOp, Expr, ExprKind, Function, Part, Pattern, UnaryOp, VarId};
pub use types::{Field, Name, Refinement, Type, TypeDef, TypeTable, Variant};
pub use value::{FileHandle, MapKey, Record, Table, TableData, Value, VariantValue};
