//! `flowc repl`: expressions, data, SQL, steps and questions about a project, one entry at a time.

use crate::{
    cli::Global,
    exit::Outcome,
    project::Project,
    prompt::{self, Machine},
    ui::Ui,
};
use clap::Args;
use std::path::PathBuf;

/// Explores a project: expressions, data, queries, steps, plans, what if
#[derive(Debug, Args)]
pub(crate) struct Repl {
    /// The project's folder, or a .flow file [default: the nearest folder above with a flow.toml]
    #[arg(value_name = "DIR")]
    project: Option<PathBuf>,
}

impl Repl {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let mut global = global.clone();
        if self.project.is_some() {
            global.project.clone_from(&self.project);
        }
        let machine = Machine::new(Project::find(&global)?, global);
        prompt::run(machine, ui)
    }
}
