//! The time as a process sees it, as `flow-engine/src/clock.rs` tells it: carried on by a steady clock from the wall
//! clock's time at its start, ahead with it, and never back. True time is the simulation's.

use jiff::Timestamp;

/// When everything begins, milliseconds since 1970.
const BEGINNING: i64 = 1_800_000_000_000;

/// The clock of one process.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// What it was set by last, and when that was in true time.
    set: (i64, i64),
    latest: i64,
    /// Whether it goes on from where the wall clock was ahead, or waits there until it is so late (a mutation).
    pub(super) stands: bool,
}

impl Clock {
    /// Not before this: what the run saw before counts.
    pub(super) fn start(now: i64, wall: i64, not_before: Option<Timestamp>) -> Self {
        let first = not_before.map_or(wall, |before| wall.max(before.as_millisecond() - BEGINNING));
        Self { set: (first, now), latest: first, stands: false }
    }

    /// What it tells in true time `now`, where the wall clock says `wall`.
    pub(super) fn now(&mut self, now: i64, wall: i64) -> Timestamp {
        let carried = self.set.0 + now - self.set.1;
        if wall > carried && !self.stands {
            self.set = (wall, now);
        }
        self.latest = self.latest.max(carried).max(wall);
        instant(self.latest)
    }

    /// How long a timer for this sleeps.
    pub(super) fn until(&mut self, at: Timestamp, now: i64, wall: i64) -> i64 {
        (at.as_millisecond() - self.now(now, wall).as_millisecond()).max(0)
    }
}

/// So many milliseconds after everything began.
pub(super) fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(BEGINNING + ms).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_the_wall_clock_ahead_and_never_back() {
        let mut clock = Clock::start(1_000, 5_000, None);
        assert_eq!(clock.now(1_010, 5_010), instant(5_010));
        assert_eq!(clock.now(1_020, 90_000), instant(90_000));
        assert_eq!(clock.now(1_030, 20), instant(90_010));
        assert_eq!(clock.until(instant(91_010), 1_030, 20), 1_000);
        assert_eq!(Clock::start(0, 5, Some(instant(70))).now(1, 6), instant(71));
    }
}
