//! Types that are written wrongly or cannot be what they are said to be.

use super::counted;
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// A wrong number of type arguments.
pub(crate) struct TypeArguments<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
    pub(crate) takes: usize,
    pub(crate) given: usize,
}

impl From<TypeArguments<'_>> for Problem {
    fn from(problem: TypeArguments<'_>) -> Self {
        let TypeArguments { at, name, takes, given } = problem;
        let title = match takes {
            0 => format!("`{name}` takes no types in `<…>`"),
            _ => format!("`{name}` takes {}, not {given}", counted(takes, "type")),
        };
        let built = Self::error(codes::E0213, at, title, "wrong number of types");
        match name {
            "List" => built.help("say what it holds: `List<Int>`"),
            "Map" => built.help("say its keys and values: `Map<String, Int>`"),
            "Table" => built.help("say the type of its rows: `Table<Order>`"),
            _ => built,
        }
    }
}

/// A key of a map that is no key.
pub(crate) struct NotAKey<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
}

impl From<NotAKey<'_>> for Problem {
    fn from(problem: NotAKey<'_>) -> Self {
        let title = format!("`{}` cannot be the key of a map", problem.found);
        Self::error(codes::E0214, problem.at, title, "not a type of keys")
            .help("a key is a String, Int, Bool, Date, or an enum whose variants hold nothing")
    }
}

/// A table of something that has no columns.
pub(crate) struct NotARow<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
}

impl From<NotARow<'_>> for Problem {
    fn from(problem: NotARow<'_>) -> Self {
        let title = format!("a table has rows of a record, not of `{}`", problem.found);
        Self::error(codes::E0223, problem.at, title, "has no columns")
            .help(format!("declare a record with the columns, or use `List<{}>`", problem.found))
    }
}

/// `T??`
pub(crate) struct OptionalOfOptional {
    pub(crate) at: Span,
}

impl From<OptionalOfOptional> for Problem {
    fn from(problem: OptionalOfOptional) -> Self {
        let last = Span::new(problem.at.file, problem.at.end.saturating_sub(1), problem.at.end);
        Self::error(codes::E0213, problem.at, "this type is optional already", "one `?` is enough").fix(
            "remove one `?`",
            last,
            "",
        )
    }
}

/// A field of a type whose values are no data.
pub(crate) struct NotStorable<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
}

impl From<NotStorable<'_>> for Problem {
    fn from(problem: NotStorable<'_>) -> Self {
        let title = format!("a field cannot hold `{}`", problem.found);
        let built = Self::error(codes::E0232, problem.at, title, "is no data");
        match problem.found {
            Type::Secret => built.help("a secret stays where it is declared, so that it is written nowhere"),
            _ => built.help("a function can be a parameter, not a part of a value"),
        }
    }
}
