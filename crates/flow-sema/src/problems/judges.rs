//! What can be wrong with judges: where they are asked, and what they say.

use flow_diag::{Problem, Span, codes};
use flow_expr::Type;

/// Why a judge cannot be asked at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WhyNotHere {
    /// It is no guard of a step.
    NoGuard,
    /// It is asked about something inside the expression, such as each item of a list.
    PartOfResult,
    /// It is asked in what happens when the guard does not hold, and not by the guard.
    NotInCondition(Span),
}

/// A judge that cannot be asked where it stands.
pub(crate) struct JudgeNotHere<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    pub(crate) declared: Span,
    pub(crate) why: WhyNotHere,
}

impl From<JudgeNotHere<'_>> for Problem {
    fn from(found: JudgeNotHere<'_>) -> Self {
        let JudgeNotHere { name, at, declared, why } = found;
        let problem = |label: &str| {
            Self::error(codes::E0190, at, format!("the judge `{name}` cannot be asked here"), label)
                .label(declared, "a model gives its verdict")
        };
        match why {
            WhyNotHere::NoGuard => problem("only a guard of a step asks a judge")
                .help(format!("ask it in the step that makes the value: `guard {name}(it) else fail`")),
            WhyNotHere::PartOfResult => problem("how often would it be asked?")
                .help("ask it once, about parameters of the step and the whole of `it` or a field of it"),
            WhyNotHere::NotInCondition(condition) => problem("nobody has asked it when this is said")
                .label(condition, "this is what the guard asks")
                .help("ask it in the condition, about the same; its verdict can then be used here"),
        }
    }
}

/// A verdict that says neither yes nor no.
pub(crate) struct NoVerdict<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    pub(crate) ty: &'a Type,
}

impl From<NoVerdict<'_>> for Problem {
    fn from(found: NoVerdict<'_>) -> Self {
        let NoVerdict { name, at, ty } = found;
        Self::error(codes::E0191, at, format!("the verdict of `{name}` is `{ty}`"), "says neither yes nor no")
            .help("give a `Bool`, or a record with the field `ok: Bool`; its other fields say why")
    }
}

/// A clause that a judge does not have.
pub(crate) struct ClauseOfJudge {
    pub(crate) at: Span,
    pub(crate) clause: &'static str,
}

impl From<ClauseOfJudge> for Problem {
    fn from(found: ClauseOfJudge) -> Self {
        let ClauseOfJudge { at, clause } = found;
        Self::error(
            codes::E0155,
            at,
            format!("a judge has no `{clause}`"),
            "a judge only looks and says what it thinks",
        )
        .help("a judge takes `timeout`, `retry`, `guard`, `budget`, `fallback`, `pool`, `owner` and `tags`")
        .fix(format!("remove `{clause}`"), at, "")
    }
}

/// A budget for a time where one execution is meant.
pub(crate) struct PeriodOfStep {
    pub(crate) at: Span,
}

impl From<PeriodOfStep> for Problem {
    fn from(found: PeriodOfStep) -> Self {
        let what = "a step's budget is for one execution";
        Self::error(codes::E0192, found.at, what, "only a flow has a budget for a time")
            .help("write `budget … per …` in the flow, for all its runs within that time; or leave `per …` away")
    }
}
