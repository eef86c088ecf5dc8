//! Of the things that are called 80 % likely, about 80 % happen.

use flow_control::chance::History;
use rand::{Rng, SeedableRng, rngs::StdRng};

/// A duration in milliseconds: most runs are alike, some much slower, as runs are.
fn duration(random: &mut StdRng, base: f64) -> u64 {
    let usual = base * random.random_range(0.8..1.3f64);
    let slow = if random.random_bool(0.15) { random.random_range(1.0..6.0) } else { 1.0 };
    (usual * slow) as u64
}

#[test]
fn chances_are_calibrated_over_histories_that_were_not_seen() {
    let mut random = StdRng::seed_from_u64(7);
    // For each tenth: how often it was said, how often it came true, and the sum of what was said.
    let mut bins = [(0u32, 0u32, 0f64); 10];
    for _ in 0..40_000 {
        let base = random.random_range(1_000.0..100_000.0);
        let failure = random.random_range(0.0..0.3);
        let runs: Vec<(u64, bool)> = (0..random.random_range(10..100))
            .map(|_| (duration(&mut random, base), !random.random_bool(failure)))
            .collect();
        let (next, succeeds) = (duration(&mut random, base), !random.random_bool(failure));
        let elapsed = if random.random_bool(0.5) { 0 } else { (base * random.random_range(0.1..2.0)) as u64 };
        // What has ended by then is not asked about.
        if next <= elapsed {
            continue;
        }
        let within = elapsed + (base * random.random_range(0.1..3.0)) as u64;
        let Some(chance) = History::of(runs).chance(elapsed, within) else { continue };
        let bin = &mut bins[((chance.kept * 10.0) as usize).min(9)];
        bin.0 += 1;
        bin.1 += u32::from(succeeds && next <= within);
        bin.2 += chance.kept;
    }
    // Those in the middle are asked rarely, where most deadlines are kept or not.
    for (said, came, sum) in bins.into_iter().filter(|(said, ..)| *said >= 500) {
        let (came, called) = (f64::from(came) / f64::from(said), sum / f64::from(said));
        assert!((came - called).abs() <= 0.075, "called {called:.3}, came true {came:.3} of {said}");
    }
    let (said, came) = bins[7..9].iter().fold((0, 0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
    let came = f64::from(came) / f64::from(said);
    assert!((0.75..=0.85).contains(&came), "of what was called about 80 %, {came:.3} came true");
}
