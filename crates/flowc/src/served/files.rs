//! A project's program for a server: its files on disk, compiled when they have changed.

use crate::{cli::Global, programs, project::Project, report::foremost, world::DiskWorld};
use flow_compiler::{Compilation, World, WorldError, compile, plan_of_start};
use flow_diag::{Severity, render};
use flow_expr::Name;
use flow_plan::{Plan, Program};
use flow_server::Source;
use jiff::Timestamp;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::UNIX_EPOCH,
};

/// Most errors of a changed program that are told.
const MOST_SHOWN: usize = 10;

/// The files of a project, as a server follows them.
pub(crate) struct Files {
    project: Project,
    global: Global,
    /// What the last compilation has read, besides programs: texts in files of their own, and those that were not there.
    read: Mutex<BTreeSet<String>>,
}

impl Files {
    pub(crate) fn new(project: Project, global: &Global) -> Self {
        Self { project, global: global.clone(), read: Mutex::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.project.root.join(name)
    }
}

/// A world that remembers what it was asked for.
struct Remembering<'w> {
    world: &'w dyn World,
    read: RefCell<BTreeSet<String>>,
}

impl World for Remembering<'_> {
    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError> {
        self.world.list(folder)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        self.read.borrow_mut().insert(path.to_owned());
        self.world.read(path)
    }
}

impl Source for Files {
    fn stamp(&self) -> String {
        let mut files: BTreeSet<String> = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        files.extend(DiskWorld::new(&self.project.root).list(".").unwrap_or_default());
        files.insert("flow.toml".to_owned());
        let mut stamp = String::new();
        for name in files {
            let Ok(about) = fs::metadata(self.path(&name)) else { continue };
            let modified = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            stamp.push_str(&format!("{name}:{}:{}\n", about.len(), modified.unwrap_or_default().as_nanos()));
        }
        stamp
    }

    fn load(&self) -> Result<Arc<Program>, String> {
        let disk = DiskWorld::new(&self.project.root);
        let world = Remembering { world: &disk, read: RefCell::default() };
        let options = programs::options(&self.project, &self.global);
        let Compilation { problems, sources, program, .. } = compile(&world, &options);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = world.read.into_inner();
        if !problems.has_errors() {
            return Ok(Arc::new(program));
        }
        let mut errors = problems;
        errors.0.retain(|problem| problem.severity == Severity::Error);
        Err(render::text(&foremost(&errors, MOST_SHOWN), &sources, false))
    }

    fn plan(
        &self,
        program: &Program,
        flow: &Name,
        clause: Option<usize>,
        params: &BTreeMap<String, String>,
        nominal: Timestamp,
    ) -> Result<Plan, String> {
        plan_of_start(program.part(flow), flow, clause, params, nominal).map_err(|problems| {
            let titles: Vec<String> =
                problems.0.iter().map(|problem| format!("{} {}", problem.code.as_str(), problem.title)).collect();
            titles.join("; ")
        })
    }

    fn plan_from_json(&self, json: &str) -> Result<Plan, String> {
        Plan::from_json(json, flow_compiler::VERSION).map_err(|error| error.to_string())
    }
}
