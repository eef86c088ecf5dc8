//! The time as runs see it: the wall clock's, but never going back, and fit for paused test time.
//!
//! The steady clock carries it on from the start; where the wall clock is ahead (the machine slept), it
//! is believed.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A clock that was set once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    wall: Timestamp,
    steady: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { wall: Timestamp::now(), steady: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.steady.elapsed()).unwrap_or(SignedDuration::ZERO);
        let carried = self.wall.checked_add(passed).unwrap_or(Timestamp::MAX);
        // Whole milliseconds, as the journal keeps them: a replay sees the very same instants.
        let now = carried.max(Timestamp::now());
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
