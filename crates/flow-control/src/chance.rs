//! How likely something is done in time, from how long it took before.
//!
//! The next duration is taken to be one more of those that were seen: it falls into each gap between them equally often
//! (conformal prediction with exchangeable observations; Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random
//! World*, 2005, chapter 2). Nothing is assumed of their distribution. Tested for calibration on histories that were not
//! seen.

use serde::{Deserialize, Serialize};

/// Runs that are looked back on at most.
pub const MOST_SEEN: usize = 100;

/// With fewer runs nothing is said of chances.
pub const FEWEST_SEEN: usize = 10;

/// How runs of a flow have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// How long each took, milliseconds, in ascending order, and whether it succeeded.
    ended: Vec<(u64, bool)>,
}

/// A forecast of one promise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chance {
    /// From 0 to 1 that it is kept.
    pub kept: f64,
    /// From how many runs that is known.
    pub runs: usize,
}

impl History {
    /// Of runs that have ended, newest first: how long each took, milliseconds, and whether it succeeded.
    #[must_use]
    pub fn of(runs: impl IntoIterator<Item = (u64, bool)>) -> Self {
        let mut ended: Vec<(u64, bool)> = runs.into_iter().take(MOST_SEEN).collect();
        ended.sort_unstable();
        Self { ended }
    }

    /// How long half of the runs took at most that succeeded, milliseconds.
    #[must_use]
    pub fn median_ms(&self) -> Option<u64> {
        let mut succeeded = self.ended.iter().filter(|(_, succeeded)| *succeeded);
        let count = succeeded.clone().count();
        succeeded.nth(count / 2).map(|(duration, _)| *duration)
    }

    /// Whether a run has taken longer than all that were seen, of which there are enough.
    #[must_use]
    pub fn is_longest(&self, elapsed_ms: u64) -> bool {
        self.ended.len() >= FEWEST_SEEN && self.ended.last().is_some_and(|(longest, _)| *longest < elapsed_ms)
    }

    /// The chance that a run that has taken so long has succeeded after so long, both from its start in milliseconds; none
    /// if too few are known, or too few of them took longer than it has taken.
    #[must_use]
    pub fn chance(&self, elapsed_ms: u64, within_ms: u64) -> Option<Chance> {
        let runs = self.ended.len();
        if runs < FEWEST_SEEN {
            return None;
        }
        if within_ms <= elapsed_ms {
            return Some(Chance { kept: 0.0, runs });
        }
        // It is one of those that took longer than it has taken.
        let open = &self.ended[self.ended.partition_point(|(duration, _)| *duration <= elapsed_ms)..];
        if open.len() < FEWEST_SEEN {
            return None;
        }
        let in_time = open.iter().filter(|(duration, succeeded)| *succeeded && *duration <= within_ms).count();
        #[expect(clippy::cast_precision_loss, reason = "they are at most a hundred")]
        let kept = (in_time as f64 + 0.5) / (open.len() as f64 + 1.0);
        Some(Chance { kept, runs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_runs_say_nothing_and_the_deadline_itself_is_too_late() {
        assert_eq!(History::of([(5, true); 9]).chance(0, 10), None);
        let history = History::of((1..=20).map(|run| (run * 5, true)));
        assert_eq!(history.chance(60, 60).map(|chance| chance.kept), Some(0.0));
        assert_eq!(history.chance(0, 30).map(|chance| chance.kept), Some(6.5 / 21.0));
        // Of the ten that took longer than it has taken, two were done by then.
        assert_eq!(history.chance(50, 60).map(|chance| chance.kept), Some(2.5 / 11.0));
        // Of those that took longer than it has taken by now, too little is known.
        assert_eq!(history.chance(55, 100), None);
        assert_eq!([history.is_longest(100), history.is_longest(101)], [false, true]);
        assert_eq!(history.median_ms(), Some(55));
    }

    #[test]
    fn failures_count_against_it() {
        let history = History::of((0..10).map(|run| (10, run % 2 == 0)));
        assert_eq!(history.chance(0, 100).map(|chance| chance.kept), Some(5.5 / 11.0));
    }
}
