//! What happens to a run besides its program: cuts, disks, clocks, people's commands. Drawn from a seed, or made smaller.
//!
//! Plain data, so that a scenario can be run again, printed, and shortened. Knows nothing of how it is played.

use super::{disk::Cut, random::Random, store::DiskFault};

/// When the process that drives ends though it is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// After it has taken in so many events, and has obeyed so many of the last one's commands.
    Event(u64, u64),
    /// Before its so-manieth transaction is written.
    BeforeCommit(u64),
    /// When that is written and not synced.
    Written(u64),
    /// When that is durable, and nobody has been told.
    Synced(u64),
    /// So many milliseconds after it began.
    Time(i64),
}

/// What is done when a run was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is gone on with.
    Resume,
    /// It is ended.
    Cancel,
}

/// A life of a process, cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Death {
    pub(super) moment: Moment,
    pub(super) cut: Cut,
    pub(super) then: Then,
    /// How long nobody does anything.
    pub(super) pause_ms: i64,
}

/// What follows a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The flow runs anew.
    Run,
    /// What failed is done again.
    Retry,
    /// So is one node of the flow, by its place among them, with all that follows from it.
    RetryFrom(u32),
}

/// What happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// The deaths of the first process, of the second, and so on; those behind them live.
    pub(super) deaths: Vec<Death>,
    /// What the disk does at a transaction, counted over all lives.
    pub(super) disk: Vec<(u64, DiskFault)>,
    /// How the wall clock is set, and when.
    pub(super) jumps: Vec<(i64, i64)>,
    /// Whether a sync takes seconds instead of milliseconds.
    pub(super) is_slow: bool,
    /// When somebody cancels the run while it goes on.
    pub(super) cancel: Option<i64>,
    /// Whether people have a doubtful step done again without looking.
    pub(super) careless: bool,
    /// When another process tries to take the run.
    pub(super) rivals: Vec<i64>,
    pub(super) after: Vec<After>,
}

/// What a run without faults comes to, for choosing when something happens.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) events: u64,
    pub(super) commits: u64,
    pub(super) took_ms: i64,
}

impl Faults {
    /// Those of a seed.
    pub(super) fn of(seed: u64, extent: Extent) -> Self {
        let mut random = Random::about(seed, "faults");
        let random = &mut random;
        let deaths = match random.below(10) {
            0 => 0,
            1..5 => 1,
            5..8 => 2,
            _ => random.between(3, 5),
        };
        let whole = extent.took_ms.max(1) as u64;
        let deaths = (0..deaths).map(|_| death(extent, random)).collect();
        let disk = match random.below(10) {
            0 => {
                let fault = *random.one(&[DiskFault::Full, DiskFault::Write, DiskFault::Sync]);
                vec![(random.between(1, extent.commits.max(1)), fault)]
            }
            _ => vec![],
        };
        let jumps = jumps(whole, random);
        let after = match random.below(8) {
            0 => vec![After::Run],
            1 => vec![After::Retry],
            2 => vec![After::RetryFrom(random.below(10) as u32)],
            3 => vec![After::Retry, After::Run],
            _ => vec![],
        };
        let rivals = (0..random.below(4).saturating_sub(1)).map(|_| random.below(whole * 2) as i64).collect();
        Self {
            deaths,
            disk,
            jumps,
            is_slow: random.chance(10),
            cancel: random.chance(10).then(|| random.below(whole) as i64),
            careless: random.chance(15),
            rivals,
            after,
        }
    }

    /// One death for each transaction of a run, in each of its moments: a run for each is what `sweep` plays.
    pub(super) fn at_every_commit(extent: Extent) -> Vec<Self> {
        let moments = (1..=extent.commits)
            .flat_map(|commit| [Moment::BeforeCommit(commit), Moment::Written(commit), Moment::Synced(commit)]);
        let death = |(moment, cut)| Death { moment, cut, then: Then::Resume, pause_ms: 1_000 };
        let all = moments.flat_map(|moment| [(moment, Cut::Killed), (moment, Cut::Power)]);
        all.map(|at| Self { deaths: vec![death(at)], ..Self::default() }).collect()
    }

    /// Each way to have one thing less.
    pub(super) fn smaller(&self) -> Vec<Self> {
        fn less<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
            let without = |gone: usize| {
                let kept = of.iter().enumerate().filter(|(number, _)| *number != gone);
                kept.map(|(_, one)| one.clone()).collect()
            };
            (0..of.len()).map(without).collect()
        }
        let mut all = vec![];
        all.extend(less(&self.after).into_iter().map(|after| Self { after, ..self.clone() }));
        all.extend(less(&self.deaths).into_iter().map(|deaths| Self { deaths, ..self.clone() }));
        all.extend(less(&self.disk).into_iter().map(|disk| Self { disk, ..self.clone() }));
        all.extend(less(&self.jumps).into_iter().map(|jumps| Self { jumps, ..self.clone() }));
        all.extend(less(&self.rivals).into_iter().map(|rivals| Self { rivals, ..self.clone() }));
        if self.is_slow {
            all.push(Self { is_slow: false, ..self.clone() });
        }
        if self.cancel.is_some() {
            all.push(Self { cancel: None, ..self.clone() });
        }
        if self.careless {
            all.push(Self { careless: false, ..self.clone() });
        }
        all
    }
}

/// How the wall clock is set: by hand, or wrongly and then back.
fn jumps(whole: u64, random: &mut Random) -> Vec<(i64, i64)> {
    let (mut jumps, mut at) = (vec![], 0);
    for _ in 0..random.below(6).saturating_sub(3) {
        at += random.below(whole) as i64;
        let by = random.between(1, 3_600_000) as i64;
        let by = if random.chance(60) { by } else { -by };
        jumps.push((at, by));
        if random.chance(70) {
            at += random.below(whole / 2) as i64;
            jumps.push((at, -by));
        }
    }
    jumps
}

fn death(extent: Extent, random: &mut Random) -> Death {
    let commit = random.between(1, extent.commits.max(1));
    let moment = match random.below(10) {
        0..4 => Moment::Event(random.between(1, extent.events.max(1)), random.below(6)),
        4 => Moment::BeforeCommit(commit),
        5 | 6 => Moment::Written(commit),
        7 => Moment::Synced(commit),
        _ => Moment::Time(random.below(extent.took_ms.max(1) as u64) as i64),
    };
    Death {
        moment,
        cut: if random.chance(50) { Cut::Killed } else { Cut::Power },
        then: if random.chance(10) { Then::Cancel } else { Then::Resume },
        pause_ms: if random.chance(50) { random.below(500) } else { random.below(1_800_000) } as i64,
    }
}
