//! Operators on values that they do not take.

use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// A unary operator on the wrong type.
pub(crate) struct WrongOperand<'a> {
    pub(crate) at: Span,
    pub(crate) operator: &'static str,
    pub(crate) found: &'a Type,
}

impl From<WrongOperand<'_>> for Problem {
    fn from(problem: WrongOperand<'_>) -> Self {
        let title = format!("`{}` does not apply to `{}`", problem.operator, problem.found);
        Self::error(codes::E0209, problem.at, title, format!("this is `{}`", problem.found))
            .help("it takes a number or a Duration")
    }
}

/// An arithmetic operator on types that do not go together.
pub(crate) struct WrongOperands<'a> {
    pub(crate) at: Span,
    pub(crate) operator: &'static str,
    pub(crate) left: (Span, &'a Type),
    pub(crate) right: (Span, &'a Type),
}

impl From<WrongOperands<'_>> for Problem {
    fn from(problem: WrongOperands<'_>) -> Self {
        let WrongOperands { at, operator, left, right } = problem;
        let title = format!("`{operator}` does not apply to `{}` and `{}`", left.1, right.1);
        let built = Self::error(codes::E0209, at, title, "these do not go together")
            .label(left.0, format!("this is `{}`", left.1))
            .label(right.0, format!("this is `{}`", right.1));
        match advice(operator, left.1, right.1) {
            Some(help) => built.help(help),
            None => built,
        }
    }
}

fn advice(operator: &str, left: &Type, right: &Type) -> Option<&'static str> {
    use Type::{Date, Decimal, Duration, Float, Int, String, Table, Timestamp};
    Some(match (left, right) {
        (String, _) | (_, String) if operator == "+" => "put values into a text with holes: `\"{a} {b}\"`",
        (Float, Int | Decimal) | (Int | Decimal, Float) => {
            "Float never mixes with exact numbers: convert one with `to_float()` or `to_decimal()`"
        }
        (Date | Timestamp, Int) | (Int, Date | Timestamp) => "say how long: `1d`, `12h`",
        (Duration, Decimal | Float) => "a Duration is multiplied and divided by an Int",
        (Table(_), _) | (_, Table(_)) => "a table has functions: `sum`, `count`, `map`, `filter`",
        _ => return None,
    })
}

/// An operator on a value that may be missing.
pub(crate) struct OperandAbsent<'a> {
    pub(crate) at: Span,
    pub(crate) operator: &'static str,
    pub(crate) found: &'a Type,
}

impl From<OperandAbsent<'_>> for Problem {
    fn from(problem: OperandAbsent<'_>) -> Self {
        let title = format!("`{}` needs two values, but one may be missing", problem.operator);
        Self::error(codes::E0202, problem.at, title, format!("this is `{}`", problem.found))
            .help("say what to use when there is none: `(x ?? 0)`, or look with `match x { none => …, value => … }`")
    }
}

/// `==` or `<` on values of different types.
pub(crate) struct NotComparable<'a> {
    pub(crate) at: Span,
    pub(crate) operator: &'static str,
    pub(crate) left: (Span, &'a Type),
    pub(crate) right: (Span, &'a Type),
}

impl From<NotComparable<'_>> for Problem {
    fn from(problem: NotComparable<'_>) -> Self {
        let NotComparable { at, operator, left, right } = problem;
        let title = format!("`{}` and `{}` cannot be compared with `{operator}`", left.1, right.1);
        Self::error(codes::E0209, at, title, "values of different types are never equal")
            .label(left.0, format!("this is `{}`", left.1))
            .label(right.0, format!("this is `{}`", right.1))
    }
}

/// `<` on values without an order.
pub(crate) struct NotOrdered<'a> {
    pub(crate) at: Span,
    pub(crate) operator: &'static str,
    pub(crate) found: &'a Type,
}

impl From<NotOrdered<'_>> for Problem {
    fn from(problem: NotOrdered<'_>) -> Self {
        let title = format!("values of `{}` have no order", problem.found);
        Self::error(codes::E0209, problem.at, title, format!("`{}` needs one", problem.operator))
            .help("compare a field of them that is a number, a text or a time")
    }
}

/// `??` after something that always has a value.
pub(crate) struct UselessCoalesce<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a Type,
    pub(crate) whole: Span,
}

impl From<UselessCoalesce<'_>> for Problem {
    fn from(problem: UselessCoalesce<'_>) -> Self {
        let rest = Span::new(problem.at.file, problem.at.end, problem.whole.end);
        Self::warning(
            codes::W0104,
            problem.at,
            "`??` never gets to its right side",
            format!("this is `{}`, never none", problem.found),
        )
        .help("remove `??` and what follows it")
        .fix("remove `??` and what follows it", rest, "")
    }
}
