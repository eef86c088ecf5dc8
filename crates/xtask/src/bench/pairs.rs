//! Two sides in turn, A B A B …, and what their pairs say.
//!
//! Knows nothing of what the sides do. A side's time is wall time from start to exit, output thrown away, or what it
//! prints as its own time, where a server is already up. What must be cleared away before is not timed.

use anyhow::{Context, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// What a side does.
enum Work {
    Program(Vec<String>),
    Here(Box<dyn Fn() -> anyhow::Result<()>>),
}

/// A side of a contest.
pub(super) struct Side {
    name: String,
    work: Work,
    folder: Option<PathBuf>,
    cleared: Option<PathBuf>,
    tells_time: bool,
}

impl Side {
    /// A program and its arguments.
    pub(super) fn program<T: ToString>(name: &str, command: &[T]) -> Self {
        Self::new(name, Work::Program(command.iter().map(ToString::to_string).collect()))
    }

    /// Something that is done in this process.
    pub(super) fn here(name: &str, work: impl Fn() -> anyhow::Result<()> + 'static) -> Self {
        Self::new(name, Work::Here(Box::new(work)))
    }

    fn new(name: &str, work: Work) -> Self {
        Self { name: name.into(), work, folder: None, cleared: None, tells_time: false }
    }

    /// It runs in this folder.
    pub(super) fn in_folder(self, folder: &Path) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// This folder is removed before each run.
    pub(super) fn clearing(self, folder: PathBuf) -> Self {
        Self { cleared: Some(folder), ..self }
    }

    /// Its last line is how many seconds the work took.
    pub(super) fn telling_time(self) -> Self {
        Self { tells_time: true, ..self }
    }

    /// Runs it once; the seconds that it took.
    pub(super) fn run(&self) -> anyhow::Result<f64> {
        if let Some(folder) = self.cleared.as_ref().filter(|folder| folder.exists()) {
            fs::remove_dir_all(folder)?;
        }
        let start = Instant::now();
        match &self.work {
            Work::Here(work) => {
                work().with_context(|| self.name.clone())?;
                Ok(start.elapsed().as_secs_f64())
            }
            Work::Program(command) => self.run_program(command),
        }
    }

    fn run_program(&self, command: &[String]) -> anyhow::Result<f64> {
        let (program, arguments) = command.split_first().context("a command has a program")?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::piped());
        command.stdout(if self.tells_time { Stdio::piped() } else { Stdio::null() });
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let start = Instant::now();
        let output = command.output().with_context(|| format!("starting {program}"))?;
        let elapsed = start.elapsed().as_secs_f64();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let end = said.trim_end().lines().last().unwrap_or_default();
            bail!("{} ended with {}: {end}", self.name, output.status);
        }
        if !self.tells_time {
            return Ok(elapsed);
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let last = said.trim_end().lines().last().unwrap_or_default();
        last.parse().with_context(|| format!("{} told no time, but {last:?}", self.name))
    }
}

/// Times of two sides, run in turn, in seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    pub(super) ours: Vec<f64>,
    pub(super) theirs: Vec<f64>,
}

impl Pairs {
    /// What each pair gives.
    pub(super) fn map(&self, of: impl Fn(f64, f64) -> f64) -> Quartiles {
        Quartiles::of(self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| of(*ours, *theirs)).collect())
    }
}

/// Runs both once to warm up, then `rounds` times in turn.
pub(super) fn in_turn(ours: &Side, theirs: &Side, rounds: usize) -> anyhow::Result<Pairs> {
    ours.run()?;
    theirs.run()?;
    let mut pairs = Pairs::default();
    for _ in 0..rounds {
        pairs.ours.push(ours.run()?);
        pairs.theirs.push(theirs.run()?);
    }
    Ok(pairs)
}

/// The same work once with one step and once with many.
pub(super) struct Stepped {
    pub(super) one: Side,
    pub(super) many: Side,
    /// How many.
    pub(super) steps: usize,
}

impl Stepped {
    /// Of `steps` steps, made for a number of them.
    pub(super) fn new(steps: usize, side: impl Fn(usize) -> anyhow::Result<Side>) -> anyhow::Result<Self> {
        Ok(Self { one: side(1)?, many: side(steps)?, steps })
    }

    /// (run of many − run of one) / (many − 1), for each run of many.
    fn each(&self, many: &[f64], one: &[f64]) -> Vec<f64> {
        let one = Quartiles::of(one.to_vec()).median;
        #[expect(clippy::cast_precision_loss, reason = "there are no 2^52 steps")]
        let others = (self.steps - 1) as f64;
        many.iter().map(|many| (many - one) / others).collect()
    }
}

/// Both in turn; the times are those of one step.
pub(super) fn steps_in_turn(ours: &Stepped, theirs: &Stepped, rounds: usize) -> anyhow::Result<Pairs> {
    let one = in_turn(&ours.one, &theirs.one, rounds)?;
    let many = in_turn(&ours.many, &theirs.many, rounds)?;
    Ok(Pairs { ours: ours.each(&many.ours, &one.ours), theirs: theirs.each(&many.theirs, &one.theirs) })
}

/// One side alone; the times are those of one step.
pub(super) fn steps_alone(side: &Stepped, rounds: usize) -> anyhow::Result<Vec<f64>> {
    let times = |side: &Side| (0..=rounds).map(|_| side.run()).skip(1).collect::<anyhow::Result<Vec<f64>>>();
    Ok(side.each(&times(&side.many)?, &times(&side.one)?))
}

/// A median and what lies around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quartiles {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

impl Quartiles {
    /// Those of these values: what stands at a quarter, a half and three quarters of the way, or between the two there.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let value = |at: usize| values.get(at).copied();
        let at = |part: usize| {
            let way = values.len().saturating_sub(1) * part;
            let (Some(below), above) = (value(way / 4), value(way / 4 + 1)) else { return f64::NAN };
            let share = [0.0, 0.25, 0.5, 0.75][way % 4];
            below + share * (above.unwrap_or(below) - below)
        };
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Quartiles, Side, Stepped};

    #[test]
    fn quartiles_are_a_quarter_of_the_way_from_the_ends() {
        let quartiles = Quartiles::of(vec![5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!(quartiles, Quartiles { low: 2.0, median: 3.0, high: 4.0 });
        assert_eq!(Quartiles::of(vec![3.0, 1.0, 2.0]), Quartiles { low: 1.5, median: 2.0, high: 2.5 });
        assert_eq!(Quartiles::of(vec![7.0]), Quartiles { low: 7.0, median: 7.0, high: 7.0 });
        assert!(Quartiles::of(vec![]).median.is_nan());
    }

    #[test]
    fn a_step_costs_what_many_cost_more_than_one() {
        let stepped = Stepped::new(11, |_| Ok(Side::here("nothing", || Ok(())))).unwrap();
        assert_eq!(stepped.each(&[3.0, 5.0], &[9.0, 1.0, 0.0]), [0.2, 0.4]);
    }

    #[test]
    fn a_side_that_fails_is_named_with_what_it_said() {
        let side = Side::program("crooked", &["sh", "-c", "echo so >&2; exit 3"]);
        let error = side.run().unwrap_err().to_string();
        assert!(error.contains("crooked") && error.ends_with(": so"), "{error}");
        assert_eq!(Side::program("clock", &["echo", "2.5"]).telling_time().run().unwrap(), 2.5);
    }
}
