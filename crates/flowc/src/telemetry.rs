//! Who else is told of runs: the configuration from the environment and `flow.toml`, and a follower for each run.
//!
//! Nothing here can fail a run: what cannot be used or sent is a line on standard error.

use crate::{
    cli::Global,
    project::Project,
    ui::{Style, Ui, environment, paint},
    world::DiskWorld,
};
use flow_compiler::manifest;
use flow_engine::{Happening, Progress};
use flow_plan::Plan;
use flow_telemetry::{Config, Follower, Scrub, Seen, Settings, Warning};
use std::{path::PathBuf, sync::Arc};
use tokio::{
    sync::{
        broadcast::{Receiver, error::RecvError},
        mpsc,
    },
    task::JoinHandle,
};

/// What a follower may lag behind before it only looks into the journal.
const BACKLOG: usize = 1024;

/// Telemetry of a project that somebody wants.
#[derive(Clone)]
pub(crate) struct Telemetry {
    config: Config,
    scrub: Scrub,
    root: PathBuf,
}

/// What the environment and `flow.toml` say, whether or not anything is sent; with what cannot be used.
pub(crate) fn config(project: &Project, global: &Global) -> (Config, Vec<Warning>) {
    let manifest = manifest(&DiskWorld::new(&project.root));
    let telemetry = manifest.telemetry(global.profile.as_deref());
    let text = |text: Option<Arc<str>>| text.map(|text| text.to_string());
    let settings = Settings {
        otlp: text(telemetry.otlp),
        lineage: text(telemetry.lineage),
        namespace: text(telemetry.namespace),
        content: telemetry.content,
    };
    Config::of(&settings, &manifest.name, &environment)
}

impl Telemetry {
    /// The telemetry of a project; none if nobody wants any.
    pub(crate) fn of(project: &Project, global: &Global, scrub: Scrub, ui: &Ui) -> Option<Self> {
        let (config, warnings) = config(project, global);
        warnings.iter().for_each(|warning| warn(warning, ui));
        config.is_on().then(|| Self { config, scrub, root: project.root.clone() })
    }

    /// Follows a run that is about to begin. Must be called within a runtime.
    pub(crate) fn follow(&self, plan: &Plan, mut events: Receiver<Progress>) -> JoinHandle<Vec<Warning>> {
        let plan = Arc::new(plan.clone());
        let follower = Follower::new(self.root.clone(), plan, self.config.clone(), &self.scrub);
        let (sender, seen) = mpsc::channel(BACKLOG);
        tokio::spawn(async move {
            let forward = async move {
                loop {
                    let event = match events.recv().await {
                        Ok(event) => seen_in(&event),
                        Err(RecvError::Lagged(_)) => Some(Seen::Changed),
                        Err(RecvError::Closed) => break,
                    };
                    // What is lost here is found in the journal.
                    event.into_iter().for_each(|event| drop(sender.try_send(event)));
                }
            };
            tokio::join!(forward, follower.follow(seen)).1
        })
    }
}

fn seen_in(event: &Progress) -> Option<Seen> {
    let at = event.at;
    match &event.what {
        Happening::RunStarted { run, .. } => Some(Seen::RunStarted { run: run.clone(), at }),
        Happening::NodeStarted { path, attempt: 1, .. } => Some(Seen::StepStarted { path: path.clone(), at }),
        Happening::NodeFinished(_) => Some(Seen::Changed),
        _ => None,
    }
}

/// Waits until a run's telemetry is on its way, and says what is not.
pub(crate) async fn tell(follower: Option<JoinHandle<Vec<Warning>>>, ui: &Ui) {
    let Some(follower) = follower else { return };
    let warnings = follower.await.unwrap_or_default();
    warnings.iter().for_each(|warning| warn(warning, ui));
    if warnings.iter().any(|warning| warning.code == "R0951") {
        ui.detail("`flowc export` sends what is in the journal again");
    }
}

/// One line.
fn warn(warning: &Warning, ui: &Ui) {
    let word = paint(ui.color_err, Style::Warn, "warning");
    ui.say(&format!("{word}: {} [{}]", flow_diag::render::clean(&warning.message), warning.code));
}
