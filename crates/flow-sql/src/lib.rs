//! SQL as part of the program: what a query reads, what it gives, and what is wrong with it.
//!
//! Synchronous and pure: no I/O, no runtime, no session. One registry of functions serves every query.
//! The same planner is used when compiling (over declared columns) and when running (over loaded
//! tables), so what was checked is what runs. Knows no syntax of Flow: problems carry byte ranges
//! inside the query's text, and the caller says which span each one is.

mod arrow_types;
mod checked;
mod compare;
mod expansion;
mod faults;
mod foreign;
mod lineage;
mod locate;
mod nullability;
mod output;
mod parse;
mod plain;
mod planner;
mod problems;
mod query;
mod registry;
mod result;
mod runnable;
mod session;
#[cfg(test)]
mod tests;
mod trial;
mod walk;

pub use arrow_types::{
    DECIMAL_PRECISION, DECIMAL_SCALE, Fit, Scalar, UTC, arrow_type, fields_schema, fits, record_schema, scalar_kind,
    type_name, variants,
};
use checked::CheckedArithmetic;
pub use foreign::{Dialect, ForeignQuery, Verb, check_foreign};
pub use lineage::{Lineage, LineageColumn, LineageSource, Through, Used, lineage};
pub use output::OutputColumn;
pub use planner::{Source, plan_sources};
pub use problems::{SqlProblem, SqlProblemKind};
pub use query::{Column, Query, TableColumns, type_query};
pub use result::check_result;
pub use session::session;
