//! When a failed attempt is tried again: classes, counts, backoff with full jitter, `Retry-After`, `within`.
//!
//! A pure function of the policy, the failure and a seed; knows neither steps nor clocks. One draw for
//! one attempt of one node of one run, so a replay waits exactly as long as the run did.

use flow_plan::{Failure, RetryPolicy};
use jiff::{SignedDuration, Timestamp};

/// What there is to know when an attempt has failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// Why.
    pub failure: &'a Failure,
    /// A guard asked for it: the policy bounds how often, not which classes.
    pub by_guard: bool,
    /// Attempts made, this one included.
    pub attempts: u32,
    /// When the first one began.
    pub since: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// The run's seed mixed with the node's place.
    pub seed: u64,
}

/// When to try again; none if that is over.
#[must_use]
pub fn next_attempt(policy: &RetryPolicy, failed: &Failed<'_>) -> Option<Timestamp> {
    if !(failed.by_guard || policy.covers(failed.failure.class)) || failed.attempts > policy.times {
        return None;
    }
    let asked = failed.failure.retry_after.map_or(0, |wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    let wait_ms = backoff_ms(policy, failed.attempts - 1, failed.seed).max(asked);
    let wait = SignedDuration::from_millis(i64::try_from(wait_ms).unwrap_or(i64::MAX));
    let at = failed.now.checked_add(wait).ok()?;
    match policy.within_ms {
        Some(within_ms) if millis_between(failed.since, at) >= within_ms => None,
        _ => Some(at),
    }
}

/// Full jitter: anywhere from 0 to the bound, which doubles from the first backoff to the largest.
fn backoff_ms(policy: &RetryPolicy, retries: u32, seed: u64) -> u64 {
    let doubled = policy.backoff_min_ms.saturating_mul(1_u64.checked_shl(retries).unwrap_or(u64::MAX));
    let bound = doubled.min(policy.backoff_max_ms);
    // The high half of the product is the draw scaled to the bound, without bias worth speaking of.
    let draw = mix(seed ^ mix(u64::from(retries)));
    ((u128::from(draw) * (u128::from(bound) + 1)) >> 64) as u64
}

/// The run's seed mixed with a node's place.
#[must_use]
pub fn seed_at(seed: u64, path: &str) -> u64 {
    mix(seed ^ path.bytes().fold(0, |mixed, byte| mix(mixed ^ u64::from(byte))))
}

/// A well-mixed number from another (SplitMix64's finaliser).
#[must_use]
pub fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Milliseconds from one instant to another, 0 if the second is earlier.
#[must_use]
pub fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_plan::ErrorClass;
    use std::time::Duration;

    fn policy() -> RetryPolicy {
        RetryPolicy {
            times: 4,
            on: vec![ErrorClass::Timeout, ErrorClass::Exit(75)],
            backoff_min_ms: 1000,
            backoff_max_ms: 5000,
            within_ms: None,
        }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn failed(failure: &Failure, attempts: u32, seed: u64) -> Failed<'_> {
        Failed { failure, by_guard: false, attempts, since: at(0), now: at(10_000), seed }
    }

    #[test]
    fn the_wait_is_anywhere_below_a_bound_that_doubles_up_to_the_largest() {
        let failure = Failure::new(ErrorClass::Timeout, "R0000", "slow");
        for (attempts, bound) in [(1, 1000), (2, 2000), (3, 4000), (4, 5000)] {
            let waits: Vec<i64> = (0..2000)
                .map(|seed| next_attempt(&policy(), &failed(&failure, attempts, mix(seed))).unwrap())
                .map(|at| at.as_millisecond() - 10_000)
                .collect();
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*least < bound / 50 && *most > bound * 49 / 50 && *most <= bound, "{attempts}: {least}..{most}");
            let mean = waits.iter().sum::<i64>() / 2000;
            assert!((mean - bound / 2).abs() < bound / 20, "{attempts}: {mean}");
        }
    }

    #[test]
    fn only_named_classes_only_so_often() {
        let timeout = Failure::new(ErrorClass::Timeout, "R0000", "slow");
        assert!(next_attempt(&policy(), &failed(&timeout, 4, 1)).is_some());
        assert!(next_attempt(&policy(), &failed(&timeout, 5, 1)).is_none());
        let exit = |code| Failure::new(ErrorClass::Exit(code), "R0000", "ended");
        assert!(next_attempt(&policy(), &failed(&exit(75), 1, 1)).is_some());
        assert!(next_attempt(&policy(), &failed(&exit(1), 1, 1)).is_none());
        let any = RetryPolicy { on: vec![ErrorClass::Any], ..policy() };
        assert!(next_attempt(&any, &failed(&exit(1), 1, 1)).is_some());
        let guard = Failure::new(ErrorClass::GuardFailed, "R0000", "no");
        assert!(next_attempt(&policy(), &Failed { by_guard: true, ..failed(&guard, 1, 1) }).is_some());
    }

    #[test]
    fn what_the_other_side_asked_for_is_honoured() {
        let failure = Failure::new(ErrorClass::Timeout, "R0000", "slow").retry_after(Some(Duration::from_secs(90)));
        assert_eq!(next_attempt(&policy(), &failed(&failure, 1, 1)), Some(at(100_000)));
    }

    #[test]
    fn within_bounds_attempts_and_waits_together() {
        let failure = Failure::new(ErrorClass::Timeout, "R0000", "slow").retry_after(Some(Duration::from_secs(9)));
        let within = |ms| RetryPolicy { within_ms: Some(ms), ..policy() };
        assert_eq!(next_attempt(&within(19_001), &failed(&failure, 1, 1)), Some(at(19_000)));
        assert_eq!(next_attempt(&within(19_000), &failed(&failure, 1, 1)), None);
    }
}
