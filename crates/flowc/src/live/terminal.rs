//! A run on a terminal: what was done scrolls by, what runs and waits stands below it and moves.

use super::{View, plain, words};
use crate::ui::Ui;
use flow_driver::NodeStatus;
use flow_engine::{Happening, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Most steps that are shown at once; the line below counts the others.
const MOST_SHOWN: usize = 12;

/// The live view.
pub(super) struct Live {
    ui: Ui,
    screen: MultiProgress,
    total: ProgressBar,
    /// What runs or waits, by its place in the run.
    active: BTreeMap<Arc<str>, ProgressBar>,
    hidden: usize,
    done: u64,
}

impl Live {
    pub(super) fn new(ui: Ui) -> Self {
        let screen = MultiProgress::new();
        let total = screen.add(ProgressBar::new(0));
        total.set_style(style("{bar:24.green/dim} {pos}/{len} {elapsed} {msg}", "  {pos}/{len} {elapsed} {msg}", &ui));
        Self { ui, screen, total, active: BTreeMap::new(), hidden: 0, done: 0 }
    }

    fn begin(&mut self, path: &Arc<str>, label: &str, doing: &str) {
        if !self.active.contains_key(path) {
            if self.active.len() >= MOST_SHOWN {
                self.hidden += 1;
                self.count();
                return;
            }
            let bar = self.screen.insert_before(&self.total, ProgressBar::new_spinner());
            bar.set_style(style(
                "{spinner:.cyan} {prefix:.bold} {wide_msg} {elapsed:.dim}",
                "{spinner} {prefix} {wide_msg} {elapsed}",
                &self.ui,
            ));
            bar.set_prefix(label.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            self.active.insert(path.clone(), bar);
        }
        if let Some(bar) = self.active.get(path) {
            bar.set_message(doing.to_owned());
        }
    }

    fn finish(&mut self, path: &Arc<str>) {
        match self.active.remove(path) {
            Some(bar) => bar.finish_and_clear(),
            None => self.hidden = self.hidden.saturating_sub(1),
        }
        self.count();
    }

    fn count(&self) {
        let more = if self.hidden > 0 { format!("and {} more running", self.hidden) } else { String::new() };
        self.total.set_message(more);
        self.total.set_position(self.done.min(self.total.length().unwrap_or(0)));
    }
}

impl View for Live {
    fn show(&mut self, event: &Progress) {
        match &event.what {
            Happening::RunStarted { nodes, .. } => self.total.set_length(*nodes as u64),
            Happening::NodeStarted { path, label, attempt } => {
                let doing = if *attempt > 1 { format!("attempt {attempt}") } else { String::new() };
                self.begin(path, label, &doing);
            }
            Happening::Retrying { path, label, attempt, attempts, why, .. } => {
                self.begin(path, label, &format!("{why}; attempt {attempt} of {attempts} is next"));
            }
            Happening::Waiting { path, label, why } => self.begin(path, label, &words::waiting(why)),
            Happening::Asked { question, .. } => {
                // The command, which must be seen whole, stands in the line above.
                self.begin(&question.path, &question.label, &words::waits_for(question));
            }
            Happening::Log { path, line, .. } => {
                if let Some(bar) = self.active.get(path) {
                    bar.set_message(flow_diag::render::clean(line).trim().to_owned());
                }
            }
            Happening::NodeFinished(node) => {
                self.done += u64::from(node.status != NodeStatus::Unknown);
                self.finish(&node.path);
            }
            _ => {}
        }
        // What moves below is not repeated above.
        let moving = matches!(event.what, Happening::Waiting { .. } | Happening::NodeStarted { .. });
        if let (false, Some(line)) = (moving, plain::line(&event.what, &self.ui)) {
            self.screen.suspend(|| self.ui.tell(&line));
        }
    }

    fn end(&mut self) {
        for bar in self.active.values() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
    }
}

/// A style, with colour if there is any.
fn style(colored: &str, plain: &str, ui: &Ui) -> ProgressStyle {
    let template = if ui.color_err { colored } else { plain };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─")
}
