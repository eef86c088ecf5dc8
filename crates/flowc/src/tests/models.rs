//! Models as tests ask them: not at all, from recordings, or live. What was used is counted here.
//!
//! Asks happen one after the other, each in the time that it takes. What the program waits between an ask that failed
//! and the next one is really waited, up to a minute: whoever is at the other side may have asked for it.

use super::usage::Usage;
use flow_driver::{Product, RunStep};
use flow_expr::Name;
use flow_plan::{AskReport, Body, Model, Program, Provider};
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::RefCell,
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// The longest pause between asks that is really waited.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Whom tests may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nobody; what a test does not give may come from a recording.
    #[default]
    Offline,
    /// The models of the program.
    Live {
        /// Where their answers are kept.
        record: Option<PathBuf>,
    },
}

/// The models of a program, in tests.
pub(crate) struct Models {
    client: Arc<flow_ai::Client>,
    is_live: bool,
    usage: RefCell<Usage>,
    /// When asks of a model last failed, in the time of the test.
    failed: RefCell<HashMap<Name, Timestamp>>,
}

impl Models {
    pub(crate) fn new(client: Arc<flow_ai::Client>, mode: &Mode) -> Self {
        let is_live = *mode != Mode::Offline;
        Self { client, is_live, usage: RefCell::default(), failed: RefCell::default() }
    }

    /// A new test begins.
    pub(crate) fn begin(&self) {
        self.client.begin_run();
        self.failed.borrow_mut().clear();
    }

    /// What was used since this was asked the last time.
    pub(crate) fn take_usage(&self) -> Usage {
        self.usage.take()
    }

    /// Whether the models of a step are asked. A scripted model answers what the test says, as ever.
    pub(crate) fn are_asked(&self, run: &RunStep, program: &Program, is_given: bool) -> bool {
        let Body::Ai(ai) = &run.step.body else { return false };
        let providers: Vec<&Provider> =
            ai.models.iter().filter_map(|name| program.models.get(name)).map(|model| &model.provider).collect();
        match self.is_live {
            true => providers.iter().any(|provider| **provider != Provider::Scripted),
            false => !is_given && providers.iter().all(|provider| matches!(provider, Provider::Replay { .. })),
        }
    }

    /// How long to wait before a model is asked at that time of the test.
    pub(crate) fn pause(&self, model: &Model, at: Timestamp) -> Duration {
        if matches!(model.provider, Provider::Replay { .. }) {
            return Duration::ZERO;
        }
        let failed = self.failed.borrow().get(&model.name).copied();
        let pause = failed.map_or(SignedDuration::ZERO, |failed| at.duration_since(failed));
        Duration::try_from(pause).unwrap_or_default().min(LONGEST_PAUSE)
    }

    /// Begins to count an ask.
    pub(crate) fn asking(&self) -> Asking {
        Asking { sent: self.client.sent(), began: now() }
    }

    /// Counts an ask that is over. Gives how many milliseconds it took.
    pub(crate) fn asked(
        &self,
        asking: &Asking,
        model: &Name,
        at: Timestamp,
        result: &Result<Product, flow_plan::Failure>,
        report: Option<&AskReport>,
    ) -> u64 {
        let took = u64::try_from(asking.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let was_sent = self.client.sent() > asking.sent;
        if let Some(report) = report {
            match was_sent {
                true => self.usage.borrow_mut().add(report),
                false if !report.answer.is_empty() => self.usage.borrow_mut().recorded += 1,
                false => {}
            }
        }
        if result.is_err() && was_sent {
            let took = SignedDuration::from_millis(i64::try_from(took).unwrap_or(i64::MAX));
            let ended = at.checked_add(took).unwrap_or(Timestamp::MAX);
            self.failed.borrow_mut().insert(model.clone(), ended);
        }
        // What no time was spent on takes none: a recording answers alike on every machine.
        if was_sent { took } else { 0 }
    }
}

/// An ask under way.
pub(crate) struct Asking {
    sent: u64,
    began: Instant,
}

#[expect(clippy::disallowed_methods, reason = "what an ask takes is measured here")]
fn now() -> Instant {
    Instant::now()
}
