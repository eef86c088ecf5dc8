//! What `flowc test` is made of: real work for tests, and how their results are shown.

pub(crate) mod coverage;
pub(crate) mod real;
pub(crate) mod show;

use clap::ValueEnum;
use flow_sim::TestReport;
use std::{sync::Arc, time::Duration};

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
}

impl Ran {
    pub(crate) fn passed(&self) -> bool {
        self.report.problems.is_empty()
    }
}
