//! How much may be done at once: a global bound, and one for each pool.
//!
//! First come, first served; what needs more places than are free holds up those behind it, so that
//! it is not passed over for ever. Pools do not hold up each other. Knows nothing of what is done.

use flow_expr::Name;
use std::collections::{BTreeMap, VecDeque};

/// Something that waits for a place.
#[derive(Debug)]
struct Queued<T> {
    number: u64,
    weight: u32,
    item: T,
}

/// Free places, and who waits for one.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    jobs: u32,
    free: u32,
    /// Free places of each pool.
    pools: BTreeMap<Name, u32>,
    /// Waiting, by pool.
    queues: BTreeMap<Option<Name>, VecDeque<Queued<T>>>,
    next: u64,
}

impl<T> Slots<T> {
    pub(crate) fn new(jobs: u32, pools: &BTreeMap<Name, u32>) -> Self {
        let jobs = jobs.max(1);
        let pools = pools.iter().map(|(name, size)| (name.clone(), (*size).max(1))).collect();
        Self { jobs, free: jobs, pools, queues: BTreeMap::new(), next: 0 }
    }

    /// What something of that weight counts for: never more than there is.
    pub(crate) fn weight(&self, wanted: u32) -> u32 {
        wanted.clamp(1, self.jobs)
    }

    /// Whether a pool is what something would have to wait for.
    pub(crate) fn is_full(&self, pool: &Name) -> bool {
        self.pools.get(pool) == Some(&0)
    }

    pub(crate) fn push(&mut self, item: T, pool: Option<Name>, weight: u32) {
        let pool = pool.filter(|pool| self.pools.contains_key(pool));
        let number = self.next;
        self.next += 1;
        self.queues.entry(pool).or_default().push_back(Queued { number, weight, item });
    }

    /// Takes a place for the one that has waited longest among those that could have one.
    pub(crate) fn take(&mut self) -> Option<T> {
        if self.free == 0 {
            return None;
        }
        let pools = &self.pools;
        let has_room = |pool: &Option<Name>| pool.as_ref().is_none_or(|pool| pools.get(pool) != Some(&0));
        let (pool, queue) = self
            .queues
            .iter_mut()
            .filter(|(pool, queue)| !queue.is_empty() && has_room(pool))
            .min_by_key(|(_, queue)| queue.front().map(|first| first.number))?;
        if queue.front()?.weight > self.free {
            return None;
        }
        let first = queue.pop_front()?;
        self.free -= first.weight;
        if let Some(free) = pool.as_ref().and_then(|pool| self.pools.get_mut(pool)) {
            *free -= 1;
        }
        Some(first.item)
    }

    /// Gives a place back.
    pub(crate) fn give(&mut self, pool: Option<&Name>, weight: u32) {
        self.free = (self.free + weight).min(self.jobs);
        if let Some(free) = pool.and_then(|pool| self.pools.get_mut(pool)) {
            *free += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_pool_holds_up_only_its_own() {
        let db = Name::new("db");
        let mut slots = Slots::new(3, &BTreeMap::from([(db.clone(), 1)]));
        slots.push(1, Some(db.clone()), 1);
        slots.push(2, Some(db.clone()), 1);
        slots.push(3, None, 1);
        assert_eq!((slots.take(), slots.take(), slots.take()), (Some(1), Some(3), None));
        assert!(slots.is_full(&db));
        slots.give(Some(&db), 1);
        assert_eq!((slots.take(), slots.take()), (Some(2), None));
    }

    #[test]
    fn what_needs_much_is_not_passed_over() {
        let mut slots = Slots::new(2, &BTreeMap::new());
        slots.push(1, None, 1);
        slots.push(2, None, slots.weight(8));
        slots.push(3, None, 1);
        assert_eq!((slots.take(), slots.take()), (Some(1), None));
        slots.give(None, 1);
        assert_eq!((slots.take(), slots.take()), (Some(2), None));
        slots.give(None, 2);
        assert_eq!(slots.take(), Some(3));
    }
}
