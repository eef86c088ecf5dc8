//! The time as runs see it: the wall clock's, but never going back, and fit for paused test time.
//!
//! The steady clock carries it on from the start; where the wall clock is ahead (the machine slept), it
//! is believed, and time goes on from there when that is set back. Tested here, with wall clocks that jump.

use jiff::{SignedDuration, Timestamp};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use tokio::time::Instant;

/// A clock that was set once. Clones are the same clock.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    wall: Timestamp,
    steady: Instant,
    /// By how many milliseconds the wall clock was found to be ahead, at most.
    ahead: Arc<AtomicI64>,
    /// The latest time that was told, in milliseconds.
    latest: Arc<AtomicI64>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self::start_at(Timestamp::now())
    }

    /// A clock that tells no time before this, which a run has seen already.
    pub(crate) fn start_not_before(seen: Option<Timestamp>) -> Self {
        let wall = Timestamp::now();
        Self::start_at(seen.map_or(wall, |seen| wall.max(seen)))
    }

    fn start_at(wall: Timestamp) -> Self {
        let latest = Arc::new(AtomicI64::new(i64::MIN));
        Self { wall, steady: Instant::now(), ahead: Arc::default(), latest }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now_where(Timestamp::now())
    }

    /// The time where the wall clock says this.
    fn now_where(&self, wall: Timestamp) -> Timestamp {
        let passed = SignedDuration::try_from(self.steady.elapsed()).unwrap_or(SignedDuration::ZERO);
        let carried = self.wall.checked_add(passed).unwrap_or(Timestamp::MAX);
        // Whole milliseconds, as the journal keeps them: a replay sees the very same instants.
        let ahead = wall.as_millisecond().saturating_sub(carried.as_millisecond());
        let ahead = self.ahead.fetch_max(ahead, Ordering::Relaxed).max(ahead);
        let now = carried.as_millisecond().saturating_add(ahead);
        let latest = self.latest.fetch_max(now, Ordering::Relaxed).max(now);
        Timestamp::from_millisecond(latest).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn time_goes_on_while_the_wall_clock_goes_back() {
        let clock = Clock::start_at(at("2026-10-25T01:00:00Z"));
        tokio::time::advance(std::time::Duration::from_secs(5)).await;
        assert_eq!(clock.now_where(at("2026-10-25T00:00:05Z")), at("2026-10-25T01:00:05Z"));
        tokio::time::advance(std::time::Duration::from_millis(1500)).await;
        assert_eq!(clock.now_where(at("1970-01-01T00:00:00Z")), at("2026-10-25T01:00:06.5Z"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_ahead_is_believed_and_not_taken_back() {
        let clock = Clock::start_at(at("2026-10-25T01:00:00Z"));
        let other = clock.clone();
        assert_eq!(clock.now_where(at("2026-10-25T03:00:00.0009Z")), at("2026-10-25T03:00:00Z"));
        assert_eq!(other.now_where(at("2026-10-25T01:00:01Z")), at("2026-10-25T03:00:00Z"));
        tokio::time::advance(std::time::Duration::from_secs(3 * 60 * 60)).await;
        assert_eq!(clock.now_where(at("2026-10-25T01:00:02Z")), at("2026-10-25T06:00:00Z"));
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_begin_before_what_was_seen() {
        let seen = Timestamp::now().checked_add(SignedDuration::from_hours(1)).unwrap();
        assert!(Clock::start_not_before(Some(seen)).now().as_millisecond() >= seen.as_millisecond());
    }
}
