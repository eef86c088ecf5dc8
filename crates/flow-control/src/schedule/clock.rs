//! What a schedule has brought since it was last looked at, and which of that is caught up with.

use flow_plan::{CatchUp, calendar::Calendar};
use std::sync::Arc;

/// A start that is later than this was missed: whoever starts flows was not there, or its machine slept.
pub(crate) const GRACE_MS: i64 = 60_000;

/// Starts that are caught up with at most.
pub(crate) const MOST_CAUGHT_UP: usize = 1_000;

/// One `start every …` of a flow.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) schedule: Arc<str>,
    pub(crate) calendar: Arc<Calendar>,
    /// Which clause of the flow it is.
    pub(crate) clause: usize,
    /// Up to where its starts have been decided, milliseconds since 1970.
    pub(crate) until: i64,
}

/// What has become due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Elapsed {
    /// Starts that were missed and are not made up for: how many, and the last one.
    pub(crate) missed: Option<(u64, i64)>,
    /// Starts that were missed and are made up for, in order.
    pub(crate) late: Vec<i64>,
    /// Starts in time, in order.
    pub(crate) due: Vec<i64>,
}

impl Clock {
    /// When it is to be looked at next.
    pub(crate) fn next(&self) -> Option<i64> {
        self.calendar.first_after(self.until)
    }

    /// Looks at it: what is given is decided with this. A clock that was set back brings nothing a second time.
    pub(crate) fn elapse(&mut self, now: i64, catch_up: CatchUp) -> Elapsed {
        let mut found = Elapsed::default();
        if self.next().is_none_or(|next| next > now) {
            return found;
        }
        // Starts from here on are in time.
        let in_time = (now - GRACE_MS).max(self.until);
        found.due = self.between(in_time, now);
        let count = self.calendar.count(self.until, in_time);
        let kept = match catch_up {
            CatchUp::None => 0,
            // A start in time is a later one than all that were missed.
            CatchUp::Last => usize::from(found.due.is_empty()),
            CatchUp::All => MOST_CAUGHT_UP,
        };
        found.late = self.last(self.until, in_time, kept);
        let dropped = count.saturating_sub(found.late.len() as u64);
        if dropped > 0 {
            let before = found.late.first().map_or(in_time, |first| first - 1);
            found.missed = self.calendar.last_until(before).map(|last| (dropped, last));
        }
        self.until = now;
        found
    }

    fn between(&self, after: i64, until: i64) -> Vec<i64> {
        let next = |at: &i64| self.calendar.first_after(*at);
        let mut found: Vec<i64> = vec![];
        let mut at = after;
        while let Some(start) = next(&at).filter(|start| *start <= until) {
            found.push(start);
            at = start;
        }
        found
    }

    /// The last so many starts between two instants, in order.
    fn last(&self, after: i64, until: i64, most: usize) -> Vec<i64> {
        let mut found = vec![];
        let mut at = until;
        while let Some(start) = self.calendar.last_until(at).filter(|start| *start > after && found.len() < most) {
            found.push(start);
            at = start - 1;
        }
        found.reverse();
        found
    }
}
