//! E1108 to E1111, E1115: a result that is not what the step declares.

use super::{SqlProblem, SqlProblemKind, nearest};
use crate::OutputColumn;
use flow_diag::{Problem, Span, codes};
use flow_expr::{Field, Type};
use std::ops::Range;

/// How a result differs from its declared type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultProblem {
    /// A field has no column.
    Missing {
        /// The field.
        field: String,
        /// Its type.
        ty: String,
        /// The record.
        record: String,
        /// A column of a similar name that no field takes.
        similar: Option<String>,
    },
    /// A column has no field.
    Extra {
        /// The column.
        column: String,
        /// The record.
        record: String,
        /// The record's fields.
        fields: Vec<String>,
    },
    /// Two columns of one name.
    Repeated(String),
    /// A column's type is not the field's.
    WrongType {
        /// The column.
        column: String,
        /// What the query gives.
        found: String,
        /// What takes it: `Order.amount`.
        target: String,
        /// The declared type.
        expected: String,
    },
    /// A column may have no value where one is needed.
    MayBeAbsent {
        /// The column.
        column: String,
        /// What takes it.
        target: String,
        /// The declared type.
        expected: String,
    },
    /// A single value needs a single column.
    NotOneColumn {
        /// How many there are.
        count: usize,
        /// The declared type.
        declared: String,
    },
}

impl SqlProblem {
    fn result(range: Range<usize>, problem: ResultProblem) -> Self {
        Self::new(range, SqlProblemKind::Result(problem))
    }

    pub(crate) fn missing_column(whole: Range<usize>, field: &Field, record: &Type, extra: &[&OutputColumn]) -> Self {
        let similar = nearest(&field.name, extra.iter().map(|column| &*column.name));
        let range =
            extra.iter().find(|column| Some(&*column.name) == similar.as_deref()).map(|column| column.range.clone());
        let problem = ResultProblem::Missing {
            field: field.name.to_string(),
            ty: field.ty.to_string(),
            record: record.to_string(),
            similar,
        };
        Self::result(range.unwrap_or(whole), problem)
    }

    pub(crate) fn extra_column(column: &OutputColumn, record: &Type, fields: &[Field]) -> Self {
        let problem = ResultProblem::Extra {
            column: column.name.to_string(),
            record: record.to_string(),
            fields: fields.iter().map(|field| field.name.to_string()).collect(),
        };
        Self::result(column.range.clone(), problem)
    }

    pub(crate) fn repeated_column(column: &OutputColumn) -> Self {
        Self::result(column.range.clone(), ResultProblem::Repeated(column.name.to_string()))
    }

    pub(crate) fn wrong_type(column: &OutputColumn, target: &str, ty: &Type) -> Self {
        let problem = ResultProblem::WrongType {
            column: column.name.to_string(),
            found: column.type_name(),
            target: target.to_owned(),
            expected: ty.to_string(),
        };
        Self::result(column.range.clone(), problem)
    }

    pub(crate) fn may_be_absent(column: &OutputColumn, target: &str, ty: &Type) -> Self {
        let problem = ResultProblem::MayBeAbsent {
            column: column.name.to_string(),
            target: target.to_owned(),
            expected: ty.to_string(),
        };
        Self::result(column.range.clone(), problem)
    }

    pub(crate) fn not_one_column(whole: Range<usize>, count: usize, declared: &Type) -> Self {
        Self::result(whole, ResultProblem::NotOneColumn { count, declared: declared.to_string() })
    }
}

impl ResultProblem {
    pub(super) fn render(self, span: Span) -> Problem {
        match self {
            Self::Missing { field, ty, record, similar } => {
                let title = format!("the result has no column `{field}`, which {record} needs");
                match similar {
                    Some(similar) => Problem::error(codes::E1108, span, title, format!("this is called `{similar}`"))
                        .help(format!("name it with `as {field}`")),
                    None => Problem::error(codes::E1108, span, title, format!("no `{field}: {ty}` here")),
                }
            }
            Self::Extra { column, record, fields } => {
                Problem::error(codes::E1109, span, format!("{record} has no field `{column}`"), "one column too many")
                    .note(format!("fields of {record}: {}", super::listed(&fields)))
                    .help("leave it out, or declare it")
            }
            Self::Repeated(column) => {
                Problem::error(codes::E1109, span, format!("two columns are called `{column}`"), "the second one")
                    .help("give one of them another name with `as`")
            }
            Self::WrongType { column, found, target, expected } => {
                let problem = Problem::error(
                    codes::E1110,
                    span,
                    format!("column `{column}` is {found}, but {target} is {expected}"),
                    format!("this is {found}"),
                );
                match cast_to(&found, &expected) {
                    Some(cast) => problem.help(format!("convert it: `cast(… as {cast})`")),
                    None => problem,
                }
            }
            Self::MayBeAbsent { column, target, expected } => Problem::error(
                codes::E1111,
                span,
                format!("column `{column}` may have no value, but {target} always has one"),
                "may be null",
            )
            .help(format!("give it a value with `coalesce(…, …)`, or declare {target} as `{expected}?`")),
            Self::NotOneColumn { count, declared } => Problem::error(
                codes::E1115,
                span,
                format!("a result of type {declared} is one column, this query gives {count}"),
                format!("{count} columns"),
            ),
        }
    }
}

/// The SQL type of a cast that would make it fit.
fn cast_to(found: &str, expected: &str) -> Option<&'static str> {
    match (found, expected.trim_end_matches('?')) {
        (_, "Decimal") => Some("decimal"),
        (_, "Float") => Some("double"),
        ("Decimal" | "Float" | "String" | "Bool", "Int") => Some("bigint"),
        (_, "String") => Some("text"),
        ("Timestamp" | "String", "Date") => Some("date"),
        ("Date" | "String", "Timestamp") => Some("timestamp"),
        ("Timestamp" | "String", "Time") => Some("time"),
        _ => None,
    }
}
