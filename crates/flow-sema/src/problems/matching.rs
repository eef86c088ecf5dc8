//! `match`: patterns that do not fit, values that no arm takes, arms that take none.

use super::one_of;
use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// A value that no arm takes.
pub(crate) struct NotExhaustive<'a> {
    pub(crate) at: Span,
    pub(crate) ty: &'a Type,
    pub(crate) witness: String,
}

impl From<NotExhaustive<'_>> for Problem {
    fn from(problem: NotExhaustive<'_>) -> Self {
        let NotExhaustive { at, ty, witness } = problem;
        let title = if witness == "_" {
            "no arm takes the other values".to_owned()
        } else {
            format!("no arm takes `{witness}`")
        };
        Self::error(codes::E0210, at, title, format!("this is `{ty}`"))
            .help(format!("add an arm `{witness} => …`, or `_ => …` for everything else"))
    }
}

/// An arm that never gets a value.
pub(crate) struct UnreachableArm {
    pub(crate) at: Span,
}

impl From<UnreachableArm> for Problem {
    fn from(problem: UnreachableArm) -> Self {
        Self::warning(codes::W0103, problem.at, "this arm is never taken", "the arms above take all of its values")
            .help("remove it, or move it up")
    }
}

/// A pattern that no value of the type fits.
pub(crate) struct WrongPattern<'a> {
    pub(crate) at: Span,
    pub(crate) pattern: String,
    pub(crate) ty: &'a Type,
}

impl From<WrongPattern<'_>> for Problem {
    fn from(problem: WrongPattern<'_>) -> Self {
        let title = format!("a `{}` is never {}", problem.ty, problem.pattern);
        Self::error(codes::E0211, problem.at, title, format!("what is looked at is `{}`", problem.ty))
    }
}

/// A record taken apart by a pattern.
pub(crate) struct RecordPattern<'a> {
    pub(crate) at: Span,
    pub(crate) ty: &'a Type,
}

impl From<RecordPattern<'_>> for Problem {
    fn from(problem: RecordPattern<'_>) -> Self {
        let title = format!("`{}` is a record, which has no variants to tell apart", problem.ty);
        Self::error(codes::E0211, problem.at, title, "a pattern takes variants, constants and names")
            .help("bind it to a name, and look at its fields: `x if x.amount > 0 => …`")
    }
}

/// Fields of a variant that a pattern does not mention.
pub(crate) struct PatternFields<'a> {
    pub(crate) at: Span,
    pub(crate) variant: &'a str,
    pub(crate) left: Vec<&'a str>,
}

impl From<PatternFields<'_>> for Problem {
    fn from(problem: PatternFields<'_>) -> Self {
        let PatternFields { at, variant, left } = problem;
        let title = format!("`{variant}` also has {}", one_of(left.iter().copied()).replace(" or ", " and "));
        let before = Span::new(at.file, at.end.saturating_sub(1), at.end.saturating_sub(1));
        Self::error(codes::E0211, at, title, "not all fields are mentioned")
            .help("add `..` for the fields that do not matter")
            .fix("add `..`", before, ", ..")
    }
}

/// A name or range in one of several alternatives.
pub(crate) struct BindingInOr {
    pub(crate) at: Span,
    pub(crate) is_range: bool,
}

impl From<BindingInOr> for Problem {
    fn from(problem: BindingInOr) -> Self {
        let what = if problem.is_range { "a range" } else { "a name" };
        Self::error(
            codes::E0211,
            problem.at,
            format!("{what} cannot stand between `|`"),
            "an alternative binds nothing",
        )
        .help("write an arm of its own for it")
    }
}
