//! One model's breaker: one that does not answer is not asked for a while, so that asks fail at once and not by timeout.
//!
//! It opens after [`MOST_FAILURES`] failures in a row of the classes that mean nobody is there, lets one probe through
//! after [`FIRST_PAUSE`], and waits twice as long after each probe that fails. A refused key is not tried again until
//! there is another one or a new run begins. Knows no network; the time is an argument.

use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Failures in a row that open it.
const MOST_FAILURES: u32 = 5;
/// How long it is open at first.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// How long it is open at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Whether a model is asked.
#[derive(Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    open: Option<Open>,
    /// A probe is under way.
    probing: bool,
    /// The key that was refused; no `Debug`, since it is one.
    refused: Option<Option<String>>,
}

#[derive(Clone, Copy)]
struct Open {
    until: Instant,
    pause: Duration,
}

impl Breaker {
    /// Whether an ask would be let through now.
    pub(crate) fn check(&self, key: Option<&str>, now: Instant) -> Result<(), Failure> {
        self.state().check(key, now)
    }

    /// Lets an ask through. What became of it must be reported; one that is dropped counts as nothing.
    pub(crate) fn admit(&self, key: Option<&str>, now: Instant) -> Result<Permit<'_>, Failure> {
        let mut state = self.state();
        state.check(key, now)?;
        let probe = state.open.is_some();
        state.probing |= probe;
        drop(state);
        Ok(Permit { breaker: self, probe })
    }

    /// Forgets refused keys: a new run begins.
    pub(crate) fn begin_run(&self) {
        self.state().refused = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self, key: Option<&str>, now: Instant) -> Result<(), Failure> {
        if self.refused.as_ref().is_some_and(|refused| refused.as_deref() == key) {
            let message = "the key was refused before, and is not tried again in this run";
            return Err(Failure::new(ErrorClass::Auth, codes::R0807.as_str(), message));
        }
        let Some(open) = self.open else { return Ok(()) };
        let left = open.until.saturating_duration_since(now);
        if left.is_zero() && !self.probing {
            return Ok(());
        }
        let message = if left.is_zero() {
            "the model did not answer before, and whether it does now is just being tried".to_owned()
        } else {
            let (failures, seconds) = (self.failures, left.as_secs_f64().ceil());
            format!("the model failed {failures} times in a row and is not asked for another {seconds} s")
        };
        let failure = Failure::new(ErrorClass::Connection, codes::R0811.as_str(), message);
        Err(failure.retry_after(Some(left.max(Duration::from_secs(1)))))
    }
}

/// An ask that was let through.
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Permit<'_> {
    /// What became of it: the class of its failure, if it failed.
    pub(crate) fn report(self, failed: Option<ErrorClass>, key: Option<&str>, now: Instant) {
        let mut state = self.breaker.state();
        match failed {
            Some(ErrorClass::Auth) => state.refused = Some(key.map(str::to_owned)),
            Some(ErrorClass::Connection | ErrorClass::Timeout | ErrorClass::ServerError) => {
                state.failures = state.failures.saturating_add(1);
                let pause = match state.open {
                    Some(open) if self.probe => Some((open.pause * 2).min(LONGEST_PAUSE)),
                    None if state.failures >= MOST_FAILURES => Some(FIRST_PAUSE),
                    // One that was under way when it opened says nothing new.
                    _ => None,
                };
                if let Some(pause) = pause {
                    state.open = Some(Open { until: now + pause, pause });
                }
            }
            // Somebody is there.
            _ => {
                state.failures = 0;
                state.open = None;
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.state().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(breaker: &Breaker, failed: Option<ErrorClass>, now: Instant) -> Result<(), Failure> {
        breaker.admit(Some("k"), now).map(|permit| permit.report(failed, Some("k"), now))
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[tokio::test]
    async fn it_opens_probes_and_waits_longer_each_time() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for class in [ErrorClass::Connection, ErrorClass::Timeout, ErrorClass::ServerError, ErrorClass::Timeout] {
            ask(&breaker, Some(class), start).unwrap();
        }
        ask(&breaker, Some(ErrorClass::RateLimited), start).unwrap();
        for _ in 0..5 {
            ask(&breaker, Some(ErrorClass::Connection), start).unwrap();
        }
        let mut now = start;
        for pause in [30, 60, 120, 240, 300, 300] {
            let failure = ask(&breaker, None, now + seconds(pause - 1)).unwrap_err();
            assert_eq!((failure.class, &*failure.code), (ErrorClass::Connection, "R0811"));
            assert_eq!(failure.retry_after, Some(seconds(1)));
            now += seconds(pause);
            ask(&breaker, Some(ErrorClass::Timeout), now).unwrap();
        }
        now += seconds(300);
        let probe = breaker.admit(Some("k"), now).unwrap();
        assert!(breaker.check(Some("k"), now).unwrap_err().message.contains("just being tried"));
        drop(probe);
        ask(&breaker, None, now).unwrap();
        for _ in 0..4 {
            ask(&breaker, Some(ErrorClass::Connection), now).unwrap();
        }
        ask(&breaker, None, now).unwrap();
    }

    #[tokio::test]
    async fn a_refused_key_is_not_tried_again_until_it_changes_or_a_run_begins() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        ask(&breaker, Some(ErrorClass::Auth), now).unwrap();
        assert_eq!(ask(&breaker, None, now + seconds(3600)).unwrap_err().class, ErrorClass::Auth);
        assert!(breaker.check(Some("other"), now).is_ok());
        assert!(breaker.check(None, now).is_ok());
        breaker.begin_run();
        assert!(ask(&breaker, None, now).is_ok());
    }
}
