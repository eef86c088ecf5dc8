//! `cargo xtask faults`: the built program held against real faults of processes, disks, limits and sizes.
//!
//! Each fault works in projects of its own in a temporary folder, leaves nothing behind, and gives what it counted or
//! what went wrong; then its project is kept and named. A machine that does not allow a fault is a skip that is said.
//! Chance comes from a seed; moments come from the machine's clock, so another run finds other moments. Knows the
//! program only from outside: its commands, exit codes, and what it does to the world. Tested by being run.

mod cgroup;
mod disk;
mod errors;
mod kills;
mod limits;
mod locks;
mod power;
mod project;
mod random;
mod recovery;
mod server;
mod size;
mod trace;
mod world;

use anyhow::bail;
use clap::Args;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// What is tried, and how much of it.
#[derive(Debug, Args)]
pub struct Options {
    /// How many kills by SIGKILL.
    #[arg(long, default_value_t = 500)]
    kills: usize,
    /// How many cuts of the power.
    #[arg(long, default_value_t = 100)]
    cuts: usize,
    /// How many system calls of each kind fail.
    #[arg(long, default_value_t = 30)]
    errors: usize,
    /// How many items the largest loop has.
    #[arg(long, default_value_t = 1_000_000)]
    size: u64,
    /// What chance follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the faults whose names begin so.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// All but the faults whose names begin so; may be repeated.
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,
    /// The program, instead of the one that is built here.
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

impl Options {
    /// A few of everything, in about a minute.
    #[must_use]
    pub fn few(skip: &[&str]) -> Self {
        let skip = skip.iter().map(|name| (*name).to_owned()).collect();
        Self { kills: 15, cuts: 10, errors: 2, size: 20_000, seed: 1, only: None, skip, program: None }
    }
}

/// What a fault is given.
struct Bench {
    program: PathBuf,
    kills: usize,
    cuts: usize,
    errors: usize,
    size: u64,
    seed: u64,
}

impl Bench {
    /// All of a list, or where there are to be few kills every third.
    fn some<T>(&self, list: impl IntoIterator<Item = T>) -> Vec<T> {
        list.into_iter().step_by(if self.kills < 100 { 3 } else { 1 }).collect()
    }

    /// Tells how far it is, now and then.
    fn tell(fault: &str, done: usize, all: usize) {
        if done > 0 && done.is_multiple_of(100) {
            eprintln!("faults: {fault}: {done} of {all}");
        }
    }

    /// How often what is tried several times is tried.
    fn rounds(&self) -> u64 {
        (self.kills as u64 / 50).clamp(1, 10)
    }
}

/// What a fault came to.
struct Outcome {
    tried: String,
    held: String,
    details: Option<String>,
}

impl Outcome {
    fn held(tried: impl Into<String>, held: impl Into<String>) -> Self {
        Self { tried: tried.into(), held: held.into(), details: None }
    }

    fn skipped(why: impl Into<String>) -> Self {
        Self::held("skipped", why)
    }

    fn with_details(mut self, details: String) -> Self {
        self.details = Some(details);
        self
    }
}

/// A fault: what it counted, or what went wrong.
type Fault = fn(&Bench) -> anyhow::Result<Outcome>;

/// All faults, by name.
const FAULTS: [(&str, Fault); 13] = [
    ("kills", kills::run),
    ("power", power::in_order),
    ("names", power::each_alone),
    ("errors", errors::run),
    ("full", limits::full),
    ("limits", limits::run),
    ("memory", limits::memory),
    ("stopped", locks::stopped),
    ("taken-over", locks::taken_over),
    ("clocks", locks::clocks),
    ("size-items", size::items),
    ("size-calls", size::calls),
    ("size-steps", size::steps),
];

/// Tries the faults one after the other, then prints the table.
///
/// # Errors
/// flowc does not build, there is no such fault, or something was not as it was promised.
pub fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let program = match &options.program {
        Some(program) => std::path::absolute(program)?,
        None => crate::build_flowc(root, false)?,
    };
    let bench = Bench {
        program,
        kills: options.kills,
        cuts: options.cuts,
        errors: options.errors,
        size: options.size,
        seed: options.seed,
    };
    let only = options.only.as_deref().unwrap_or_default();
    let is_skipped = |name: &str| options.skip.iter().any(|skipped| name.starts_with(&**skipped));
    let chosen: Vec<_> = FAULTS.into_iter().filter(|(name, _)| name.starts_with(only) && !is_skipped(name)).collect();
    if chosen.is_empty() {
        bail!("there is no fault `{only}`; there are {}", FAULTS.map(|(name, _)| name).join(", "));
    }
    let (mut rows, mut failed) = (vec![], 0);
    for (name, fault) in chosen {
        let begin = Instant::now();
        let row = match fault(&bench) {
            Ok(outcome) => {
                eprintln!("faults: {name}: {}: {} ({} s)", outcome.tried, outcome.held, begin.elapsed().as_secs());
                outcome.details.iter().for_each(|details| eprintln!("  {details}"));
                format!("| {name} | {} | {} |", outcome.tried, outcome.held)
            }
            Err(error) => {
                failed += 1;
                eprintln!("faults: {name} FAILED ({} s): {error:#}", begin.elapsed().as_secs());
                format!("| {name} | failed | {} |", error.root_cause().to_string().lines().next().unwrap_or_default())
            }
        };
        rows.push(row);
    }
    println!("\n| fault | tried | what held |\n| --- | --- | --- |\n{}", rows.join("\n"));
    if failed > 0 {
        bail!("{failed} faults were not withstood");
    }
    Ok(())
}
