//! How flowc ends: the exit codes, documented here and in `flowc --help`, and what carries them.
//!
//! Scripts rely on these numbers. A code never changes its meaning.

use std::{fmt, process::ExitCode};

/// The table of exit codes, as `--help` and the man pages show it.
pub(crate) const TABLE: &str = "\
Exit codes:
  0    done, or nothing to do
  1    a step or a test failed
  2    the program, a plan or the command line is wrong
  3    a contract was broken: data, its age, or a deadline
  4    the environment: disk, permissions, another flowc at work
  5    a run waits for somebody to say what became of a step
  130  cancelled";

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// A step failed.
    StepFailed,
    /// The program, a plan or the command line is wrong.
    Wrong,
    /// A contract was broken.
    ContractBroken,
    /// Disk, permissions, a lock.
    Environment,
    /// Somebody must say first what became of a step.
    InDoubt,
    /// The user stopped it.
    Cancelled,
    /// Whoever read the output has gone.
    OutputClosed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::StepFailed => 1,
            Exit::Wrong => 2,
            Exit::ContractBroken => 3,
            Exit::Environment => 4,
            Exit::InDoubt => 5,
            Exit::Cancelled => 130,
            // What a shell reports for a program that a closed pipe has ended.
            Exit::OutputClosed => 141,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How to end.
    pub(crate) exit: Exit,
    /// What to say; nothing if it has been said.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// The program, a plan or the command line is wrong.
    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self { exit: Exit::Wrong, message: message.into(), hints: vec![] }
    }

    /// The machine does not let us.
    pub(crate) fn environment(message: impl Into<String>) -> Self {
        Self { exit: Exit::Environment, message: message.into(), hints: vec![] }
    }

    /// Reading or writing a path failed.
    pub(crate) fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::environment(format!("{what} {}: {error}", path.display()))
    }

    /// Adds advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the names that were probably meant.
    pub(crate) fn nearest<'n>(self, wanted: &str, known: impl Iterator<Item = &'n str>) -> Self {
        match flow_plan::select::nearest(wanted, known).first() {
            Some(name) => self.hint(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What a command gives back.
pub(crate) type Outcome = Result<Exit, Failure>;
