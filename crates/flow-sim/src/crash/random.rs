//! Numbers from a seed (SplitMix64): everything that chance decides in a simulation comes from here, and from the seed
//! alone. Knows nothing of what is drawn; that two of one seed are alike is a test here.

/// A source of numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    #[cfg(test)]
    pub(super) fn of(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// What belongs to one thing, whatever was drawn for others.
    pub(super) fn about(seed: u64, thing: &str) -> Self {
        Self(flow_driver::retry::seed_at(seed, thing))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Less than that, and 0 if nothing is less.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// From the first to the last, both included.
    pub(super) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

fn mix(number: u64) -> u64 {
    flow_driver::retry::mix(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence_and_another_seed_is_another() {
        let drawn = |seed| {
            let mut random = Random::of(seed);
            (0..20).map(|_| random.between(3, 900)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        assert!(drawn(7).iter().all(|number| (3..=900).contains(number)));
    }
}
