//! Clauses in general: values out of range, clauses of other bodies, what is missing or comes later.

use flow_diag::{Problem, Span, codes};
use flow_plan::Effect;

/// A number or time that is too small.
pub(crate) struct NotPositive<'a> {
    pub(crate) at: Span,
    pub(crate) clause: &'a str,
    pub(crate) what: &'static str,
}

impl From<NotPositive<'_>> for Problem {
    fn from(found: NotPositive<'_>) -> Self {
        Self::error(codes::E0261, found.at, format!("`{}` takes {}", found.clause, found.what), "this is too little")
    }
}

/// A clause that another kind of body has.
pub(crate) struct ClauseOfBody<'a> {
    pub(crate) at: Span,
    pub(crate) clause: &'static str,
    pub(crate) kind: &'a str,
    pub(crate) only: &'static str,
}

impl From<ClauseOfBody<'_>> for Problem {
    fn from(found: ClauseOfBody<'_>) -> Self {
        let ClauseOfBody { at, clause, kind, only } = found;
        Self::error(
            codes::E0155,
            at,
            format!("a step with a `{kind}` body has no `{clause}`"),
            format!("only `{only}` bodies have this"),
        )
        .help("remove it; `timeout` and `retry … within` bound what the step may take")
        .fix(format!("remove `{clause}`"), at, "")
    }
}

/// A statement that changes something in a step that says it does not.
pub(crate) struct ClaimsToRead<'a> {
    pub(crate) step: &'a str,
    /// The clause.
    pub(crate) at: Span,
    pub(crate) effect: Effect,
    pub(crate) word: &'a str,
    pub(crate) word_at: Span,
}

impl From<ClaimsToRead<'_>> for Problem {
    fn from(found: ClaimsToRead<'_>) -> Self {
        let ClaimsToRead { step, at, effect, word, word_at } = found;
        let effect = if effect == Effect::None { "none" } else { "read" };
        let title = format!("`{step}` says `effect {effect}`, but its statement changes the database");
        Self::error(codes::E0404, at, title, "what is said of it")
            .label(word_at, format!("`{word}` is more than asking"))
            .help("say `effect write`; a step that is tried again then says `idempotent` too, if twice does no harm")
            .fix("say that it writes", at, "effect write")
    }
}

/// A clause that must be there.
pub(crate) struct MissingClause<'a> {
    pub(crate) what: &'static str,
    pub(crate) name: &'a str,
    pub(crate) clause: &'static str,
    pub(crate) example: &'a str,
    pub(crate) at: Span,
}

impl From<MissingClause<'_>> for Problem {
    fn from(found: MissingClause<'_>) -> Self {
        let MissingClause { what, name, clause, example, at } = found;
        Self::error(codes::E0157, at, format!("{what} `{name}` has no `{clause}`"), format!("needs `{clause}`"))
            .help(format!("say it with `{example}`"))
    }
}

/// Something that the language has and this version has not.
pub(crate) struct NotSupported {
    pub(crate) at: Span,
    pub(crate) what: &'static str,
    pub(crate) help: &'static str,
}

impl From<NotSupported> for Problem {
    fn from(found: NotSupported) -> Self {
        let NotSupported { at, what, help } = found;
        Self::error(codes::E0158, at, format!("{what} is not supported yet"), "comes with a later version").help(help)
    }
}

/// A resource that no machine is asked for.
pub(crate) struct UnknownResource<'a> {
    pub(crate) at: Span,
    pub(crate) resource: &'a str,
}

impl From<UnknownResource<'_>> for Problem {
    fn from(found: UnknownResource<'_>) -> Self {
        let UnknownResource { at, resource } = found;
        Self::error(codes::E0156, at, format!("`needs` knows no `{resource}`"), "not a resource")
            .note("the resources are `cpu` and `memory`")
    }
}

/// A parameter that nothing uses.
pub(crate) struct UnusedParam<'a> {
    pub(crate) name: &'a str,
    pub(crate) at: Span,
    pub(crate) owner: &'a str,
}

impl From<UnusedParam<'_>> for Problem {
    fn from(found: UnusedParam<'_>) -> Self {
        let UnusedParam { name, at, owner } = found;
        Self::warning(
            codes::W0304,
            at,
            format!("`{owner}` does not use its parameter `{name}`"),
            "not mentioned in the body or a clause",
        )
        .help(format!("remove it, or call it `_{name}` to keep it"))
    }
}
