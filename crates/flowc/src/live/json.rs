//! Events as JSON lines. Every line has `format`, the version of this shape, and `type`.

use super::View;
use flow_engine::Progress;
use std::io::Write as _;

/// The version of the lines' shape.
pub(crate) const EVENTS_FORMAT: u32 = 1;

/// One line for each event.
#[derive(Default)]
pub(super) struct Lines {
    closed: bool,
    /// Which of several runs at once it is: `day=2026-01-31`.
    given: Option<String>,
}

impl Lines {
    pub(super) fn new(given: Option<String>) -> Self {
        Self { closed: false, given }
    }
}

impl View for Lines {
    fn show(&mut self, event: &Progress) {
        if let Ok(event) = serde_json::to_value(event) {
            self.line(event);
        }
    }

    fn lost(&mut self, events: u64) {
        self.line(serde_json::json!({ "type": "events_lost", "count": events }));
    }
}

impl Lines {
    /// A reader who has gone does not end the run.
    fn line(&mut self, mut event: serde_json::Value) {
        if let (Some(given), Some(fields)) = (&self.given, event.as_object_mut()) {
            fields.insert("given".into(), given.as_str().into());
        }
        if !self.closed {
            self.closed = writeln!(std::io::stdout().lock(), "{}", line(event)).is_err();
        }
    }
}

/// An event with its format first.
pub(crate) fn line(event: serde_json::Value) -> String {
    let mut whole = serde_json::Map::from_iter([("format".to_owned(), EVENTS_FORMAT.into())]);
    if let serde_json::Value::Object(fields) = event {
        whole.extend(fields);
    }
    serde_json::Value::Object(whole).to_string()
}
