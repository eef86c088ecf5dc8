//! `flowc serve`: starts flows when they are due, for as long as it lives.

use crate::{
    cli::Global,
    commands::{resolve::who, run::duration},
    engine,
    exit::{Exit, Failure, Outcome},
    moment::{moment, now},
    project::{Project, read_named},
    served::{Address, Files, Published, secret},
    ui::{Style, Ui, environment, paint},
};
use clap::Args;
use flow_control::schedule::{Record, Ruling};
use flow_engine::{Happening, Options, RunStatus};
use flow_server::{
    Handle, Problem, Said, Service, ServiceOptions, What,
    api::{self, App, Hooks, Tokens},
};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
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
    /// How long what is under way may go on after TERM; after that it is left, and the next `flowc serve` goes on with it
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    drain: Duration,
    /// Where to listen for requests [default: 127.0.0.1:4650, or a free port if that is taken]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Who else may ask: a file of `[[token]]` with `name`, `role` (read, run, approve, admin), `blake3` and `expires`
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Makes a token for such a file, and ends
    #[arg(long, value_name = "NAME", conflicts_with_all = ["tokens", "listen", "projects"])]
    new_token: Option<String>,
}

/// Where is listened if nobody says.
const USUAL_PORT: u16 = 4650;

impl Serve {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        if let Some(name) = &self.new_token {
            return new_token(name, ui);
        }
        let projects = self.projects(global)?;
        let own = secret()?;
        // Whoever can read the project's own files asks as the one who started this.
        let owner = who(None).unwrap_or_else(|_| "local".into());
        let mut tokens = Tokens::only(&owner, &own);
        if let Some(path) = &self.tokens {
            let others = Tokens::parse(&read_named(path)?);
            let others = others.map_err(|why| Failure::wrong(format!("{}: {why}", path.display())))?;
            tokens.token.extend(others.token);
        } else if self.listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            return Err(Failure::wrong("other machines may ask only with tokens")
                .hint("--tokens FILE says who may; `flowc serve --new-token NAME` makes one"));
        }
        let hooks = environment("FLOW_WEBHOOK_SECRET").map(|secret| Hooks::new(&secret, now().as_second())).transpose();
        let hooks = hooks.map_err(|why| Failure::wrong(format!("FLOW_WEBHOOK_SECRET: {why}")))?;
        let (said, log) = broadcast::channel::<Arc<Said>>(BACKLOG);
        let mut services = vec![];
        for project in &projects {
            let options = Options { jobs: self.jobs, wait_for_lock: Some(FOREVER), keep: engine::keep(project) };
            let (engine, _) = engine::running(project, options, None)?;
            let files = Arc::new(Files::new(project.clone(), global));
            services.push(Service::new(name(project), &project.root, engine, files));
        }
        let runtime = engine::runtime()?;
        let ended = runtime.block_on(async {
            let listener = self.bind().await?;
            let url =
                format!("http://{}", listener.local_addr().map_err(|error| Failure::environment(error.to_string()))?);
            ui.say(&format!("listens at {url}"));
            let address = |project: &Project| Address {
                url: url.clone(),
                token: own.clone(),
                project: name(project).to_string(),
                pid: process::id(),
            };
            let addresses = projects.iter().map(|project| (name(project), (address(project), project.clone())));
            let log_all = LogAll { ui: *ui, addresses: addresses.collect(), published: vec![] };
            let handles: Vec<Handle> = services.iter().map(|(_, handle)| handle.clone()).collect();
            let logging = tokio::spawn(log_all.follow(log));
            let signals = tokio::spawn(end_on_signals(handles.clone(), *ui));
            let answering = tokio::spawn(api::listen(listener, App::new(handles, tokens, hooks, said.clone())));
            let ended = self.serve_all(services, said).await;
            answering.abort();
            let _ = answering.await;
            signals.abort();
            // Whoever still listens to events must not hold up the end.
            let _ = tokio::time::timeout(Duration::from_secs(1), logging).await;
            ended
        });
        runtime.shutdown_timeout(Duration::from_secs(2));
        ended
    }

    async fn bind(&self) -> Result<TcpListener, Failure> {
        let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT));
        let bound = TcpListener::bind(self.listen.unwrap_or(usual)).await;
        let bound = match bound {
            Err(error) if self.listen.is_none() && error.kind() == std::io::ErrorKind::AddrInUse => {
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
            }
            bound => bound,
        };
        bound.map_err(|error| Failure::environment(format!("listening at {}: {error}", self.listen.unwrap_or(usual))))
    }

    async fn serve_all(&self, services: Vec<(Service, Handle)>, said: broadcast::Sender<Arc<Said>>) -> Outcome {
        let options = ServiceOptions { parallel: self.parallel as usize, drain: self.drain };
        let mut going = JoinSet::new();
        for (service, _) in services {
            going.spawn(service.serve(options.clone(), said.clone()));
        }
        drop(said);
        while let Some(ended) = going.join_next().await {
            let ended = ended.map_err(|error| Failure::environment(error.to_string()))?;
            if let Err(problem) = ended {
                going.shutdown().await;
                return Err(failure(&problem));
            }
        }
        Ok(Exit::Done)
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

/// A token, and what a file says of it.
fn new_token(name: &str, ui: &Ui) -> Outcome {
    let token = secret()?;
    let Some(known) = Tokens::only(name, &token).token.pop() else { return Ok(Exit::Done) };
    ui.tell("the token, shown this once, and its entry for the file of tokens:");
    let name = serde_json::to_string(name).unwrap_or_default();
    ui.out(&format!("{token}\n\n[[token]]\nname = {name}\nrole = \"read\"\nblake3 = \"{}\"\n", known.blake3))?;
    Ok(Exit::Done)
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
struct LogAll {
    ui: Ui,
    /// Where each project is found as soon as it is served.
    addresses: BTreeMap<Arc<str>, (Address, Project)>,
    published: Vec<Published>,
}

impl LogAll {
    async fn follow(mut self, mut log: broadcast::Receiver<Arc<Said>>) {
        loop {
            match log.recv().await {
                Ok(said) => self.tell(&said),
                Err(broadcast::error::RecvError::Lagged(lost)) => self.ui.say(&format!("({lost} lines were too fast)")),
                Err(broadcast::error::RecvError::Closed) => break,
            }
        }
    }

    fn tell(&mut self, said: &Said) {
        // Not before: until then somebody else may have the project.
        if let (What::Serving { .. }, Some((address, project))) = (&said.what, self.addresses.get(&said.project)) {
            match address.publish(project) {
                Ok(published) => self.published.push(published),
                Err(failure) => self.ui.tell(&failure.message),
            }
        }
        if let Some((style, line)) = line(&said.what) {
            let line = paint(self.ui.color_err, style, &line);
            self.ui.say(&format!("{}  {:<12}  {line}", moment(said.at), said.project));
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
        What::Left { run, flow } => (Style::Warn, format!("{}: run {run} is left: it is gone on with", flow.short())),
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
