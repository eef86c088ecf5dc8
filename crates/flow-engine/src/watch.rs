//! Telling watchers what happens, and keeping what attempts write.

use crate::{Happening, Progress, clock::Clock, rim::Rim};
use flow_driver::Note;
use flow_exec::api::{LogSink, Stream};
use flow_plan::Step;
use flow_store::{AttemptLog, Layout};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;

/// Bytes of a line that watchers are shown.
const SHOWN_BYTES: usize = 4096;

/// The sending end of progress.
#[derive(Clone, Debug)]
pub(crate) struct Watchers {
    pub(crate) sender: broadcast::Sender<Progress>,
    pub(crate) clock: Clock,
}

impl Watchers {
    pub(crate) fn tell(&self, what: Happening) {
        // Nobody watching is no error.
        let _ = self.sender.send(Progress { at: self.clock.now(), what });
    }

    /// The driver's notes, as far as people want to see them while it goes on.
    pub(crate) fn note(&self, run: &Arc<str>, note: &Note) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        let what = match note.clone() {
            Note::Decided { path, label, decision } => Happening::Decided { path, label, decision },
            Note::Started { path, label, attempt } => Happening::NodeStarted { path, label, attempt },
            Note::Retrying { path, label, attempt, attempts, class, why, at, .. } => {
                Happening::Retrying { path, label, attempt, attempts, class, why, retry_at: at }
            }
            Note::Waiting { path, label, why } => Happening::Waiting { path, label, why },
            Note::Contract { path, label, verdict } => Happening::Contract { path, label, verdict },
            Note::Asked(question) => Happening::Asked { run: run.clone(), question },
            Note::AnswerRefused { path, label, why, .. } => Happening::AnswerRefused { path, label, why },
            Note::QuestionEnded { path, label, end, .. } => Happening::QuestionEnded { path, label, end },
            Note::Settled(mut end) => {
                end.record = None;
                Happening::NodeFinished(end)
            }
            Note::Ended(end) => Happening::RunFinished(end),
            Note::Attempted { .. }
            | Note::Charged(_)
            | Note::Released { .. }
            | Note::Resolved { .. }
            | Note::Version { .. } => return,
        };
        self.tell(what);
    }
}

/// Where one attempt's lines go: its log, and whoever watches.
pub(crate) struct StepLog {
    path: Arc<str>,
    label: Arc<str>,
    log: Mutex<AttemptLog>,
    watchers: Watchers,
    rim: Arc<Rim>,
    /// What stands in the place of what it prints as its result.
    output_mark: Option<String>,
}

impl StepLog {
    pub(crate) fn new(
        layout: &Layout,
        run: &str,
        (path, label, attempt): (Arc<str>, Arc<str>, u32),
        watchers: Watchers,
        (rim, step): (Arc<Rim>, &Step),
    ) -> Self {
        let log = Mutex::new(AttemptLog::new(layout, run, &path, attempt));
        let output_mark = rim.output_mark(step);
        Self { path, label, log, watchers, rim, output_mark }
    }

    pub(crate) fn finish(&self) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).finish(self.watchers.clock.now());
    }
}

impl LogSink for StepLog {
    fn line(&self, stream: Stream, bytes: &[u8]) {
        let word = match stream {
            Stream::Out => "out",
            Stream::Err => "err",
            Stream::Note => "note",
        };
        let now = self.watchers.clock.now();
        let seen = match &self.output_mark {
            Some(mark) if stream == Stream::Out => Some(mark.clone()),
            _ => self.rim.is_active().then(|| self.rim.text(&String::from_utf8_lossy(bytes))),
        };
        let bytes = seen.as_ref().map_or(bytes, |text| text.as_bytes());
        self.log.lock().unwrap_or_else(PoisonError::into_inner).line(now, word, bytes);
        if self.watchers.sender.receiver_count() > 0 {
            let line = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]).into();
            self.watchers.tell(Happening::Log { path: self.path.clone(), label: self.label.clone(), stream, line });
        }
    }
}
