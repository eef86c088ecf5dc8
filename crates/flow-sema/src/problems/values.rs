//! Literals and constants whose value does not exist or breaks a rule.

use flow_diag::{Problem, Span, codes};
use flow_expr::{EvalError, Type};

/// Digits that the type cannot hold.
pub(crate) struct NumberTooLarge {
    pub(crate) at: Span,
    pub(crate) ty: Type,
}

impl From<NumberTooLarge> for Problem {
    fn from(problem: NumberTooLarge) -> Self {
        let range = match problem.ty {
            Type::Int => "an Int holds -9_223_372_036_854_775_808 to 9_223_372_036_854_775_807",
            Type::Float => "a Float holds up to about 1.8e308",
            _ => "a Decimal holds 28 digits",
        };
        Self::error(codes::E0217, problem.at, format!("this number is too large for `{}`", problem.ty), range)
    }
}

/// More digits than a Decimal keeps.
pub(crate) struct TooPrecise {
    pub(crate) at: Span,
}

impl From<TooPrecise> for Problem {
    fn from(problem: TooPrecise) -> Self {
        let title = "this number has more digits than a Decimal keeps";
        Self::error(codes::E0217, problem.at, title, "a Decimal keeps 28 significant digits")
            .help("round it, or declare the place that takes it as `Float`")
    }
}

/// A constant whose value cannot be computed.
pub(crate) struct NoValue {
    pub(crate) error: EvalError,
    pub(crate) declared: Option<(Span, String)>,
}

impl From<NoValue> for Problem {
    fn from(problem: NoValue) -> Self {
        let title = format!("this constant has no value: {}", problem.error.message);
        let built = Self::error(codes::E0216, problem.error.at, title, "fails here").note(format!(
            "at run time this would be {}: {}",
            problem.error.code,
            problem.error.code.title()
        ));
        match problem.declared {
            Some((at, name)) if at != problem.error.at => built.label(at, format!("needed for `{name}`")),
            _ => built,
        }
    }
}

/// A value that breaks the rule of its type.
pub(crate) struct BreaksRule {
    pub(crate) at: Span,
    pub(crate) value: String,
    pub(crate) rule: String,
    pub(crate) rule_at: Span,
}

impl From<BreaksRule> for Problem {
    fn from(problem: BreaksRule) -> Self {
        let title = format!("{} breaks the rule `{}`", problem.value, problem.rule);
        Self::error(codes::E0225, problem.at, title, "this value is not allowed").label(problem.rule_at, "the rule")
    }
}

/// Something whose value is known only when it runs, where it must be known now.
pub(crate) struct NotConstant {
    pub(crate) at: Span,
    pub(crate) what: String,
}

impl From<NotConstant> for Problem {
    fn from(problem: NotConstant) -> Self {
        let title = format!("{} is not known before the program runs", problem.what);
        Self::error(codes::E0226, problem.at, title, "a constant is needed here")
            .help("use literals, `const`s, `var`s and functions of them")
    }
}

/// A constant that is used as a JSON Schema, and is none.
pub(crate) struct WrongSchema {
    pub(crate) at: Span,
    pub(crate) why: String,
}

impl From<WrongSchema> for Problem {
    fn from(problem: WrongSchema) -> Self {
        let title = format!("this is no JSON Schema: {}", problem.why);
        Self::error(codes::E0235, problem.at, title, "nothing can be checked against it")
    }
}

/// A `declassify` that does not say why, where everybody can read it.
pub(crate) struct NoReason {
    pub(crate) at: Span,
    /// Whether there is a text, but an empty one.
    pub(crate) is_empty: bool,
}

impl From<NoReason> for Problem {
    fn from(problem: NoReason) -> Self {
        let says = if problem.is_empty { "this says nothing" } else { "this is known only when it runs" };
        Self::error(codes::E0605, problem.at, "`declassify` must say why", says)
            .help("write the reason as a text: `because: \"the customer published it\"`; `flowc audit labels` lists it")
    }
}
