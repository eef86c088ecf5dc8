//! Crashes, played: driver, store and executors under virtual time, with faults that one seed decides.
//!
//! A seed makes a program, how its steps go in a world, and what happens besides: processes are killed and machines lose
//! their power at any event, command, transaction or time; disks are full, slow or fail; clocks are set; people answer,
//! cancel, retry and say what became of doubts. The driver is the real one, and so are the rules of recovery; the engine
//! and the store are models of the ones that do I/O ([`process`], [`store`]), with a disk that may lose and tear what was
//! not synced. After every event, every cut and every run [`audit`] holds what was promised against what happened.
//!
//! What it does not know: SQLite, executors, and two processes that drive one run at once, which the lock prevents.
//! Tested by `tests/crash.rs`: seeds without a finding, and mutations of the model, each of which must be found.

mod audit;
mod budget;
mod build;
mod clock;
mod disk;
mod facts;
mod kinds;
mod log;
mod people;
mod play;
mod process;
mod program;
mod random;
mod recorded;
mod resume;
mod scenario;
mod steps;
mod store;
mod tables;
mod world;

use play::Play;
use program::{Case, case};
use scenario::{Extent, Faults};
use std::{collections::BTreeSet, fmt};

pub use kinds::ALL as ALL_KINDS;
pub use recorded::{Entry, Recorded};

/// Nodes beside each other at most.
const MOST_NODES: u32 = 20;

/// A rule that the model of the engine breaks, to see whether that is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Effects do not wait until what led to them is durable.
    NothingWaits,
    /// What is in doubt is done again, and nobody is asked.
    DoubtIsAgain,
    /// A model whose answer was lost is asked the same again.
    AskedAgain,
    /// A step has another key when it is done again.
    OtherKey,
    /// What was published is published once more after a cut.
    PublishedTwice,
    /// The end of the journal is lost though it was durable.
    LostSuffix,
    /// After a cut what waits goes on at once.
    TimersBegin,
    /// After a cut nothing waits for a time any more.
    TimersForgotten,
    /// What an event says to projections is another transaction than the event.
    NotesApart,
    /// The clock of a process that goes on begins with the wall clock's time, whatever the run has seen.
    ClockBegins,
    /// When the wall clock was ahead and is set back, the clock of a process stands until it is as late by itself.
    ClockStands,
}

/// Something that was promised and does not hold.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// What does not hold.
    pub what: String,
    /// What was played, made as small as it got.
    pub scenario: String,
    /// What happened, line by line.
    pub trace: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "  {}", self.scenario)?;
        write!(f, "seed {}: {}: `cargo xtask sim --seed {}`", self.seed, self.what, self.seed)
    }
}

/// What was played.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Events that drivers took in.
    pub events: u64,
    /// Processes that were cut off or stopped.
    pub cuts: u64,
    /// Runs that ended.
    pub runs: u64,
    /// Whether the first run was held against the one without faults.
    pub compared: bool,
    /// The kinds of things that have happened, of [`ALL_KINDS`] and others.
    pub kinds: BTreeSet<&'static str>,
}

impl Played {
    /// Both together.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        self.kinds.append(&mut other.kinds);
        Self {
            kinds: self.kinds,
            events: self.events + other.events,
            cuts: self.cuts + other.cuts,
            runs: self.runs + other.runs,
            compared: self.compared && other.compared,
        }
    }
}

/// Plays a seed: its program once without faults, and once with them.
///
/// # Errors
/// What does not hold, made small, with a trace.
pub fn simulate(seed: u64) -> Result<Played, Box<Finding>> {
    check(seed, None).map_err(|what| {
        // Where it does not even go well without faults, nothing else need happen.
        let faults =
            Base::of(seed, MOST_NODES).map_or_else(|_| Faults::default(), |base| Faults::of(seed, base.extent));
        Box::new(smallest(seed, faults, None, what))
    })
}

/// As [`simulate`], by a model that breaks a rule, and without making small what is found.
///
/// # Errors
/// What does not hold.
pub fn check(seed: u64, mutation: Option<Mutation>) -> Result<Played, String> {
    let base = Base::of(seed, MOST_NODES)?;
    base.attempt(&Faults::of(seed, base.extent), mutation)
}

/// Plays a seed's program with one cut before, in and after every transaction of it; how many plays that were.
///
/// # Errors
/// What does not hold.
pub fn sweep(seed: u64) -> Result<u64, Box<Finding>> {
    let nothing = |what| Box::new(smallest(seed, Faults::default(), None, what));
    let base = Base::of(seed, MOST_NODES).map_err(nothing)?;
    let mut count = 0;
    for faults in Faults::at_every_commit(base.extent) {
        count += 1;
        base.attempt(&faults, None).map_err(|what| Box::new(smallest(seed, faults, None, what)))?;
    }
    Ok(count)
}

/// A program, and how it goes without faults.
struct Base {
    seed: u64,
    case: Case,
    extent: Extent,
    outcome: Option<audit::Outcome>,
}

impl Base {
    fn of(seed: u64, nodes: u32) -> Result<Self, String> {
        let (case, none) = (case(seed, nodes), Faults::default());
        let mut play = Play::new(&case, seed, &none, None);
        play.play().map_err(|what| format!("without any fault: {what}"))?;
        let (extent, outcome) = (play.extent(), play.audit.outcome);
        Ok(Self { seed, extent, outcome, case })
    }

    /// Plays the program with these faults, and holds its end against the one without.
    fn attempt(&self, faults: &Faults, mutation: Option<Mutation>) -> Result<Played, String> {
        let mut play = Play::new(&self.case, self.seed, faults, mutation);
        play.play()?;
        let compared = !self.case.is_timely && !play.audit.disturbed;
        if compared && play.audit.outcome != self.outcome {
            let unlike = differences(&play.audit.outcome, &self.outcome);
            return Err(format!("it has ended otherwise than without faults: {unlike}"));
        }
        let (runs, kinds) = (play.audit.ended_runs as u64, play.audit.kinds);
        Ok(Played { events: play.events, cuts: play.cuts, runs, compared, kinds })
    }
}

fn differences(found: &Option<audit::Outcome>, expected: &Option<audit::Outcome>) -> String {
    let (Some(found), Some(expected)) = (found, expected) else { return "one has no end".into() };
    let keys: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let unlike = keys.into_iter().filter(|key| found.get(*key) != expected.get(*key));
    let lines = unlike.map(|key| format!("{key} {:?} instead of {:?}", found.get(key), expected.get(key)));
    lines.take(5).collect::<Vec<_>>().join("; ")
}

/// Leaves out nodes and faults as long as something still does not hold, then plays it with a trace.
fn smallest(seed: u64, mut faults: Faults, mutation: Option<Mutation>, mut what: String) -> Finding {
    let mut nodes = MOST_NODES;
    let mut left = 300;
    'smaller: while left > 0 {
        let fewer = (1..nodes).map(|nodes| (nodes, faults.clone()));
        for (count, less) in fewer.chain(faults.smaller().into_iter().map(|less| (nodes, less))) {
            left -= 1;
            if let Err(still) = Base::of(seed, count).and_then(|base| base.attempt(&less, mutation)) {
                (nodes, faults, what) = (count, less, still);
                continue 'smaller;
            }
        }
        break;
    }
    let made = case(seed, nodes);
    let mut play = Play::new(&made, seed, &faults, mutation);
    play.trace = Some(vec![]);
    // What does not hold is known already.
    let _ = play.play();
    let scenario = format!("{nodes} nodes beside each other, {faults:?}");
    Finding { seed, what, scenario, trace: play.trace.unwrap_or_default() }
}
