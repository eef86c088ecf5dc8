//! Following a run while it goes on: beginnings at once, everything else from the journal, soon.
//!
//! The journal is read beside the run, on a connection that cannot write; how often follows from how long that
//! takes. What was sent is known by its id and not sent again. A run that is killed is sent as far as it came,
//! and `flowc export` sends the rest.

use crate::{
    Config, Outlet, RunRecord, Scrub, Warning,
    lineage::{self, Beginning, Naming},
    traces,
};
use flow_diag::codes;
use flow_plan::{Plan, deadlines};
use flow_store::{Layout, Reader};
use jiff::Timestamp;
use std::{
    collections::HashSet,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// The journal is not read more often than this.
const PAUSE: Duration = Duration::from_secs(1);
/// Nor so that reading takes more than this part of the time: one in so many.
const SHARE: u32 = 20;
/// How long the last ones may take to arrive, when the run is over.
const FLUSH: Duration = Duration::from_secs(4);

/// What a follower is told while a run goes on.
#[derive(Clone, Debug)]
pub enum Seen {
    /// The run begins.
    RunStarted {
        /// Its id.
        run: Arc<str>,
        /// When.
        at: Timestamp,
    },
    /// A step's first attempt begins.
    StepStarted {
        /// Its place.
        path: Arc<str>,
        /// When.
        at: Timestamp,
    },
    /// Something was done: there is news in the journal.
    Changed,
}

/// Sends what is known of one run.
#[derive(Debug)]
pub struct Follower {
    layout: Layout,
    plan: Arc<Plan>,
    config: Config,
    naming: Naming,
    traces: Option<Outlet>,
    lineage: Option<Outlet>,
    sent: HashSet<String>,
    run: Option<(Arc<str>, Timestamp)>,
    /// Why the journal could not be read.
    unread: Option<String>,
}

impl Follower {
    /// A follower of a run that is about to begin. Must be called within a runtime.
    #[must_use]
    pub fn new(root: PathBuf, plan: Arc<Plan>, config: Config, scrub: &Scrub) -> Self {
        let naming = config.naming(root.clone());
        let traces = config.traces.clone().map(|target| Outlet::traces(target, &config, scrub.clone()));
        let lineage = config.lineage.clone().map(|target| Outlet::lineage(target.under(&root), scrub.clone()));
        let (layout, sent) = (Layout::new(&root), HashSet::new());
        Self { layout, plan, config, naming, traces, lineage, sent, run: None, unread: None }
    }

    /// Follows until the other end is dropped, which is when the run is over and in the journal. Gives what
    /// could not be sent.
    pub async fn follow(mut self, mut seen: mpsc::Receiver<Seen>) -> Vec<Warning> {
        let mut due: Option<tokio::time::Instant> = None;
        let mut pause = PAUSE;
        loop {
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = seen.recv() => match event {
                    None => break,
                    Some(Seen::Changed) => drop(due.get_or_insert(tokio::time::Instant::now() + pause)),
                    Some(event) => self.began(&event),
                },
                () = wait => {
                    due = None;
                    let began = Instant::now();
                    self.catch_up().await;
                    pause = PAUSE.max(began.elapsed() * SHARE);
                }
            }
        }
        self.catch_up().await;
        let finish = |outlet: Option<Outlet>| async {
            match outlet {
                Some(outlet) => outlet.finish(FLUSH).await,
                None => None,
            }
        };
        let (traces, lineage) = tokio::join!(finish(self.traces.take()), finish(self.lineage.take()));
        let message =
            |why| Warning { code: codes::R0951.as_str(), message: format!("the journal cannot be read: {why}") };
        traces.into_iter().chain(lineage).chain(self.unread.map(message)).collect()
    }

    fn began(&mut self, event: &Seen) {
        if let Seen::RunStarted { run, at } = event {
            self.run = Some((run.clone(), *at));
        }
        let (Some((run, started)), Some(outlet)) = (&self.run, &self.lineage) else { return };
        let deadline = deadlines(&self.plan.program, *started).get(&self.plan.flow).copied();
        let beginning = Beginning { plan: &self.plan, run, started: *started, deadline };
        let event = match event {
            Seen::RunStarted { .. } => Some(lineage::run_started(&beginning, &self.naming)),
            Seen::StepStarted { path, at } => lineage::step_started(&beginning, &self.naming, path, *at),
            Seen::Changed => None,
        };
        if let Some(event) = event.filter(|event| !self.sent.contains(&event.key)) {
            self.sent.insert(event.key);
            outlet.push(vec![event.json]);
        }
    }

    /// Sends what is new in the journal.
    async fn catch_up(&mut self) {
        let Some((run, _)) = self.run.clone() else { return };
        let (layout, plan) = (self.layout.clone(), self.plan.clone());
        let with_logs = self.config.content && self.traces.is_some();
        let read = move || match Reader::open(&layout)? {
            Some(reader) => RunRecord::read(&reader, &layout, plan, &run, with_logs).map(Some),
            None => Ok(None),
        };
        let record = match tokio::task::spawn_blocking(read).await {
            Ok(Ok(Some(record))) => record,
            Ok(Ok(None)) | Err(_) => return,
            Ok(Err(error)) => {
                // The run may not have been written down yet; at its end it has.
                self.unread = Some(error.to_string());
                return;
            }
        };
        self.unread = None;
        if let Some(outlet) = &self.traces {
            let new = traces::spans(&record, &self.config).into_iter();
            let new: Vec<_> = new.filter(|span| self.sent.insert(span.id.clone())).map(|span| span.json).collect();
            outlet.push(new);
        }
        if let Some(outlet) = &self.lineage {
            let new = lineage::events(&record, &self.naming).into_iter();
            let new: Vec<_> = new.filter(|event| self.sent.insert(event.key.clone())).map(|event| event.json).collect();
            outlet.push(new);
        }
    }
}
