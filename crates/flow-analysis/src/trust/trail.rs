//! The way that a draft came, from the call of the AI step to where it is used.

use crate::trail;
pub(super) use crate::trail::TrailId;
use flow_diag::Span;
use flow_expr::Name;

/// Where drafts come from: a call of an AI step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin<'a> {
    pub(super) call: Span,
    pub(super) step: &'a Name,
}

/// What happens to a draft at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Says<'a> {
    /// A model gives it.
    Asked,
    /// A value is made of it: `let NAME`.
    MadeOf(&'a str),
    /// A step without an effect is given it.
    PassedThrough(&'a Name),
    /// A flow gives it.
    Returned(&'a Name),
    /// A fallback that stands for a checked result mentions it.
    FellBack(&'a Name),
}

/// One place on the way.
pub(super) type Hop<'a> = trail::Hop<Says<'a>>;

/// All ways.
pub(super) type Trails<'a> = trail::Trails<Origin<'a>, Says<'a>>;
