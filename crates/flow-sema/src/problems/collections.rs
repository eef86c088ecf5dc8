//! Lists, maps, ranges and partitions.

use super::one_of;
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// `x[i]` of something that has no items.
pub(crate) struct NotIndexable<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
}

impl From<NotIndexable<'_>> for Problem {
    fn from(problem: NotIndexable<'_>) -> Self {
        let title = format!("`[…]` looks into a list or map, not into `{}`", problem.found);
        let built = Self::error(codes::E0230, problem.at, title, format!("this is `{}`", problem.found));
        match problem.found {
            Type::Table(_) => built.help("take its rows as a list first: `x.to_list()`"),
            Type::Json => built.help("a field of a JSON object is asked for with a dot: `x.name`"),
            _ => built,
        }
    }
}

/// A range of something that cannot be counted through.
pub(crate) struct NotRange<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
}

impl From<NotRange<'_>> for Problem {
    fn from(problem: NotRange<'_>) -> Self {
        let title = format!("a range goes over Ints or Dates, not over `{}`", problem.found);
        Self::error(codes::E0230, problem.at, title, format!("this is `{}`", problem.found))
    }
}

/// `sales[…]` with the wrong number of keys.
pub(crate) struct WrongPartition<'a> {
    pub(crate) at: Span,
    pub(crate) dataset: &'a str,
    pub(crate) declared: Span,
    pub(crate) keys: Vec<&'a str>,
}

impl From<WrongPartition<'_>> for Problem {
    fn from(problem: WrongPartition<'_>) -> Self {
        let WrongPartition { at, dataset, declared, keys } = problem;
        if keys.is_empty() {
            return Self::error(codes::E0230, at, format!("dataset `{dataset}` has no partitions"), "read it whole")
                .label(declared, "declared without `partition` here");
        }
        let title =
            format!("a partition of `{dataset}` is named by {}", one_of(keys.iter().copied()).replace(" or ", " and "));
        let form = if keys.len() == 1 { keys[0].to_owned() } else { format!("[{}]", keys.join(", ")) };
        Self::error(codes::E0230, at, title, "not the right keys")
            .label(declared, "declared here")
            .help(format!("write `{dataset}[{form}]`"))
    }
}
