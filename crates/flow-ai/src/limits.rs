//! One model's rate: asks take turns, first come first served, none sooner than the declared limit and what the server
//! asked for allow.
//!
//! In any window of the limit's length at most its count is sent. The clock is monotonic, so that setting the machine's
//! does nothing. An ask that is dropped while it waits leaves its place to the next. Tested under a stopped clock.

use flow_diag::codes;
use flow_plan::{ErrorClass, Failure, RateLimit};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// A pause that a server asks for is waited out up to this long; a longer one is a failure that says so.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Where the asks of one model queue.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// When the last asks were sent. Whoever holds the lock is first in the queue, which tokio keeps in order.
    sent: tokio::sync::Mutex<VecDeque<Instant>>,
    /// Until when the server wants no more.
    paused: Mutex<Option<Instant>>,
}

impl Gate {
    /// Waits for this ask's turn, and counts it as sent.
    pub(crate) async fn enter(&self, limit: Option<RateLimit>) -> Result<(), Failure> {
        let mut sent = self.sent.lock().await;
        loop {
            let now = Instant::now();
            let pause = self.pause_left(now);
            if pause > PATIENCE {
                let message = format!("the server asked to wait for another {} s", pause.as_secs());
                let failure = Failure::new(ErrorClass::RateLimited, codes::R0803.as_str(), message);
                return Err(failure.retry_after(Some(pause)));
            }
            let mut wait = pause;
            if let Some(limit) = limit {
                let window = Duration::from_millis(limit.per_ms);
                while sent.front().is_some_and(|first| now.duration_since(*first) >= window) {
                    sent.pop_front();
                }
                let count = limit.count.max(1) as usize;
                // The one that must leave the window before this one may enter it.
                let before = sent.len().checked_sub(count).and_then(|index| sent.get(index));
                wait = wait.max(before.map_or(Duration::ZERO, |before| (*before + window).duration_since(now)));
            }
            if wait.is_zero() {
                if limit.is_some() {
                    sent.push_back(now);
                }
                return Ok(());
            }
            // The pause may have become longer meanwhile, so this is asked again.
            sleep_until(now + wait).await;
        }
    }

    /// Lets nothing pass for that long, whoever waits.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |before| before.max(until)));
    }

    fn pause_left(&self, now: Instant) -> Duration {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn limit(count: u32, seconds: u64) -> Option<RateLimit> {
        Some(RateLimit { count, per_ms: seconds * 1000 })
    }

    /// When each of so many asks passed, in seconds, in the order in which they came.
    async fn passed(gate: &Arc<Gate>, asks: usize, limit: Option<RateLimit>) -> Vec<u64> {
        let start = Instant::now();
        let mut waiting = Vec::new();
        for _ in 0..asks {
            let gate = gate.clone();
            waiting.push(tokio::spawn(async move { gate.enter(limit).await.map(|()| start.elapsed().as_secs()) }));
            tokio::task::yield_now().await;
        }
        let mut times = Vec::new();
        for task in waiting {
            times.push(task.await.unwrap().unwrap());
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_holds_more_than_the_limit_and_turns_are_kept() {
        let gate = Arc::new(Gate::default());
        let times = passed(&gate, 10, limit(3, 60)).await;
        assert_eq!(times, [0, 0, 0, 60, 60, 60, 120, 120, 120, 180]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_all_and_may_grow() {
        let gate = Arc::new(Gate::default());
        gate.pause(Duration::from_secs(10));
        let longer = gate.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            longer.pause(Duration::from_secs(20));
            longer.pause(Duration::from_secs(1));
        });
        assert_eq!(passed(&gate, 3, None).await, [25, 25, 25]);
        gate.pause(Duration::from_secs(3600));
        let failure = gate.enter(None).await.unwrap_err();
        assert_eq!((failure.class, failure.retry_after), (ErrorClass::RateLimited, Some(Duration::from_secs(3600))));
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_the_place_to_the_next() {
        let gate = Arc::new(Gate::default());
        gate.enter(limit(1, 60)).await.unwrap();
        let given_up = {
            let gate = gate.clone();
            tokio::spawn(async move { gate.enter(limit(1, 60)).await })
        };
        tokio::task::yield_now().await;
        let start = Instant::now();
        let next = {
            let gate = gate.clone();
            tokio::spawn(async move { gate.enter(limit(1, 60)).await })
        };
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        given_up.abort();
        next.await.unwrap().unwrap();
        assert_eq!(start.elapsed().as_secs(), 60);
    }
}
