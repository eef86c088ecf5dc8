//! The way that a draft came, from the call of the AI step to where it is used.
//!
//! Kept as links in one store, so that following a draft through a hundred thousand nodes copies nothing.

use flow_diag::Span;
use flow_expr::Name;

/// The end of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TrailId(u32);

/// Where drafts come from: a call of an AI step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin<'a> {
    pub(super) call: Span,
    pub(super) step: &'a Name,
}

/// One place on the way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop<'a> {
    pub(super) at: Span,
    pub(super) says: Says<'a>,
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

#[derive(Clone, Copy, Debug)]
struct Link<'a> {
    hop: Hop<'a>,
    before: Option<TrailId>,
    origin: Origin<'a>,
}

/// All ways.
#[derive(Debug, Default)]
pub(super) struct Trails<'a>(Vec<Link<'a>>);

impl<'a> Trails<'a> {
    /// A way that begins at a call of an AI step.
    pub(super) fn asked(&mut self, origin: Origin<'a>) -> TrailId {
        self.push(Link { hop: Hop { at: origin.call, says: Says::Asked }, before: None, origin })
    }

    /// A way that goes on.
    pub(super) fn then(&mut self, before: TrailId, at: Span, says: Says<'a>) -> TrailId {
        let Some(origin) = self.origin(before) else { return before };
        self.push(Link { hop: Hop { at, says }, before: Some(before), origin })
    }

    fn push(&mut self, link: Link<'a>) -> TrailId {
        self.0.push(link);
        TrailId(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    /// The call that it comes from.
    pub(super) fn origin(&self, end: TrailId) -> Option<Origin<'a>> {
        self.0.get(end.0 as usize).map(|link| link.origin)
    }

    /// Its places, the last first.
    pub(super) fn backwards(&self, end: TrailId) -> impl Iterator<Item = Hop<'a>> {
        let mut next = Some(end);
        std::iter::from_fn(move || {
            let link = self.0.get(next?.0 as usize)?;
            next = link.before;
            Some(link.hop)
        })
    }
}
