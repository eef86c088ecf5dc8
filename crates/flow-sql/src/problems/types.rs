//! E1106, E1114, E1116, E1117: what the planner refuses, and values that cannot be in a column.

use super::{SqlProblem, SqlProblemKind, nearest};
use crate::faults::Fault;
use datafusion::common::DataFusionError;
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;
use std::ops::Range;

/// What does not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeProblem {
    /// In the planner's words, with Flow's names of types.
    Refused(String),
    /// A sub-query that the engine cannot turn into a join, and whether it uses columns of the query around it.
    SubQuery(bool),
    /// A condition over another query that would be computed wrong.
    Fault(Fault),
    /// What is typed, but no run can do: in the engine's words.
    NotRun(String),
    /// A column or parameter whose type has no column type.
    NoColumnType {
        /// The column or parameter.
        name: String,
        /// Its type.
        ty: String,
    },
    /// Text compared with a number, as written.
    TextAndNumber(String),
    /// An enum compared with what is none of its variants.
    NoVariant {
        /// What is none.
        value: String,
        /// Those that there are.
        variants: Vec<String>,
    },
}

impl SqlProblem {
    pub(crate) fn refused(range: Range<usize>, error: &DataFusionError) -> Self {
        Self::new(range, SqlProblemKind::Type(TypeProblem::Refused(plain_words(&error.strip_backtrace()))))
    }

    pub(crate) fn sub_query(range: Range<usize>, uses_outer: bool) -> Self {
        Self::new(range, SqlProblemKind::Type(TypeProblem::SubQuery(uses_outer)))
    }

    pub(crate) fn fault(range: Range<usize>, fault: Fault) -> Self {
        Self::new(range, SqlProblemKind::Type(TypeProblem::Fault(fault)))
    }

    pub(crate) fn not_run(range: Range<usize>, error: &DataFusionError) -> Self {
        let words = plain_words(&error.find_root().strip_backtrace());
        Self::new(range, SqlProblemKind::Type(TypeProblem::NotRun(words)))
    }

    pub(crate) fn text_and_number(range: Range<usize>, written: &str) -> Self {
        Self::new(range, SqlProblemKind::Type(TypeProblem::TextAndNumber(written.into())))
    }

    pub(crate) fn no_variant(range: Range<usize>, value: &str, variants: &[String]) -> Self {
        let (value, variants) = (value.to_owned(), variants.to_vec());
        Self::new(range, SqlProblemKind::Type(TypeProblem::NoVariant { value, variants }))
    }

    pub(crate) fn no_column_type(range: Range<usize>, name: &str, ty: &Type) -> Self {
        Self::new(range, SqlProblemKind::Type(TypeProblem::NoColumnType { name: name.into(), ty: ty.to_string() }))
    }
}

impl TypeProblem {
    pub(super) fn render(self, span: Span) -> Problem {
        match self {
            Self::Refused(message) => {
                Problem::error(codes::E1106, span, "this part of the query cannot be computed", message)
            }
            Self::SubQuery(true) => Problem::error(
                codes::E1106,
                span,
                "this sub-query cannot be computed",
                "it uses columns of the query around it in a way that cannot be made a join",
            )
            .help("compare them only in its `where`, with `=`, as in `where b.id = a.id`, and select only its own columns")
            .help("or join instead: `left join (select id, max(x) as x from b group by id) b on b.id = a.id`"),
            Self::SubQuery(false) => Problem::error(
                codes::E1106,
                span,
                "this sub-query cannot be computed",
                "a query cannot stand at this place",
            )
            .help("make it a part and join that: `with m as (select max(id) as id from b) select … from a cross join m`"),
            Self::Fault(fault) => render_fault(fault, span),
            Self::NotRun(message) if message.contains("WindowFunction") => Problem::error(
                codes::E1106,
                span,
                "a window function cannot stand here",
                "it is computed after `where`, `group by` and `having`",
            )
            .help("number the rows in a part, and choose among them around it: `with t as (select …, row_number() over (…) as n from …) select … from t where n = 1`"),
            Self::NotRun(message) => {
                Problem::error(codes::E1106, span, "no run could compute this part of the query", message)
            }
            Self::NoColumnType { name, ty } => Problem::error(
                codes::E1114,
                span,
                format!("`{name}` is of type {ty}, which a query cannot hold"),
                "in this query",
            )
            .help("pass the part of it that the query needs"),
            Self::NoVariant { value, variants } => {
                let near = nearest(&value, variants.iter().map(String::as_str));
                let problem = Problem::error(
                    codes::E1117,
                    span,
                    format!("`{value}` is no variant of this enum, so they are never equal"),
                    "compared here",
                );
                match near {
                    Some(near) => problem.help(format!("did you mean `'{near}'`?")),
                    None => problem.help(format!("its variants are {}", variants.join(", "))),
                }
            }
            Self::TextAndNumber(written) => {
                let title = if written.len() <= 40 && !written.contains('\n') {
                    format!("`{written}` compares text with a number")
                } else {
                    "text is compared with a number".to_owned()
                };
                Problem::error(codes::E1116, span, title, "one side is text, the other a number")
                    .help("write a number without quotes, and text in single quotes: `'5'`")
                    .help("or convert one side: `cast(x as bigint)`, which fails where the text is no number")
            }
        }
    }
}

/// A condition over another query that would be computed wrong.
fn render_fault(fault: Fault, span: Span) -> Problem {
    let title = "this condition over another query would be computed wrong";
    match fault {
        Fault::OuterJoin => {
            Problem::error(codes::E1106, span, title, "an outer join in it uses columns of the query around it")
                .help("compare those in its `where`, outside of the outer join")
        }
        Fault::Window => Problem::error(
            codes::E1106,
            span,
            "this sub-query cannot be computed",
            "a window cannot be ordered by a query",
        )
        .help("make it a part and join that: `with m as (select max(id) as id from b) select … from a cross join m`"),
        Fault::Nulls => Problem::error(codes::E1106, span, title, "a null here or there would be lost")
            .help("let `in (select …)` stand alone in `where`, or as one side of `and`")
            .help("or say what is meant with `exists (select 1 from b where b.x = a.x)`"),
        Fault::Rows => Problem::error(codes::E1106, span, title, "its aggregate, or its `offset`, would be lost")
            .help("compare the aggregate instead: `(select count(*) from b where b.id = a.id) > 0`"),
    }
}

/// The planner's message without its own frames, and with Flow's names of types.
fn plain_words(message: &str) -> String {
    let mut text = message.lines().next().unwrap_or_default().to_owned();
    if let Some((before, _)) = text.split_once(" No function matches") {
        text = before.to_owned();
    }
    loop {
        let framed = [
            "Error during planning: ",
            "type_coercion\ncaused by\n",
            "Execution error: ",
            "This feature is not implemented: ",
            "SQL error: ",
        ];
        let Some(rest) = framed.iter().find_map(|frame| text.strip_prefix(frame)) else { break };
        text = rest.to_owned();
    }
    if text == "Table Functions are not supported" {
        return "a function cannot stand in place of a table: give the step a table".into();
    }
    // A part of a query as the parser made it, which says nothing to who wrote it.
    if let Some(node) = text.strip_prefix("Unsupported ast node ").or_else(|| text.strip_prefix("Unsupported AST ")) {
        let name: String = node.trim_start_matches('\'').chars().take_while(|c| c.is_alphanumeric()).collect();
        return match name.is_empty() {
            true => "not understood here".to_owned(),
            false => format!("`{}` is not understood here", name.to_lowercase()),
        };
    }
    if text.starts_with("type_coercion") {
        text = message.lines().last().unwrap_or_default().to_owned();
        return plain_words(&text);
    }
    rename_types(&text)
}

/// `Utf8` → `String` and so on, as whole words, their arguments dropped.
fn rename_types(text: &str) -> String {
    const NAMES: [(&str, &str); 19] = [
        ("Decimal128", "Decimal"),
        ("Decimal256", "Decimal"),
        ("Timestamp", "Timestamp"),
        ("Utf8View", "String"),
        ("LargeUtf8", "String"),
        ("Utf8", "String"),
        ("Int64", "Int"),
        ("Int32", "Int"),
        ("Int16", "Int"),
        ("Int8", "Int"),
        ("UInt64", "Int"),
        ("Float64", "Float"),
        ("Float32", "Float"),
        ("Boolean", "Bool"),
        ("Date32", "Date"),
        ("Time64", "Time"),
        ("Duration", "Duration"),
        ("Binary", "Bytes"),
        ("Null", "null"),
    ];
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_end);
        match NAMES.iter().find(|(arrow, _)| *arrow == word) {
            Some((_, flow)) => {
                out.push_str(flow);
                rest = match after.strip_prefix('(').and_then(|inner| inner.find(')')) {
                    Some(close) => &after[close + 2..],
                    None => after,
                };
            }
            None => {
                let next = after.chars().next().map_or(0, char::len_utf8);
                out.push_str(word);
                out.push_str(&after[..next]);
                rest = &after[next..];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_in_flow() {
        let message =
            "Error during planning: Cannot coerce arithmetic expression Utf8 + Decimal128(38, 10) to valid types";
        assert_eq!(plain_words(message), "Cannot coerce arithmetic expression String + Decimal to valid types");
        let message = "This feature is not implemented: Table Functions are not supported";
        assert!(plain_words(message).ends_with("give the step a table"));
    }
}
