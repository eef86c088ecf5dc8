//! What `flowc test` is made of: real work for tests, and how their results are shown.

pub(crate) mod coverage;
pub(crate) mod models;
pub(crate) mod ready;
pub(crate) mod real;
pub(crate) mod show;
pub(crate) mod usage;

use clap::ValueEnum;
use flow_sim::TestReport;
use std::{sync::Arc, time::Duration};
use usage::Usage;

/// `--format` of `flowc test`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people.
    #[default]
    Text,
    /// The XML that continuous integration reads.
    Junit,
    /// One JSON document.
    Json,
}

/// A test that was run.
pub(crate) struct Ran {
    pub(crate) title: Arc<str>,
    /// Its file.
    pub(crate) path: String,
    pub(crate) report: TestReport,
    /// How long it took here.
    pub(crate) took: Duration,
    /// Why it was not run.
    pub(crate) skipped: Option<String>,
    /// What it used of models.
    pub(crate) usage: Usage,
}

impl Ran {
    pub(crate) fn passed(&self) -> bool {
        self.report.problems.is_empty() && self.skipped.is_none()
    }

    pub(crate) fn failed(&self) -> bool {
        !self.report.problems.is_empty()
    }
}
