//! Chance that a seed decides: the same seed, the same choices. Knows nothing of what is chosen.

/// A sequence of numbers that look random (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The sequence of a seed and of a name, so that each fault has its own.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        let mixed = name
            .bytes()
            .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(mixed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound; 0 if the bound is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// As [`Self::below`], for positions.
    pub(super) fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap_or(0)
    }

    /// Heads or tails.
    pub(super) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_and_a_name_decide_everything_and_every_number_occurs() {
        let numbers = |seed, name| {
            let mut random = Random::new(seed, name);
            (0..200).map(|_| random.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(1, "kills"), numbers(1, "kills"));
        assert_ne!(numbers(1, "kills"), numbers(2, "kills"));
        assert_ne!(numbers(1, "kills"), numbers(1, "cuts"));
        assert!((0..10).all(|number| numbers(1, "kills").contains(&number)));
    }
}
