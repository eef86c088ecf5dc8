//! What each built-in function does with the labels of its arguments.
//!
//! One that is not named here makes its result of all that it is given: adding one cannot open a hole. Tested by the
//! cases under `tests/check` and against the evaluator in `flow-compiler/tests/it/labels.rs`.

use super::sink::Removes;
use flow_expr::{Expr, ExprKind, Value};

/// What becomes of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// They come off.
    Takes(Removes<'a>),
    /// They come off since many rows go into one number.
    Sums,
    /// Nothing of the rows goes into the result but how many there are.
    Counts,
    /// The result says yes or no.
    Tests,
    /// The result says whether there is a value.
    Presence,
    /// The result is items of the first argument; the others choose.
    Picks,
    /// The same, as a list or map that is as long or shorter.
    Keeps,
    /// The result is a list of parts, whose number says something of the whole.
    Splits,
    /// The keys of a map.
    Keys,
    /// The result is any of the arguments, or all put together.
    Joins,
    /// A function gives the result.
    Maps,
    /// The rows, under keys that a function gives.
    Groups,
    /// The result is made of everything.
    MadeOf,
}

/// What a call of a built-in does.
pub(super) fn kind<'a>(name: &str, args: &'a [Expr]) -> Kind<'a> {
    // A list that stands in the text is no crowd to hide in.
    let is_many = !matches!(args.first().map(|arg| &arg.kind), Some(ExprKind::List(_)));
    let has_function = args.iter().any(|arg| matches!(arg.kind, ExprKind::Lambda(..)));
    match name {
        "hash" => Kind::Takes(Removes::Hash),
        "redact" => Kind::Takes(Removes::Redact),
        "declassify" => Kind::Takes(Removes::Declassify(because(args))),
        "sum" | "average" | "median" | "stddev" | "correlation" if is_many => Kind::Sums,
        "count" if is_many || args.len() == 1 => Kind::Counts,
        "columns" | "any" | "all" if is_many => Kind::Counts,
        "count" | "any" | "all" | "is_empty" | "is_blank" | "contains" | "starts_with" | "ends_with" | "matches"
        | "contains_key" | "fits_schema" | "is_null" => Kind::Tests,
        "is_present" | "is_absent" => Kind::Presence,
        "at" | "get" | "first" | "last" | "find" | "required" | "min_by" | "max_by" => Kind::Picks,
        "take" | "skip" | "reverse" | "filter" | "sort" | "sort_by" | "distinct" | "flatten" | "chunk" | "to_list"
        | "present" | "values" | "remove" => Kind::Keeps,
        "split" | "lines" | "words" | "items" | "numbers" | "names" | "personal_data" => Kind::Splits,
        "keys" => Kind::Keys,
        "value_or" | "merge" | "insert" => Kind::Joins,
        "map" | "flat_map" | "zip" | "map_values" => Kind::Maps,
        "min" | "max" if has_function => Kind::Maps,
        "group_by" | "index_by" => Kind::Groups,
        _ => Kind::MadeOf,
    }
}

/// The reason that a `declassify` gives; the checker has seen that it is a text.
fn because(args: &[Expr]) -> &str {
    match args.get(1).map(|arg| &arg.kind) {
        Some(ExprKind::Const(Value::String(text))) => text,
        _ => "",
    }
}
