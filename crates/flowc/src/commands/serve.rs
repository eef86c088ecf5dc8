//! `flowc serve`: starts flows when they are due, for as long as it lives.

use crate::{
    cli::Global,
    engine,
    exit::{Exit, Failure, Outcome},
    moment::moment,
    project::Project,
    served::Files,
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_control::schedule::{Record, Ruling};
use flow_engine::{Happening, Options, RunStatus};
use flow_server::{Handle, Problem, Said, Service, ServiceOptions, What};
use std::{path::PathBuf, process, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::broadcast,
    task::JoinSet,
};

/// Events that the log may lag behind before it loses some.
const BACKLOG: usize = 16 * 1024;

/// How long another process's hold on a project is waited out.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Starts flows when they are due: by their schedules, when datasets are updated, through webhooks and by hand
///
/// Goes on with runs that were cut off. Follows the files: a changed program counts from its next start on, one with
/// errors is refused and the one before goes on. TERM or Ctrl-C lets runs end and starts no more; a second one leaves
/// them, and the next `flowc serve` goes on with them.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The projects: folders with a flow.toml [default: the one of the working folder]
    #[arg(value_name = "DIR")]
    projects: Vec<PathBuf>,
    /// Runs at once of each project; others wait for a place
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    parallel: u32,
    /// Things done at once in each run [default: as many as there are cores]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
}

impl Serve {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let projects = self.projects(global)?;
        let (said, log) = broadcast::channel::<Arc<Said>>(BACKLOG);
        let services = projects.into_iter().map(|project| {
            let options = Options { jobs: self.jobs, wait_for_lock: Some(FOREVER), keep: engine::keep(&project) };
            let (engine, _) = engine::running(&project, options, None)?;
            let (service, handle) = Service::new(name(&project), &project.root, engine);
            Ok((service, handle, Files::new(project, global)))
        });
        let services = services.collect::<Result<Vec<_>, Failure>>()?;
        let options = ServiceOptions { parallel: self.parallel as usize };
        let runtime = engine::runtime()?;
        let ended = runtime.block_on(async {
            let handles: Vec<Handle> = services.iter().map(|(_, handle, _)| handle.clone()).collect();
            let logging = tokio::spawn(log_all(log, *ui));
            let signals = tokio::spawn(end_on_signals(handles, *ui));
            let mut going = JoinSet::new();
            for (service, _, files) in services {
                going.spawn(service.serve(Arc::new(files), options.clone(), said.clone()));
            }
            drop(said);
            let mut result = Ok(Exit::Done);
            while let Some(ended) = going.join_next().await {
                let ended = ended.map_err(|error| Failure::environment(error.to_string()));
                if let Err(failure) = ended.and_then(|ended| ended.map_err(|problem| failure(&problem))) {
                    result = Err(failure);
                    break;
                }
            }
            going.shutdown().await;
            signals.abort();
            let _ = logging.await;
            result
        });
        runtime.shutdown_timeout(Duration::from_secs(2));
        ended
    }

    fn projects(&self, global: &Global) -> Result<Vec<Project>, Failure> {
        if self.projects.is_empty() {
            return Ok(vec![Project::find(global)?]);
        }
        let of = |folder: &PathBuf| {
            let project = Project::find(&Global { project: Some(folder.clone()), ..global.clone() })?;
            if project.root.join("flow.toml").is_file() || project.is_loose {
                return Ok(project);
            }
            Err(Failure::wrong(format!("{} is no project: it has no flow.toml", folder.display())))
        };
        let projects = self.projects.iter().map(of).collect::<Result<Vec<_>, Failure>>()?;
        for (place, project) in projects.iter().enumerate() {
            if projects[..place].iter().any(|other| name(other) == name(project)) {
                return Err(Failure::wrong(format!("two projects are called `{}`", name(project)))
                    .hint("folders of projects that are served together have names of their own"));
            }
        }
        Ok(projects)
    }
}

/// What a project is called where several are served: its folder's name.
pub(crate) fn name(project: &Project) -> Arc<str> {
    let folder = project.root.file_name().map(|name| name.to_string_lossy().into_owned());
    folder.unwrap_or_else(|| "project".into()).into()
}

fn failure(problem: &Problem) -> Failure {
    match problem {
        Problem::Engine(error) => engine::failure(error),
        Problem::Store(error) => engine::store_failure(error),
        other => Failure::wrong(other.to_string()),
    }
}

/// The first signal lets runs end, the second leaves them.
async fn end_on_signals(handles: Vec<Handle>, ui: Ui) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let mut asked = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if asked {
            ui.tell("ended at once: the next `flowc serve` goes on with what was under way");
            process::exit(130);
        }
        asked = true;
        ui.tell("ending: what is under way may end, nothing more is started; once more leaves it at once");
        handles.iter().for_each(Handle::end);
    }
}

/// What happens, a line each.
async fn log_all(mut log: broadcast::Receiver<Arc<Said>>, ui: Ui) {
    loop {
        match log.recv().await {
            Ok(said) => {
                if let Some((style, line)) = line(&said.what) {
                    let line = paint(ui.color_err, style, &line);
                    ui.say(&format!("{}  {:<12}  {line}", moment(said.at), said.project));
                }
            }
            Err(broadcast::error::RecvError::Lagged(lost)) => ui.say(&format!("({lost} lines were too fast)")),
            Err(broadcast::error::RecvError::Closed) => break,
        }
    }
}

fn line(what: &What) -> Option<(Style, String)> {
    Some(match what {
        What::Locked { by } => (Style::Warn, format!("waits for {by}")),
        What::Serving { flows } => (Style::Bold, format!("served: {}", starting(*flows))),
        What::Decided { record, run } => return decided(record, run.as_deref()),
        What::Resumed { run, flow } => (Style::Warn, format!("{}: goes on with run {run}", flow.short())),
        What::Run { progress, .. } => match &progress.what {
            Happening::Asked { run, question } => {
                (Style::Warn, format!("`{}` of run {run} waits for {}", question.label, question.who))
            }
            _ => return None,
        },
        What::Ended { run, flow, status, why } => {
            let (style, how) = match status {
                Some(RunStatus::Succeeded) => (Style::Good, "succeeded"),
                Some(RunStatus::Skipped) => (Style::Good, "skipped"),
                Some(RunStatus::Failed) => (Style::Bad, "failed"),
                Some(RunStatus::Cancelled) => (Style::Warn, "was cancelled"),
                None => (Style::Bad, "could not run"),
            };
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            (style, format!("{}: run {run} {how}{why}", flow.short()))
        }
        What::Reloaded { flows } => (Style::Bold, format!("the program has changed: {}", starting(*flows))),
        What::Refused { problems } => {
            (Style::Bad, format!("the program has changed and has errors; the one before goes on\n{problems}"))
        }
        What::Stalled { why } => (Style::Bad, format!("nothing can be decided: {why}")),
    })
}

fn starting(flows: usize) -> String {
    match flows {
        0 => "no flow starts by itself".to_owned(),
        1 => "one flow starts by itself".to_owned(),
        flows => format!("{flows} flows start by themselves"),
    }
}

fn decided(record: &Record, run: Option<&str>) -> Option<(Style, String)> {
    let flow = record.due.flow.short();
    let cause = &record.due.cause;
    Some(match &record.ruling {
        Ruling::Run => (Style::Dim, format!("{flow}: run {} starts: {cause}", run.unwrap_or_default())),
        Ruling::Wait { behind } => (Style::Dim, format!("{flow}: a start waits behind {}: {cause}", behind.len())),
        Ruling::Drop(why) => (Style::Warn, format!("{flow}: does not start ({cause}): {why}")),
        Ruling::Watch => return None,
    })
}
