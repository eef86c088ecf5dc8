//! What can go wrong with the folder in which a project keeps its runs.
//!
//! Every kind has a code with a page. Which kind an error is comes from the system's own error codes,
//! never from texts.

use std::{io, path::PathBuf, sync::Arc};

/// Why the store cannot do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It was written by a later version.
    #[error(
        "the runs in `{path}` were written by a later flowc (store version {found}, this one reads up to {known}): use that flowc, or move the folder away"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest that is known here.
        known: i64,
    },
    /// Another run is under way.
    #[error("another run is under way on this project: {holder}")]
    Locked {
        /// Who.
        holder: crate::LockHolder,
    },
    /// It may not be written to.
    #[error("`{path}` cannot be written to ({reason}): flowc keeps its runs and results there")]
    ReadOnly {
        /// What.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk is full: `{path}` cannot grow ({reason})")]
    Full {
        /// What.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Its content makes no sense.
    #[error(
        "`{path}` is damaged ({reason}): move it away to begin anew; artifacts and outputs are not touched by that"
    )]
    Damaged {
        /// What.
        path: PathBuf,
        /// What makes no sense.
        reason: String,
    },
    /// Anything else.
    #[error("`{path}`: {reason}")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is no such run.
    #[error("there is no run `{run}`{}", hint(.nearest))]
    NoRun {
        /// What was asked for.
        run: Arc<str>,
        /// Runs whose ids begin alike, or the last ones.
        nearest: Vec<Arc<str>>,
    },
    /// The question has an answer already, or waits for none any more.
    #[error("{question} is not open: {why}")]
    NotOpen {
        /// Which.
        question: Arc<str>,
        /// Why not.
        why: Arc<str>,
    },
    /// Nobody asks what became of it.
    #[error("{what} is not in doubt: {why}")]
    NotInDoubt {
        /// Which.
        what: Arc<str>,
        /// Why not.
        why: Arc<str>,
    },
    /// A run's journal is not what was written.
    #[error(
        "event {event} of run `{run}` is damaged ({reason}): this run cannot be gone on with or retried; other runs are not affected"
    )]
    DamagedEvent {
        /// The run.
        run: Arc<str>,
        /// The event's number, from 0.
        event: u64,
        /// What is wrong.
        reason: Arc<str>,
    },
    /// There is no such step in the run.
    #[error("run `{run}` has no step `{step}`{}", hint(.nearest))]
    NoStep {
        /// The run.
        run: Arc<str>,
        /// What was asked for.
        step: Arc<str>,
        /// Steps that it has.
        nearest: Vec<Arc<str>>,
    },
}

fn hint(nearest: &[Arc<str>]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; there is {}", nearest.join(", ")) }
}

impl StoreError {
    /// The code of its page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "R0720",
            Self::Locked { .. } => "R0721",
            Self::ReadOnly { .. } => "R0722",
            Self::Full { .. } => "R0723",
            Self::Damaged { .. } => "R0724",
            Self::Io { .. } => "R0725",
            Self::NoRun { .. } | Self::NoStep { .. } => "R0726",
            Self::NotOpen { .. } => "R0763",
            Self::NotInDoubt { .. } => "R0766",
            Self::DamagedEvent { .. } => "R0727",
        }
    }

    /// From an error of the file system.
    #[must_use]
    pub fn from_io(path: impl Into<PathBuf>, error: &io::Error) -> Self {
        let (path, reason) = (path.into(), error.to_string());
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, reason },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { path, reason }
            }
            _ => Self::Io { path, reason },
        }
    }

    /// From an error of the database.
    #[must_use]
    pub fn from_sqlite(path: impl Into<PathBuf>, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let (path, reason) = (path.into(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::ReadOnly { path, reason }
            }
            Some(ErrorCode::DiskFull) => Self::Full { path, reason },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch) => {
                Self::Damaged { path, reason }
            }
            _ => Self::Io { path, reason },
        }
    }

    /// From JSON that should have been there.
    pub(crate) fn from_json(path: impl Into<PathBuf>, error: &serde_json::Error) -> Self {
        Self::Damaged { path: path.into(), reason: error.to_string() }
    }
}
