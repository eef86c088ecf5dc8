//! A run as it goes on: a live view on a terminal, plain lines in a pipeline, events as JSON for tools.
//!
//! Only shows. A watcher that falls behind loses events, never holds up the run.

pub(crate) mod json;
pub(crate) mod plain;
pub(crate) mod summary;
mod terminal;
pub(crate) mod words;

use crate::ui::Ui;
use clap::ValueEnum;
use flow_engine::Progress;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// `--format` of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunFormat {
    /// For people: a live view on a terminal, else lines.
    Text,
    /// One event a line, on standard output.
    Json,
}

/// Shows events until the run is over. Of several runs at once each has a name, which stands in its lines.
pub(crate) async fn watch(ui: Ui, format: RunFormat, mut events: Receiver<Progress>, name: Option<String>) {
    let mut view: Box<dyn View + Send> = match format {
        RunFormat::Json => Box::new(json::Lines::new(name)),
        RunFormat::Text if ui.quiet => return,
        RunFormat::Text if ui.live && name.is_none() => Box::new(terminal::Live::new(ui)),
        RunFormat::Text => Box::new(plain::Lines::new(ui, name)),
    };
    loop {
        match events.recv().await {
            Ok(event) => view.show(&event),
            Err(RecvError::Lagged(lost)) => view.lost(lost),
            Err(RecvError::Closed) => break,
        }
    }
    view.end();
}

/// A way to show events.
trait View {
    fn show(&mut self, event: &Progress);

    fn lost(&mut self, events: u64) {
        let _ = events;
    }

    fn end(&mut self) {}
}
