//! The way that a value came, from where it begins to where it is used.
//!
//! Kept as links in one store, so that following a value through a hundred thousand nodes copies nothing. Knows
//! neither what begins a way (`O`) nor what happens on it (`S`): [`crate::trust`] and [`crate::labels`] say.

use flow_diag::Span;

/// The end of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TrailId(u32);

/// One place on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop<S> {
    pub(crate) at: Span,
    pub(crate) says: S,
}

#[derive(Clone, Copy, Debug)]
struct Link<S> {
    hop: Hop<S>,
    /// The link before; the first of a way is before itself.
    before: TrailId,
    /// The number of its origin.
    origin: u32,
}

/// All ways.
#[derive(Debug)]
pub(crate) struct Trails<O, S> {
    links: Vec<Link<S>>,
    origins: Vec<O>,
}

impl<O, S> Default for Trails<O, S> {
    fn default() -> Self {
        Self { links: vec![], origins: vec![] }
    }
}

impl<O: Copy, S: Copy> Trails<O, S> {
    /// A way that begins.
    pub(crate) fn begin(&mut self, origin: O, at: Span, says: S) -> TrailId {
        let id = number(self.origins.len());
        self.origins.push(origin);
        self.push(Link { hop: Hop { at, says }, before: TrailId(number(self.links.len())), origin: id })
    }

    /// A way that goes on.
    pub(crate) fn then(&mut self, before: TrailId, at: Span, says: S) -> TrailId {
        let Some(origin) = self.links.get(before.0 as usize).map(|link| link.origin) else { return before };
        self.push(Link { hop: Hop { at, says }, before, origin })
    }

    fn push(&mut self, link: Link<S>) -> TrailId {
        self.links.push(link);
        TrailId(number(self.links.len() - 1))
    }

    /// Where it began.
    pub(crate) fn origin(&self, end: TrailId) -> Option<O> {
        self.origins.get(self.links.get(end.0 as usize)?.origin as usize).copied()
    }

    /// Its places, the last first.
    pub(crate) fn backwards(&self, end: TrailId) -> impl Iterator<Item = Hop<S>> {
        let mut next = Some(end);
        std::iter::from_fn(move || {
            let id = next?;
            let link = self.links.get(id.0 as usize)?;
            next = Some(link.before).filter(|before| *before != id);
            Some(link.hop)
        })
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
